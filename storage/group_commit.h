#ifndef SIDWATCH_STORAGE_GROUP_COMMIT_H_
#define SIDWATCH_STORAGE_GROUP_COMMIT_H_

#include <cstddef>
#include <memory>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/counters.h"
#include "base/mutex.h"
#include "storage/store.h"

namespace sidwatch {

// The queue in front of a store: many callers, one commit.
//
// One thread owns the store's writing half. It takes all that waits, commits
// it together, hands what became visible to the listener, and answers each
// caller after its own commit. It never lingers: batches form by themselves
// while the disk is busy with the one before.
//
// Every error carries an ErrorDetail, attached here: QUEUE_FULL, STORE_FULL
// (RESOURCE_EXHAUSTED), STORE_UNAVAILABLE, DRAINING (UNAVAILABLE); a write that
// alone cannot be stored keeps its code and has none. The store's DATA_LOSS
// comes out as UNAVAILABLE, for the caller may try again elsewhere; that it
// will not heal, Store::Writable says.
//
// Thread safety: all methods may be called from any thread but a gRPC
// reaction: they block for one disk sync.
class GroupCommit {
 public:
  struct Options {
    size_t queue_max = 10000;  // the setting commit-queue
    size_t batch_max = 1024;
  };

  // `store`, `listener` (may be null), `clock` and `counters` outlive it.
  // Counts commit_batch_size, commit_duration_seconds and the events_*_total.
  GroupCommit(Store& store, CommitListener* listener, Clock& clock,
              Counters& counters, Options options);
  // Stop().
  ~GroupCommit();
  GroupCommit(const GroupCommit&) = delete;
  GroupCommit& operator=(const GroupCommit&) = delete;

  // Each returns after its commit is durable and the listener has heard of it,
  // or with the error that it was not stored.
  absl::StatusOr<ReserveResult> Reserve(ReserveWrite write);
  absl::StatusOr<SettleResult> Settle(SettleWrite write);
  // As the others, but returns DEADLINE_EXCEEDED when it is not committed
  // within `wait`; it may still be committed later.
  absl::StatusOr<AppendResult> Append(AppendWrite write, absl::Duration wait);

  // Commits what is queued, refuses what comes after, joins the thread.
  // Idempotent.
  void Stop();

  // False when the writer has been inside one step for longer than 10 s.
  bool alive() const;

  // Writes waiting for a commit, for metrics.
  size_t queued() const;

 private:
  struct Job;

  using Jobs = std::vector<std::shared_ptr<Job>>;

  absl::StatusOr<WriteResult> Submit(Write write, absl::Duration wait);
  absl::Status Enqueue(std::shared_ptr<Job> job);
  void Run();
  // Waits for the next batch; with `until_idle` not for long, and then there
  // is none.
  Jobs TakeJobs(bool until_idle) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void CommitJobs(const Jobs& jobs);
  void Count(const CommittedBatch& committed,
             const std::vector<absl::StatusOr<WriteResult>>& results);

  Store& store_;
  CommitListener* const listener_;
  Clock& clock_;
  Counters& counters_;
  const Options options_;

  mutable Mutex mu_;
  CondVar work_or_stop_;
  std::vector<std::shared_ptr<Job>> queue_ ABSL_GUARDED_BY(mu_);
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  // Monotonic time at which the step under way began; infinite when idle.
  absl::Duration busy_since_ ABSL_GUARDED_BY(mu_) = absl::InfiniteDuration();

  std::thread writer_;  // Last: it uses everything above.
};

}  // namespace sidwatch

#endif  // SIDWATCH_STORAGE_GROUP_COMMIT_H_
