#ifndef SIDWATCH_STORAGE_SQLITE_NAME_TABLE_H_
#define SIDWATCH_STORAGE_SQLITE_NAME_TABLE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"

namespace SQLite {
class Database;
class Statement;
}  // namespace SQLite

namespace sidwatch {

// Long words that many messages share, each stored once: account SIDs,
// messaging service SIDs, directions. The empty word is 0.
//
// Remembers what it has met. One thread at a time, as its connection.
class NameTable {
 public:
  explicit NameTable(SQLite::Database& database);
  ~NameTable();

  // 0 when there is no such name.
  absl::StatusOr<int64_t> Find(const std::string& name);
  // Adds it if need be; for the writing connection.
  absl::StatusOr<int64_t> FindOrAdd(const std::string& name);
  // Errors: DATA_LOSS (no such id).
  absl::StatusOr<std::string> NameOf(int64_t name_id);

  // Drops what is remembered: after a rollback it may never have been.
  void Forget();

 private:
  void Remember(const std::string& name, int64_t name_id);

  std::unique_ptr<SQLite::Statement> find_;
  std::unique_ptr<SQLite::Statement> add_;
  std::unique_ptr<SQLite::Statement> name_of_;

  absl::flat_hash_map<std::string, int64_t> ids_;
  absl::flat_hash_map<int64_t, std::string> names_;
};

}  // namespace sidwatch

#endif  // SIDWATCH_STORAGE_SQLITE_NAME_TABLE_H_
