#ifndef SIDWATCH_STORAGE_SQLITE_STORE_TABLES_H_
#define SIDWATCH_STORAGE_SQLITE_STORE_TABLES_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "storage/sqlite/event_table.h"
#include "storage/sqlite/message_table.h"
#include "storage/sqlite/name_table.h"
#include "storage/sqlite/reservation_table.h"
#include "storage/sqlite/store_table.h"

namespace sidwatch {

// All tables as one connection sees them. One thread at a time.
struct StoreTables {
  // `database` outlives it and has the newest schema.
  explicit StoreTables(SQLite::Database& database);
  static absl::StatusOr<std::unique_ptr<StoreTables>> Make(
      SQLite::Database& database);

  // A message that must be there. Errors: DATA_LOSS when it is not.
  absl::StatusOr<MessageRow> GetMessage(int64_t message_id);

  // The message as the store gives it out: with what its events tell, or, while
  // it has no SID, with how its reservation stands.
  absl::StatusOr<Message> Describe(MessageRow row);

  NameTable names;
  MessageTable messages;
  EventTable events;
  ReservationTable reservations;
  StoreTable store;
};

}  // namespace sidwatch

#endif  // SIDWATCH_STORAGE_SQLITE_STORE_TABLES_H_
