#include "storage/selection.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace sidwatch {
namespace {

constexpr const char* kAccount = "AC00000000000000000000000000000001";

MessageSid SidOf(char digit) {
  return *MessageSid::Parse("SM" + std::string(32, digit));
}

// A failed message, and an earlier event of it.
Message FailedMessage() {
  Message message;
  message.message_sid = SidOf('1');
  message.account_sid = kAccount;
  message.request_id = "r1";
  message.direction = "outbound-api";
  message.from = "+1555";
  message.to = "+1666";
  message.status = StatusText::Parse("failed");
  message.final = true;
  message.error_code = 30003;
  message.labels = {{"order", "42"}, {"team", "a"}};
  message.create_time = absl::FromUnixSeconds(100);
  return message;
}

StatusEvent SentEvent() {
  const Message message = FailedMessage();
  StatusEvent event;
  event.message_sid = message.message_sid;
  event.account_sid = message.account_sid;
  event.request_id = message.request_id;
  event.direction = message.direction;
  event.from = message.from;
  event.to = message.to;
  event.labels = message.labels;
  event.message_create_time = message.create_time;
  event.status = StatusText::Parse("sent");
  event.message_status = message.status;
  event.final = true;
  return event;
}

struct FilterCase {
  const char* name;
  MessageFilter filter;
  bool message;
  bool event;
};

std::vector<FilterCase> FilterCases() {
  const absl::Time created = absl::FromUnixSeconds(100);
  return {
      {"empty", {}, true, true},
      {"one of the accounts", {.account_sids = {"AC9", kAccount}}, true, true},
      {"other account", {.account_sids = {"AC9"}}, false, false},
      {"message's status",
       {.statuses = {StatusText::Parse("failed")}},
       true,
       false},
      {"event's status",
       {.statuses = {StatusText::Parse("sent")}},
       false,
       true},
      {"all labels", {.labels = {{"order", "42"}, {"team", "a"}}}, true, true},
      {"label of another value", {.labels = {{"order", "41"}}}, false, false},
      {"label too many",
       {.labels = {{"order", "42"}, {"x", ""}}},
       false,
       false},
      {"sender", {.senders = {"+1555"}}, true, true},
      {"recipient as sender", {.senders = {"+1666"}}, false, false},
      {"recipient", {.recipients = {"+1666"}}, true, true},
      {"error code of the message", {.error_codes = {1, 30003}}, true, false},
      {"code 0 is no code", {.error_codes = {0}}, false, true},
      {"direction", {.direction = "outbound-api"}, true, true},
      {"other direction", {.direction = "inbound"}, false, false},
      {"final message, not final event", {.final_only = true}, true, false},
      {"created at the lower end", {.create_time_from = created}, true, true},
      {"created at the upper end", {.create_time_to = created}, false, false},
      {"created before the lower end",
       {.create_time_from = created + absl::Nanoseconds(1)},
       false,
       false},
      {"one condition of two",
       {.senders = {"+1555"}, .recipients = {"+1"}},
       false,
       false},
  };
}

TEST(MessageFilterTest, MatchesMessagesAndEvents) {
  for (const FilterCase& test : FilterCases()) {
    SCOPED_TRACE(test.name);
    EXPECT_EQ(Matches(test.filter, FailedMessage()), test.message);
    EXPECT_EQ(Matches(test.filter, SentEvent()), test.event);
    EXPECT_EQ(Matches(Selection(test.filter), SentEvent()), test.event);
  }
}

// What a filter by an enum can say of words it has no value for.
TEST(MessageFilterTest, TakesUnknownWithoutAWordForEveryUnknownWord) {
  const MessageFilter any_unknown = {.statuses = {StatusText{}}};
  const MessageFilter one_word = {.statuses = {StatusText::Parse("odd")}};
  StatusEvent odd = SentEvent();
  odd.status = StatusText::Parse("odd");
  StatusEvent odder = SentEvent();
  odder.status = StatusText::Parse("odder");

  EXPECT_TRUE(Matches(any_unknown, odd));
  EXPECT_TRUE(Matches(any_unknown, odder));
  EXPECT_FALSE(Matches(any_unknown, SentEvent()));
  EXPECT_TRUE(Matches(one_word, odd));
  EXPECT_FALSE(Matches(one_word, odder));
}

TEST(MessageFilterTest, IsEmptyOnlyWithoutAnyCondition) {
  for (const FilterCase& test : FilterCases()) {
    EXPECT_EQ(test.filter.empty(), std::string(test.name) == "empty")
        << test.name;
  }
}

TEST(SelectionTest, MatchesListsOfSids) {
  EXPECT_TRUE(Matches(MessageSids{{SidOf('2'), SidOf('1')}}, SentEvent()));
  EXPECT_FALSE(Matches(MessageSids{{SidOf('2')}}, SentEvent()));
}

TEST(SelectionTest, MatchesListsOfRequestIds) {
  EXPECT_TRUE(Matches(RequestIds{{"r0", "r1"}, ""}, SentEvent()));
  EXPECT_TRUE(Matches(RequestIds{{"r1"}, kAccount}, SentEvent()));
  EXPECT_FALSE(Matches(RequestIds{{"r1"}, "AC9"}, SentEvent()));
  EXPECT_FALSE(Matches(RequestIds{{"r2"}, ""}, SentEvent()));
  StatusEvent adopted = SentEvent();
  adopted.request_id.clear();
  EXPECT_FALSE(Matches(RequestIds{{""}, ""}, adopted));
}

}  // namespace
}  // namespace sidwatch
