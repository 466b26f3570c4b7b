#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/counters.h"
#include "storage/group_commit.h"
#include "tests/contract/store_contract.h"

// The first rule: a reader who has seen sequence N never meets a new event at
// or below N.

namespace sidwatch {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

constexpr int kWriters = 8;
constexpr int kMessagesEach = 40;
constexpr int kEventsAll = kWriters * kMessagesEach * 3;

// Writes the lives of its own messages, one event at a time.
void WriteLives(GroupCommit& commit, int writer, std::atomic<int>& failures) {
  for (int i = 0; i < kMessagesEach; ++i) {
    const MessageSid sid = SidOf(writer * kMessagesEach + i + 1);
    for (const char* status : {"sent", "queued", "delivered"}) {
      const auto result =
          commit.Append(Callback(sid, status), absl::InfiniteDuration());
      if (!result.ok() || result->duplicate) ++failures;
    }
  }
}

// What a reader of the log met, or how the rule was broken.
struct Followed {
  std::vector<int64_t> sequences;
  std::string problem;
};

// Reads on until, after all was `written`, a page brings nothing more.
Followed FollowLog(const Store& store, const Selection& selection,
                   const std::atomic<bool>& written) {
  Followed followed;
  int64_t seen = 0;
  for (;;) {
    const bool last_page = written;
    const auto page = store.ReadAfter(seen, selection, {.events_max = 7});
    if (!page.ok()) {
      followed.problem = page.status().ToString();
      return followed;
    }
    for (const auto& event : page->events) {
      if (event->sequence <= seen) followed.problem = "met an event it passed";
      seen = event->sequence;
      followed.sequences.push_back(seen);
    }
    if (page->next_after_sequence < seen) followed.problem = "went back";
    if (!followed.problem.empty()) return followed;
    if (last_page && page->next_after_sequence == seen &&
        page->events.empty()) {
      return followed;
    }
    seen = page->next_after_sequence;
  }
}

TEST_P(StoreContract, NeverShowsAnEventBelowWhatWasSeen) {
  Counters counters;
  GroupCommit commit(store(), nullptr, Clock::Real(), counters, {});
  std::atomic<int> failures{0};
  std::vector<Followed> followed(3);
  MessageFilter filter;
  filter.statuses = {StatusText::Parse("delivered")};
  MessageSids list;
  for (int i = 1; i <= 100; ++i) list.sids.push_back(SidOf(i));
  const std::vector<Selection> selections = {MessageFilter(), filter, list};

  std::atomic<bool> written{false};
  std::vector<std::thread> readers;
  for (size_t i = 0; i < selections.size(); ++i) {
    readers.emplace_back(
        [&, i] { followed[i] = FollowLog(store(), selections[i], written); });
  }
  std::vector<std::thread> writers;
  for (int i = 0; i < kWriters; ++i) {
    writers.emplace_back([&, i] { WriteLives(commit, i, failures); });
  }
  for (std::thread& thread : writers) thread.join();
  written = true;
  for (std::thread& thread : readers) thread.join();

  EXPECT_EQ(failures, 0);
  const std::vector<size_t> expected = {kEventsAll, kEventsAll / 3, 300};
  for (size_t i = 0; i < followed.size(); ++i) {
    EXPECT_EQ(followed[i].problem, "");
    EXPECT_THAT(followed[i].sequences, SizeIs(expected[i]));
  }
}

// Hears of commits and looks whether each is in the log already.
class OrderListener : public CommitListener {
 public:
  explicit OrderListener(const Store& store) : store_(store) {}

  void OnCommitted(std::shared_ptr<const CommittedBatch> batch) override {
    for (const auto& event : batch->events) {
      if (event->sequence != last_ + 1) problems_.push_back("a hole");
      last_ = event->sequence;
    }
    const auto position = store_.Position();
    if (!position.ok() || position->last_sequence < last_) {
      problems_.push_back("told before it can be read");
    }
    if (batch->last_sequence != last_) problems_.push_back("wrong last");
  }

  const std::vector<std::string>& problems() const { return problems_; }
  int64_t last() const { return last_; }

 private:
  const Store& store_;
  std::vector<std::string> problems_;
  int64_t last_ = 0;
};

TEST_P(StoreContract, TellsTheListenerInLogOrderOfWhatCanBeRead) {
  Counters counters;
  OrderListener listener(store());
  std::atomic<int> failures{0};
  {
    GroupCommit commit(store(), &listener, Clock::Real(), counters, {});
    std::vector<std::thread> threads;
    for (int i = 0; i < kWriters; ++i) {
      threads.emplace_back([&, i] { WriteLives(commit, i, failures); });
    }
    for (std::thread& thread : threads) thread.join();
  }

  EXPECT_EQ(failures, 0);
  EXPECT_THAT(listener.problems(), IsEmpty());
  EXPECT_EQ(listener.last(), kEventsAll);
}

}  // namespace
}  // namespace sidwatch
