#include "storage/message_fold.h"

#include <algorithm>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sidwatch {
namespace {

struct Report {
  std::string status;
  int error_code = 0;
};

StatusEvent EventOf(const Report& report) {
  StatusEvent event;
  event.status = StatusText::Parse(report.status);
  if (report.error_code != 0) event.error_code = report.error_code;
  return event;
}

std::string ErrorOf(const Report& report) {
  return report.error_code == 0 ? ""
                                : "error " + std::to_string(report.error_code);
}

// Folds reports into an empty message, one after the other.
struct Folded {
  Message message;
  std::vector<StatusEvent> events;
  std::vector<FoldResult> results;
};
Folded FoldAll(const std::vector<Report>& reports) {
  Folded folded;
  for (const Report& report : reports) {
    StatusEvent event = EventOf(report);
    event.sequence = static_cast<int64_t>(folded.events.size()) * 10 + 5;
    folded.results.push_back(Fold(event, ErrorOf(report), folded.message));
    folded.events.push_back(std::move(event));
  }
  return folded;
}

TEST(MessageFoldTest, NumbersEventsAndFollowsALife) {
  const Folded folded = FoldAll({{"queued"}, {"sent"}, {"delivered"}});

  for (size_t i = 0; i < 3; ++i) {
    const StatusEvent& event = folded.events[i];
    EXPECT_EQ(event.message_sequence, static_cast<int64_t>(i) + 1);
    EXPECT_TRUE(event.effective);
    EXPECT_EQ(event.message_status, event.status);
    EXPECT_EQ(event.final, i == 2);
    EXPECT_FALSE(folded.results[i].out_of_order);
  }
  EXPECT_EQ(folded.message.message_sequence, 3);
  EXPECT_EQ(folded.message.last_sequence, 25);
  EXPECT_TRUE(folded.message.final);
}

struct PairCase {
  const char* name;
  Report first;
  Report second;
  bool effective;
  bool out_of_order;
  bool conflict;
  Report current;
};

const PairCase kPairs[] = {
    {"rises", {"sent"}, {"delivered"}, true, false, false, {"delivered"}},
    {"late lower one",
     {"delivered"},
     {"sent"},
     false,
     true,
     false,
     {"delivered"}},
    {"read after delivered",
     {"delivered"},
     {"read"},
     true,
     false,
     false,
     {"read"}},
    {"delivered after read",
     {"read"},
     {"delivered"},
     false,
     true,
     false,
     {"read"}},
    {"two finals, rising",
     {"failed", 1},
     {"delivered"},
     true,
     false,
     true,
     {"delivered"}},
    {"two finals, falling",
     {"delivered"},
     {"failed", 1},
     false,
     true,
     true,
     {"delivered"}},
    {"canceled and read", {"canceled"}, {"read"}, true, false, true, {"read"}},
    {"larger code",
     {"failed", 30003},
     {"failed", 30005},
     true,
     false,
     false,
     {"failed", 30005}},
    {"smaller code",
     {"failed", 30005},
     {"failed", 30003},
     false,
     false,
     false,
     {"failed", 30005}},
    {"no code after one",
     {"failed", 30005},
     {"failed"},
     false,
     false,
     false,
     {"failed", 30005}},
    {"unknown below known",
     {"accepted"},
     {"zzz"},
     false,
     true,
     false,
     {"accepted"}},
    {"known above unknown",
     {"zzz"},
     {"accepted"},
     true,
     false,
     false,
     {"accepted"}},
    {"greater unknown", {"abc"}, {"abd"}, true, false, false, {"abd"}},
};

TEST(MessageFoldTest, CombinesTwoReports) {
  for (const PairCase& test : kPairs) {
    SCOPED_TRACE(test.name);
    const Folded folded = FoldAll({test.first, test.second});
    EXPECT_EQ(folded.events[1].effective, test.effective);
    EXPECT_EQ(folded.results[1].out_of_order, test.out_of_order);
    EXPECT_EQ(folded.results[1].conflict, test.conflict);
    EXPECT_EQ(folded.message.status, StatusText::Parse(test.current.status));
    EXPECT_EQ(folded.message.error_code.value_or(0), test.current.error_code);
    EXPECT_EQ(folded.message.error_message, ErrorOf(test.current));
  }
}

TEST(MessageFoldTest, TakesTheFirstReportWhateverItSays) {
  for (const char* status : {"accepted", "zzz", "", "read"}) {
    const Folded folded = FoldAll({{status}});
    EXPECT_TRUE(folded.events[0].effective) << status;
    EXPECT_FALSE(folded.results[0].out_of_order);
    EXPECT_FALSE(folded.results[0].conflict);
  }
}

TEST(MessageFoldTest, LetsLocalEventsChangeNothingButTheNumber) {
  Folded folded = FoldAll({{"failed", 30003}});
  StatusEvent local = EventOf({"read"});
  local.source = EventSource::kLocal;
  local.sequence = 99;

  const FoldResult result = Fold(local, "", folded.message);

  EXPECT_FALSE(local.effective);
  EXPECT_FALSE(result.conflict || result.out_of_order);
  EXPECT_EQ(local.message_status.status, MessageStatus::kFailed);
  EXPECT_TRUE(local.final);
  EXPECT_EQ(folded.message.message_sequence, 2);
  EXPECT_EQ(folded.message.last_sequence, 99);
  EXPECT_EQ(folded.message.error_code, 30003);
}

TEST(MessageFoldTest, KeepsTheNewestTime) {
  Message message;
  StatusEvent late = EventOf({"sent"});
  late.receive_time = absl::FromUnixSeconds(20);
  StatusEvent early = EventOf({"queued"});
  early.receive_time = absl::FromUnixSeconds(10);

  Fold(late, "", message);
  Fold(early, "", message);

  EXPECT_EQ(message.update_time, absl::FromUnixSeconds(20));
}

// The fold is a function of the set of reports.
TEST(MessageFoldTest, GivesOneResultForEveryOrderOfALife) {
  std::vector<Report> life = {{"accepted"},
                              {"queued"},
                              {"sent"},
                              {"undelivered", 30003},
                              {"delivered"}};
  std::vector<size_t> order = {0, 1, 2, 3, 4};
  do {
    std::vector<Report> reports;
    for (const size_t i : order) reports.push_back(life[i]);
    const Folded folded = FoldAll(reports);
    ASSERT_EQ(folded.message.status.status, MessageStatus::kDelivered);
    ASSERT_EQ(folded.message.error_code, std::nullopt);
    ASSERT_EQ(folded.message.error_message, "");
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST(MessageFoldTest, GivesOneResultForRandomSetsInAnyOrder) {
  const std::vector<std::string> words = {
      "accepted", "scheduled", "queued",    "sending", "sent",
      "canceled", "failed",    "delivered", "read",    "undelivered",
      "odd",      "odder",     ""};
  std::mt19937 random(20240101);  // NOLINT: the same sets at every run
  for (int round = 0; round < 500; ++round) {
    std::vector<Report> reports;
    const size_t count = 1 + random() % 7;
    for (size_t i = 0; i < count; ++i) {
      reports.push_back({words[random() % words.size()],
                         static_cast<int>(random() % 3) * 30000});
    }
    const Folded one = FoldAll(reports);
    std::shuffle(reports.begin(), reports.end(), random);
    const Folded two = FoldAll(reports);
    ASSERT_EQ(one.message.status, two.message.status) << round;
    ASSERT_EQ(one.message.error_code.value_or(0),
              two.message.error_code.value_or(0));
    ASSERT_EQ(one.message.final, two.message.final);
    ASSERT_EQ(one.message.error_message, two.message.error_message);
  }
}

TEST(IsSameEventTest, ComparesStatusWordAndCode) {
  EXPECT_TRUE(IsSameEvent(EventOf({"sent"}), EventOf({"SENT"})));
  EXPECT_TRUE(IsSameEvent(EventOf({"odd"}), EventOf({"odd"})));
  EXPECT_FALSE(IsSameEvent(EventOf({"odd"}), EventOf({"odder"})));
  EXPECT_FALSE(IsSameEvent(EventOf({"sent"}), EventOf({"queued"})));
  EXPECT_FALSE(IsSameEvent(EventOf({"failed", 1}), EventOf({"failed"})));
  StatusEvent zero = EventOf({"sent"});
  zero.error_code = 0;
  zero.source = EventSource::kLookup;
  EXPECT_TRUE(IsSameEvent(zero, EventOf({"sent"})));
}

}  // namespace
}  // namespace sidwatch
