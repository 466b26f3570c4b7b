#ifndef SIDWATCH_STORAGE_SQLITE_CHECKPOINTER_H_
#define SIDWATCH_STORAGE_SQLITE_CHECKPOINTER_H_

#include "absl/status/status.h"

namespace SQLite {
class Database;
}

namespace sidwatch {

// Moves what was committed from the write-ahead log into the database file.
//
// Works on the writing connection alone, between transactions: with SQLite
// before 3.51.3, two connections of which one checkpoints while the other
// writes can lose commits. So it is done often, each time a little, and the
// callbacks never wait for a long one.
class Checkpointer {
 public:
  // Frames (pages) after which a checkpoint is due though commits wait.
  static constexpr int kDueFrames = 1000;
  // Beyond this, 64 MiB, the log is emptied as soon as no reader needs it.
  static constexpr int kFramesMax = 16'384;

  // `database` is the writing connection and outlives it.
  explicit Checkpointer(SQLite::Database& database);
  ~Checkpointer();
  Checkpointer(const Checkpointer&) = delete;
  Checkpointer& operator=(const Checkpointer&) = delete;

  // Checkpoints if it is time to; `idle` says that nobody waits. A reader in
  // the way is no error: the rest is done later.
  absl::Status Run(bool idle);

  // Called by SQLite after each commit.
  void OnCommitted(int frames);

 private:
  absl::Status Checkpoint(int mode);
  absl::Status EmptyLog();

  SQLite::Database& database_;

  int frames_ = 0;      // in the log
  int backfilled_ = 0;  // of them, already in the file
  int due_at_ = kDueFrames;
};

}  // namespace sidwatch

#endif  // SIDWATCH_STORAGE_SQLITE_CHECKPOINTER_H_
