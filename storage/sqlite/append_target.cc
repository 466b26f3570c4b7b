#include "storage/sqlite/append_target.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "storage/sqlite/fill_message.h"

namespace sidwatch {
namespace {

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

absl::StatusOr<AppendTarget> Join(const MessageSid& message_sid,
                                  Reservation reservation,
                                  std::optional<MessageRow> adopted,
                                  StoreTables& tables) {
  absl::StatusOr<MessageRow> placeholder =
      tables.GetMessage(reservation.message_id);
  if (!placeholder.ok()) return placeholder.status();
  AppendTarget target{.is_changed = true, .is_joined = true};
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

AppendTarget Adopt(const StatusEvent& event, Origin origin, int64_t account,
                   StoreRow& store) {
  AppendTarget target{.is_new = true};
  target.row.account = account;
  Message& message = target.row.message;
  message.message_id = ++store.last_message_id;
  message.message_sid = event.message_sid;
  message.account_sid = event.account_sid;
  message.create_time = StoredTime(event.receive_time);
  message.origin = origin;
  return target;
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

}  // namespace

bool IsWaiting(const Reservation& reservation) {
  return reservation.state == ReservationState::kReserved ||
         reservation.state == ReservationState::kSendUnknown;
}

absl::StatusOr<AppendTarget> FindTarget(const AppendWrite& write,
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
    return AppendTarget{.row = **std::move(known)};
  }
  const ReservationTable::Found reservation = FindReservation(write, tables);
  if (!reservation.ok()) return reservation.status();
  if (*reservation && IsWaiting(**reservation)) {
    return Join(event.message_sid, **reservation, *std::move(known), tables);
  }
  if (*known) return AppendTarget{.row = **std::move(known)};
  AppendTarget target = Adopt(event, write.origin, *account, context.store);
  target.reference_reused = reservation->has_value();
  return target;
}

absl::StatusOr<AppendTarget> FindReplyTarget(const StatusEvent& event,
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
  if (*known) return AppendTarget{.row = **std::move(known)};
  return Adopt(event, Origin::kAdopted, *account, context.store);
}

}  // namespace sidwatch
