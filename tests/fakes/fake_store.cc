#include "tests/fakes/fake_store.h"

#include <utility>

namespace sidwatch {

void FakeStore::FailCommit(size_t nth, absl::Status status) {
  MutexLock lock(mu_);
  failures_[commits_ + nth] = std::move(status);
}

void FakeStore::FailCommits(absl::Status status) {
  MutexLock lock(mu_);
  commit_failure_ = std::move(status);
}

void FakeStore::FailWritable(absl::Status status) {
  MutexLock lock(mu_);
  writable_failure_ = std::move(status);
}

void FakeStore::FailReads(absl::Status status) {
  MutexLock lock(mu_);
  read_failure_ = std::move(status);
}

void FakeStore::HoldCommits() {
  MutexLock lock(mu_);
  holding_ = true;
}

void FakeStore::ReleaseCommits() {
  MutexLock lock(mu_);
  holding_ = false;
  changed_.NotifyAll();
}

void FakeStore::WaitForHeldCommit() {
  MutexLock lock(mu_);
  while (held_ == 0) changed_.Wait(mu_);
}

size_t FakeStore::commits() const {
  MutexLock lock(mu_);
  return commits_;
}

absl::Status FakeStore::BeginCommit() {
  MutexLock lock(mu_);
  const size_t number = ++commits_;
  if (holding_) {
    ++held_;
    changed_.NotifyAll();
    while (holding_) changed_.Wait(mu_);
    --held_;
  }
  const auto failure = failures_.find(number);
  return failure == failures_.end() ? commit_failure_ : failure->second;
}

absl::Status FakeStore::Commit(
    absl::Span<const Write* const> writes,
    std::vector<absl::StatusOr<WriteResult>>& results,
    CommittedBatch& committed) {
  if (absl::Status s = BeginCommit(); !s.ok()) return s;
  return real_.Commit(writes, results, committed);
}

void FakeStore::Maintain(bool idle) { real_.Maintain(idle); }

absl::Status FakeStore::Writable() const {
  {
    MutexLock lock(mu_);
    if (!writable_failure_.ok()) return writable_failure_;
  }
  return real_.Writable();
}

absl::Status FakeStore::read_failure() const {
  MutexLock lock(mu_);
  return read_failure_;
}

absl::StatusOr<StoreStats> FakeStore::Stats() const {
  if (absl::Status s = read_failure(); !s.ok()) return s;
  return real_.Stats();
}

absl::StatusOr<LogPosition> FakeStore::Position() const {
  if (absl::Status s = read_failure(); !s.ok()) return s;
  return real_.Position();
}

absl::StatusOr<EventPage> FakeStore::ReadAfter(
    int64_t after_sequence, const Selection& selection,
    const ReadOptions& options) const {
  if (absl::Status s = read_failure(); !s.ok()) return s;
  return real_.ReadAfter(after_sequence, selection, options);
}

absl::StatusOr<SelectionState> FakeStore::ReadSelection(
    const Selection& selection) const {
  if (absl::Status s = read_failure(); !s.ok()) return s;
  return real_.ReadSelection(selection);
}

absl::StatusOr<MessagePage> FakeStore::ListMessages(const MessageFilter& filter,
                                                    Order order,
                                                    int64_t from_message_id,
                                                    size_t messages_max,
                                                    size_t bytes_max) const {
  if (absl::Status s = read_failure(); !s.ok()) return s;
  return real_.ListMessages(filter, order, from_message_id, messages_max,
                            bytes_max);
}

}  // namespace sidwatch
