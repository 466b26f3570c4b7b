#include "storage/sqlite/store_tables.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "storage/sqlite/sqlite_errors.h"

namespace sidwatch {

StoreTables::StoreTables(SQLite::Database& database)
    : names(database),
      messages(database, names),
      events(database),
      reservations(database, names),
      store(database) {}

absl::StatusOr<std::unique_ptr<StoreTables>> StoreTables::Make(
    SQLite::Database& database) {
  return WithoutThrow([&]() -> absl::StatusOr<std::unique_ptr<StoreTables>> {
    return std::make_unique<StoreTables>(database);
  });
}

absl::StatusOr<MessageRow> StoreTables::GetMessage(int64_t message_id) {
  MessageTable::Found found = messages.Get(message_id);
  if (!found.ok()) return found.status();
  if (!*found) {
    return absl::DataLossError(
        absl::StrCat("the store has no message number ", message_id));
  }
  return **std::move(found);
}

absl::StatusOr<Message> StoreTables::Describe(MessageRow row) {
  Message& message = row.message;
  if (!message.message_sid.empty()) {
    if (absl::Status s = events.AddHistory(row); !s.ok()) return s;
    return std::move(message);
  }
  message.update_time = message.create_time;
  const ReservationTable::Found reservation =
      reservations.Get(message.message_id);
  if (!reservation.ok()) return reservation.status();
  if (*reservation) DescribeUnsent(**reservation, message);
  return std::move(message);
}

}  // namespace sidwatch
