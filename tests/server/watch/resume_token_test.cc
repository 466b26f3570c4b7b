#include "server/watch/resume_token.h"

#include <string>
#include <vector>

#include "base/ids.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/status_matchers.h"
#include "tests/server/watch/watch_client.h"

namespace sidwatch {
namespace {

ResumeToken SomeToken() {
  return {.store = FingerprintOf("a store"),
          .selection = FingerprintOf(Sids({1, 2})),
          .sequence = 0x0102030405060708,
          .snapshot_pending = true};
}

LogPosition SomePosition() {
  return {.identity = "a store", .last_sequence = 100, .trimmed_sequence = 10};
}

MessageFilter Filter(std::vector<std::string> senders) {
  return {.senders = std::move(senders)};
}

TEST(ResumeTokenTest, ComesBackAsItWasGiven) {
  for (const bool pending : {false, true}) {
    for (const int64_t sequence : {int64_t{0}, int64_t{1}, INT64_MAX}) {
      ResumeToken token = SomeToken();
      token.snapshot_pending = pending;
      token.sequence = sequence;

      EXPECT_THAT(ParseResumeToken(ToBytes(token)), IsOkAndHolds(token));
    }
  }
}

TEST(ResumeTokenTest, RefusesEveryFlippedBit) {
  const std::string good = ToBytes(SomeToken());
  for (size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << bit % 8));

    const auto token = ParseResumeToken(bad);

    EXPECT_THAT(token, StatusIs(absl::StatusCode::kInvalidArgument)) << bit;
    EXPECT_THAT(token, HasReason("TOKEN_INVALID")) << bit;
  }
}

TEST(ResumeTokenTest, RefusesEveryOtherLength) {
  const std::string good = ToBytes(SomeToken());
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_THAT(ParseResumeToken(good.substr(0, size)),
                HasReason("TOKEN_INVALID"))
        << size;
  }
  EXPECT_THAT(ParseResumeToken(good + "x"), HasReason("TOKEN_INVALID"));
  EXPECT_THAT(ParseResumeToken(good + good), HasReason("TOKEN_INVALID"));
}

// Whoever knows the layout can make the check sum; what it covers is checked
// all the same.
TEST(ResumeTokenTest, RefusesForgedContent) {
  struct {
    const char* name;
    size_t at;
    char value;
  } const kRows[] = {
      {"another version", 0, 2},
      {"an unknown flag", 1, 2},
      {"a negative sequence", 2, '\xff'},
  };
  for (const auto& row : kRows) {
    std::string payload = ToBytes(SomeToken()).substr(0, 42);
    payload[row.at] = row.value;
    const std::string sum =
        Sha256("sidwatch resume token:" + payload).substr(0, 8);

    EXPECT_THAT(ParseResumeToken(payload + sum), HasReason("TOKEN_INVALID"))
        << row.name;
  }
}

TEST(ResumeTokenTest, RefusesRandomBytes) {
  for (int i = 0; i < 1000; ++i) {
    EXPECT_THAT(ParseResumeToken(RandomBytes(50)), HasReason("TOKEN_INVALID"));
  }
}

TEST(ResumeTokenTest, NamesTheFieldAndTheRemedy) {
  const absl::Status status = ParseResumeToken("?").status();

  ASSERT_EQ(DetailOf(status).fields.size(), 1u);
  EXPECT_EQ(DetailOf(status).fields[0].first, "resume_token");
  EXPECT_THAT(std::string(status.message()),
              testing::HasSubstr("start without one"));
}

TEST(ResumeTokenTest, SelectionsThatMeanTheSameAreTheSame) {
  const MessageFilter empty;
  MessageFilter failed = {.statuses = {StatusText::Parse("failed")}};
  MessageFilter loud = {.statuses = {StatusText::Parse("FAILED")}};
  struct {
    const char* name;
    Selection a;
    Selection b;
  } const kRows[] = {
      {"order of SIDs", Sids({1, 2, 3}), Sids({3, 1, 2})},
      {"repeated SIDs", Sids({1, 2}), Sids({1, 2, 2, 1})},
      {"order of request ids", Requests({"a", "b"}), Requests({"b", "a"})},
      {"repeated request ids", Requests({"a"}), Requests({"a", "a"})},
      {"order of senders", Filter({"+1", "+2"}), Filter({"+2", "+1"})},
      {"case of statuses", failed, loud},
      {"everything", empty, MessageFilter{}},
  };
  for (const auto& row : kRows) {
    EXPECT_EQ(FingerprintOf(row.a), FingerprintOf(row.b)) << row.name;
  }
}

