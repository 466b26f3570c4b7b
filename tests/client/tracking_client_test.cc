#include "client/tracking_client.h"

#include <stdlib.h>

#include <atomic>
#include <fstream>
#include <string>

#include "absl/synchronization/notification.h"
#include "base/error_detail.h"
#include "gmock/gmock.h"
#include "tests/client/fake_tracking_server.h"
#include "tests/fakes/status_matchers.h"
#include "tests/fakes/temporary_folder.h"

namespace sidwatch {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

class TrackingClientTest : public testing::Test {
 protected:
  TrackingClientTest() { server_.Start(); }
  ~TrackingClientTest() override {
    if (!client_is_gone_.HasBeenNotified()) client_is_gone_.Notify();
  }

  TrackingClientOptions FastOptions() const {
    return {.server = server_.target(),
            .read_timeout = absl::Seconds(30),
            .send_timeout = absl::Seconds(30),
            .retry = {.initial_backoff = absl::Milliseconds(1),
                      .max_backoff = absl::Milliseconds(5)}};
  }

  static std::unique_ptr<TrackingClient> Client(TrackingClientOptions options) {
    auto client = TrackingClient::Make(std::move(options));
    EXPECT_THAT(client, IsOk());
    return *std::move(client);
  }

  // Answers the first calls of GetMessage with `error`, then well.
  void FailGets(int failures, grpc::Status error) {
    server_.on_get = [this, failures, error](const v1::GetMessageRequest&,
                                             v1::GetMessageResponse*) {
      return ++calls_ <= failures ? error : grpc::Status::OK;
    };
  }

  // Answers the first calls of SendTracked with `error`, then well.
  void FailSends(int failures, grpc::Status error) {
    server_.on_send = [this, failures, error](
                          const v1::SendTrackedRequest& request,
                          v1::SendTrackedResponse* response) {
      request_ids_.push_back(request.request_id());
      response->mutable_message()->set_request_id(request.request_id());
      return ++calls_ <= failures ? error : grpc::Status::OK;
    };
  }

