#include <string>
#include <vector>

#include "tests/contract/store_contract.h"

// Reservations: what makes one request at most one message.

namespace sidwatch {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;

const Refusal kRefusal = {.code = absl::StatusCode::kInvalidArgument,
                          .twilio_code = 21211,
                          .http_status = 400,
                          .message = "Invalid 'To' Phone Number",
                          .more_info = "https://www.twilio.com/docs/21211"};

TEST_P(StoreContract, ReservesARequestOnce) {
  ReserveWrite write = Request("r1");
  write.message.labels = {{"order", "42"}, {"team", "a"}};
  write.message.num_media = 1;
  write.message.body = "hello";

  const ReserveResult result = Reserve(write);

  EXPECT_TRUE(result.created);
  EXPECT_EQ(result.reservation.state, ReservationState::kReserved);
  EXPECT_NE(result.reservation.message_id, 0);
  EXPECT_EQ(result.message.message_id, result.reservation.message_id);
  EXPECT_EQ(result.message.request_id, "r1");
  EXPECT_TRUE(result.message.message_sid.empty());
  EXPECT_EQ(result.message.origin, Origin::kSentHere);
  EXPECT_THAT(committed().events, IsEmpty());
  const Message stored = GetByRequest("r1");
  EXPECT_EQ(stored.labels, write.message.labels);
  EXPECT_EQ(stored.direction, "outbound-api");
  EXPECT_EQ(stored.num_media, 1);
  EXPECT_EQ(stored.body, "hello");
  EXPECT_EQ(stored.create_time, At(-1));
}

TEST_P(StoreContract, FindsARequestAgain) {
  const ReserveResult first = Reserve(Request("r1"));
  ReserveWrite again = Request("r1");
  again.reservation.digest = std::string(32, 'x');
  again.reservation.reference = "another";

  const ReserveResult second = Reserve(again);

  EXPECT_FALSE(second.created);
  EXPECT_EQ(second.reservation.message_id, first.reservation.message_id);
  EXPECT_EQ(second.reservation.digest, std::string(32, 'd'));
  EXPECT_EQ(second.reservation.body_digest, std::string(32, 'b'));
  EXPECT_EQ(second.reservation.reference, "ref-r1");
}

TEST_P(StoreContract, FindsARequestAgainWithinOneCommit) {
  const auto results = Commit({Request("r1"), Request("r1")});

  EXPECT_TRUE(std::get<ReserveResult>(*results[0]).created);
  EXPECT_FALSE(std::get<ReserveResult>(*results[1]).created);
}

TEST_P(StoreContract, KeepsRequestIdsOfAccountsApart) {
  Reserve(Request("r1"));
  ReserveWrite other = Request("r1");
  other.reservation.account_sid = std::string(kOtherAccount);
  other.reservation.reference = "ref-other";

  EXPECT_TRUE(Reserve(other).created);

  const auto both = store().ReadSelection(RequestIds{{"r1"}, ""});
  EXPECT_THAT(both->messages, SizeIs(2));
  const auto one =
      store().ReadSelection(RequestIds{{"r1"}, std::string(kOtherAccount)});
  ASSERT_THAT(one->messages, SizeIs(1));
  EXPECT_EQ(one->messages[0].account_sid, kOtherAccount);
}

TEST_P(StoreContract, RefusesAReferenceThatIsTaken) {
  Reserve(Request("r1"));
  ReserveWrite other = Request("r2");
  other.reservation.reference = "ref-r1";

  const auto results = Commit({other, Request("r3")});

  EXPECT_THAT(results[0], StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(results[1], IsOk());
  const auto state = store().ReadSelection(RequestIds{{"r2", "r3"}, ""});
  EXPECT_THAT(state->unknown, ElementsAre("r2"));
}

TEST_P(StoreContract, MakesTheCreateReplyTheFirstEvent) {
  ReserveWrite request = Request("r1");
  request.message.labels = {{"order", "42"}};
  Reserve(request);
  SendCreated created = Created(SidOf(1));
  created.from = "+15550009999";
  created.messaging_service_sid = "MG00000000000000000000000000000001";
  created.num_segments = 2;

  const SettleResult result = Settle("ref-r1", created);

  EXPECT_EQ(result.reservation.state, ReservationState::kSent);
  EXPECT_EQ(result.message.message_sid, SidOf(1));
  EXPECT_EQ(result.message.status.status, MessageStatus::kQueued);
  EXPECT_EQ(result.message.from, "+15550009999");
  EXPECT_EQ(result.message.num_segments, 2);
  EXPECT_EQ(result.message.last_sequence, 1);
  EXPECT_THAT(result.message.status_times, ElementsAre(Pair("queued", At(0))));
  ASSERT_THAT(committed().events, SizeIs(1));
  const StatusEvent& event = *committed().events[0];
  EXPECT_EQ(event.source, EventSource::kSendReply);
  EXPECT_EQ(event.request_id, "r1");
  EXPECT_EQ(event.labels, request.message.labels);
  EXPECT_EQ(event.direction, "outbound-api");
  EXPECT_EQ(event.message_create_time, At(-1));
}

TEST_P(StoreContract, ReplaysASentRequest) {
  Reserve(Request("r1"));
  Settle("ref-r1", Created(SidOf(1)));
  Append(Callback(SidOf(1), "delivered"));

  const ReserveResult replay = Reserve(Request("r1"));

  EXPECT_FALSE(replay.created);
  EXPECT_EQ(replay.reservation.state, ReservationState::kSent);
  EXPECT_EQ(replay.message.message_sid, SidOf(1));
  EXPECT_EQ(replay.message.status.status, MessageStatus::kDelivered);
  EXPECT_EQ(replay.message.last_sequence, 2);
}

TEST_P(StoreContract, SettlesACreateReplyOnce) {
  Reserve(Request("r1"));
  Settle("ref-r1", Created(SidOf(1)));

  const SettleResult again = Settle("ref-r1", Created(SidOf(1)));

  EXPECT_EQ(again.message.message_sid, SidOf(1));
  EXPECT_THAT(Log(), SizeIs(1));
}

TEST_P(StoreContract, KeepsARefusal) {
  Reserve(Request("r1"));

  const SettleResult result = Settle("ref-r1", kRefusal);

  EXPECT_EQ(result.reservation.state, ReservationState::kRefused);
  EXPECT_EQ(result.reservation.refusal, kRefusal);
  ASSERT_THAT(committed().settled, SizeIs(1));
  EXPECT_EQ(committed().settled[0]->request_id, "r1");
  EXPECT_TRUE(committed().settled[0]->final);
  EXPECT_EQ(committed().settled[0]->status.ToString(), "refused");
  EXPECT_EQ(committed().settled[0]->error_code, 21211);
  Reopen();
  EXPECT_EQ(Reserve(Request("r1")).reservation.refusal, kRefusal);
  EXPECT_EQ(GetByRequest("r1").error_message, kRefusal.message);
}

TEST_P(StoreContract, ForgetsAReleasedRequest) {
  ReserveWrite request = Request("r1");
  request.message.labels = {{"order", "42"}};
  const int64_t message_id = Reserve(request).message.message_id;

  const SettleResult result = Settle("ref-r1", SendReleased());

  EXPECT_EQ(result.reservation.message_id, 0);
  EXPECT_THAT(store().ReadSelection(RequestIds{{"r1"}, ""})->unknown,
              ElementsAre("r1"));
  const ReserveResult again = Reserve(Request("r1"));
  EXPECT_TRUE(again.created);
  EXPECT_GT(again.message.message_id, message_id);  // never given twice
  EXPECT_THAT(again.message.labels, IsEmpty());
}

TEST_P(StoreContract, KeepsAnUnknownOutcomeUntilItIsGivenUp) {
  Reserve(Request("r1"));
  Settle("ref-r1", SendUnknown());
  EXPECT_EQ(StateOf("r1"), ReservationState::kSendUnknown);
  EXPECT_EQ(GetByRequest("r1").status.ToString(), "send_unknown");
  EXPECT_FALSE(GetByRequest("r1").final);
  EXPECT_THAT(committed().settled, IsEmpty());
  EXPECT_EQ(store().Stats()->sends_unknown, 1);

  Settle("ref-r1", SendGivenUp());

  EXPECT_EQ(StateOf("r1"), ReservationState::kNotSent);
  ASSERT_THAT(committed().settled, SizeIs(1));
  EXPECT_EQ(committed().settled[0]->status.ToString(), "not_sent");
  EXPECT_TRUE(GetByRequest("r1").final);
  EXPECT_EQ(store().Stats()->sends_unknown, 0);
}

TEST_P(StoreContract, SettlesAnUnknownOutcomeByALaterReply) {
  Reserve(Request("r1"));
  Settle("ref-r1", SendUnknown());
  SendCreated found = Created(SidOf(1), "delivered");
  found.event.source = EventSource::kLookup;

  const SettleResult result = Settle("ref-r1", found);

  EXPECT_EQ(result.reservation.state, ReservationState::kSent);
  EXPECT_EQ(Log().at(0).source, EventSource::kLookup);
}

struct SettledCase {
  const char* name;
  SendOutcome first;
  ReservationState state;
};

TEST_P(StoreContract, LeavesASettledReservationAsItIs) {
  const SettledCase cases[] = {
      {"sent", Created(SidOf(1)), ReservationState::kSent},
      {"refused", kRefusal, ReservationState::kRefused},
      {"given up", SendGivenUp(), ReservationState::kNotSent},
  };
  for (const SettledCase& test : cases) {
    SCOPED_TRACE(test.name);
    const std::string reference = std::string("ref-") + test.name;
    Reserve(Request(test.name));
    Settle(reference, test.first);
    const Refusal other = {.twilio_code = 1};
    for (const SendOutcome& later : std::vector<SendOutcome>{
             SendReleased(), SendUnknown(), SendGivenUp(), other}) {
      const SettleResult result = Settle(reference, later);
      EXPECT_EQ(result.reservation.state, test.state);
      EXPECT_THAT(committed().settled, IsEmpty());
    }
    EXPECT_EQ(StateOf(test.name), test.state);
  }
}

TEST_P(StoreContract, RefusesToSettleWhatWasNeverReserved) {
  const auto results =
      Commit({SettleWrite{.reference = "nobody's", .outcome = SendUnknown()},
              Callback(SidOf(1), "sent")});

  EXPECT_THAT(results[0], StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(results[1], IsOk());
}

TEST_P(StoreContract, RefusesTheSidOfAnotherRequest) {
  Reserve(Request("r1"));
  Settle("ref-r1", Created(SidOf(1)));
  Reserve(Request("r2"));

  const auto results = Commit(
      {SettleWrite{.reference = "ref-r2", .outcome = Created(SidOf(1))}});

  EXPECT_THAT(results[0], StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_EQ(StateOf("r2"), ReservationState::kReserved);
}

TEST_P(StoreContract, TakesWhatWasUnderWayAtARestartAsUnknown) {
  Reserve(Request("under way"));
  Reserve(Request("sent"));
  Settle("ref-sent", Created(SidOf(1)));

  Reopen();

  EXPECT_EQ(StateOf("under way"), ReservationState::kSendUnknown);
  EXPECT_EQ(StateOf("sent"), ReservationState::kSent);
  EXPECT_EQ(store().Stats()->sends_unknown, 1);
  EXPECT_FALSE(Reserve(Request("under way")).created);
}

}  // namespace
}  // namespace sidwatch
