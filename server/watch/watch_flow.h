#ifndef SIDWATCH_SERVER_WATCH_WATCH_FLOW_H_
#define SIDWATCH_SERVER_WATCH_WATCH_FLOW_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "server/watch/final_tracker.h"
#include "server/watch/log_cursor.h"
#include "server/watch/outbox.h"
#include "server/watch/resume_token.h"
#include "server/watch/watch_options.h"
#include "server/watch/watch_reads.h"

namespace sidwatch {

// What one watch says, and in which order.
//
//   opening ──► snapshot ──► following (behind ◄─► live) ──► ended
//
// It is given what was read from the store and what the tail handed over, and
// pushes to the outbox all that is to be said, in the order in which it is
// said and with the token that goes with it. It says what it wants to be read
// next and never reads by itself; threads, timers and locks are the watcher's.
//
// Holds at most `buffer_max_bytes`: half for what is read, so that the next
// page is read while one is written, the rest for what the tail hands over.
//
// Thread safety: none; the watcher guards it.
class WatchFlow {
 public:
  using EventPtr = std::shared_ptr<const StatusEvent>;
  using MessagePtr = std::shared_ptr<const Message>;

  // `options` outlives it.
  WatchFlow(const WatchOptions& options, size_t buffer_max_bytes);

  // --- What was read. Ignored once the watch has ended.

  void TakeOpening(WatchOpening opening);
  void TakeSnapshotPart(const SnapshotPart& part);
  void TakePage(const EventPage& page);
  void TakeSettled(const std::vector<MessagePtr>& messages);

  // --- What the tail handed over; from joining on.

  void Hear(const EventPtr& event);
  void HearSettled(const MessagePtr& message);
  void Miss(int64_t sequence);

  // --- What comes from outside.

  // Says how far the watch is, unless it says so already. Up to
  // `fanned_out_sequence` the tail has handed over everything.
  void SayProgress(int64_t fanned_out_sequence);

  // Ends the watch after what is already to be said. The first end counts.
  void End(WatchEndReason reason);
  // As End, without saying `ended`.
  void Fail(absl::Status status);
  // Ends it now: what was to be said is dropped.
  void Drop(absl::Status status);

  // --- What it wants.

  enum class Read { kNothing, kOpening, kSnapshotPart, kSettled, kPage };
  // What to read next, one thing at a time. Nothing while the client has half
  // a buffer to take first.
  Read WantedRead() const;
  // Between the two, room is kept for what will have been read.
  void BeginRead(Read read);
  void FinishRead() { reading_ = false; }

  int64_t cursor() const { return log_.cursor(); }
  int64_t next_snapshot_part() const { return next_snapshot_part_; }
  bool may_be_trimmed() const { return may_be_trimmed_; }
  size_t page_bytes() const { return buffer_max_bytes_ / 2; }

  // --- What it says.

  bool ended() const { return phase_ == Phase::kEnded; }
  // After what is still to be said.
  const absl::Status& status() const { return status_; }
  // True from the moment when everything stored at its opening has been said.
  bool caught_up() const { return caught_up_; }
  const ResumeToken::Fingerprint& store() const { return store_; }

  bool has_output() const { return !outbox_.empty(); }
  // Says whether there are messages or events among it.
  bool has_data() const { return data_entries_ > 0; }
  Outbox::Entry PopOutput();

 private:
  enum class Phase { kOpening, kSnapshot, kFollowing, kEnded };

  void TakeState(const WatchOpening& opening);
  void Push(WatchItem item) { Push(std::move(item), log_.cursor()); }
  void Push(WatchItem item, int64_t sequence);
  void FinishSnapshot();
  void BeginFollowing();
  void Follow();
  void SayEvent(const EventPtr& event);
  void SaySettled(const MessagePtr& message);
  void EndIfFinal();
  bool HasRoom(size_t bytes) const;

  const WatchOptions& options_;
  const size_t buffer_max_bytes_;
  // A list without keep_open: the watch ends when all is final.
  const bool ends_when_final_;

  Phase phase_ = Phase::kOpening;
  absl::Status status_;
  LogCursor log_;
  Outbox outbox_;
  FinalTracker final_;
  // Request ids that may yet be settled without an event.
  absl::flat_hash_set<std::string> unsettled_;
  ResumeToken::Fingerprint store_ = {};
  int64_t opening_position_ = 0;  // caught up when the cursor is there
  int64_t next_snapshot_part_ = 0;
  size_t data_entries_ = 0;  // in the outbox

  bool reading_ = false;
  bool settled_missed_ = false;    // some may have been settled unheard
  bool snapshot_pending_ = false;  // snapshot_done has not been pushed
  bool may_be_trimmed_ = false;    // from the beginning, and nothing read yet
  bool caught_up_ = false;
  bool says_caught_up_ = false;    // by a progress
  bool progress_pending_ = false;  // in the outbox
};

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_WATCH_WATCH_FLOW_H_
