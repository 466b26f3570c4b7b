#ifndef SIDWATCH_STORAGE_SQLITE_SQLITE_READER_H_
#define SIDWATCH_STORAGE_SQLITE_SQLITE_READER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "storage/sqlite/store_tables.h"
#include "storage/store.h"

namespace SQLite {
class Database;
class Statement;
}  // namespace SQLite

namespace sidwatch {

// One read-only connection and its queries, each in one short transaction.
//
// Thread safety: one thread at a time.
class SqliteReader {
 public:
  // The writer has the file open and migrated.
  static absl::StatusOr<std::unique_ptr<SqliteReader>> Open(
      const std::string& path, const std::string& vfs);
  ~SqliteReader();
  SqliteReader(const SqliteReader&) = delete;
  SqliteReader& operator=(const SqliteReader&) = delete;

  // As Store's.
  absl::StatusOr<LogPosition> Position();
  // Without the sizes of files.
  absl::StatusOr<StoreStats> Stats();
  absl::StatusOr<EventPage> ReadAfter(int64_t after_sequence,
                                      const Selection& selection,
                                      const ReadOptions& options);
  absl::StatusOr<SelectionState> ReadSelection(const Selection& selection);
  absl::StatusOr<MessagePage> ListMessages(const MessageFilter& filter,
                                           Store::Order order,
                                           int64_t from_message_id,
                                           size_t messages_max,
                                           size_t bytes_max);

 private:
  class Transaction;

  SqliteReader(std::unique_ptr<SQLite::Database> database,
               std::unique_ptr<StoreTables> tables);

  absl::StatusOr<std::vector<MessageRow>> FindMessages(
      const Selection& selection);
  absl::Status AddState(const MessageSid& message_sid, SelectionState& state);
  absl::Status AddState(const std::string& request_id,
                        const std::string& account_sid, SelectionState& state);
  absl::StatusOr<std::vector<Reservation>> FindReservations(
      const std::string& request_id, const std::string& account_sid);
  absl::StatusOr<std::vector<int64_t>> ListIds(const MessageFilter& filter,
                                               const MessageTable::Page& page);

  std::unique_ptr<SQLite::Database> database_;
  std::unique_ptr<StoreTables> tables_;
};

}  // namespace sidwatch

#endif  // SIDWATCH_STORAGE_SQLITE_SQLITE_READER_H_
