#ifndef SIDWATCH_STORAGE_SQLITE_SQLITE_WRITER_H_
#define SIDWATCH_STORAGE_SQLITE_SQLITE_WRITER_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "base/clock.h"
#include "base/log.h"
#include "storage/sqlite/checkpointer.h"
#include "storage/sqlite/sqlite_schema.h"
#include "storage/sqlite/store_tables.h"
#include "storage/store.h"

namespace SQLite {
class Database;
}

namespace sidwatch {

// The writing half of SqliteStore: transactions, their failures, checkpoints.
//
// Thread safety: one thread at a time, but for Writable.
class SqliteWriter {
 public:
  struct Options {
    std::string path;
    std::string vfs;
    uint64_t disk_floor_bytes = 0;
  };

  // Opens the file for writing, migrates it, and marks the sends that a
  // process before this one left under way. The file is there and locked;
  // `clock` outlives the writer.
  static absl::StatusOr<std::unique_ptr<SqliteWriter>> Open(Options options,
                                                            Clock& clock,
                                                            Logger logger);
  ~SqliteWriter();
  SqliteWriter(const SqliteWriter&) = delete;
  SqliteWriter& operator=(const SqliteWriter&) = delete;

  // As Store's. After a failed sync, or any other error of the disk, every
  // call answers DATA_LOSS: what is in the file is known only after the
  // recovery at the next start.
  absl::Status Commit(absl::Span<const Write* const> writes,
                      std::vector<absl::StatusOr<WriteResult>>& results,
                      CommittedBatch& committed);
  void Maintain(bool idle);
  absl::Status Writable() const;

 private:
  struct Attempt;

  SqliteWriter(Options options, Clock& clock, Logger logger,
               std::unique_ptr<SQLite::Database> database);
  absl::Status Start();

  absl::Status TryCommit(Attempt& attempt, bool apart);
  absl::Status ApplyAll(Attempt& attempt, bool apart);
  absl::Status ApplyApart(Attempt& attempt, size_t index);
  absl::Status Execute(const char* sql);
  void Rollback();
  absl::Status CheckFloor() const;
  // Says what a failed commit means for those after it.
  void NoteFailure(const absl::Status& failure);

  const Options options_;
  Clock& clock_;
  const Logger logger_;
  std::unique_ptr<SQLite::Database> database_;
  std::unique_ptr<StoreTables> tables_;
  std::unique_ptr<Checkpointer> checkpointer_;
  StoreRow row_;  // as committed
  bool checkpoint_failing_ = false;

  std::atomic<bool> broken_{false};  // Set once, by the writing thread.
};

}  // namespace sidwatch

#endif  // SIDWATCH_STORAGE_SQLITE_SQLITE_WRITER_H_
