#ifndef SIDWATCH_STORAGE_SQLITE_STORE_TABLE_H_
#define SIDWATCH_STORAGE_SQLITE_STORE_TABLE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace SQLite {
class Database;
class Statement;
}  // namespace SQLite

namespace sidwatch {

// What the one row of `store` counts.
struct StoreRow {
  std::string identity;
  int64_t last_sequence = 0;
  int64_t trimmed_sequence = 0;
  int64_t last_message_id = 0;
  int64_t messages_open = 0;  // with a SID, and not final

  friend bool operator==(const StoreRow&, const StoreRow&) = default;
};

// The table `store`. One thread at a time, as its connection.
class StoreTable {
 public:
  // `database` outlives it.
  explicit StoreTable(SQLite::Database& database);
  ~StoreTable();

  absl::StatusOr<StoreRow> Read();
  // All but the identity.
  absl::Status Update(const StoreRow& row);

 private:
  std::unique_ptr<SQLite::Statement> read_;
  std::unique_ptr<SQLite::Statement> update_;
};

}  // namespace sidwatch

#endif  // SIDWATCH_STORAGE_SQLITE_STORE_TABLE_H_
