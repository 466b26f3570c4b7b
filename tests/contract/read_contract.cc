#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/contract/store_contract.h"

// Pages of the log and lists of messages.

namespace sidwatch {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<int> NumbersOf(const std::vector<Message>& messages) {
  std::vector<int> numbers;
  for (const Message& message : messages) {
    numbers.push_back(
        std::stoi(message.message_sid.ToString().substr(2), nullptr, 16));
  }
  return numbers;
}

constexpr size_t kNoLimit = 1 << 30;

TEST_P(StoreContract, AnEmptyLogIsAtItsHead) {
  const auto page = store().ReadAfter(0, MessageFilter(), {});

  ASSERT_THAT(page, IsOk());
  EXPECT_THAT(page->events, IsEmpty());
  EXPECT_EQ(page->next_after_sequence, store().Position()->last_sequence);
}

TEST_P(StoreContract, ReadsOnFromAnySequence) {
  for (int i = 1; i <= 5; ++i) Append(Callback(SidOf(i), "sent"));

  const auto page = store().ReadAfter(3, MessageFilter(), {});

  ASSERT_THAT(page->events, SizeIs(2));
  EXPECT_EQ(page->events[0]->sequence, 4);
  EXPECT_EQ(page->next_after_sequence, 5);
  EXPECT_EQ(store().ReadAfter(5, MessageFilter(), {})->next_after_sequence, 5);
  EXPECT_THAT(store().ReadAfter(99, MessageFilter(), {})->events, IsEmpty());
}

TEST_P(StoreContract, EndsAPageAtItsNumberOfEvents) {
  for (int i = 1; i <= 5; ++i) Append(Callback(SidOf(i), "sent"));

  const auto page = store().ReadAfter(0, MessageFilter(), {.events_max = 2});

  EXPECT_THAT(page->events, SizeIs(2));
  EXPECT_EQ(page->next_after_sequence, 2);
}

TEST_P(StoreContract, EndsAPageAtItsBytesButGivesOneEvent) {
  for (int i = 1; i <= 5; ++i) Append(Callback(SidOf(i), "sent"));

  const auto page = store().ReadAfter(0, MessageFilter(), {.bytes_max = 1});

  EXPECT_THAT(page->events, SizeIs(1));
  EXPECT_EQ(page->next_after_sequence, 1);
}

TEST_P(StoreContract, MovesPastWhatDoesNotMatch) {
  for (int i = 1; i <= 3; ++i) Append(Callback(SidOf(i), "sent"));
  MessageFilter filter;
  filter.statuses = {StatusText::Parse("delivered")};

  const auto page = store().ReadAfter(0, filter, {});

  EXPECT_THAT(page->events, IsEmpty());
  EXPECT_EQ(page->next_after_sequence, 3);
}

TEST_P(StoreContract, ReadsTheEventsOfAListInLogOrder) {
  for (const char* status : {"queued", "sent", "delivered"}) {
    for (int i = 1; i <= 4; ++i) Append(Callback(SidOf(i), status));
  }
  const Selection list = MessageSids{{SidOf(3), SidOf(99), SidOf(1)}};

  const std::vector<StatusEvent> all = Log(list);
  const std::vector<StatusEvent> paged = Log(list, {.events_max = 2});

  std::vector<int64_t> sequences;
  for (const StatusEvent& event : all) sequences.push_back(event.sequence);
  EXPECT_THAT(sequences, ElementsAre(1, 3, 5, 7, 9, 11));
  ASSERT_EQ(paged.size(), all.size());
  for (size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(paged[i].sequence, all[i].sequence);
  }
}

TEST_P(StoreContract, ReadsTheEventsOfRequests) {
  Reserve(Request("r1"));
  Settle("ref-r1", Created(SidOf(1)));
  Append(Callback(SidOf(2), "sent"));
  Append(Callback(SidOf(1), "sent"));

  const auto log = Log(RequestIds{{"r1", "unknown"}, std::string(kAccount)});

  ASSERT_THAT(log, SizeIs(2));
  EXPECT_EQ(log[1].request_id, "r1");
  EXPECT_THAT(Log(RequestIds{{"r1"}, std::string(kOtherAccount)}), IsEmpty());
}

TEST_P(StoreContract, GivesAListAsItWasAskedFor) {
  Append(Callback(SidOf(1), "sent"));
  Append(Callback(SidOf(2), "queued"));

  const auto state =
      store().ReadSelection(MessageSids{{SidOf(2), SidOf(9), SidOf(1)}});

  ASSERT_THAT(state, IsOk());
  EXPECT_THAT(NumbersOf(state->messages), ElementsAre(2, 1));
  EXPECT_THAT(state->states,
              ElementsAre(ReservationState::kSent, ReservationState::kSent));
  EXPECT_THAT(state->unknown, ElementsAre(SidOf(9).ToString()));
  EXPECT_EQ(state->last_sequence, 2);
}

TEST_P(StoreContract, RefusesToListAFilterAsAState) {
  EXPECT_THAT(store().ReadSelection(MessageFilter()),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_P(StoreContract, ListsMessagesInBothOrders) {
  for (int i = 1; i <= 3; ++i) Append(Callback(SidOf(i), "sent"));
  Reserve(Request("without-a-sid"));

  const auto newest = store().ListMessages({}, Store::Order::kNewestFirst, 0,
                                           kNoLimit, kNoLimit);
  const auto oldest = store().ListMessages({}, Store::Order::kOldestFirst, 0,
                                           kNoLimit, kNoLimit);

  EXPECT_THAT(NumbersOf(newest->messages), ElementsAre(3, 2, 1));
  EXPECT_EQ(newest->next_message_id, 0);
  EXPECT_THAT(NumbersOf(oldest->messages), ElementsAre(1, 2, 3));
}

TEST_P(StoreContract, PagesStayTrueUnderWrites) {
  for (int i = 1; i <= 5; ++i) Append(Callback(SidOf(i), "sent"));

  const auto first =
      store().ListMessages({}, Store::Order::kNewestFirst, 0, 2, kNoLimit);
  Append(Callback(SidOf(6), "sent"));
  Append(Callback(SidOf(3), "delivered"));
  const auto second =
      store().ListMessages({}, Store::Order::kNewestFirst,
                           first->next_message_id, kNoLimit, kNoLimit);

  EXPECT_THAT(NumbersOf(first->messages), ElementsAre(5, 4));
  EXPECT_THAT(NumbersOf(second->messages), ElementsAre(3, 2, 1));
}

TEST_P(StoreContract, EndsAListAtItsBytesButGivesOneMessage) {
  for (int i = 1; i <= 3; ++i) Append(Callback(SidOf(i), "sent"));

  const auto page =
      store().ListMessages({}, Store::Order::kOldestFirst, 0, kNoLimit, 1);

  EXPECT_THAT(NumbersOf(page->messages), ElementsAre(1));
  EXPECT_NE(page->next_message_id, 0);
}

// Three messages, of which each case's filter lets through some.
struct FilterCase {
  const char* name;
  MessageFilter filter;
  std::vector<int> messages;
  size_t events;
};

std::vector<FilterCase> FilterCases() {
  return {
      {"nothing asked", {}, {1, 2, 3}, 5},
      {"account", {.account_sids = {std::string(kOtherAccount)}}, {3}, 1},
      {"status", {.statuses = {StatusText::Parse("sent")}}, {3}, 2},
      {"unknown word", {.statuses = {StatusText::Parse("odd")}}, {}, 0},
      {"labels", {.labels = {{"order", "42"}, {"team", "a"}}}, {1}, 2},
      {"wrong label", {.labels = {{"order", "43"}}}, {}, 0},
      {"sender", {.senders = {"whatsapp:+1555"}}, {3}, 1},
      {"recipient", {.recipients = {"+15550002222"}}, {1, 2, 3}, 5},
      {"error code", {.error_codes = {30003, 1}}, {2}, 1},
      {"direction", {.direction = "outbound-api"}, {1}, 2},
      {"final", {.final_only = true}, {1, 2}, 2},
      {"created from", {.create_time_from = At(10)}, {2, 3}, 3},
      {"created before", {.create_time_to = At(10)}, {1}, 2},
      {"two at once",
       {.error_codes = {30003}, .create_time_to = At(10)},
       {},
       0},
  };
}

TEST_P(StoreContract, FiltersMessagesAndEvents) {
  ReserveWrite request = Request("r1");
  request.message.labels = {{"order", "42"}, {"team", "a"}, {"x", "y"}};
  Reserve(request);
  Settle("ref-r1", Created(SidOf(1)));
  Append(Callback(SidOf(1), "delivered"));
  Append(Callback(SidOf(2), "sent", 10));
  Append(Failure(SidOf(2), "undelivered", 30003));
  AppendWrite foreign = Callback(SidOf(3), "sent", 20);
  foreign.event.account_sid = std::string(kOtherAccount);
  foreign.event.from = "whatsapp:+1555";
  Append(foreign);

  for (const FilterCase& test : FilterCases()) {
    SCOPED_TRACE(test.name);
    const auto page = store().ListMessages(
        test.filter, Store::Order::kOldestFirst, 0, kNoLimit, kNoLimit);
    EXPECT_EQ(NumbersOf(page->messages), test.messages);
    EXPECT_THAT(Log(test.filter), SizeIs(test.events));
  }
}

TEST_P(StoreContract, ListsByLabelInPages) {
  for (int i = 1; i <= 7; ++i) {
    const std::string id = absl::StrCat("r", i);
    ReserveWrite request = Request(id);
    request.message.labels = {{"parity", i % 2 == 0 ? "even" : "odd"}};
    Reserve(request);
    if (i < 7) Settle(absl::StrCat("ref-", id), Created(SidOf(i)));
  }
  MessageFilter filter;
  filter.labels = {{"parity", "odd"}};

  const auto first =
      store().ListMessages(filter, Store::Order::kNewestFirst, 0, 2, kNoLimit);
  const auto second = store().ListMessages(filter, Store::Order::kNewestFirst,
                                           first->next_message_id, 2, kNoLimit);

  EXPECT_THAT(NumbersOf(first->messages), ElementsAre(5, 3));
  EXPECT_THAT(NumbersOf(second->messages), ElementsAre(1));
  EXPECT_EQ(second->next_message_id, 0);
}

TEST_P(StoreContract, EndsAScanOfManyRowsThatDoNotMatch) {
  constexpr int kRows = 21'000;
  std::vector<Write> writes;
  for (int i = 1; i <= kRows; ++i) {
    writes.emplace_back(Callback(SidOf(i), "sent"));
  }
  Commit(std::move(writes));
  MessageFilter filter;
  filter.direction = "no such";

  const auto events = store().ReadAfter(0, filter, {});
  const auto messages = store().ListMessages(filter, Store::Order::kNewestFirst,
                                             0, kNoLimit, kNoLimit);

  EXPECT_THAT(events->events, IsEmpty());
  EXPECT_LT(events->next_after_sequence, kRows);
  EXPECT_THAT(Log(filter), IsEmpty());
  EXPECT_NE(messages->next_message_id, 0);
  EXPECT_EQ(store()
                .ListMessages(filter, Store::Order::kNewestFirst,
                              messages->next_message_id, kNoLimit, kNoLimit)
                ->next_message_id,
            0);
}

}  // namespace
}  // namespace sidwatch
