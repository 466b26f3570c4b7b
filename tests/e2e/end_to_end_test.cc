// The three paths over real sockets, with the programs as a user runs them.

#include <grpcpp/grpcpp.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "gtest/gtest.h"
#include "tests/e2e/stack.h"

namespace sidwatch {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsSubsetOf;

void SetDeadline(grpc::ClientContext& context) {
  context.set_deadline(std::chrono::system_clock::now() +
                       std::chrono::seconds(60));
}

// A watch, read until it ends or `until` says enough.
struct Watched {
  std::vector<v1::WatchStatusResponse> responses;
  grpc::Status status;

  std::vector<std::string> event_words() const {
    std::vector<std::string> words;
    for (const auto& response : responses) {
      if (response.has_event()) words.push_back(response.event().status_text());
    }
    return words;
  }
  std::vector<int64_t> sequences() const {
    std::vector<int64_t> sequences;
    for (const auto& response : responses) {
      if (response.has_event())
        sequences.push_back(response.event().sequence());
    }
    return sequences;
  }
};

Watched Watch(v1::TrackingService::Stub& stub,
              const v1::WatchStatusRequest& request,
              const std::function<bool(const v1::WatchStatusResponse&)>& until =
                  nullptr) {
  Watched watched;
  grpc::ClientContext context;
  SetDeadline(context);
  const auto reader = stub.WatchStatus(&context, request);
  v1::WatchStatusResponse response;
  while (reader->Read(&response)) {
    watched.responses.push_back(response);
    if (until && until(response)) context.TryCancel();
  }
  watched.status = reader->Finish();
  return watched;
}

grpc::Status Send(v1::TrackingService::Stub& stub,
                  const v1::SendTrackedRequest& request,
                  v1::SendTrackedResponse& response) {
  grpc::ClientContext context;
  SetDeadline(context);
  return stub.SendTracked(&context, request, &response);
}

std::vector<v1::StatusEvent> EventsOf(v1::TrackingService::Stub& stub,
                                      const std::string& message_sid) {
  v1::ListStatusEventsRequest request;
  request.set_message_sid(message_sid);
  v1::ListStatusEventsResponse response;
  grpc::ClientContext context;
  SetDeadline(context);
  const grpc::Status status =
      stub.ListStatusEvents(&context, request, &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return {response.events().begin(), response.events().end()};
}

std::string ReasonOf(const grpc::Status& status) {
  google::rpc::Status details;
  google::rpc::ErrorInfo info;
  details.ParseFromString(status.error_details());
  for (const auto& detail : details.details()) {
    if (detail.UnpackTo(&info)) return info.reason();
  }
  return "";
}

bool IsReserved(v1::TrackingService::Stub& stub,
                const std::string& request_id) {
  v1::GetMessageRequest request;
  request.set_request_id(request_id);
  v1::GetMessageResponse response;
  grpc::ClientContext context;
  SetDeadline(context);
  return stub.GetMessage(&context, request, &response).ok();
}

std::string MakeSid(int n) {
  return absl::StrCat("SM", 1'000'000 + n, std::string(25, 'a'));
}

TEST(EndToEndTest, MessageIsSentAndItsLifeStreamedToDelivered) {
  Stack stack;
  stack.StartTwilio();
  stack.StartServer();

  v1::SendTrackedResponse sent;
  ASSERT_TRUE(Send(stack.stub(), Stack::Request("order-1"), sent).ok());
  v1::WatchStatusRequest request;
  request.add_message_sids(sent.message().message_sid());
  request.set_start(v1::WATCH_START_BEGINNING);
  const Watched watched = Watch(stack.stub(), request);

  EXPECT_TRUE(watched.status.ok()) << watched.status.error_message();
  EXPECT_THAT(watched.event_words(),
              ElementsAre("queued", "sent", "delivered"));
  EXPECT_TRUE(watched.responses.front().has_created());
  EXPECT_TRUE(watched.responses.back().has_ended());
  EXPECT_EQ(stack.messages_created(), 1);
}

TEST(EndToEndTest, ReorderedAndRepeatedCallbacksGiveTheSameMessage) {
  Stack stack;
  stack.StartTwilio(R"({"reorder": 1, "duplicate": 1})");
  stack.StartServer();

  v1::SendTrackedResponse sent;
  ASSERT_TRUE(Send(stack.stub(), Stack::Request("order-1"), sent).ok());
  v1::WatchStatusRequest request;
  request.add_message_sids(sent.message().message_sid());
  request.set_start(v1::WATCH_START_BEGINNING);
  const Watched watched = Watch(stack.stub(), request);

  EXPECT_TRUE(watched.status.ok()) << watched.status.error_message();
  EXPECT_THAT(watched.event_words(),
              IsSubsetOf({"queued", "sent", "delivered"}));
  const auto& last = watched.responses.back();
  EXPECT_TRUE(last.has_ended());
}

TEST(EndToEndTest, WatchByRequestIdFindsAMessageThatIsSentLater) {
  Stack stack;
  stack.StartTwilio();
  stack.StartServer();
  v1::WatchStatusRequest request;
  request.add_request_ids("order-7");

  const Watched watched =
      Watch(stack.stub(), request, [&](const v1::WatchStatusResponse& r) {
        if (r.has_snapshot_done()) {
          v1::SendTrackedResponse sent;
          EXPECT_TRUE(Send(stack.stub(), Stack::Request("order-7"), sent).ok());
        }
        return false;
      });

  EXPECT_TRUE(watched.status.ok()) << watched.status.error_message();
  EXPECT_THAT(watched.event_words(),
              ElementsAre("queued", "sent", "delivered"));
}

TEST(EndToEndTest, RepeatedRequestIdSendsOnce) {
  Stack stack;
  stack.StartTwilio();
  stack.StartServer();

  v1::SendTrackedResponse first;
  v1::SendTrackedResponse second;
  ASSERT_TRUE(Send(stack.stub(), Stack::Request("order-1"), first).ok());
  stack.StartServer();  // and across a restart
  ASSERT_TRUE(Send(stack.stub(), Stack::Request("order-1"), second).ok());

  EXPECT_FALSE(first.replayed());
  EXPECT_TRUE(second.replayed());
  EXPECT_EQ(first.message().message_sid(), second.message().message_sid());
  EXPECT_EQ(stack.messages_created(), 1);
}

TEST(EndToEndTest, CallbackAnswered204IsThereAfterKill) {
  Stack stack;
  stack.StartServer();

  ASSERT_EQ(stack.PostCallback(MakeSid(1), "delivered"), 204);
  stack.server().Kill();
  stack.StartServer();

  const auto events = EventsOf(stack.stub(), MakeSid(1));
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].status(), v1::MESSAGE_STATUS_DELIVERED);
}