  std::atomic<int> calls_{0};
  std::vector<std::string> request_ids_;
  // What handlers that must not end yet wait for. Outlives the server.
  absl::Notification client_is_gone_;
  FakeTrackingServer server_;
};

TEST_F(TrackingClientTest, TriesAReadAgainWhileTheServerIsUnavailable) {
  FailGets(2, {grpc::StatusCode::UNAVAILABLE, "restarting"});

  EXPECT_THAT(Client(FastOptions())->GetMessage({}), IsOk());

  EXPECT_EQ(calls_, 3);
}

TEST_F(TrackingClientTest, GivesUpAReadAfterSoManyAttempts) {
  FailGets(1000, {grpc::StatusCode::UNAVAILABLE, "restarting"});

  EXPECT_THAT(Client(FastOptions())->GetMessage({}),
              StatusIs(absl::StatusCode::kUnavailable));

  EXPECT_EQ(calls_, 5);
}

TEST_F(TrackingClientTest, DoesNotRepeatWhatIsRefused) {
  FailGets(1000, ErrorWith(grpc::StatusCode::NOT_FOUND, "no such message",
                           {.reason = "MESSAGE_UNKNOWN"}));

  EXPECT_THAT(Client(FastOptions())->GetMessage({}),
              HasReason("MESSAGE_UNKNOWN"));

  EXPECT_EQ(calls_, 1);
}

TEST_F(TrackingClientTest, DoesNotWaitForARetryBeyondItsDeadline) {
  FailGets(1000, ErrorWith(grpc::StatusCode::RESOURCE_EXHAUSTED, "slowly",
                           {.reason = "RATE_LIMITED",
                            .retry_delay = absl::Hours(1)}));

  EXPECT_THAT(Client(FastOptions())->GetMessage({}), HasReason("RATE_LIMITED"));

  EXPECT_EQ(calls_, 1);
}

TEST_F(TrackingClientTest, DecodesEveryDetailOfAnError) {
  const ErrorDetail detail = {
      .reason = "FIELD_INVALID",
      .fields = {{"to", "must be a number"}, {"body", "is too long"}},
      .metadata = {{"twilio_code", "21211"}},
      .retry_delay = absl::Milliseconds(1500)};
  FailGets(1, ErrorWith(grpc::StatusCode::INVALID_ARGUMENT, "wrong", detail));

  const auto response = Client(FastOptions())->GetMessage({});

  EXPECT_THAT(response, StatusIs(absl::StatusCode::kInvalidArgument, "wrong"));
  EXPECT_EQ(DetailOf(response.status()), detail);
}

TEST_F(TrackingClientTest, MakesARequestIdAndKeepsItAcrossAttempts) {
  FailSends(2, {grpc::StatusCode::UNAVAILABLE, "restarting"});

  const auto response = Client(FastOptions())->SendTracked({});

  ASSERT_THAT(response, IsOk());
  ASSERT_EQ(request_ids_.size(), 3);
  EXPECT_EQ(request_ids_[0].size(), 36);
  EXPECT_THAT(request_ids_, testing::Each(request_ids_[0]));
}

TEST_F(TrackingClientTest, KeepsTheCallersRequestId) {
  FailSends(0, grpc::Status::OK);
  v1::SendTrackedRequest request;
  request.set_request_id("order-7");

  ASSERT_THAT(Client(FastOptions())->SendTracked(request), IsOk());

  EXPECT_THAT(request_ids_, ElementsAre("order-7"));
}

TEST_F(TrackingClientTest, AsksOnceWhenTheOutcomeIsUnknown) {
  FailSends(1000, ErrorWith(grpc::StatusCode::UNAVAILABLE, "no reply",
                            {.reason = "SEND_OUTCOME_UNKNOWN"}));

  const auto response = Client(FastOptions())->SendTracked({});

  EXPECT_THAT(response, HasReason("SEND_OUTCOME_UNKNOWN"));
  EXPECT_THAT(DetailOf(response.status()).metadata,
              ElementsAre(Pair("request_id", request_ids_[0])));
  EXPECT_EQ(calls_, 1);
}

TEST_F(TrackingClientTest, CallsABrokenSendUnknown) {
  FailSends(1000, {grpc::StatusCode::UNAVAILABLE, "connection reset"});

  EXPECT_THAT(Client(FastOptions())->SendTracked({}),
              HasReason("SEND_OUTCOME_UNKNOWN"));

  EXPECT_EQ(calls_, 5);
}

TEST_F(TrackingClientTest, CallsASendUnknownThatBrokeBeforeADrain) {
  server_.on_send = [this](const v1::SendTrackedRequest&,
                           v1::SendTrackedResponse*) {
    return ++calls_ == 1 ? grpc::Status(grpc::StatusCode::UNAVAILABLE, "reset")
                         : ErrorWith(grpc::StatusCode::UNAVAILABLE,
                                     "going down", {.reason = "DRAINING"});
  };

  EXPECT_THAT(Client(FastOptions())->SendTracked({}),
              HasReason("SEND_OUTCOME_UNKNOWN"));
}

TEST_F(TrackingClientTest, BelievesAnAnswerAfterABrokenSend) {
  server_.on_send = [this](const v1::SendTrackedRequest&,
                           v1::SendTrackedResponse*) {
    return ++calls_ == 1 ? grpc::Status(grpc::StatusCode::UNAVAILABLE, "reset")
                         : ErrorWith(grpc::StatusCode::INVALID_ARGUMENT,
                                     "no number", {.reason = "TWILIO_REFUSED"});
  };

  EXPECT_THAT(Client(FastOptions())->SendTracked({}),
              HasReason("TWILIO_REFUSED"));
}

TEST_F(TrackingClientTest, CallsASendUnknownThatPassedItsDeadline) {
  server_.on_send = [this](const v1::SendTrackedRequest&,
                           v1::SendTrackedResponse*) {
    client_is_gone_.WaitForNotification();
    return grpc::Status::OK;
  };
  TrackingClientOptions options = FastOptions();
  options.send_timeout = absl::Milliseconds(200);

  const auto response = Client(options)->SendTracked({});

  EXPECT_THAT(response, HasReason("SEND_OUTCOME_UNKNOWN"));
}

TEST_F(TrackingClientTest, SaysSurelyNotSentWhenNoConnectionCouldBeMade) {
  server_.Stop();

  EXPECT_THAT(Client(FastOptions())->SendTracked({}),
              HasReason("SERVER_UNREACHABLE"));
}

TEST_F(TrackingClientTest, ComesBackWhenTheServerDoes) {
  FailGets(0, grpc::Status::OK);
  TrackingClientOptions options = FastOptions();
  options.retry = {.attempts_max = 100'000,
                   .initial_backoff = absl::Milliseconds(10),
                   .max_backoff = absl::Milliseconds(50)};
  const auto client = Client(options);
  ASSERT_THAT(client->GetMessage({}), IsOk());

  server_.Stop();
  server_.Start();

  EXPECT_THAT(client->GetMessage({}), IsOk());
}

TEST_F(TrackingClientTest, SendsTheTokenOfAFileThatChanges) {
  FailGets(0, grpc::Status::OK);
  const TemporaryFolder folder;
  const std::string path = folder.File("token");
  TrackingClientOptions options = FastOptions();
  options.token_file = path;
  const auto client = Client(options);

  std::ofstream(path) << "first\n";
  ASSERT_THAT(client->GetMessage({}), IsOk());
  std::ofstream(path) << "second";
  ASSERT_THAT(client->GetMessage({}), IsOk());

  EXPECT_THAT(server_.authorizations(),
              ElementsAre("Bearer first", "Bearer second"));
}

TEST_F(TrackingClientTest, RefusesATokenThatIsNoToken) {
  FailGets(0, grpc::Status::OK);
  TrackingClientOptions options = FastOptions();
  options.token = "two\nlines";

  const auto response = Client(options)->GetMessage({});

  EXPECT_THAT(response, StatusIs(absl::StatusCode::kUnauthenticated));
  EXPECT_THAT(std::string(response.status().message()),
              testing::Not(HasSubstr("two")));
}

TEST_F(TrackingClientTest, NamesATokenFileThatIsAway) {
  TrackingClientOptions options = FastOptions();
  options.token_file = "/nonexistent/token";

  EXPECT_THAT(Client(options)->GetMessage({}),
              StatusIs(absl::StatusCode::kUnauthenticated,
                       HasSubstr("/nonexistent/token")));
}

TEST_F(TrackingClientTest, AsksTheStandardHealthService) {
  server_.serving = [](const std::string& name) { return name.empty(); };
  const auto client = Client(FastOptions());

  EXPECT_THAT(client->CheckHealth(""), IsOkAndHolds(true));
  EXPECT_THAT(client->CheckHealth("other"), IsOkAndHolds(false));
}

TEST(TrackingClientMakeTest, RefusesTlsFilesThatCannotWork) {
  const auto missing =
      TrackingClient::Make({.tls_ca_file = "/nonexistent/ca.pem"});
  const auto half = TrackingClient::Make({.tls_cert_file = "/etc/hostname"});

  EXPECT_THAT(missing, StatusIs(absl::StatusCode::kInvalidArgument,
                                HasSubstr("/nonexistent/ca.pem")));
  EXPECT_THAT(half, StatusIs(absl::StatusCode::kInvalidArgument,
                             HasSubstr("needs its key")));
}

}  // namespace
}  // namespace sidwatch