TEST(ResumeTokenTest, OtherSelectionsAreOthers) {
  const absl::Time t = absl::FromUnixSeconds(1);
  MessageFilter label_a = {.labels = {{"a", "bc"}}};
  MessageFilter label_b = {.labels = {{"ab", "c"}}};
  MessageFilter recipient = {.recipients = {"+1"}};
  MessageFilter from = {.create_time_from = t};
  MessageFilter to = {.create_time_to = t};
  MessageFilter final_only = {.final_only = true};
  MessageFilter code_1 = {.error_codes = {1}};
  MessageFilter code_11 = {.error_codes = {11}};
  MessageFilter code_1_1 = {.error_codes = {1, 1}};
  const std::vector<Selection> selections = {
      MessageFilter{},
      Sids({}),
      Requests({}),
      Sids({1}),
      Sids({1, 2}),
      Requests({"a"}),
      Requests({"a", "b"}),
      Requests({"ab"}),
      Requests({"a"}, "AC1"),
      Requests({"AC1", "a"}),
      label_a,
      label_b,
      Filter({"+1"}),
      recipient,
      Filter({"+1", "+2"}),
      Filter({"+1+2"}),
      from,
      to,
      final_only,
      code_1,
      code_11,
  };
  for (size_t i = 0; i < selections.size(); ++i) {
    for (size_t j = i + 1; j < selections.size(); ++j) {
      EXPECT_NE(FingerprintOf(selections[i]), FingerprintOf(selections[j]))
          << i << " and " << j;
    }
  }
  EXPECT_EQ(FingerprintOf(Selection(code_1)),
            FingerprintOf(Selection(code_1_1)));
}

TEST(ResumeTokenTest, BelongsToItsSelection) {
  const ResumeToken token = SomeToken();

  EXPECT_THAT(CheckSelection(token, FingerprintOf(Sids({2, 1}))), IsOk());
  const absl::Status other = CheckSelection(token, FingerprintOf(Sids({1})));
  EXPECT_THAT(other, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(other, HasReason("SELECTOR_MISMATCH"));
}

TEST(ResumeTokenTest, IsCheckedAgainstTheLogsEnds) {
  using absl::StatusCode;
  struct {
    const char* name;
    const char* store;
    int64_t sequence;
    bool snapshot_pending;
    StatusCode code;
    const char* reason;
  } const kRows[] = {
      {"in the middle", "a store", 50, false, StatusCode::kOk, ""},
      {"at the end", "a store", 100, false, StatusCode::kOk, ""},
      {"just not trimmed", "a store", 10, false, StatusCode::kOk, ""},
      {"trimmed", "a store", 9, false, StatusCode::kOutOfRange,
       "TOKEN_EXPIRED"},
      {"the snapshot starts again", "a store", 9, true, StatusCode::kOk, ""},
      {"after a restore", "a store", 101, false,
       StatusCode::kFailedPrecondition, "STORE_CHANGED"},
      {"snapshot after a restore", "a store", 101, true,
       StatusCode::kFailedPrecondition, "STORE_CHANGED"},
      {"another store", "b store", 50, false, StatusCode::kFailedPrecondition,
       "STORE_CHANGED"},
      {"another store, trimmed", "b store", 9, false,
       StatusCode::kFailedPrecondition, "STORE_CHANGED"},
  };
  for (const auto& row : kRows) {
    const ResumeToken token = {
        .store = FingerprintOf(absl::string_view(row.store)),
        .sequence = row.sequence,
        .snapshot_pending = row.snapshot_pending};

    const absl::Status status = CheckPosition(token, SomePosition());

    EXPECT_THAT(status, StatusIs(row.code)) << row.name;
    EXPECT_THAT(status, HasReason(row.reason)) << row.name;
  }
}

}  // namespace
}  // namespace sidwatch
