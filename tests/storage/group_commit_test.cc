#include "storage/group_commit.h"

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/error_detail.h"
#include "storage/sqlite/sqlite_store.h"
#include "tests/contract/store_contract.h"
#include "tests/fakes/collecting_log_sink.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_store.h"
#include "tests/fakes/status_matchers.h"
#include "tests/fakes/temporary_folder.h"

namespace sidwatch {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr absl::Duration kForEver = absl::InfiniteDuration();

class GroupCommitTest : public testing::Test {
 protected:
  GroupCommitTest() : real_(OpenStore()), store_(*real_) {}
  ~GroupCommitTest() override { store_.ReleaseCommits(); }

  std::unique_ptr<SqliteStore> OpenStore() {
    auto store = SqliteStore::Open(
        {.path = folder_.File("queue.db"), .disk_floor_bytes = 0}, clock_,
        Logger(sink_));
    EXPECT_THAT(store, IsOk());
    return *std::move(store);
  }

  // Appends from `count` threads of their own, of SIDs `first` and on.
  void AppendFromThreads(GroupCommit& commit, int first, int count) {
    for (int i = first; i < first + count; ++i) {
      threads_.emplace_back([this, &commit, i] {
        const auto result = commit.Append(Callback(SidOf(i), "sent"), kForEver);
        if (result.ok()) ++stored_;
      });
    }
  }
  void JoinThreads() {
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }
  static void WaitUntilQueued(const GroupCommit& commit, size_t count) {
    while (commit.queued() < count) std::this_thread::yield();
  }

  TemporaryFolder folder_;
  CollectingLogSink sink_;
  FakeClock clock_;
  Counters counters_;
  std::unique_ptr<SqliteStore> real_;
  FakeStore store_;
  std::atomic<int> stored_{0};
  std::vector<std::thread> threads_;
};

TEST_F(GroupCommitTest, AnswersEachKindOfWrite) {
  GroupCommit commit(store_, nullptr, clock_, counters_, {});

  const auto reserved = commit.Reserve(Request("r1"));
  const auto settled =
      commit.Settle({.reference = "ref-r1", .outcome = Created(SidOf(1))});
  const auto appended = commit.Append(Callback(SidOf(1), "sent"), kForEver);

  EXPECT_TRUE(reserved->created);
  EXPECT_EQ(settled->message.message_sid, SidOf(1));
  EXPECT_EQ(appended->sequence, 2);
}

TEST_F(GroupCommitTest, AnswersOnlyAfterTheCommit) {
  GroupCommit commit(store_, nullptr, clock_, counters_, {});
  store_.HoldCommits();
  AppendFromThreads(commit, 1, 1);
  store_.WaitForHeldCommit();

  EXPECT_EQ(stored_, 0);
  EXPECT_EQ(store_.Position()->last_sequence, 0);

  store_.ReleaseCommits();
  JoinThreads();
  EXPECT_EQ(stored_, 1);
}

TEST_F(GroupCommitTest, CommitsAllThatWaitsTogether) {
  GroupCommit commit(store_, nullptr, clock_, counters_, {});
  store_.HoldCommits();
  AppendFromThreads(commit, 1, 1);
  store_.WaitForHeldCommit();
  AppendFromThreads(commit, 2, 10);
  WaitUntilQueued(commit, 10);

  store_.ReleaseCommits();
  JoinThreads();

  EXPECT_EQ(stored_, 11);
  EXPECT_EQ(store_.commits(), 2u);
  EXPECT_EQ(counters_.commit_batch_size.snapshot().sum, 11);
}

TEST_F(GroupCommitTest, CommitsNoMoreThanABatchAtOnce) {
  GroupCommit commit(store_, nullptr, clock_, counters_, {.batch_max = 4});
  store_.HoldCommits();
  AppendFromThreads(commit, 1, 1);
  store_.WaitForHeldCommit();
  AppendFromThreads(commit, 2, 10);
  WaitUntilQueued(commit, 10);

  store_.ReleaseCommits();
  JoinThreads();

  EXPECT_EQ(stored_, 11);
  EXPECT_EQ(store_.commits(), 4u);  // 1, 4, 4, 2
}

TEST_F(GroupCommitTest, RefusesWhatTheQueueCannotHold) {
  GroupCommit commit(store_, nullptr, clock_, counters_, {.queue_max = 2});
  store_.HoldCommits();
  AppendFromThreads(commit, 1, 1);
  store_.WaitForHeldCommit();
  AppendFromThreads(commit, 2, 2);
  WaitUntilQueued(commit, 2);

  const auto refused = commit.Append(Callback(SidOf(9), "sent"), kForEver);

  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kResourceExhausted,
                                HasSubstr("commit-queue")));
  EXPECT_THAT(refused, HasReason("QUEUE_FULL"));
  store_.ReleaseCommits();
  JoinThreads();
  EXPECT_EQ(stored_, 3);
}

