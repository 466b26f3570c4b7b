#include <algorithm>
#include <string>
#include <vector>

#include "tests/contract/store_contract.h"

// How a message sent from here finds its SID: by the create reply or by the
// `ref` of a callback, in whatever order they come.

namespace sidwatch {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

ReserveWrite LabelledRequest() {
  ReserveWrite write = Request("r1");
  write.message.labels = {{"order", "42"}};
  return write;
}

TEST_P(StoreContract, JoinsACallbackThatOvertookTheReply) {
  Reserve(LabelledRequest());

  const AppendResult early =
      Append(CallbackWithRef(SidOf(1), "sent", "ref-r1"));

  EXPECT_FALSE(early.reference_reused);
  EXPECT_EQ(committed().events.at(0)->request_id, "r1");
  EXPECT_EQ(StateOf("r1"), ReservationState::kSent);
  const SettleResult reply = Settle("ref-r1", Created(SidOf(1)));
  EXPECT_EQ(reply.message.status.status, MessageStatus::kSent);
  EXPECT_EQ(reply.message.message_sequence, 2);
  EXPECT_EQ(reply.message.labels.at("order"), "42");
}

TEST_P(StoreContract, JoinsACallbackToAnUnknownOutcome) {
  Reserve(LabelledRequest());
  Settle("ref-r1", SendUnknown());

  Append(CallbackWithRef(SidOf(1), "delivered", "ref-r1"));

  EXPECT_EQ(StateOf("r1"), ReservationState::kSent);
  EXPECT_EQ(Get(SidOf(1)).request_id, "r1");
  EXPECT_EQ(Get(SidOf(1)).origin, Origin::kSentHere);
  EXPECT_EQ(store().Stats()->sends_unknown, 0);
}

TEST_P(StoreContract, JoinsInEveryOrderToOneMessage) {
  // The reply, a callback with the ref, and one without (Event Streams).
  const std::vector<Write> steps = {
      SettleWrite{.reference = "ref-r1", .outcome = Created(SidOf(0))},
      CallbackWithRef(SidOf(0), "sent", "ref-r1"),
      Callback(SidOf(0), "delivered")};
  std::vector<size_t> order = {0, 1, 2};
  int number = 0;
  do {
    const std::string id = "r" + std::to_string(++number);
    const MessageSid sid = SidOf(number);
    Reserve(Request(id));
    for (const size_t i : order) {
      Write write = steps[i];
      if (auto* settle = std::get_if<SettleWrite>(&write)) {
        settle->reference = "ref-" + id;
        std::get<SendCreated>(settle->outcome).event.message_sid = sid;
      } else {
        auto& append = std::get<AppendWrite>(write);
        append.event.message_sid = sid;
        if (!append.reference.empty()) append.reference = "ref-" + id;
      }
      Commit({write});
    }
    SCOPED_TRACE(number);
    const Message message = Get(sid);
    EXPECT_EQ(message.request_id, id);
    EXPECT_EQ(message.origin, Origin::kSentHere);
    EXPECT_EQ(message.status.status, MessageStatus::kDelivered);
    EXPECT_EQ(message.message_sequence, 3);
    EXPECT_EQ(message.create_time, At(-1));
    EXPECT_EQ(GetByRequest(id).message_id, message.message_id);
    EXPECT_EQ(StateOf(id), ReservationState::kSent);
  } while (std::next_permutation(order.begin(), order.end()));
  EXPECT_EQ(store().Stats()->messages_open, 0);
  EXPECT_THAT(store()
                  .ListMessages({}, Store::Order::kOldestFirst, 0, 100, 1 << 20)
                  ->messages,
              SizeIs(6));
}

TEST_P(StoreContract, MergesAnAdoptedMessageIntoItsRequest) {
  AppendWrite adopted = Callback(SidOf(1), "sent", 3);
  adopted.event.to.clear();
  adopted.event.parameters = {{"From", "+15550001111"}, {"To", ""}};
  Append(adopted);
  const int64_t message_id = Get(SidOf(1)).message_id;
  Reserve(LabelledRequest());

  const SettleResult result = Settle("ref-r1", Created(SidOf(1)));

  EXPECT_EQ(result.reservation.message_id, message_id);
  EXPECT_EQ(result.message.message_id, message_id);
  EXPECT_EQ(result.message.to, "+15550002222");
  EXPECT_EQ(result.message.labels.at("order"), "42");
  EXPECT_EQ(result.message.create_time, At(-1));
  const auto log = Log(RequestIds{{"r1"}, ""}, {.include_parameters = true});
  ASSERT_THAT(log, SizeIs(2));
  EXPECT_EQ(log[0].receive_time, At(3));
  EXPECT_THAT(log[0].parameters,
              testing::UnorderedElementsAreArray(adopted.event.parameters));
}

TEST_P(StoreContract, TellsOfAMergeThatAddsNoEvent) {
  Append(Callback(SidOf(1), "queued"));
  Reserve(LabelledRequest());

  Settle("ref-r1", Created(SidOf(1), "queued"));

  EXPECT_THAT(committed().events, IsEmpty());
  ASSERT_THAT(committed().settled, SizeIs(1));
  EXPECT_EQ(committed().settled[0]->request_id, "r1");
  EXPECT_EQ(committed().settled[0]->message_sid, SidOf(1));
  EXPECT_FALSE(committed().settled[0]->final);
}

TEST_P(StoreContract, AdoptsASecondSidOfOneRef) {
  Reserve(LabelledRequest());
  Settle("ref-r1", Created(SidOf(1)));

  const AppendResult second =
      Append(CallbackWithRef(SidOf(2), "sent", "ref-r1"));

  EXPECT_TRUE(second.reference_reused);
  EXPECT_EQ(Get(SidOf(2)).origin, Origin::kAdopted);
  EXPECT_EQ(Get(SidOf(2)).request_id, "");
  EXPECT_EQ(GetByRequest("r1").message_sid, SidOf(1));
  const AppendResult next =
      Append(CallbackWithRef(SidOf(2), "delivered", "ref-r1"));
  EXPECT_FALSE(next.reference_reused);  // counted once a SID
}

TEST_P(StoreContract, AdoptsTheSidOfAReplyThatACallbackContradicts) {
  Reserve(LabelledRequest());
  Append(CallbackWithRef(SidOf(1), "sent", "ref-r1"));

  const SettleResult reply = Settle("ref-r1", Created(SidOf(2)));

  EXPECT_EQ(reply.message.message_sid, SidOf(1));
  EXPECT_EQ(Get(SidOf(2)).origin, Origin::kAdopted);
}

TEST_P(StoreContract, AdoptsASidWhoseRequestWasRefusedOrGivenUp) {
  Reserve(Request("refused"));
  Settle("ref-refused", Refusal());
  Reserve(Request("given-up"));
  Settle("ref-given-up", SendGivenUp());

  EXPECT_TRUE(Append(CallbackWithRef(SidOf(1), "sent", "ref-refused"))
                  .reference_reused);
  EXPECT_TRUE(Append(CallbackWithRef(SidOf(2), "sent", "ref-given-up"))
                  .reference_reused);

  EXPECT_EQ(Get(SidOf(1)).origin, Origin::kAdopted);
  EXPECT_EQ(StateOf("refused"), ReservationState::kRefused);
  EXPECT_EQ(StateOf("given-up"), ReservationState::kNotSent);
}

TEST_P(StoreContract, IgnoresARefOfAnotherAccount) {
  Reserve(LabelledRequest());
  AppendWrite write = CallbackWithRef(SidOf(1), "sent", "ref-r1");
  write.event.account_sid = std::string(kOtherAccount);

  const AppendResult result = Append(write);

  EXPECT_FALSE(result.reference_reused);
  EXPECT_EQ(Get(SidOf(1)).origin, Origin::kAdopted);
  EXPECT_EQ(StateOf("r1"), ReservationState::kReserved);
}

TEST_P(StoreContract, IgnoresARefNobodyReserved) {
  EXPECT_FALSE(
      Append(CallbackWithRef(SidOf(1), "sent", "made up")).reference_reused);

  EXPECT_EQ(Get(SidOf(1)).origin, Origin::kAdopted);
}

TEST_P(StoreContract, LeavesAnotherRequestsMessageToIt) {
  Reserve(Request("r1"));
  Settle("ref-r1", Created(SidOf(1)));
  Reserve(Request("r2"));

  Append(CallbackWithRef(SidOf(1), "sent", "ref-r2"));

  EXPECT_EQ(Get(SidOf(1)).request_id, "r1");
  EXPECT_EQ(StateOf("r2"), ReservationState::kReserved);
}

TEST_P(StoreContract, JoinsWithinOneCommit) {
  Commit({LabelledRequest(), CallbackWithRef(SidOf(1), "sent", "ref-r1"),
          SettleWrite{.reference = "ref-r1", .outcome = Created(SidOf(1))}});

  EXPECT_THAT(committed().events, SizeIs(2));
  EXPECT_EQ(Get(SidOf(1)).request_id, "r1");
}

}  // namespace
}  // namespace sidwatch
