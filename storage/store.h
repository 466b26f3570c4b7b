#ifndef SIDWATCH_STORAGE_STORE_H_
#define SIDWATCH_STORAGE_STORE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "storage/message.h"
#include "storage/reservation.h"
#include "storage/selection.h"
#include "storage/status_event.h"

namespace sidwatch {

// Step one of a send: reserve the request's id before Twilio is called.
struct ReserveWrite {
  Reservation reservation;  // message_id and state are the store's to fill
  // What will be known of the message however the call ends: account_sid,
  // direction, from, to, messaging_service_sid, body (if bodies are kept),
  // labels, num_media, create_time.
  Message message;
};
struct ReserveResult {
  bool created = false;     // false: the request_id was there already
  Reservation reservation;  // as stored
  Message message;          // as stored; message_sid empty until settled
};

// Step three: what became of the call. Idempotent: a reservation that a
// callback has settled meanwhile stays as it is.
struct SettleWrite {
  std::string reference;
  SendOutcome outcome;
};
struct SettleResult {
  // As stored after it; reservation.message_id is 0 after SendReleased.
  Reservation reservation;
  Message message;
};

// One reported status.
struct AppendWrite {
  // sequence, message_sequence and what Fold fills are the store's. `from` and
  // `to` are what the report says of the message, kept if nothing is yet.
  StatusEvent event;
  std::string reference;  // the `ref` it came with, or empty
  std::string error_message;
  std::string messaging_service_sid;
  std::string body;  // kept if given and nothing is yet
  std::optional<int> num_segments;
  std::optional<int> num_media;
  Origin origin = Origin::kAdopted;  // of a message not known so far
};
struct AppendResult {
  int64_t sequence = 0;    // of the event, or of the first copy of it
  bool duplicate = false;  // it was there: nothing was written
  bool out_of_order = false;
  bool conflict = false;
  // It carried the ref of a request that another SID had settled, or that was
  // refused or given up: the message was adopted.
  bool reference_reused = false;
};

using Write = std::variant<ReserveWrite, SettleWrite, AppendWrite>;
using WriteResult = std::variant<ReserveResult, SettleResult, AppendResult>;

// What one commit made visible, in log order.
struct CommittedBatch {
  std::vector<std::shared_ptr<const StatusEvent>> events;
  // Messages whose send was settled without an event: refused or given up
  // (`final` is true), or found to be one whose events were there already. They
  // are what a watch by request id waits for.
  std::vector<std::shared_ptr<const Message>> settled;
  int64_t last_sequence = 0;  // of the store, after this commit
};

// Hears of every commit, after it is durable and before whoever waits for it
// is answered.
class CommitListener {
 public:
  virtual ~CommitListener() = default;
  // On the writer's thread: must not block. Batches come in log order, each
  // once.
  virtual void OnCommitted(std::shared_ptr<const CommittedBatch> batch) = 0;
};

// The log's two ends and whose log it is.
struct LogPosition {
  std::string identity;       // 16 random bytes, made with the store
  int64_t last_sequence = 0;  // the newest committed; 0 when empty
  // Everything up to here may be gone by retention.
  int64_t trimmed_sequence = 0;
};

struct EventPage {
  std::vector<std::shared_ptr<const StatusEvent>> events;
  int64_t next_after_sequence = 0;  // the highest sequence looked at
};
struct ReadOptions {
  size_t events_max = 1000;
  size_t bytes_max = 1024 * 1024;  // roughly; at least one event is returned
  bool include_parameters = false;
};

struct MessagePage {
  std::vector<Message> messages;
  // Give it to the next call; 0 at the end. It is the last message looked at,
  // and the next page goes on beyond it.
  int64_t next_message_id = 0;
};

// What there is of a selection of SIDs or request ids at one moment.
struct SelectionState {
  std::vector<Message> messages;  // in the order asked for
  // Of `messages`, by index: settled without a SID, or still unknown.
  std::vector<ReservationState> states;  // kSent for every one with a SID
  std::vector<std::string> unknown;      // SIDs or request ids without any
  int64_t last_sequence = 0;  // of the log, in the same read transaction
};

// How much is in the store, for metrics and readiness.
struct StoreStats {
  int64_t messages_open = 0;  // neither final nor without a SID
  int64_t sends_unknown = 0;
  int64_t size_bytes = 0;
  int64_t wal_bytes = 0;
};

// The durable log and the messages it folds into.
//
// Reading: any thread, each call one short read transaction; blocks for disk.
// Never call from a gRPC reaction. Writing: GroupCommit alone, on its one
// thread; everybody else writes through it.
//
// Errors of all methods: UNAVAILABLE (database busy or gone, try again),
// RESOURCE_EXHAUSTED (disk full or below the floor), DATA_LOSS (a row cannot
// be read, or a sync failed: stop the process and recover).
class Store {
 public:
  virtual ~Store() = default;

  // --- Writing: one thread.

  // Applies `writes` in order in one transaction and returns when it is on
  // disk, with one result for each. A write that cannot be stored fails alone
  // (its result is its error); an error of the whole means that nothing was
  // stored, or, for UNAVAILABLE from a broken COMMIT, that it is unknown.
  // `committed` gets what became visible.
  //
  // Below the disk floor ReserveWrite and AppendWrite fail with
  // RESOURCE_EXHAUSTED; SettleWrite goes on: the floor is kept so that what
  // was sent can be written down.
  virtual absl::Status Commit(absl::Span<const Write* const> writes,
                              std::vector<absl::StatusOr<WriteResult>>& results,
                              CommittedBatch& committed) = 0;

  // Called between commits: checkpoints when due. `idle` says that nobody
  // waits.
  virtual void Maintain(bool idle) = 0;

  // --- Health.

  // OK when a callback would be stored: writable, above the disk floor, no
  // sync ever failed. Cheap; any thread.
  virtual absl::Status Writable() const = 0;

  virtual absl::StatusOr<StoreStats> Stats() const = 0;

  // --- Reading.

  virtual absl::StatusOr<LogPosition> Position() const = 0;

  // Events after `after_sequence` in sequence order, those of `selection`.
  // The page ends at the options' limits or after a bounded number of rows
  // looked at; it has reached the head when next_after_sequence equals
  // Position().last_sequence.
  virtual absl::StatusOr<EventPage> ReadAfter(
      int64_t after_sequence, const Selection& selection,
      const ReadOptions& options) const = 0;

  // The messages of a list of SIDs or request ids (not of a filter).
  virtual absl::StatusOr<SelectionState> ReadSelection(
      const Selection& selection) const = 0;

  enum class Order { kNewestFirst, kOldestFirst };
  // Messages with a SID that match, in the order they came into the store.
  // `from_message_id` 0 starts; stable under writes. The page may end early,
  // even empty, after a bounded number of rows looked at: go on until
  // next_message_id is 0.
  virtual absl::StatusOr<MessagePage> ListMessages(const MessageFilter& filter,
                                                   Order order,
                                                   int64_t from_message_id,
                                                   size_t messages_max,
                                                   size_t bytes_max) const = 0;
};

}  // namespace sidwatch

#endif  // SIDWATCH_STORAGE_STORE_H_
