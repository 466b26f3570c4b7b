#include "server/rpc/grpc_server.h"

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "sidwatch/v1/tracking.grpc.pb.h"
#include "tests/fakes/collecting_log_sink.h"
#include "tests/fakes/status_matchers.h"
#include "tests/server/rpc/raw_client.h"

namespace sidwatch {
namespace {

using ::testing::HasSubstr;

constexpr char kServiceName[] = "sidwatch.v1.TrackingService";

auto Soon() {
  return std::chrono::system_clock::now() + std::chrono::seconds(60);
}

std::shared_ptr<grpc::Channel> ChannelTo(const std::string& address) {
  grpc::ChannelArguments arguments;
  // Each channel a connection of its own.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(),
                                   arguments);
}

class GrpcServerTest : public testing::Test {
 protected:
  ~GrpcServerTest() override { server_.reset(); }

  absl::Status Start(GrpcServer::Options options = {}) {
    if (options.listen == GrpcServer::Options{}.listen) {
      options.listen = "127.0.0.1:0";
    }
    auto server = GrpcServer::Start(options, service_, timers_, Clock::Real(),
                                    Logger(sink_), counters_);
    if (server.ok()) server_ = *std::move(server);
    return server.status();
  }

  // What the health service says, or the code of its refusal.
  std::string Health(const std::shared_ptr<grpc::Channel>& channel,
                     const std::string& service) {
    grpc::ClientContext call;
    call.set_deadline(Soon());
    call.set_wait_for_ready(true);
    grpc::health::v1::HealthCheckRequest request;
    request.set_service(service);
    grpc::health::v1::HealthCheckResponse response;
    const grpc::Status status =
        grpc::health::v1::Health::NewStub(channel)->Check(&call, request,
                                                          &response);
    return status.ok()
               ? grpc::health::v1::HealthCheckResponse::ServingStatus_Name(
                     response.status())
               : absl::StrCat("code ", status.error_code());
  }
  std::string Health(const std::string& service) {
    return Health(ChannelTo(server_->address()), service);
  }

  bool HasLine(const char* text) const {
    const std::vector<std::string> lines = sink_.lines();
    return std::any_of(lines.begin(), lines.end(), [text](const auto& line) {
      return absl::StrContains(line, text);
    });
  }