TEST_F(GroupCommitTest, StopsWaitingAtTheDeadlineButMayStillCommit) {
  GroupCommit commit(store_, nullptr, clock_, counters_, {});
  store_.HoldCommits();
  std::thread caller([&] {
    EXPECT_THAT(commit.Append(Callback(SidOf(1), "sent"), absl::Seconds(3)),
                StatusIs(absl::StatusCode::kDeadlineExceeded));
  });
  store_.WaitForHeldCommit();

  clock_.Advance(absl::Seconds(3));
  caller.join();

  store_.ReleaseCommits();
  commit.Stop();
  EXPECT_EQ(store_.Position()->last_sequence, 1);
}

TEST_F(GroupCommitTest, StopCommitsWhatIsQueuedAndRefusesTheRest) {
  GroupCommit commit(store_, nullptr, clock_, counters_, {});
  store_.HoldCommits();
  AppendFromThreads(commit, 1, 1);
  store_.WaitForHeldCommit();
  AppendFromThreads(commit, 2, 5);
  WaitUntilQueued(commit, 5);
  std::thread stopper([&] { commit.Stop(); });

  store_.ReleaseCommits();
  stopper.join();
  JoinThreads();

  EXPECT_EQ(stored_, 6);
  const auto late = commit.Append(Callback(SidOf(9), "sent"), kForEver);
  EXPECT_THAT(late, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(late, HasReason("DRAINING"));
  commit.Stop();
}

struct FailureCase {
  absl::Status store;
  absl::StatusCode code;
  const char* reason;
};

TEST_F(GroupCommitTest, TellsCallersWhyNothingWasStored) {
  const FailureCase cases[] = {
      {absl::UnavailableError("busy"), absl::StatusCode::kUnavailable,
       "STORE_UNAVAILABLE"},
      {absl::DataLossError("sync"), absl::StatusCode::kUnavailable,
       "STORE_UNAVAILABLE"},
      {absl::ResourceExhaustedError("full"),
       absl::StatusCode::kResourceExhausted, "STORE_FULL"},
  };
  GroupCommit commit(store_, nullptr, clock_, counters_, {});
  int number = 0;
  for (const FailureCase& test : cases) {
    SCOPED_TRACE(test.reason);
    store_.FailCommit(1, test.store);
    const auto failed =
        commit.Append(Callback(SidOf(++number), "sent"), kForEver);
    EXPECT_THAT(failed, StatusIs(test.code, std::string(test.store.message())));
    EXPECT_THAT(failed, HasReason(test.reason));
    EXPECT_THAT(commit.Append(Callback(SidOf(number), "sent"), kForEver),
                IsOk());
  }
}

TEST_F(GroupCommitTest, FailsOneWriteWithoutItsNeighbours) {
  GroupCommit commit(store_, nullptr, clock_, counters_, {});
  store_.HoldCommits();
  AppendFromThreads(commit, 1, 1);
  store_.WaitForHeldCommit();
  AppendFromThreads(commit, 2, 3);
  std::thread wrong([&] {
    const auto result =
        commit.Settle({.reference = "nobody's", .outcome = SendUnknown()});
    EXPECT_THAT(result, StatusIs(absl::StatusCode::kNotFound));
    EXPECT_THAT(result, HasReason(""));
  });
  WaitUntilQueued(commit, 4);

  store_.ReleaseCommits();
  wrong.join();
  JoinThreads();

  EXPECT_EQ(stored_, 4);
}

// Knows which events it has heard of.
class HearingListener : public CommitListener {
 public:
  void OnCommitted(std::shared_ptr<const CommittedBatch> batch) override {
    MutexLock lock(mu_);
    for (const auto& event : batch->events) heard_.push_back(event->sequence);
    settled_ += batch->settled.size();
    ++batches_;
  }
  bool Heard(int64_t sequence) const {
    MutexLock lock(mu_);
    return testing::Value(heard_, testing::Contains(sequence));
  }
  size_t settled() const {
    MutexLock lock(mu_);
    return settled_;
  }
  int batches() const {
    MutexLock lock(mu_);
    return batches_;
  }

 private:
  mutable Mutex mu_;
  std::vector<int64_t> heard_ ABSL_GUARDED_BY(mu_);
  size_t settled_ ABSL_GUARDED_BY(mu_) = 0;
  int batches_ ABSL_GUARDED_BY(mu_) = 0;
};

TEST_F(GroupCommitTest, TellsTheListenerBeforeTheCaller) {
  HearingListener listener;
  GroupCommit commit(store_, &listener, clock_, counters_, {});
  for (int i = 1; i <= 20; ++i) {
    const auto result = commit.Append(Callback(SidOf(i), "sent"), kForEver);
    EXPECT_TRUE(listener.Heard(result->sequence));
  }
}

TEST_F(GroupCommitTest, TellsTheListenerOfSettledRequestsAndOfNothingElse) {
  HearingListener listener;
  GroupCommit commit(store_, &listener, clock_, counters_, {});
  ASSERT_THAT(commit.Reserve(Request("r1")), IsOk());
  ASSERT_THAT(commit.Settle({.reference = "ref-r1", .outcome = SendUnknown()}),
              IsOk());
  EXPECT_EQ(listener.batches(), 0);

  ASSERT_THAT(commit.Settle({.reference = "ref-r1", .outcome = Refusal()}),
              IsOk());

  EXPECT_EQ(listener.settled(), 1u);
  EXPECT_EQ(listener.batches(), 1);
}

TEST_F(GroupCommitTest, TellsNobodyOfAFailedCommit) {
  HearingListener listener;
  GroupCommit commit(store_, &listener, clock_, counters_, {});
  store_.FailCommit(1, absl::UnavailableError("busy"));

  EXPECT_FALSE(commit.Append(Callback(SidOf(1), "sent"), kForEver).ok());

  EXPECT_EQ(listener.batches(), 0);
}

TEST_F(GroupCommitTest, IsNotAliveWhileOneStepTakesTooLong) {
  GroupCommit commit(store_, nullptr, clock_, counters_, {});
  EXPECT_TRUE(commit.alive());
  store_.HoldCommits();
  AppendFromThreads(commit, 1, 1);
  store_.WaitForHeldCommit();
  EXPECT_TRUE(commit.alive());

  clock_.Advance(absl::Seconds(11));

  EXPECT_FALSE(commit.alive());
  store_.ReleaseCommits();
  JoinThreads();
  commit.Stop();
  EXPECT_TRUE(commit.alive());
}

TEST_F(GroupCommitTest, CountsWhatItCommits) {
  GroupCommit commit(store_, nullptr, clock_, counters_, {});
  for (const char* status : {"delivered", "sent", "sent"}) {
    ASSERT_THAT(commit.Append(Callback(SidOf(1), status), kForEver), IsOk());
  }
  ASSERT_THAT(commit.Append(Failure(SidOf(1), "failed", 1), kForEver), IsOk());
  commit.Stop();

  EXPECT_EQ(counters_.events_duplicate_total.value(), 1u);
  EXPECT_EQ(counters_.events_out_of_order_total.value(), 2u);
  EXPECT_EQ(counters_.events_conflict_total.value(), 1u);
  const auto events = counters_.events_total.values();
  EXPECT_THAT(events, SizeIs(3));
  EXPECT_EQ(events.at({"callback", "delivered"}), 1u);
  EXPECT_EQ(counters_.commit_duration_seconds.snapshot().count, 4u);
}

TEST_F(GroupCommitTest, CountsReusedReferences) {
  GroupCommit commit(store_, nullptr, clock_, counters_, {});
  ASSERT_THAT(commit.Reserve(Request("r1")), IsOk());
  for (int i = 1; i <= 3; ++i) {
    ASSERT_THAT(
        commit.Append(CallbackWithRef(SidOf(i), "sent", "ref-r1"), kForEver),
        IsOk());
  }

  EXPECT_EQ(counters_.reference_reused_total.value(), 2u);
}

}  // namespace
}  // namespace sidwatch
