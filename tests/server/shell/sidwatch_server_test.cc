#include "server/sidwatch_server.h"

#include <grpcpp/grpcpp.h>
#include <httplib.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sidwatch/v1/tracking.grpc.pb.h"
#include "tests/fakes/collecting_log_sink.h"
#include "tests/fakes/status_matchers.h"
#include "tests/server/shell/signed_callback.h"
#include "tests/server/shell/temp_folder.h"

namespace sidwatch {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

// "STATUS BODY" of a GET.
std::string Get(const std::string& address, const std::string& path) {
  const httplib::Result result = httplib::Client("http://" + address).Get(path);
  return result ? absl::StrCat(result->status, " ", result->body) : "no answer";
}

// A Twilio that takes every request and answers none.
class SilentTwilio {
 public:
  SilentTwilio() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    bind(fd_, reinterpret_cast<sockaddr*>(&address), size);
    // The kernel accepts connections and their first bytes for us.
    listen(fd_, 16);
    getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  ~SilentTwilio() { close(fd_); }

  std::string address() const { return absl::StrCat("127.0.0.1:", port_); }

  // Until somebody has called.
  void WaitForCall() const {
    pollfd poll_fd = {fd_, POLLIN, 0};
    poll(&poll_fd, 1, 20'000);
  }

 private:
  const int fd_;
  int port_ = 0;
};

std::unique_ptr<v1::TrackingService::Stub> StubOf(const std::string& address) {
  return v1::TrackingService::NewStub(
      grpc::CreateChannel(address, grpc::InsecureChannelCredentials()));
}

class SidwatchServerTest : public testing::Test {
 protected:
  using Flags = std::map<std::string, std::string>;

  // The settings of a server of this test's own, `more` over them.
  Options Parse(const Flags& more = {}) const {
    Flags flags = {
        {"grpc-listen", "127.0.0.1:0"},
        {"webhook-listen", "127.0.0.1:0"},
        {"admin-listen", "127.0.0.1:0"},
        {"public-url", kPublicUrl},
        {"storage", absl::StrCat("sqlite:", folder_.path("sidwatch.db"))},
        {"twilio-account-sid", kAccount},
        {"twilio-auth-token-file", token_file_},
        {"twilio-base-url", absl::StrCat("http://", twilio_.address())}};
    for (const auto& [name, value] : more) flags[name] = value;
    std::vector<std::string> arguments;
    for (const auto& [name, value] : flags) {
      arguments.push_back(absl::StrCat("--", name, "=", value));
    }
    return ParseInvocation(arguments, {})->options;
  }

  absl::StatusOr<std::unique_ptr<SidwatchServer>> Start(
      const Flags& more = {}) {
    return SidwatchServer::Start(Parse(more), Logger(log_));
  }