TEST(EndToEndTest, KillBetweenReservationAndSettlementNeverSendsAgain) {
  Stack stack;
  stack.StartTwilio(R"({"accept_then_drop": 1, "drop": 1})");
  stack.StartServer();
  v1::SendTrackedResponse response;
  ASSERT_FALSE(Send(stack.stub(), Stack::Request("order-1"), response).ok());
  ASSERT_EQ(stack.messages_created(), 1);

  stack.server().Kill();
  stack.StartServer();
  const grpc::Status again =
      Send(stack.stub(), Stack::Request("order-1"), response);

  EXPECT_EQ(again.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(ReasonOf(again), "SEND_OUTCOME_UNKNOWN");
  EXPECT_EQ(stack.messages_created(), 1);
}

TEST(EndToEndTest, KillWhileTwilioIsBeingCalledLeavesTheOutcomeUnknown) {
  Stack stack;
  stack.StartTwilio(R"({"hang": 1})");
  stack.StartServer();
  grpc::ClientContext context;
  SetDeadline(context);
  v1::SendTrackedResponse response;
  grpc::CompletionQueue queue;
  const auto call = stack.stub().AsyncSendTracked(
      &context, Stack::Request("order-1"), &queue);
  grpc::Status cut;
  call->Finish(&response, &cut, nullptr);

  while (!IsReserved(stack.stub(), "order-1")) {
  }
  stack.server().Kill();
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  stack.StartServer();
  const grpc::Status again =
      Send(stack.stub(), Stack::Request("order-1"), response);

  EXPECT_EQ(ReasonOf(again), "SEND_OUTCOME_UNKNOWN");
  EXPECT_LE(stack.messages_created(), 1);
}

TEST(EndToEndTest, CallbackThatOutlivesALostReplySettlesTheRequest) {
  Stack stack;
  stack.StartTwilio(R"({"accept_then_drop": 1})");
  stack.StartServer();
  v1::SendTrackedResponse response;
  (void)Send(stack.stub(), Stack::Request("order-1"), response);
  v1::WatchStatusRequest request;
  request.add_request_ids("order-1");

  const Watched watched = Watch(stack.stub(), request);
  const grpc::Status again =
      Send(stack.stub(), Stack::Request("order-1"), response);

  EXPECT_TRUE(watched.status.ok()) << watched.status.error_message();
  EXPECT_TRUE(again.ok()) << again.error_message();
  EXPECT_TRUE(response.replayed());
  EXPECT_EQ(stack.messages_created(), 1);
}

TEST(EndToEndTest, ResumeTokenContinuesAcrossARestart) {
  Stack stack;
  stack.StartServer();
  ASSERT_EQ(stack.PostCallback(MakeSid(1), "queued"), 204);
  v1::WatchStatusRequest request;
  request.add_message_sids(MakeSid(1));
  request.set_start(v1::WATCH_START_BEGINNING);
  const Watched before =
      Watch(stack.stub(), request, [](const auto& r) { return r.has_event(); });

  stack.server().Kill();
  stack.StartServer();
  ASSERT_EQ(stack.PostCallback(MakeSid(1), "sent"), 204);
  ASSERT_EQ(stack.PostCallback(MakeSid(1), "delivered"), 204);
  request.clear_start();
  for (const auto& response : before.responses) {
    if (response.has_event()) request.set_resume_token(response.resume_token());
  }
  const Watched after = Watch(stack.stub(), request);

  EXPECT_THAT(after.event_words(), ElementsAre("sent", "delivered"));
  EXPECT_TRUE(after.status.ok()) << after.status.error_message();
}

TEST(EndToEndTest, DrainEndsWatchesWithATokenAndExitsCleanly) {
  Stack stack;
  stack.StartServer();
  v1::WatchStatusRequest request;

  const Watched watched =
      Watch(stack.stub(), request, [&](const v1::WatchStatusResponse& r) {
        if (r.has_snapshot_done()) stack.server().Terminate();
        return false;
      });

  EXPECT_EQ(watched.status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(ReasonOf(watched.status), "DRAINING");
  const auto& last = watched.responses.back();
  EXPECT_EQ(last.ended().reason(), v1::WATCH_END_REASON_DRAINING);
  EXPECT_FALSE(last.resume_token().empty());
  EXPECT_EQ(stack.server().Wait(), 0);
}

TEST(EndToEndTest, SecondProcessOnTheSameFileIsRefused) {
  Stack stack;
  stack.StartServer();

  const Program::Finished second =
      Program::Run("sidwatchd", stack.arguments(), stack.environment());

  EXPECT_EQ(second.exit_status, 1);
  EXPECT_THAT(second.output, HasSubstr(stack.store_path()));
}

}  // namespace
}  // namespace sidwatch
