#ifndef SIDWATCH_STORAGE_SQLITE_SQLITE_STORE_H_
#define SIDWATCH_STORAGE_SQLITE_SQLITE_STORE_H_

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
#include "storage/store.h"

namespace sidwatch {

// The store in one SQLite file (and its .wal, .shm and .lock beside it).
//
// One connection writes and does every checkpoint, on the one thread that
// calls Commit and Maintain; a few others only read. One process per file.
class SqliteStore : public Store {
 public:
  struct Options {
    std::string path;  // of the setting storage, without "sqlite:"
    uint64_t disk_floor_bytes = 64 << 20;
    size_t readers = 4;  // reads at one time; more wait for each other
    std::string vfs;     // SQLite's name of a file layer, for tests
  };

  // Makes the file if need be (mode 0600, its folder 0700), migrates it, and
  // turns sends that a process before this one left under way into
  // SEND_UNKNOWN.
  //
  // Errors, each one sentence for an operator: FAILED_PRECONDITION (another
  // process has it open; another program's database; a newer schema),
  // PERMISSION_DENIED, UNAVAILABLE, DATA_LOSS.
  // `clock` outlives the store.
  static absl::StatusOr<std::unique_ptr<SqliteStore>> Open(Options options,
                                                           Clock& clock,
                                                           Logger logger);

  // The schema before and after `sidwatchd migrate`.
  struct Migration {
    int version_before = 0;  // 0: there was no store
    int version_after = 0;
  };
  // Makes or migrates the file and lets go of it. Errors: those of Open.
  static absl::StatusOr<Migration> Migrate(const Options& options);

  ~SqliteStore() override;
  SqliteStore(const SqliteStore&) = delete;
  SqliteStore& operator=(const SqliteStore&) = delete;

  absl::Status Commit(absl::Span<const Write* const> writes,
                      std::vector<absl::StatusOr<WriteResult>>& results,
                      CommittedBatch& committed) override;
  void Maintain(bool idle) override;
  absl::Status Writable() const override;
  absl::StatusOr<StoreStats> Stats() const override;
  absl::StatusOr<LogPosition> Position() const override;
  absl::StatusOr<EventPage> ReadAfter(
      int64_t after_sequence, const Selection& selection,
      const ReadOptions& options) const override;
  absl::StatusOr<SelectionState> ReadSelection(
      const Selection& selection) const override;
  absl::StatusOr<MessagePage> ListMessages(const MessageFilter& filter,
                                           Order order, int64_t from_message_id,
                                           size_t messages_max,
                                           size_t bytes_max) const override;

 private:
  struct Parts;
  explicit SqliteStore(std::unique_ptr<Parts> parts);

  const std::unique_ptr<Parts> parts_;
};

}  // namespace sidwatch

#endif  // SIDWATCH_STORAGE_SQLITE_SQLITE_STORE_H_