  const SilentTwilio twilio_;
  const TempFolder folder_;
  const std::string token_file_ = folder_.Write("token", "first\n");
  CollectingLogSink log_;
};

TEST_F(SidwatchServerTest, ServesAllThreePortsOnceStarted) {
  const auto server = Start();
  ASSERT_THAT(server, IsOk());

  const Addresses& addresses = (*server)->addresses();
  for (const std::string& address :
       {addresses.grpc, addresses.webhook, addresses.admin}) {
    EXPECT_THAT(address, AllOf(MatchesRegex("127\\.0\\.0\\.1:[0-9]+"),
                               Not(HasSubstr(":0"))));
  }
  EXPECT_THAT(Get(addresses.admin, "/livez"), HasSubstr("200 {\"ok\":true"));
  EXPECT_THAT(Get(addresses.admin, "/startupz"), HasSubstr("200 "));
  EXPECT_EQ(Get(addresses.admin, "/readyz"),
            "200 {\"ok\":true,\"checks\":{\"store\":\"ok\",\"drain\":\"ok\"}}"
            "\n");
  EXPECT_EQ(PostCallback(addresses.webhook, "first"), 204);
  EXPECT_THAT((*server)->StoreWritable(), IsOk());
}

TEST_F(SidwatchServerTest, CountsWhatItsPartsDo) {
  const auto server = Start();
  ASSERT_THAT(server, IsOk());
  const Addresses& addresses = (*server)->addresses();

  PostCallback(addresses.webhook, "first");
  PostCallback(addresses.webhook, "first");
  PostCallback(addresses.webhook, "wrong");

  EXPECT_THAT(Get(addresses.admin, "/metrics"),
              AllOf(HasSubstr("\nsidwatch_events_total{"),
                    HasSubstr("\nsidwatch_events_duplicate_total 1\n"),
                    HasSubstr("\nsidwatch_signature_failures_total{"),
                    HasSubstr("\nsidwatch_messages_open 0\n"),
                    HasSubstr("\nsidwatch_insecure_grpc 0\n"),
                    HasSubstr("\nsidwatch_build_info{version=\"")));
}

TEST_F(SidwatchServerTest, StartsAgainOnTheFileItLeft) {
  { ASSERT_THAT(Start(), IsOk()); }

  EXPECT_THAT(Start(), IsOk());
}

TEST_F(SidwatchServerTest, TakesANewTokenWithoutARestart) {
  const auto server = Start();
  ASSERT_THAT(server, IsOk());
  const std::string webhook = (*server)->addresses().webhook;

  EXPECT_EQ(PostCallback(webhook, "second"), 403);
  std::filesystem::rename(folder_.Write("new", "second\n"), token_file_);

  const absl::Time deadline = absl::Now() + absl::Seconds(20);
  int status = 0;
  while (status != 204 && absl::Now() < deadline) {
    status = PostCallback(webhook, "second");
  }
  EXPECT_EQ(status, 204);
  EXPECT_EQ(PostCallback(webhook, "first"), 403);
}

TEST_F(SidwatchServerTest, IsNotReadyButServesInTheFirstFifthOfADrain) {
  const auto server = Start({{"drain-timeout", "5s"}});
  ASSERT_THAT(server, IsOk());
  const Addresses addresses = (*server)->addresses();

  bool drained = false;
  std::thread drain([&] { drained = (*server)->Drain(); });
  while (absl::StartsWith(Get(addresses.admin, "/readyz"), "200 ")) {
  }
  EXPECT_EQ(PostCallback(addresses.webhook, "first"), 204);
  EXPECT_THAT(Get(addresses.admin, "/readyz"),
              HasSubstr("\"drain\":\"draining\""));
  EXPECT_THAT(Get(addresses.admin, "/livez"), HasSubstr("200 "));
  drain.join();

  EXPECT_TRUE(drained);
  EXPECT_EQ(PostCallback(addresses.webhook, "first"), 0) << "still listening";
}

TEST_F(SidwatchServerTest, EndsWatchesWithADrain) {
  const auto server = Start({{"drain-timeout", "1s"}});
  ASSERT_THAT(server, IsOk());
  grpc::ClientContext context;
  const auto stub = StubOf((*server)->addresses().grpc);
  const auto stream = stub->WatchStatus(&context, v1::WatchStatusRequest());
  v1::WatchStatusResponse response;
  ASSERT_TRUE(stream->Read(&response)) << "no `created`";

  EXPECT_TRUE((*server)->Drain());

  v1::WatchStatusResponse last;
  while (stream->Read(&response)) last = response;
  EXPECT_TRUE(last.has_ended()) << last.ShortDebugString();
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(SidwatchServerTest, DoesNotWaitBeyondTheDrainForASilentTwilio) {
  const auto server =
      Start({{"drain-timeout", "500ms"}, {"twilio-timeout", "3s"}});
  ASSERT_THAT(server, IsOk());
  const auto stub = StubOf((*server)->addresses().grpc);
  v1::SendTrackedRequest request;
  request.set_request_id("one");
  request.set_to("+15551234567");
  request.set_from("+15550001111");
  request.set_body("hello");
  grpc::Status status;
  std::thread send([&] {
    grpc::ClientContext context;
    v1::SendTrackedResponse response;
    status = stub->SendTracked(&context, request, &response);
  });
  twilio_.WaitForCall();

  const bool finished = (*server)->Drain();
  send.join();

  EXPECT_FALSE(finished);
  EXPECT_FALSE(status.ok());
}

TEST_F(SidwatchServerTest, SaysWhichPortIsInUse) {
  const auto server = Start();
  ASSERT_THAT(server, IsOk());
  const Addresses& addresses = (*server)->addresses();
  const std::string other = absl::StrCat("sqlite:", folder_.path("other.db"));

  for (const auto& [name, address] :
       Flags{{"grpc-listen", addresses.grpc},
             {"webhook-listen", addresses.webhook},
             {"admin-listen", addresses.admin}}) {
    EXPECT_THAT(Start({{"storage", other}, {name, address}}),
                StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr(address)));
  }
}

TEST_F(SidwatchServerTest, SaysThatAnotherProcessHasTheFile) {
  const auto server = Start();
  ASSERT_THAT(server, IsOk());

  EXPECT_THAT(Start(), StatusIs(absl::StatusCode::kFailedPrecondition,
                                HasSubstr(folder_.path("sidwatch.db"))));
}

TEST_F(SidwatchServerTest, SaysWhichFileCannotBeTheStore) {
  // Rights stop nobody who is root; a file where a folder must be does.
  folder_.Write("file", "");
  const std::string path = folder_.path("file/sidwatch.db");

  const auto server = Start({{"storage", absl::StrCat("sqlite:", path)}});

  EXPECT_FALSE(server.ok());
  EXPECT_THAT(std::string(server.status().message()),
              AllOf(HasSubstr(folder_.path("file")), Not(HasSubstr("\n"))));
}

TEST_F(SidwatchServerTest, TakesASecretFileThatIsWrongForAWrongSetting) {
  Options options = Parse();
  options.twilio_auth_token.file = "/none";

  EXPECT_THAT(SidwatchServer::Start(options, Logger(log_)),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("the secret file /none cannot be read")));
}

}  // namespace
}  // namespace sidwatch
