#include "storage/sqlite/settle_send.h"

#include <memory>
#include <optional>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "storage/sqlite/append_event.h"
#include "storage/sqlite/append_target.h"

namespace sidwatch {
namespace {

absl::StatusOr<ReserveResult> Replay(const Reservation& reservation,
                                     StoreTables& tables) {
  absl::StatusOr<MessageRow> row = tables.GetMessage(reservation.message_id);
  if (!row.ok()) return row.status();
  absl::StatusOr<Message> message = tables.Describe(*std::move(row));
  if (!message.ok()) return message.status();
  return ReserveResult{.created = false,
                       .reservation = reservation,
                       .message = *std::move(message)};
}

// The message to be: what is known of it before Twilio has named it.
MessageRow MakePlaceholder(const ReserveWrite& write, int64_t message_id,
                           int64_t account) {
  MessageRow row{.message = write.message, .account = account};
  Message& message = row.message;
  message.message_id = message_id;
  message.message_sid = {};
  message.request_id = write.reservation.request_id;
  message.account_sid = write.reservation.account_sid;
  message.create_time = StoredTime(message.create_time);
  message.origin = Origin::kSentHere;
  return row;
}

// One way to settle each: a no-op on a reservation that waits no longer.
class Settler {
 public:
  Settler(const Reservation& reservation, WriteContext& context)
      : reservation_(reservation), context_(context) {}

  absl::Status operator()(const SendCreated& created) {
    return AppendReply(created, reservation_, context_).status();
  }

  absl::Status operator()(const Refusal& refusal) {
    return SettleUnsent(ReservationState::kRefused, refusal);
  }

  absl::Status operator()(SendReleased /*released*/) {
    if (!IsWaiting(reservation_)) return absl::OkStatus();
    StoreTables& tables = context_.tables;
    absl::Status s = tables.reservations.Delete(reservation_.message_id);
    return s.ok() ? tables.messages.Delete(reservation_.message_id) : s;
  }

  absl::Status operator()(SendUnknown /*unknown*/) {
    if (!IsWaiting(reservation_)) return absl::OkStatus();
    return Update(ReservationState::kSendUnknown, std::nullopt);
  }

  absl::Status operator()(SendGivenUp /*given_up*/) {
    return SettleUnsent(ReservationState::kNotSent, std::nullopt);
  }

 private:
  absl::Status Update(ReservationState state, std::optional<Refusal> refusal) {
    Reservation settled = reservation_;
    settled.state = state;
    settled.refusal = std::move(refusal);
    return context_.tables.reservations.Update(settled.message_id, settled);
  }

  // Never to be sent: there will be no event, so the message itself is told.
  absl::Status SettleUnsent(ReservationState state,
                            std::optional<Refusal> refusal) {
    if (!IsWaiting(reservation_)) return absl::OkStatus();
    if (absl::Status s = Update(state, std::move(refusal)); !s.ok()) return s;
    absl::StatusOr<MessageRow> row =
        context_.tables.GetMessage(reservation_.message_id);
    if (!row.ok()) return row.status();
    absl::StatusOr<Message> message = context_.tables.Describe(*std::move(row));
    if (!message.ok()) return message.status();
    context_.committed.settled.push_back(
        std::make_shared<const Message>(*std::move(message)));
    return absl::OkStatus();
  }

  const Reservation& reservation_;
  WriteContext& context_;
};

}  // namespace

absl::StatusOr<ReserveResult> Reserve(const ReserveWrite& write,
                                      WriteContext& context) {
  StoreTables& tables = context.tables;
  const absl::StatusOr<int64_t> account =
      tables.names.FindOrAdd(write.reservation.account_sid);
  if (!account.ok()) return account.status();
  const ReservationTable::Found found =
      tables.reservations.FindByRequest(write.reservation.request_id, *account);
  if (!found.ok()) return found.status();
  if (*found) return Replay(**found, tables);

  ReserveResult result{.created = true, .reservation = write.reservation};
  MessageRow row =
      MakePlaceholder(write, ++context.store.last_message_id, *account);
  if (absl::Status s = tables.messages.Insert(row); !s.ok()) return s;
  result.reservation.message_id = row.message.message_id;
  result.reservation.state = ReservationState::kReserved;
  result.reservation.refusal.reset();
  absl::Status inserted =
      tables.reservations.Insert(result.reservation, *account);
  if (!inserted.ok()) return inserted;
  absl::StatusOr<Message> message = tables.Describe(std::move(row));
  if (!message.ok()) return message.status();
  result.message = *std::move(message);
  return result;
}

absl::StatusOr<SettleResult> Settle(const SettleWrite& write,
                                    WriteContext& context) {
  StoreTables& tables = context.tables;
  const ReservationTable::Found before =
      tables.reservations.FindByReference(write.reference);
  if (!before.ok()) return before.status();
  if (!*before) {
    return absl::NotFoundError("no reservation has that reference");
  }
  absl::StatusOr<MessageRow> row = tables.GetMessage((*before)->message_id);
  if (!row.ok()) return row.status();
  absl::Status settled = std::visit(Settler(**before, context), write.outcome);
  if (!settled.ok()) return settled;

  ReservationTable::Found after =
      tables.reservations.FindByReference(write.reference);
  if (!after.ok()) return after.status();
  SettleResult result{.reservation = after->value_or(**before)};
  if (!*after) {  // Released: as if it had never been.
    result.reservation.message_id = 0;
    result.message = std::move(row->message);
    result.message.message_id = 0;
    return result;
  }
  row = tables.GetMessage(result.reservation.message_id);
  if (!row.ok()) return row.status();
  absl::StatusOr<Message> message = tables.Describe(*std::move(row));
  if (!message.ok()) return message.status();
  result.message = *std::move(message);
  return result;
}

}  // namespace sidwatch