  // Answers every rpc with UNIMPLEMENTED.
  v1::TrackingService::CallbackService service_;
  TimerQueue timers_{Clock::Real()};
  CollectingLogSink sink_;
  Counters counters_;
  std::unique_ptr<GrpcServer> server_;
};

TEST_F(GrpcServerTest, HealthSaysWhatItWasTold) {
  ASSERT_THAT(Start(), IsOk());
  EXPECT_EQ(Health(""), "NOT_SERVING");

  server_->SetServing(true);
  EXPECT_EQ(Health(""), "SERVING");
  EXPECT_EQ(Health(kServiceName), "SERVING");

  server_->SetServing(false);
  EXPECT_EQ(Health(kServiceName), "NOT_SERVING");
  EXPECT_EQ(Health("no.such.Service"),
            absl::StrCat("code ", grpc::StatusCode::NOT_FOUND));
}

TEST_F(GrpcServerTest, ServesOnAUnixSocket) {
  const std::string path = absl::StrCat("/tmp/sidwatch-test-", getpid());
  ASSERT_THAT(Start({.listen = absl::StrCat("unix:", path)}), IsOk());
  server_->SetServing(true);

  EXPECT_EQ(server_->address(), absl::StrCat("unix:", path));
  EXPECT_EQ(Health(""), "SERVING");
}

TEST_F(GrpcServerTest, RefusesAPortInUse) {
  ASSERT_THAT(Start(), IsOk());

  EXPECT_THAT(Start({.listen = server_->address()}),
              StatusIs(absl::StatusCode::kAlreadyExists,
                       HasSubstr("in use by another process")));
}

// The wire of grpc.reflection.v1alpha: field 7 of the request asks for the
// list of services; the answer holds their names as text.
TEST_F(GrpcServerTest, ReflectionListsTheService) {
  ASSERT_THAT(Start(), IsOk());
  grpc::GenericStub stub(ChannelTo(server_->address()));
  grpc::ClientContext call;
  call.set_deadline(Soon());
  grpc::CompletionQueue queue;
  const auto next = [&queue] {
    void* tag = nullptr;
    bool ok = false;
    return queue.Next(&tag, &ok) && ok;
  };
  const grpc::Slice list_services("\x3A\x01*");
  const grpc::ByteBuffer request(&list_services, 1);
  grpc::ByteBuffer response;

  const auto stream = stub.PrepareCall(
      &call, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
      &queue);
  stream->StartCall(nullptr);
  ASSERT_TRUE(next());
  stream->Write(request, nullptr);
  ASSERT_TRUE(next());
  stream->Read(&response, nullptr);
  ASSERT_TRUE(next());

  grpc::Slice bytes;
  ASSERT_TRUE(response.DumpToSingleSlice(&bytes).ok());
  EXPECT_THAT(
      std::string(reinterpret_cast<const char*>(bytes.begin()), bytes.size()),
      HasSubstr(kServiceName));
  call.TryCancel();
  grpc::Status status;
  stream->Finish(&status, nullptr);
  next();
  queue.Shutdown();
}

TEST_F(GrpcServerTest, RefusesAMessageOfMoreThanFourMebibytes) {
  ASSERT_THAT(Start(), IsOk());
  grpc::ClientContext call;
  call.set_deadline(Soon());
  v1::SendTrackedRequest request;
  request.set_body(std::string(5 * 1024 * 1024, 'x'));
  v1::SendTrackedResponse response;

  const grpc::Status status =
      v1::TrackingService::NewStub(ChannelTo(server_->address()))
          ->SendTracked(&call, request, &response);

  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST_F(GrpcServerTest, TakesANewConnectionWhenAnOldOneHasGone) {
  ASSERT_THAT(Start({.connections_max = 1}), IsOk());
  server_->SetServing(true);
  auto first = ChannelTo(server_->address());
  ASSERT_EQ(Health(first, ""), "SERVING");

  // Refused while the first is there; comes through by itself after that.
  auto second = ChannelTo(server_->address());
  second->GetState(/*try_to_connect=*/true);
  first.reset();

  EXPECT_EQ(Health(second, ""), "SERVING");
}

// What gRPC's own listener does not survive (CVE-2023-4785).
TEST_F(GrpcServerTest, AnswersAgainAfterDescriptorsRanOut) {
  ASSERT_THAT(Start(), IsOk());
  server_->SetServing(true);
  ASSERT_FALSE(HasLine("cannot accept"));
  {
    RawClient clients[20];
    const NoDescriptors exhausted;
    for (RawClient& client : clients) {
      ASSERT_TRUE(client.Connect(server_->address()));
    }
    while (!HasLine("cannot accept")) std::this_thread::yield();
  }

  EXPECT_EQ(Health(""), "SERVING");
}

TEST_F(GrpcServerTest, IsAliveAndKeepsItsLogToOurs) {
  ASSERT_THAT(Start(), IsOk());

  EXPECT_TRUE(server_->alive());
  gpr_log(GPR_ERROR, "told to gRPC's log");

  EXPECT_THAT(sink_.lines(),
              testing::Contains(HasSubstr("told to gRPC's log")));
}

TEST_F(GrpcServerTest, AnswersNobodyAfterShutdown) {
  ASSERT_THAT(Start(), IsOk());
  const std::string address = server_->address();

  server_->Shutdown(absl::ZeroDuration());
  server_->Shutdown(absl::ZeroDuration());

  auto channel = ChannelTo(address);
  grpc::ClientContext call;
  call.set_deadline(Soon());
  grpc::health::v1::HealthCheckResponse response;
  EXPECT_EQ(grpc::health::v1::Health::NewStub(channel)
                ->Check(&call, {}, &response)
                .error_code(),
            grpc::StatusCode::UNAVAILABLE);
}

}  // namespace
}  // namespace sidwatch
