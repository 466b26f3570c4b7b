#ifndef SIDWATCH_STORAGE_SQLITE_EVENT_TABLE_H_
#define SIDWATCH_STORAGE_SQLITE_EVENT_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "storage/sqlite/message_table.h"
#include "storage/status_event.h"

namespace SQLite {
class Database;
class Statement;
}  // namespace SQLite

namespace sidwatch {

// The table `events`: the log. One thread at a time, as its connection.
class EventTable {
 public:
  // `database` outlives it.
  explicit EventTable(SQLite::Database& database);
  ~EventTable();

  // Gives the message of an event being read; it stays where it is until the
  // event has been handed on. Errors end the reading.
  using MessageOf =
      absl::FunctionRef<absl::StatusOr<const MessageRow*>(int64_t message_id)>;
  // Takes an event; false ends the reading.
  using Take = absl::FunctionRef<bool(StatusEvent event)>;

  // Events after `after_sequence` in log order, at most `rows_max`. With their
  // parameters if asked for.
  absl::Status Scan(int64_t after_sequence, size_t rows_max,
                    bool with_parameters, MessageOf message_of, Take take);
  // The same of one message.
  absl::Status ScanMessage(const MessageRow& message, int64_t after_sequence,
                           size_t rows_max, bool with_parameters, Take take);
  // Fills in what the message's events tell of it: status_times, update_time,
  // last_sequence.
  absl::Status AddHistory(MessageRow& message);
  // The sequence of the event of this message that is the same as `event`.
  absl::StatusOr<std::optional<int64_t>> FindSame(const MessageRow& message,
                                                  const StatusEvent& event);

  // `parameters` instead of the event's own, which stay empty.
  absl::Status Insert(const StatusEvent& event, const Parameters& parameters,
                      const MessageRow& message);
  // Keeps the events' times while their message's create_time becomes earlier
  // by `earlier`.
  absl::Status ShiftTimes(int64_t message_id, absl::Duration earlier);

 private:
  absl::Status ScanRows(SQLite::Statement& select, bool with_parameters,
                        MessageOf message_of, Take take);

  std::unique_ptr<SQLite::Statement> scan_;
  std::unique_ptr<SQLite::Statement> scan_message_;
  std::unique_ptr<SQLite::Statement> insert_;
  std::unique_ptr<SQLite::Statement> shift_times_;
};

}  // namespace sidwatch

#endif  // SIDWATCH_STORAGE_SQLITE_EVENT_TABLE_H_
