#ifndef SIDWATCH_STORAGE_SQLITE_EVENT_PAGE_H_
#define SIDWATCH_STORAGE_SQLITE_EVENT_PAGE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "storage/sqlite/store_tables.h"
#include "storage/store.h"

namespace sidwatch {

// Rows looked at for one page: some 20 ms, so that no read holds up a
// checkpoint for long.
inline constexpr size_t kRowsMax = 20'000;

// Pages of the log, inside a read transaction.

// Of all messages: looks at every event in turn, kRowsMax of them at most.
absl::StatusOr<EventPage> ReadLogPage(StoreTables& tables,
                                      int64_t after_sequence,
                                      const MessageFilter& filter,
                                      const ReadOptions& options);

// Of those messages alone: merges their events.
absl::StatusOr<EventPage> ReadMessagesPage(
    StoreTables& tables, int64_t after_sequence,
    const std::vector<MessageRow>& messages, const ReadOptions& options);

// The messages of the events of one page, each read once.
class MessageCache {
 public:
  // `tables` outlives it.
  explicit MessageCache(StoreTables& tables) : tables_(tables) {}

  // The row stays where it is as long as the cache. Errors: those of
  // StoreTables::GetMessage.
  absl::StatusOr<const MessageRow*> Get(int64_t message_id);

 private:
  StoreTables& tables_;
  absl::flat_hash_map<int64_t, std::unique_ptr<MessageRow>> rows_;
};

}  // namespace sidwatch

#endif  // SIDWATCH_STORAGE_SQLITE_EVENT_PAGE_H_
