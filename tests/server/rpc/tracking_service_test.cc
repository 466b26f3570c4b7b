#include "server/rpc/tracking_service.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "tests/fakes/status_matchers.h"
#include "tests/server/rpc/rpc_stack.h"

namespace sidwatch {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

std::string SidText(int number) {
  return FakeTwilioClient::Sid(number).ToString();
}

class TrackingServiceTest : public testing::Test {
 protected:
  // GetMessage by request id.
  grpc::Status GetByRequestId(const std::string& request_id,
                              v1::GetMessageResponse* response,
                              const std::string& account_sid = "") {
    v1::GetMessageRequest request;
    request.set_request_id(request_id);
    request.set_account_sid(account_sid);
    TestCall call;
    return stack_.stub().GetMessage(&call, request, response);
  }

  RpcStack stack_;
};

TEST_F(TrackingServiceTest, SendsAndAnswersWithTheMessage) {
  v1::SendTrackedResponse response;

  ASSERT_TRUE(stack_.Send("r-1", &response).ok());

  EXPECT_EQ(response.message().message_sid(), SidText(1));
  EXPECT_EQ(response.message().request_id(), "r-1");
  EXPECT_EQ(response.message().status(), v1::MESSAGE_STATUS_QUEUED);
  EXPECT_EQ(response.message().origin(), v1::ORIGIN_SENT_HERE);
  EXPECT_FALSE(response.replayed());
}

TEST_F(TrackingServiceTest, AnswersARepeatWithoutSendingAgain) {
  v1::SendTrackedResponse response;
  ASSERT_TRUE(stack_.Send("r-1").ok());

  ASSERT_TRUE(stack_.Send("r-1", &response).ok());

  EXPECT_TRUE(response.replayed());
  EXPECT_EQ(response.message().message_sid(), SidText(1));
  EXPECT_THAT(stack_.twilio().calls(), SizeIs(1));
}

TEST_F(TrackingServiceTest, NeverSendsAMessageWithoutAFieldItWasGiven) {
  v1::SendTrackedRequest request;
  request.set_request_id("r-1");
  request.set_to("+15550002");
  request.set_body("hello");
  request.set_risk_check("disable");
  v1::SendTrackedResponse response;
  TestCall call;

  const grpc::Status status =
      stack_.stub().SendTracked(&call, request, &response);

  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNIMPLEMENTED);
  EXPECT_EQ(FieldOf(status), "risk_check");
  EXPECT_THAT(stack_.twilio().calls(), IsEmpty());
}

TEST_F(TrackingServiceTest, RefusesARequestWithoutAnId) {
  const grpc::Status status = stack_.Send("");

  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(ReasonOf(status), "FIELD_INVALID");
  EXPECT_EQ(FieldOf(status), "request_id");
}

TEST_F(TrackingServiceTest, PassesTwiliosRefusalOn) {
  stack_.twilio().Answer(TwilioRefusal{
      .http_status = 400, .code = 21211, .message = "Invalid 'To'"});

  const grpc::Status status = stack_.Send("r-1");

  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(ReasonOf(status), "TWILIO_REFUSED");
  v1::GetMessageResponse found;
  ASSERT_TRUE(GetByRequestId("r-1", &found).ok());
  EXPECT_EQ(found.message().message_sid(), "");
  EXPECT_EQ(found.message().status(), v1::MESSAGE_STATUS_UNKNOWN);
  EXPECT_EQ(found.message().status_text(), "refused");
  EXPECT_TRUE(found.message().final());
  EXPECT_THAT(found.explanation(), HasSubstr("21211"));
}

TEST_F(TrackingServiceTest, ShowsASendWhoseOutcomeNobodyKnows) {
  stack_.twilio().Answer(OutcomeUnknown{.problem = "silence"});

  const grpc::Status status = stack_.Send("r-1");

  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(ReasonOf(status), "SEND_OUTCOME_UNKNOWN");
  v1::GetMessageResponse found;
  ASSERT_TRUE(GetByRequestId("r-1", &found).ok());
  EXPECT_EQ(found.message().status_text(), "send_unknown");
  EXPECT_FALSE(found.message().final());
  EXPECT_THAT(found.explanation(), HasSubstr("may or may not"));
}

