#include "storage/sqlite/sqlite_connection.h"

#include "SQLiteCpp/Database.h"
#include "absl/status/status.h"
#include "sqlite3.h"
#include "storage/sqlite/sqlite_errors.h"
#include "storage/sqlite/sqlite_schema.h"

namespace sidwatch {
namespace {

constexpr int kBusyTimeoutMs = 5000;

// NOMUTEX: a connection belongs to one thread at a time, SQLite need not
// lock. Memory-mapped reading stays off (its default here): with SQLite before
// 3.51.3 it is said to worsen a damage.
std::unique_ptr<SQLite::Database> Open(const std::string& path, int flags,
                                       const std::string& vfs) {
  auto database = std::make_unique<SQLite::Database>(
      path, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE,
      kBusyTimeoutMs, vfs);
  sqlite3* handle = database->getHandle();
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  database->exec(R"sql(
    PRAGMA mmap_size = 0;
    PRAGMA temp_store = MEMORY;
  )sql");
  return database;
}

}  // namespace

absl::StatusOr<std::unique_ptr<SQLite::Database>> OpenWriter(
    const std::string& path, const std::string& vfs) {
  using Result = absl::StatusOr<std::unique_ptr<SQLite::Database>>;
  return WithoutThrow([&]() -> Result {
    auto database = Open(path, SQLITE_OPEN_READWRITE, vfs);
    // Before its first change: the file may be another program's.
    const absl::StatusOr<SchemaVersion> found = ReadSchemaVersion(*database);
    if (!found.ok()) return found.status();
    const std::string mode =
        database->execAndGet("PRAGMA journal_mode = WAL").getString();
    if (mode != "wal") {
      return absl::FailedPreconditionError(
          "its disk cannot share memory between connections, which the "
          "write-ahead log needs: put the store on a local disk");
    }
    // 64 MiB of pages: the index of SIDs is written at random places.
    database->exec(R"sql(
      PRAGMA synchronous = FULL;
      PRAGMA wal_autocheckpoint = 0;
      PRAGMA journal_size_limit = 67108864;
      PRAGMA cache_size = -65536;
    )sql");
    return database;
  });
}

absl::StatusOr<std::unique_ptr<SQLite::Database>> OpenReader(
    const std::string& path, const std::string& vfs) {
  using Result = absl::StatusOr<std::unique_ptr<SQLite::Database>>;
  return WithoutThrow([&]() -> Result {
    auto database = Open(path, SQLITE_OPEN_READONLY, vfs);
    database->exec(R"sql(
      PRAGMA query_only = 1;
      PRAGMA cache_size = -8192;
    )sql");
    return database;
  });
}

}  // namespace sidwatch
