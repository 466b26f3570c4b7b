#ifndef SIDWATCH_STORAGE_SQLITE_RESERVATION_TABLE_H_
#define SIDWATCH_STORAGE_SQLITE_RESERVATION_TABLE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/reservation.h"

namespace SQLite {
class Database;
class Statement;
}  // namespace SQLite

namespace sidwatch {

class NameTable;

// The table `reservations`. One thread at a time, as its connection.
class ReservationTable {
 public:
  // Both outlive it.
  ReservationTable(SQLite::Database& database, NameTable& names);
  ~ReservationTable();

  using Found = absl::StatusOr<std::optional<Reservation>>;
  Found Get(int64_t message_id);
  Found FindByReference(const std::string& reference);
  Found FindByRequest(const std::string& request_id, int64_t account);
  // In whichever accounts they are.
  absl::StatusOr<std::vector<Reservation>> FindByRequest(
      const std::string& request_id);
  // How many nobody knows the outcome of.
  absl::StatusOr<int64_t> CountUnknown();

  // Errors: INVALID_ARGUMENT (the reference is another's).
  absl::Status Insert(const Reservation& reservation, int64_t account);
  // Writes state, refusal and message_id of the row that is now
  // `message_id`'s.
  absl::Status Update(int64_t message_id, const Reservation& reservation);
  absl::Status Delete(int64_t message_id);
  // Every kReserved becomes kSendUnknown: for the start, when no call can be
  // under way. Returns how many.
  absl::StatusOr<int64_t> MarkInterrupted();

 private:
  absl::StatusOr<Reservation> ReadRow(const SQLite::Statement& select);
  Found ReadOne(SQLite::Statement& select);

  NameTable& names_;
  std::unique_ptr<SQLite::Statement> get_;
  std::unique_ptr<SQLite::Statement> by_reference_;
  std::unique_ptr<SQLite::Statement> by_request_;
  std::unique_ptr<SQLite::Statement> by_request_anywhere_;
  std::unique_ptr<SQLite::Statement> count_unknown_;
  std::unique_ptr<SQLite::Statement> insert_;
  std::unique_ptr<SQLite::Statement> update_;
  std::unique_ptr<SQLite::Statement> delete_;
  std::unique_ptr<SQLite::Statement> mark_interrupted_;
};

}  // namespace sidwatch

#endif  // SIDWATCH_STORAGE_SQLITE_RESERVATION_TABLE_H_
