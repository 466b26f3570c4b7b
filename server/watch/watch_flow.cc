#include "server/watch/watch_flow.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "base/error_detail.h"

namespace sidwatch {
namespace {

absl::Status StatusOf(WatchEndReason reason) {
  switch (reason) {
    case WatchEndReason::kAllFinal:
      return absl::OkStatus();
    case WatchEndReason::kMaxAge:
      return DetailedError(absl::StatusCode::kUnavailable,
                           "the watch reached watch-max-age; resume with the "
                           "last token",
                           {.reason = "MAX_AGE"});
    case WatchEndReason::kDraining:
      return DetailedError(absl::StatusCode::kUnavailable,
                           "the server is stopping; resume elsewhere with the "
                           "last token",
                           {.reason = "DRAINING"});
    case WatchEndReason::kSlowConsumer:
      break;
  }
  return DetailedError(absl::StatusCode::kResourceExhausted,
                       "nothing was taken for watch-stall-timeout while events "
                       "waited; resume with the last token",
                       {.reason = "SLOW_CONSUMER"});
}

bool IsData(const WatchItem& item) {
  return std::holds_alternative<std::shared_ptr<const StatusEvent>>(item) ||
         std::holds_alternative<std::shared_ptr<const Message>>(item);
}

size_t TotalBytes(const std::vector<std::shared_ptr<const Message>>& messages) {
  size_t bytes = 0;
  for (const auto& message : messages) bytes += EstimateBytes(*message);
  return bytes;
}

}  // namespace

WatchFlow::WatchFlow(const WatchOptions& options, size_t buffer_max_bytes)
    : options_(options),
      buffer_max_bytes_(buffer_max_bytes),
      ends_when_final_(
          !std::holds_alternative<MessageFilter>(options.selection) &&
          !options.keep_open),
      final_(ends_when_final_ ? options.selection : Selection(),
             options.await_read) {
  if (const auto* ids = std::get_if<RequestIds>(&options.selection)) {
    unsettled_.insert(ids->request_ids.begin(), ids->request_ids.end());
  }
}

// --- What was read.

void WatchFlow::TakeOpening(WatchOpening opening) {
  if (phase_ != Phase::kOpening) return;
  store_ = opening.store;
  opening_position_ = opening.position;
  snapshot_pending_ = opening.snapshot;
  says_caught_up_ = !opening.snapshot;
  may_be_trimmed_ =
      options_.start == WatchStart::kBeginning && options_.resume_token.empty();
  log_.StartAt(opening.cursor, opening.position);
  WatchCreated created{.progress_interval = options_.progress_interval};
  (std::holds_alternative<MessageSids>(options_.selection)
       ? created.unknown_message_sids
       : created.unknown_request_ids) = std::move(opening.unknown);
  Push(std::move(created));
  TakeState(opening);
  if (!opening.snapshot) {
    BeginFollowing();
  } else if (std::holds_alternative<MessageFilter>(options_.selection) ||
             TotalBytes(opening.messages) > page_bytes()) {
    phase_ = Phase::kSnapshot;
  } else {
    for (MessagePtr& message : opening.messages) Push(std::move(message));
    FinishSnapshot();
  }
}

// What a list's messages are like decides what is still waited for.
void WatchFlow::TakeState(const WatchOpening& opening) {
  final_.set_position(opening.position);
  // Those who go on from a token, or want all that is stored, have to be told
  // of what was settled meanwhile: no event says it.
  const bool tells_settled =
      !opening.snapshot && (!options_.resume_token.empty() ||
                            options_.start == WatchStart::kBeginning);
  for (const MessagePtr& message : opening.messages) {
    if (ends_when_final_) final_.TakeState(*message);
    if (!IsSettled(*message)) continue;
    unsettled_.erase(message->request_id);
    if (tells_settled && message->message_sid.empty()) Push(message);
  }
}

void WatchFlow::TakeSnapshotPart(const SnapshotPart& part) {
  if (phase_ != Phase::kSnapshot) return;
  for (const MessagePtr& message : part.messages) Push(message);
  next_snapshot_part_ = part.next;
  if (part.next == 0) FinishSnapshot();
}

void WatchFlow::FinishSnapshot() {
  snapshot_pending_ = false;
  Push(WatchSnapshotDone{});
  BeginFollowing();
}

void WatchFlow::BeginFollowing() {
  phase_ = Phase::kFollowing;
  log_.Follow();
  Follow();
}

void WatchFlow::TakePage(const EventPage& page) {
  if (phase_ != Phase::kFollowing) return;
  may_be_trimmed_ = false;
  for (const EventPtr& event : page.events) {
    if (event->sequence <= log_.cursor()) continue;
    log_.MoveTo(event->sequence);
    SayEvent(event);
  }
  log_.MoveTo(page.next_after_sequence);
  Follow();
}

void WatchFlow::TakeSettled(const std::vector<MessagePtr>& messages) {
  if (ended()) return;
  for (const MessagePtr& message : messages) SaySettled(message);
  EndIfFinal();
}

// The cursor has moved. Goes on with what was kept ahead, if nothing is
// missing before it.
void WatchFlow::Follow() {
  if (!caught_up_ && log_.cursor() >= opening_position_) {
    caught_up_ = true;
    if (says_caught_up_) SayProgress(log_.cursor());
  }
  if (!log_.live()) return;
  for (const EventPtr& event : log_.TakeAhead()) SayEvent(event);
  EndIfFinal();
}

// --- What the tail handed over.

void WatchFlow::Hear(const EventPtr& event) {
  if (ended()) return;
  // What is heard first of a message found to be a request's may have older
  // ones: they were fanned out before anybody knew whose they are.
  if (event->sequence > log_.cursor() && event->message_sequence > 1 &&
      unsettled_.contains(event->request_id)) {
    log_.Miss(event->sequence);
    return;
  }
  // The tail's events come without parameters: whoever wants those reads the
  // log, and the tail only says when.
  const bool room =
      !options_.include_parameters && HasRoom(EstimateBytes(*event));
  if (log_.Hear(event, room) != LogCursor::Heard::kNext) return;
  SayEvent(event);
  EndIfFinal();
}

void WatchFlow::HearSettled(const MessagePtr& message) {
  if (ended() || !unsettled_.contains(message->request_id)) return;
  if (phase_ != Phase::kOpening && HasRoom(EstimateBytes(*message))) {
    SaySettled(message);
    EndIfFinal();
  } else {
    settled_missed_ = true;
  }
}

void WatchFlow::Miss(int64_t sequence) {
  if (ended()) return;
  if (sequence > log_.cursor()) log_.Miss(sequence);
  settled_missed_ = !unsettled_.empty();
}

// --- What comes from outside.

void WatchFlow::SayProgress(int64_t fanned_out_sequence) {
  if (ended() || progress_pending_) return;
  // All that the tail handed over is said already, so this comes after it.
  if (log_.live()) log_.MoveTo(fanned_out_sequence);
  progress_pending_ = true;
  Push(WatchProgress{});
}

void WatchFlow::End(WatchEndReason reason) {
  if (ended()) return;
  if (reason == WatchEndReason::kSlowConsumer) return Drop(StatusOf(reason));
  // Before `created` there is no token to end with.
  if (phase_ != Phase::kOpening) Push(WatchEnded{reason});
  Fail(StatusOf(reason));
}

void WatchFlow::Fail(absl::Status status) {
  if (ended()) return;
  phase_ = Phase::kEnded;
  status_ = std::move(status);
  log_.Clear();
}

void WatchFlow::Drop(absl::Status status) {
  if (!ended() || has_output()) status_ = std::move(status);
  phase_ = Phase::kEnded;
  log_.Clear();
  outbox_.Clear();
  data_entries_ = 0;
}

// --- What it wants.

WatchFlow::Read WatchFlow::WantedRead() const {
  if (ended() || reading_ || outbox_.bytes() > page_bytes()) {
    return Read::kNothing;
  }
  if (phase_ == Phase::kOpening) return Read::kOpening;
  if (settled_missed_) return Read::kSettled;
  if (phase_ == Phase::kSnapshot) return Read::kSnapshotPart;
  return log_.live() ? Read::kNothing : Read::kPage;
}

void WatchFlow::BeginRead(Read read) {
  reading_ = true;
  // What is settled from here on may be missed again.
  if (read == Read::kSettled) settled_missed_ = false;
}

// --- What it says.

Outbox::Entry WatchFlow::PopOutput() {
  Outbox::Entry entry = outbox_.Pop();
  if (IsData(entry.item)) --data_entries_;
  if (std::holds_alternative<WatchProgress>(entry.item)) {
    progress_pending_ = false;
  }
  return entry;
}

void WatchFlow::Push(WatchItem item, int64_t sequence) {
  if (IsData(item)) ++data_entries_;
  outbox_.Push({.item = std::move(item),
                .sequence = sequence,
                .snapshot_pending = snapshot_pending_});
}

void WatchFlow::SayEvent(const EventPtr& event) {
  if (ends_when_final_) final_.TakeEvent(*event);
  // One as old as the opening, whose state did not have it, belongs to a
  // message that was found since: how that stands is for SaySettled.
  if (event->sequence > opening_position_) {
    unsettled_.erase(event->request_id);
  }
  if (options_.effective_only && !event->effective) return;
  Push(event, event->sequence);
}

void WatchFlow::SaySettled(const MessagePtr& message) {
  if (!unsettled_.contains(message->request_id)) return;
  if (ends_when_final_) final_.TakeState(*message);
  if (message->last_sequence > log_.cursor()) {
    // Told by its events. They may have been fanned out before anybody knew
    // whose they are: the log knows by now.
    log_.Miss(message->last_sequence);
  } else {
    unsettled_.erase(message->request_id);
    Push(message);
  }
}

// Only when live: what the store said is final may have its last event in a
// page that has not been read yet.
void WatchFlow::EndIfFinal() {
  if (ends_when_final_ && phase_ == Phase::kFollowing && log_.live() &&
      final_.all_final()) {
    End(WatchEndReason::kAllFinal);
  }
}

bool WatchFlow::HasRoom(size_t bytes) const {
  const size_t held =
      outbox_.bytes() + log_.bytes() + (reading_ ? page_bytes() : 0);
  return held + bytes <= buffer_max_bytes_;
}

}  // namespace sidwatch