TEST_F(TrackingServiceTest, GoesOnSendingWhenTheCallerLeaves) {
  stack_.twilio().Hold();
  v1::SendTrackedRequest request;
  request.set_request_id("r-1");
  request.set_to("+15550002");
  request.set_body("hello");
  v1::SendTrackedResponse response;
  TestCall call;
  grpc::Status status;
  absl::Notification done;
  stack_.stub().async()->SendTracked(&call, &request, &response,
                                     [&](const grpc::Status& s) {
                                       status = s;
                                       done.Notify();
                                     });
  stack_.twilio().WaitForCalls(1);

  call.TryCancel();
  done.WaitForNotification();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::CANCELLED);
  stack_.twilio().Release();

  v1::SendTrackedResponse replay;
  ASSERT_TRUE(stack_.Send("r-1", &replay).ok());
  EXPECT_EQ(replay.message().message_sid(), SidText(1));
  EXPECT_THAT(stack_.twilio().calls(), SizeIs(1));
}

TEST_F(TrackingServiceTest, GetsAMessageWithItsEvents) {
  stack_.Append(FakeTwilioClient::Sid(1), "sent");
  stack_.Append(FakeTwilioClient::Sid(1), "delivered");
  v1::GetMessageRequest request;
  request.set_message_sid(SidText(1));
  request.set_include_events(true);
  v1::GetMessageResponse response;
  TestCall call;

  ASSERT_TRUE(stack_.stub().GetMessage(&call, request, &response).ok());

  EXPECT_EQ(response.message().status(), v1::MESSAGE_STATUS_DELIVERED);
  EXPECT_EQ(response.message().origin(), v1::ORIGIN_ADOPTED);
  EXPECT_TRUE(response.message().status_times().contains("sent"));
  EXPECT_EQ(response.explanation(), "");
  ASSERT_THAT(response.events(), SizeIs(2));
  EXPECT_EQ(response.events(0).status_text(), "sent");
  EXPECT_EQ(response.events(1).message_sequence(), 2);
}

TEST_F(TrackingServiceTest, SaysSoWhenNothingIsKnown) {
  v1::GetMessageRequest request;
  request.set_message_sid(SidText(9));
  v1::GetMessageResponse response;
  TestCall call;

  const grpc::Status status =
      stack_.stub().GetMessage(&call, request, &response);

  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(ReasonOf(status), "MESSAGE_UNKNOWN");
  v1::GetMessageResponse by_id;
  EXPECT_EQ(ReasonOf(GetByRequestId("nobody", &by_id)), "MESSAGE_UNKNOWN");
}

TEST_F(TrackingServiceTest, AsksForTheAccountOfAnIdThatSeveralHave) {
  for (const char* account : {kTestAccount, kOtherAccount}) {
    ASSERT_THAT(stack_.log().Reserve(
                    {.reservation = {.request_id = "r-1",
                                     .account_sid = account,
                                     .digest = std::string(32, 'd'),
                                     .reference = account,
                                     .body_digest = std::string(32, 'b')},
                     .message = {.request_id = "r-1",
                                 .account_sid = account,
                                 .direction = "outbound-api",
                                 .to = "+15550002",
                                 .create_time = absl::Now(),
                                 .update_time = absl::Now(),
                                 .origin = Origin::kSentHere}}),
                IsOk());
  }
  v1::GetMessageResponse response;

  const grpc::Status status = GetByRequestId("r-1", &response);

  EXPECT_EQ(ReasonOf(status), "FIELD_INVALID");
  EXPECT_EQ(FieldOf(status), "request_id");
  ASSERT_TRUE(GetByRequestId("r-1", &response, kOtherAccount).ok());
  EXPECT_EQ(response.message().account_sid(), kOtherAccount);
}

TEST_F(TrackingServiceTest, GetsABatchInTheOrderAskedFor) {
  stack_.AppendMessages(2);
  v1::BatchGetMessagesRequest request;
  for (const int number : {2, 9, 1, 2}) {
    request.add_message_sids(SidText(number));
  }
  v1::BatchGetMessagesResponse response;
  TestCall call;

  ASSERT_TRUE(stack_.stub().BatchGetMessages(&call, request, &response).ok());

  ASSERT_THAT(response.messages(), SizeIs(2));
  EXPECT_EQ(response.messages(0).message_sid(), SidText(2));
  EXPECT_EQ(response.messages(1).message_sid(), SidText(1));
  EXPECT_THAT(response.unknown_message_sids(), ElementsAre(SidText(9)));
}

