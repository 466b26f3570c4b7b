#include "storage/sqlite/append_event.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "storage/message_fold.h"
#include "storage/sqlite/append_target.h"
#include "storage/sqlite/fill_message.h"

namespace sidwatch {
namespace {

int64_t OpenCount(const Message& message) {
  return message.message_sequence > 0 && !message.final ? 1 : 0;
}

absl::Status WriteMessage(const AppendTarget& target, StoreTables& tables) {
  if (target.is_new) return tables.messages.Insert(target.row);
  if (target.is_changed) return tables.messages.Update(target.row);
  return tables.messages.UpdateFold(target.row);
}

// What the report itself says; the rest is filled in on the way.
StatusEvent Reported(const StatusEvent& event) {
  StatusEvent reported;
  reported.message_sid = event.message_sid;
  reported.account_sid = event.account_sid;
  reported.status = event.status;
  reported.error_code = event.error_code;
  reported.source = event.source;
  reported.receive_time = StoredTime(event.receive_time);
  if (event.provider_time) {
    reported.provider_time = StoredTime(*event.provider_time);
  }
  reported.note = event.note;
  return reported;
}

void FillFromMessage(const Message& message, StatusEvent& event) {
  event.from = message.from;
  event.to = message.to;
  event.labels = message.labels;
  event.request_id = message.request_id;
  event.direction = message.direction;
  event.message_create_time = message.create_time;
}

absl::StatusOr<AppendResult> AppendNew(const StatusEvent& reported,
                                       const std::string& error_message,
                                       AppendTarget& target,
                                       WriteContext& context) {
  Message& message = target.row.message;
  StatusEvent event = Reported(reported);
  event.sequence = ++context.store.last_sequence;
  context.store.messages_open -= OpenCount(message);
  const FoldResult fold = Fold(event, error_message, message);
  context.store.messages_open += OpenCount(message);
  if (event.source != EventSource::kLocal) {
    target.row.seen |= SeenBit(event.status.status);
  }
  FillFromMessage(message, event);
  if (absl::Status s = WriteMessage(target, context.tables); !s.ok()) return s;
  absl::Status inserted =
      context.tables.events.Insert(event, reported.parameters, target.row);
  if (!inserted.ok()) return inserted;
  context.committed.events.push_back(
      std::make_shared<const StatusEvent>(std::move(event)));
  return AppendResult{.sequence = context.store.last_sequence,
                      .out_of_order = fold.out_of_order,
                      .conflict = fold.conflict,
                      .reference_reused = target.reference_reused};
}

// The event is there. Its message may have been found or filled in all the
// same; whoever waits for the request then hears of it without an event.
absl::StatusOr<AppendResult> KeepFirst(int64_t sequence,
                                       const AppendTarget& target,
                                       WriteContext& context) {
  if (target.is_changed) {
    absl::Status updated = context.tables.messages.Update(target.row);
    if (!updated.ok()) return updated;
  }
  if (target.is_joined) {
    absl::StatusOr<Message> message = context.tables.Describe(target.row);
    if (!message.ok()) return message.status();
    context.committed.settled.push_back(
        std::make_shared<const Message>(*std::move(message)));
  }
  return AppendResult{.sequence = sequence, .duplicate = true};
}

absl::StatusOr<AppendResult> AppendTo(const StatusEvent& reported,
                                      const std::string& error_message,
                                      AppendTarget& target,
                                      WriteContext& context) {
  if (reported.source != EventSource::kLocal &&
      target.row.HasSeen(reported.status.status)) {
    const absl::StatusOr<std::optional<int64_t>> same =
        context.tables.events.FindSame(target.row, reported);
    if (!same.ok()) return same.status();
    if (*same) return KeepFirst(**same, target, context);
  }
  return AppendNew(reported, error_message, target, context);
}

}  // namespace

absl::StatusOr<AppendResult> AppendReport(const AppendWrite& write,
                                          WriteContext& context) {
  absl::StatusOr<AppendTarget> target = FindTarget(write, context);
  if (!target.ok()) return target.status();
  target->is_changed |= FillFromReport(write, target->row.message);
  return AppendTo(write.event, write.error_message, *target, context);
}

absl::StatusOr<AppendResult> AppendReply(const SendCreated& created,
                                         const Reservation& reservation,
                                         WriteContext& context) {
  StatusEvent event = created.event;
  event.account_sid = reservation.account_sid;
  absl::StatusOr<AppendTarget> target =
      FindReplyTarget(event, reservation, context);
  if (!target.ok()) return target.status();
  const bool is_its_own = target->is_joined || target->row.message.message_id ==
                                                   reservation.message_id;
  if (is_its_own) {
    FillFromReply(created, target->row.message);
    target->is_changed = true;
  }
  return AppendTo(event, created.error_message, *target, context);
}

}  // namespace sidwatch
