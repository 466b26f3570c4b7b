#ifndef SIDWATCH_TESTS_FAKES_FAKE_STORE_H_
#define SIDWATCH_TESTS_FAKES_FAKE_STORE_H_

#include <cstddef>
#include <map>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "base/mutex.h"
#include "storage/store.h"

namespace sidwatch {

// A real store that fails or waits when a test says so.
//
// Thread safety: what the test calls may be called from any thread, the rest
// as in Store.
class FakeStore : public Store {
 public:
  // `real` outlives it.
  explicit FakeStore(Store& real) : real_(real) {}

  // The `nth` commit from now (1: the next) answers `status` and stores
  // nothing.
  void FailCommit(size_t nth, absl::Status status);
  // Every commit from now on answers `status`; OK ends that.
  void FailCommits(absl::Status status);
  // Writable answers `status`; OK: what the real store says.
  void FailWritable(absl::Status status);
  // Reads of all kinds answer `status`; OK ends that.
  void FailReads(absl::Status status);

  // Commits wait, before they store anything, until ReleaseCommits.
  void HoldCommits();
  void ReleaseCommits();
  // Waits until a commit is being held.
  void WaitForHeldCommit();

  // Commits begun, held and failed ones too.
  size_t commits() const;

  absl::Status Commit(absl::Span<const Write* const> writes,
                      std::vector<absl::StatusOr<WriteResult>>& results,
                      CommittedBatch& committed) override;
  void Maintain(bool idle) override;
  absl::Status Writable() const override;
  absl::StatusOr<StoreStats> Stats() const override;
  absl::StatusOr<LogPosition> Position() const override;
  absl::StatusOr<EventPage> ReadAfter(
      int64_t after_sequence, const Selection& selection,
      const ReadOptions& options) const override;
  absl::StatusOr<SelectionState> ReadSelection(
      const Selection& selection) const override;
  absl::StatusOr<MessagePage> ListMessages(const MessageFilter& filter,
                                           Order order, int64_t from_message_id,
                                           size_t messages_max,
                                           size_t bytes_max) const override;

 private:
  // Counts a commit, waits while commits are held, and says how it ends.
  absl::Status BeginCommit();
  absl::Status read_failure() const;

  Store& real_;

  mutable Mutex mu_;
  CondVar changed_;
  size_t commits_ ABSL_GUARDED_BY(mu_) = 0;
  size_t held_ ABSL_GUARDED_BY(mu_) = 0;
  bool holding_ ABSL_GUARDED_BY(mu_) = false;
  std::map<size_t, absl::Status> failures_ ABSL_GUARDED_BY(mu_);
  absl::Status commit_failure_ ABSL_GUARDED_BY(mu_);
  absl::Status writable_failure_ ABSL_GUARDED_BY(mu_);
  absl::Status read_failure_ ABSL_GUARDED_BY(mu_);
};

}  // namespace sidwatch

#endif  // SIDWATCH_TESTS_FAKES_FAKE_STORE_H_