TEST_F(TrackingServiceTest, RefusesABatchThatIsTooLargeOrEmpty) {
  v1::BatchGetMessagesRequest request;
  v1::BatchGetMessagesResponse response;
  TestCall empty_call;
  EXPECT_EQ(
      FieldOf(stack_.stub().BatchGetMessages(&empty_call, request, &response)),
      "message_sids");

  for (int i = 1; i <= 1001; ++i) request.add_message_sids(SidText(i));
  TestCall large_call;
  const grpc::Status status =
      stack_.stub().BatchGetMessages(&large_call, request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(FieldOf(status), "message_sids");
}

TEST_F(TrackingServiceTest, ListsMessagesNewestFirstInPages) {
  stack_.AppendMessages(5);
  v1::ListMessagesRequest request;
  request.set_page_size(2);
  std::vector<std::string> sids;

  do {
    v1::ListMessagesResponse response;
    TestCall call;
    ASSERT_TRUE(stack_.stub().ListMessages(&call, request, &response).ok());
    EXPECT_LE(response.messages_size(), 2);
    for (const auto& message : response.messages()) {
      sids.push_back(message.message_sid());
    }
    // A message that comes meanwhile moves nothing.
    stack_.Append(FakeTwilioClient::Sid(100 + static_cast<int>(sids.size())),
                  "sent");
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());

  EXPECT_THAT(sids, ElementsAre(SidText(5), SidText(4), SidText(3), SidText(2),
                                SidText(1)));
}

TEST_F(TrackingServiceTest, FindsWordsNobodyKnowsByTheUnknownStatus) {
  stack_.Append(FakeTwilioClient::Sid(1), "teleported");
  stack_.Append(FakeTwilioClient::Sid(2), "sent");
  v1::ListMessagesRequest request;
  request.mutable_filter()->add_statuses(v1::MESSAGE_STATUS_UNKNOWN);
  v1::ListMessagesResponse response;
  TestCall call;

  ASSERT_TRUE(stack_.stub().ListMessages(&call, request, &response).ok());

  ASSERT_THAT(response.messages(), SizeIs(1));
  EXPECT_EQ(response.messages(0).status_text(), "teleported");
}

TEST_F(TrackingServiceTest, RefusesAPageTokenOfAnotherFilter) {
  stack_.AppendMessages(3);
  v1::ListMessagesRequest request;
  request.set_page_size(1);
  v1::ListMessagesResponse response;
  TestCall first;
  ASSERT_TRUE(stack_.stub().ListMessages(&first, request, &response).ok());

  request.set_page_token(response.next_page_token());
  request.mutable_filter()->set_final_only(true);
  TestCall second;

  EXPECT_EQ(FieldOf(stack_.stub().ListMessages(&second, request, &response)),
            "page_token");
}

TEST_F(TrackingServiceTest, ListsEventsOldestFirstFromASequence) {
  const int64_t first =
      stack_.Append(FakeTwilioClient::Sid(1), "sent").sequence;
  stack_.Append(FakeTwilioClient::Sid(2), "sent");
  stack_.Append(FakeTwilioClient::Sid(1), "delivered",
                {{"ExtraField", "\xFF"}});
  v1::ListStatusEventsRequest request;
  request.set_message_sid(SidText(1));
  request.set_after_sequence(first);
  request.set_include_parameters(true);
  v1::ListStatusEventsResponse response;
  TestCall call;

  ASSERT_TRUE(stack_.stub().ListStatusEvents(&call, request, &response).ok());

  ASSERT_THAT(response.events(), SizeIs(1));
  EXPECT_EQ(response.events(0).status_text(), "delivered");
  EXPECT_EQ(response.events(0).parameters().at("ExtraField"), "\uFFFD");
  EXPECT_GE(response.next_after_sequence(), response.events(0).sequence());
}

TEST_F(TrackingServiceTest, ListsNoEventsOfAnUnknownMessage) {
  v1::ListStatusEventsRequest request;
  request.set_message_sid(SidText(1));
  v1::ListStatusEventsResponse response;
  TestCall unknown;
  EXPECT_EQ(
      ReasonOf(stack_.stub().ListStatusEvents(&unknown, request, &response)),
      "MESSAGE_UNKNOWN");

  request.Clear();
  request.set_after_sequence(-1);
  TestCall negative;
  EXPECT_EQ(
      FieldOf(stack_.stub().ListStatusEvents(&negative, request, &response)),
      "after_sequence");
}

TEST_F(TrackingServiceTest, EndsAPageEarlyRatherThanPassFourMebibytes) {
  // Compressed or not in the store: 40 events of 200 kB are more than fits.
  for (int i = 1; i <= 40; ++i) {
    stack_.Append(FakeTwilioClient::Sid(i), "sent",
                  {{"Note", std::string(200'000, 'x')}});
  }
  v1::ListStatusEventsRequest request;
  request.set_page_size(1000);
  request.set_include_parameters(true);
  int events = 0;
  int pages = 0;

  int64_t before = -1;
  while (request.after_sequence() > before) {
    v1::ListStatusEventsResponse response;
    TestCall call;
    const grpc::Status status =
        stack_.stub().ListStatusEvents(&call, request, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
    events += response.events_size();
    ++pages;
    before = request.after_sequence();
    request.set_after_sequence(response.next_after_sequence());
  }

  EXPECT_EQ(events, 40);
  EXPECT_GE(pages, 2);
}

TEST_F(TrackingServiceTest, NeverAnswersWithMoreThanFourMebibytes) {
  v1::BatchGetMessagesRequest batch;
  for (int i = 1; i <= 50; ++i) {
    stack_.Append(FakeTwilioClient::Sid(i), "sent", {},
                  std::string(100'000, 'x'));
    batch.add_message_sids(SidText(i));
  }
  v1::BatchGetMessagesResponse batch_response;
  TestCall batch_call;
  v1::ListMessagesRequest list;
  list.set_page_size(1000);
  v1::ListMessagesResponse page;
  TestCall list_call;

  const grpc::Status too_large =
      stack_.stub().BatchGetMessages(&batch_call, batch, &batch_response);
  ASSERT_TRUE(stack_.stub().ListMessages(&list_call, list, &page).ok());

  EXPECT_EQ(too_large.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(ReasonOf(too_large), "RESPONSE_TOO_LARGE");
  EXPECT_LT(page.messages_size(), 50);
  EXPECT_NE(page.next_page_token(), "");
}

TEST_F(TrackingServiceTest, SaysWhenTheStoreIsDown) {
  stack_.store().FailReads(absl::DataLossError("sync failed"));
  v1::GetMessageResponse response;

  const grpc::Status status = GetByRequestId("r-1", &response);

  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(ReasonOf(status), "STORE_UNAVAILABLE");
}

TEST_F(TrackingServiceTest, LeavesTheRestForLater) {
  TestCall call;
  v1::CancelMessageResponse response;

  const grpc::Status status = stack_.stub().CancelMessage(&call, {}, &response);

  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNIMPLEMENTED);
  EXPECT_THAT(status.error_message(), HasSubstr("CancelMessage"));
  TestCall batch;
  EXPECT_EQ(stack_.stub().SendTrackedBatch(&batch)->Finish().error_code(),
            grpc::StatusCode::UNIMPLEMENTED);
}

TEST_F(TrackingServiceTest, RefusesSendsAndWatchesWhileDrainingButReads) {
  stack_.AppendMessages(1);
  stack_.service().StartDraining(absl::ZeroDuration());

  const grpc::Status sent = stack_.Send("r-1");
  TestWatch watch(stack_.stub(), {});
  const grpc::Status watched = watch.Finish();

  EXPECT_EQ(sent.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(ReasonOf(sent), "DRAINING");
  EXPECT_EQ(ReasonOf(watched), "DRAINING");
  v1::ListMessagesResponse list;
  TestCall call;
  EXPECT_TRUE(stack_.stub().ListMessages(&call, {}, &list).ok());
}

TEST(TrackingServiceQueueTest, RefusesReadsWhenTooManyWait) {
  RpcStack stack({.readers_queue_max = 0});
  v1::ListMessagesResponse response;
  TestCall call;

  const grpc::Status status = stack.stub().ListMessages(&call, {}, &response);

  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(ReasonOf(status), "QUEUE_FULL");
}

}  // namespace
}  // namespace sidwatch
