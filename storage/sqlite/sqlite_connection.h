#ifndef SIDWATCH_STORAGE_SQLITE_SQLITE_CONNECTION_H_
#define SIDWATCH_STORAGE_SQLITE_SQLITE_CONNECTION_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace SQLite {
class Database;
}

namespace sidwatch {

// Opens connections with every setting that makes them safe. A connection and
// its statements are used by one thread at a time.

// The one connection that writes and does all checkpoints: write-ahead log,
// each commit on disk before it returns, no checkpoint by itself. `vfs` is
// SQLite's name of a file layer, empty for the ordinary one.
// Errors: those of ReadSchemaVersion; FAILED_PRECONDITION (the disk cannot do
// it).
absl::StatusOr<std::unique_ptr<SQLite::Database>> OpenWriter(
    const std::string& path, const std::string& vfs);

// One of those that only read. The writer must have opened the file before.
absl::StatusOr<std::unique_ptr<SQLite::Database>> OpenReader(
    const std::string& path, const std::string& vfs);

}  // namespace sidwatch

#endif  // SIDWATCH_STORAGE_SQLITE_SQLITE_CONNECTION_H_
