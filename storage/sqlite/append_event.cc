#include "storage/sqlite/append_event.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "storage/message_fold.h"

namespace sidwatch {
namespace {

// Where a report belongs, and what became of it on the way there.
struct Target {
  MessageRow row;
  bool is_new = false;      // not in the file yet
  bool is_changed = false;  // in more than a fold changes
  bool is_joined = false;   // has just become its reservation's message
  bool reference_reused = false;
};

// Copies `value` where nothing is yet. Returns whether it did.
bool FillIn(std::string& field, const std::string& value) {
  if (!field.empty() || value.empty()) return false;
  field = value;
  return true;
}

bool FillIn(std::optional<int>& field, const std::optional<int>& value) {
  if (field || !value) return false;
  field = value;
  return true;
}

// What a report says of its message beside the status.
bool FillFromReport(const AppendWrite& write, Message& message) {
  bool changed = FillIn(message.from, write.event.from);
  changed |= FillIn(message.to, write.event.to);
  changed |= FillIn(message.direction, write.event.direction);
  changed |= FillIn(message.messaging_service_sid, write.messaging_service_sid);
  changed |= FillIn(message.body, write.body);
  changed |= FillIn(message.num_segments, write.num_segments);
  changed |= FillIn(message.num_media, write.num_media);
  return changed;
}

// What only the create reply tells. It corrects the sender only as long as no
// event's raw parameters rest on what is there (raw_parameters.h).
bool FillFromReply(const SendCreated& created, Message& message) {
  const bool may_correct = message.message_sequence == 0;
  if (may_correct && !created.from.empty()) message.from.clear();
  if (may_correct && !created.messaging_service_sid.empty()) {
    message.messaging_service_sid.clear();
  }
  FillIn(message.from, created.from);
  FillIn(message.messaging_service_sid, created.messaging_service_sid);
  if (created.num_segments) message.num_segments = created.num_segments;
  if (created.num_media) message.num_media = created.num_media;
  return true;
}

// What a reservation knows of the message that was adopted without it.
void FillFromPlaceholder(const Message& placeholder, Message& message) {
  FillIn(message.from, placeholder.from);
  FillIn(message.to, placeholder.to);
  FillIn(message.direction, placeholder.direction);
  FillIn(message.messaging_service_sid, placeholder.messaging_service_sid);
  FillIn(message.body, placeholder.body);
  FillIn(message.num_segments, placeholder.num_segments);
  FillIn(message.num_media, placeholder.num_media);
  message.labels = placeholder.labels;
  message.request_id = placeholder.request_id;
  message.origin = Origin::kSentHere;
}

// Makes one row of two. The adopted one stays, for its events are known by its
// message_id.
absl::Status Merge(const MessageRow& placeholder, MessageRow& adopted,
                   StoreTables& tables) {
  FillFromPlaceholder(placeholder.message, adopted.message);
  const absl::Duration earlier =
      adopted.message.create_time - placeholder.message.create_time;
  const int64_t message_id = adopted.message.message_id;
  if (earlier > absl::ZeroDuration()) {
    adopted.message.create_time = placeholder.message.create_time;
    absl::Status shifted = tables.events.ShiftTimes(message_id, earlier);
    if (!shifted.ok()) return shifted;
  }
  absl::Status moved =
      tables.messages.MoveLabels(placeholder.message.message_id, message_id);
  if (!moved.ok()) return moved;
  return tables.messages.Delete(placeholder.message.message_id);
}

absl::StatusOr<Target> Join(const MessageSid& message_sid,
                            Reservation reservation,
                            std::optional<MessageRow> adopted,
                            StoreTables& tables) {
  absl::StatusOr<MessageRow> placeholder =
      tables.GetMessage(reservation.message_id);
  if (!placeholder.ok()) return placeholder.status();
  Target target{.is_changed = true, .is_joined = true};
  if (adopted) {
    target.row = *std::move(adopted);
    if (absl::Status s = Merge(*placeholder, target.row, tables); !s.ok()) {
      return s;
    }
  } else {
    target.row = *std::move(placeholder);
    target.row.message.message_sid = message_sid;
  }
  const int64_t placeholder_id = reservation.message_id;
  reservation.message_id = target.row.message.message_id;
  reservation.state = ReservationState::kSent;
  absl::Status settled =
      tables.reservations.Update(placeholder_id, reservation);
  if (!settled.ok()) return settled;
  return target;
}

Target Adopt(const StatusEvent& event, Origin origin, int64_t account,
             StoreRow& store) {
  Target target{.is_new = true};
  target.row.account = account;
  Message& message = target.row.message;
  message.message_id = ++store.last_message_id;
  message.message_sid = event.message_sid;
  message.account_sid = event.account_sid;
  message.create_time = StoredTime(event.receive_time);
  message.origin = origin;
  return target;
}

int64_t OpenCount(const Message& message) {
  return message.message_sequence > 0 && !message.final ? 1 : 0;
}

absl::Status WriteMessage(const Target& target, StoreTables& tables) {
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
                                       Target& target, WriteContext& context) {
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
absl::StatusOr<AppendResult> KeepFirst(int64_t sequence, const Target& target,
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
                                      Target& target, WriteContext& context) {
  if (reported.source != EventSource::kLocal &&
      target.row.HasSeen(reported.status.status)) {
    const absl::StatusOr<std::optional<int64_t>> same =
        context.tables.events.FindSame(target.row, reported);
    if (!same.ok()) return same.status();
    if (*same) return KeepFirst(**same, target, context);
  }
  return AppendNew(reported, error_message, target, context);
}

// The reservation that a report's ref speaks of. A ref of another account is
// nobody's.
ReservationTable::Found FindReservation(const AppendWrite& write,
                                        StoreTables& tables) {
  if (write.reference.empty()) return std::nullopt;
  ReservationTable::Found found =
      tables.reservations.FindByReference(write.reference);
  if (!found.ok() || !*found) return found;
  if ((*found)->account_sid != write.event.account_sid) return std::nullopt;
  return found;
}

absl::StatusOr<Target> FindTarget(const AppendWrite& write,
                                  WriteContext& context) {
  const StatusEvent& event = write.event;
  StoreTables& tables = context.tables;
  const absl::StatusOr<int64_t> account =
      tables.names.FindOrAdd(event.account_sid);
  if (!account.ok()) return account.status();
  MessageTable::Found known =
      tables.messages.FindBySid(event.message_sid, *account);
  if (!known.ok()) return known.status();
  // Of a message sent from here the reservation is settled: no need to look.
  if (*known && (*known)->message.origin != Origin::kAdopted) {
    return Target{.row = **std::move(known)};
  }
  const ReservationTable::Found reservation = FindReservation(write, tables);
  if (!reservation.ok()) return reservation.status();
  if (*reservation && IsWaiting(**reservation)) {
    return Join(event.message_sid, **reservation, *std::move(known), tables);
  }
  if (*known) return Target{.row = **std::move(known)};
  Target target = Adopt(event, write.origin, *account, context.store);
  target.reference_reused = reservation->has_value();
  return target;
}

absl::StatusOr<Target> FindReplyTarget(const StatusEvent& event,
                                       const Reservation& reservation,
                                       WriteContext& context) {
  StoreTables& tables = context.tables;
  const absl::StatusOr<int64_t> account =
      tables.names.FindOrAdd(event.account_sid);
  if (!account.ok()) return account.status();
  MessageTable::Found known =
      tables.messages.FindBySid(event.message_sid, *account);
  if (!known.ok()) return known.status();
  if (IsWaiting(reservation)) {
    if (*known && (*known)->message.origin != Origin::kAdopted) {
      return absl::AlreadyExistsError(
          absl::StrCat(event.message_sid.ToString(),
                       " is the message of another request_id"));
    }
    return Join(event.message_sid, reservation, *std::move(known), tables);
  }
  if (*known) return Target{.row = **std::move(known)};
  return Adopt(event, Origin::kAdopted, *account, context.store);
}

}  // namespace

bool IsWaiting(const Reservation& reservation) {
  return reservation.state == ReservationState::kReserved ||
         reservation.state == ReservationState::kSendUnknown;
}

absl::StatusOr<AppendResult> AppendReport(const AppendWrite& write,
                                          WriteContext& context) {
  absl::StatusOr<Target> target = FindTarget(write, context);
  if (!target.ok()) return target.status();
  target->is_changed |= FillFromReport(write, target->row.message);
  return AppendTo(write.event, write.error_message, *target, context);
}

absl::StatusOr<AppendResult> AppendReply(const SendCreated& created,
                                         const Reservation& reservation,
                                         WriteContext& context) {
  StatusEvent event = created.event;
  event.account_sid = reservation.account_sid;
  absl::StatusOr<Target> target = FindReplyTarget(event, reservation, context);
  if (!target.ok()) return target.status();
  const bool is_its_own = target->is_joined || target->row.message.message_id ==
                                                   reservation.message_id;
  if (is_its_own) {
    target->is_changed |= FillFromReply(created, target->row.message);
  }
  return AppendTo(event, created.error_message, *target, context);
}

}  // namespace sidwatch
