#ifndef SIDWATCH_STORAGE_SQLITE_SQLITE_SCHEMA_H_
#define SIDWATCH_STORAGE_SQLITE_SQLITE_SCHEMA_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace SQLite {
class Database;
}

namespace sidwatch {

// The schema's version in a file, and the oldest one whose programs may still
// use it.
struct SchemaVersion {
  int version = 0;  // 0: an empty file
  int oldest_compatible = 0;

  friend bool operator==(const SchemaVersion&, const SchemaVersion&) = default;
};

// The newest schema this program knows.
int NewestSchemaVersion();

// Errors: FAILED_PRECONDITION (a database of another program).
absl::StatusOr<SchemaVersion> ReadSchemaVersion(SQLite::Database& database);

// Brings the file to NewestSchemaVersion, one transaction a step, forward
// only, and returns what it was before. Leaves a newer schema alone if it is
// compatible with this program.
//
// Errors: FAILED_PRECONDITION (another program's database; a schema whose
// oldest compatible program is newer than this one).
absl::StatusOr<SchemaVersion> Migrate(SQLite::Database& database);

}  // namespace sidwatch

#endif  // SIDWATCH_STORAGE_SQLITE_SQLITE_SCHEMA_H_
