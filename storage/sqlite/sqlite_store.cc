#include "storage/sqlite/sqlite_store.h"

#include <algorithm>
#include <utility>

#include "SQLiteCpp/Database.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "storage/sqlite/reader_pool.h"
#include "storage/sqlite/sqlite_connection.h"
#include "storage/sqlite/sqlite_schema.h"
#include "storage/sqlite/sqlite_writer.h"
#include "storage/sqlite/store_file.h"

namespace sidwatch {
namespace {

absl::Status NamingFile(const absl::Status& status, const std::string& path) {
  if (status.ok() || absl::StrContains(status.message(), path)) return status;
  return absl::Status(
      status.code(),
      absl::StrCat("cannot open the store ", path, ": ", status.message()));
}

absl::StatusOr<StoreLock> PrepareAndLock(const std::string& path) {
  if (path.empty()) {
    return absl::InvalidArgumentError("the store needs the path of a file");
  }
  if (absl::Status s = PrepareStoreFile(path); !s.ok()) return s;
  return StoreLock::Acquire(path);
}

}  // namespace

// In the order of building: the lock goes last.
struct SqliteStore::Parts {
  Options options;
  StoreLock lock;
  std::unique_ptr<SqliteWriter> writer;
  std::unique_ptr<ReaderPool> readers;
};

absl::StatusOr<std::unique_ptr<SqliteStore>> SqliteStore::Open(Options options,
                                                               Clock& clock,
                                                               Logger logger) {
  auto parts = std::make_unique<Parts>();
  parts->options = std::move(options);
  std::string& path = parts->options.path;
  absl::StatusOr<StoreLock> lock = PrepareAndLock(path);
  if (!lock.ok()) return NamingFile(lock.status(), path);
  parts->lock = *std::move(lock);
  path = RealPath(path);
  absl::StatusOr<std::unique_ptr<SqliteWriter>> writer =
      SqliteWriter::Open({.path = path,
                          .vfs = parts->options.vfs,
                          .disk_floor_bytes = parts->options.disk_floor_bytes},
                         clock, logger);
  if (!writer.ok()) return NamingFile(writer.status(), path);
  parts->writer = *std::move(writer);
  absl::StatusOr<std::unique_ptr<ReaderPool>> readers = ReaderPool::Open(
      path, parts->options.vfs, std::max<size_t>(parts->options.readers, 1));
  if (!readers.ok()) return NamingFile(readers.status(), path);
  parts->readers = *std::move(readers);
  return std::unique_ptr<SqliteStore>(new SqliteStore(std::move(parts)));
}

absl::StatusOr<SqliteStore::Migration> SqliteStore::Migrate(
    const Options& options) {
  const absl::StatusOr<StoreLock> lock = PrepareAndLock(options.path);
  if (!lock.ok()) return NamingFile(lock.status(), options.path);
  absl::StatusOr<std::unique_ptr<SQLite::Database>> database =
      OpenWriter(options.path, options.vfs);
  if (!database.ok()) return NamingFile(database.status(), options.path);
  const absl::StatusOr<SchemaVersion> before = sidwatch::Migrate(**database);
  if (!before.ok()) return NamingFile(before.status(), options.path);
  return Migration{
      .version_before = before->version,
      .version_after = std::max(before->version, NewestSchemaVersion())};
}

SqliteStore::SqliteStore(std::unique_ptr<Parts> parts)
    : parts_(std::move(parts)) {}

SqliteStore::~SqliteStore() = default;

absl::Status SqliteStore::Commit(
    absl::Span<const Write* const> writes,
    std::vector<absl::StatusOr<WriteResult>>& results,
    CommittedBatch& committed) {
  return parts_->writer->Commit(writes, results, committed);
}

void SqliteStore::Maintain(bool idle) { parts_->writer->Maintain(idle); }

absl::Status SqliteStore::Writable() const {
  return parts_->writer->Writable();
}

absl::StatusOr<StoreStats> SqliteStore::Stats() const {
  absl::StatusOr<StoreStats> stats = parts_->readers->Lend()->Stats();
  if (!stats.ok()) return stats;
  stats->size_bytes = FileSizeBytes(parts_->options.path);
  stats->wal_bytes = FileSizeBytes(absl::StrCat(parts_->options.path, "-wal"));
  return stats;
}

absl::StatusOr<LogPosition> SqliteStore::Position() const {
  return parts_->readers->Lend()->Position();
}

absl::StatusOr<EventPage> SqliteStore::ReadAfter(
    int64_t after_sequence, const Selection& selection,
    const ReadOptions& options) const {
  return parts_->readers->Lend()->ReadAfter(after_sequence, selection, options);
}

absl::StatusOr<SelectionState> SqliteStore::ReadSelection(
    const Selection& selection) const {
  return parts_->readers->Lend()->ReadSelection(selection);
}

absl::StatusOr<MessagePage> SqliteStore::ListMessages(
    const MessageFilter& filter, Order order, int64_t from_message_id,
    size_t messages_max, size_t bytes_max) const {
  return parts_->readers->Lend()->ListMessages(filter, order, from_message_id,
                                               messages_max, bytes_max);
}

}  // namespace sidwatch
