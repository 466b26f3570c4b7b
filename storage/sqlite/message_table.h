#ifndef SIDWATCH_STORAGE_SQLITE_MESSAGE_TABLE_H_
#define SIDWATCH_STORAGE_SQLITE_MESSAGE_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/message.h"
#include "storage/sqlite/sqlite_encoding.h"

namespace SQLite {
class Database;
class Statement;
}  // namespace SQLite

namespace sidwatch {

class NameTable;

// A row of `messages` with its labels and request_id. Of `message`, what only
// the events tell (status_times, update_time, last_sequence) is not in it:
// EventTable::AddHistory.
struct MessageRow {
  Message message;
  int64_t account = 0;  // its name_id
  uint32_t seen = 0;    // SeenBit of every status reported so far

  bool HasSeen(MessageStatus status) const {
    return (seen & SeenBit(status)) != 0;
  }
};

// The tables `messages` and `labels`. One thread at a time, as its connection.
class MessageTable {
 public:
  // Both outlive it.
  MessageTable(SQLite::Database& database, NameTable& names);
  ~MessageTable();

  using Found = absl::StatusOr<std::optional<MessageRow>>;
  Found Get(int64_t message_id);
  Found FindBySid(const MessageSid& message_sid, int64_t account);
  // In whichever accounts they are.
  absl::StatusOr<std::vector<MessageRow>> FindBySid(
      const MessageSid& message_sid);

  // A keyset page of messages with a SID beyond `after_message_id`, upwards or
  // downwards.
  struct Page {
    int64_t after_message_id = 0;
    bool newest_first = false;
    size_t rows_max = 0;
  };
  absl::StatusOr<std::vector<int64_t>> ListIds(const Page& page);
  // The same of those that have the label.
  absl::StatusOr<std::vector<int64_t>> ListIdsByLabel(const std::string& key,
                                                      const std::string& value,
                                                      const Page& page);

  absl::Status Insert(const MessageRow& row);
  // What Fold changes.
  absl::Status UpdateFold(const MessageRow& row);
  // All but message_id, account and labels.
  absl::Status Update(const MessageRow& row);
  // The row and its labels.
  absl::Status Delete(int64_t message_id);
  absl::Status MoveLabels(int64_t from_message_id, int64_t to_message_id);

 private:
  absl::StatusOr<MessageRow> ReadRow(const SQLite::Statement& select);
  absl::Status ReadName(int64_t name_id, std::string& name);
  absl::Status ReadLabels(Message& message);
  absl::Status InsertLabels(const Message& message);
  Found ReadOne(SQLite::Statement& select);

  NameTable& names_;
  std::unique_ptr<SQLite::Statement> get_;
  std::unique_ptr<SQLite::Statement> find_in_account_;
  std::unique_ptr<SQLite::Statement> find_;
  std::unique_ptr<SQLite::Statement> list_up_;
  std::unique_ptr<SQLite::Statement> list_down_;
  std::unique_ptr<SQLite::Statement> list_label_up_;
  std::unique_ptr<SQLite::Statement> list_label_down_;
  std::unique_ptr<SQLite::Statement> get_labels_;
  std::unique_ptr<SQLite::Statement> insert_;
  std::unique_ptr<SQLite::Statement> update_fold_;
  std::unique_ptr<SQLite::Statement> update_;
  std::unique_ptr<SQLite::Statement> delete_;
  std::unique_ptr<SQLite::Statement> insert_label_;
  std::unique_ptr<SQLite::Statement> delete_labels_;
  std::unique_ptr<SQLite::Statement> move_labels_;
};

}  // namespace sidwatch

#endif  // SIDWATCH_STORAGE_SQLITE_MESSAGE_TABLE_H_
