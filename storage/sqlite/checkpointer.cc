#include "storage/sqlite/checkpointer.h"

#include "SQLiteCpp/Database.h"
#include "SQLiteCpp/Exception.h"
#include "sqlite3.h"
#include "storage/sqlite/sqlite_errors.h"

namespace sidwatch {
namespace {

constexpr int kBusyTimeoutMs = 5000;
// How long the log's end waits for readers: their transactions are short.
constexpr int kReaderWaitMs = 100;

int WalHook(void* checkpointer, sqlite3* /*handle*/, const char* /*name*/,
            int frames) {
  static_cast<Checkpointer*>(checkpointer)->OnCommitted(frames);
  return SQLITE_OK;
}

}  // namespace

Checkpointer::Checkpointer(SQLite::Database& database) : database_(database) {
  sqlite3_wal_hook(database_.getHandle(), WalHook, this);
}

Checkpointer::~Checkpointer() {
  sqlite3_wal_hook(database_.getHandle(), nullptr, nullptr);
}

void Checkpointer::OnCommitted(int frames) {
  if (frames < frames_) {  // All was in the file: the log began again.
    backfilled_ = 0;
    due_at_ = kDueFrames;
  }
  frames_ = frames;
}

absl::Status Checkpointer::Run(bool idle) {
  if (frames_ == backfilled_) return absl::OkStatus();
  if (!idle && frames_ < due_at_) return absl::OkStatus();
  absl::Status done = Checkpoint(SQLITE_CHECKPOINT_PASSIVE);
  if (done.ok() && frames_ > kFramesMax) done = EmptyLog();
  return done;
}

absl::Status Checkpointer::Checkpoint(int mode) {
  return WithoutThrow([&]() -> absl::Status {
    int frames = 0;
    int backfilled = 0;
    sqlite3* handle = database_.getHandle();
    const int code =
        sqlite3_wal_checkpoint_v2(handle, "main", mode, &frames, &backfilled);
    // The next try after as many frames again, even after a failure or behind
    // a reader: trying at every commit would cost two syncs each.
    due_at_ = frames_ + kDueFrames;
    if (code == SQLITE_BUSY) return absl::OkStatus();
    if (code != SQLITE_OK) throw SQLite::Exception(handle, code);
    frames_ = frames;
    backfilled_ = backfilled;
    due_at_ = backfilled_ + kDueFrames;
    return absl::OkStatus();
  });
}

absl::Status Checkpointer::EmptyLog() {
  sqlite3_busy_timeout(database_.getHandle(), kReaderWaitMs);
  absl::Status done = Checkpoint(SQLITE_CHECKPOINT_TRUNCATE);
  sqlite3_busy_timeout(database_.getHandle(), kBusyTimeoutMs);
  return done;
}

}  // namespace sidwatch
