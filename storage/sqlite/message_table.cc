#include "storage/sqlite/message_table.h"

#include <utility>

#include "SQLiteCpp/Database.h"
#include "absl/strings/str_cat.h"
#include "storage/sqlite/name_table.h"
#include "storage/sqlite/sqlite_columns.h"
#include "storage/sqlite/sqlite_errors.h"

namespace sidwatch {
namespace {

// In the order of ReadColumns.
constexpr const char* kSelect = R"sql(
  SELECT message_id, message_sid, account, fold, create_time, "from", "to",
         origin, direction, messaging_service, error_code, error_message,
         status_word, body, num_segments, num_media,
         CASE origin WHEN 1 THEN (
           SELECT request_id FROM reservations AS r
           WHERE r.message_id = m.message_id
         ) END
  FROM messages AS m
)sql";

std::unique_ptr<SQLite::Statement> Prepare(SQLite::Database& database,
                                           const std::string& sql) {
  return std::make_unique<SQLite::Statement>(database, sql);
}

std::unique_ptr<SQLite::Statement> PrepareSelect(SQLite::Database& database,
                                                 const char* condition) {
  return Prepare(database, absl::StrCat(kSelect, " WHERE ", condition));
}

int64_t FoldOf(const MessageRow& row) {
  return PackMessageFold({.status = row.message.status.status,
                          .seen = row.seen,
                          .message_sequence = row.message.message_sequence});
}

// All but what the row only refers to: names and labels.
absl::Status ReadColumns(const SQLite::Statement& select, MessageRow& row) {
  Message& message = row.message;
  message.message_id = IntAt(select, 0);
  if (const std::string blob = BytesAt(select, 1); !blob.empty()) {
    const absl::StatusOr<MessageSid> sid = MessageSid::FromBlob(blob);
    if (!sid.ok()) return sid.status();
    message.message_sid = *sid;
  }
  row.account = IntAt(select, 2);
  const MessageFold fold = UnpackMessageFold(IntAt(select, 3));
  row.seen = fold.seen;
  message.message_sequence = fold.message_sequence;
  message.status.status = fold.status;
  message.final = IsFinal(fold.status);
  message.create_time = absl::FromUnixMicros(IntAt(select, 4));
  message.from = AddressAt(select, 5);
  message.to = AddressAt(select, 6);
  message.origin = static_cast<Origin>(IntAt(select, 7));
  message.error_code = OptionalIntAt(select, 10);
  message.error_message = BytesAt(select, 11);
  message.status.unknown_word = BytesAt(select, 12);
  message.body = BytesAt(select, 13);
  message.num_segments = OptionalIntAt(select, 14);
  message.num_media = OptionalIntAt(select, 15);
  message.request_id = BytesAt(select, 16);
  return absl::OkStatus();
}

std::vector<int64_t> ReadIds(SQLite::Statement& select) {
  std::vector<int64_t> ids;
  while (select.executeStep()) ids.push_back(IntAt(select, 0));
  return ids;
}

}  // namespace

MessageTable::MessageTable(SQLite::Database& database, NameTable& names)
    : names_(names),
      get_(PrepareSelect(database, "message_id = ?")),
      find_in_account_(
          PrepareSelect(database, "message_sid = ? AND account = ?")),
      find_(PrepareSelect(database, "message_sid = ?")),
      list_up_(Prepare(database, R"sql(
        SELECT message_id FROM messages
        WHERE message_id > ? AND message_sid IS NOT NULL
        ORDER BY message_id LIMIT ?
      )sql")),
      list_down_(Prepare(database, R"sql(
        SELECT message_id FROM messages
        WHERE message_id < ? AND message_sid IS NOT NULL
        ORDER BY message_id DESC LIMIT ?
      )sql")),
      list_label_up_(Prepare(database, R"sql(
        SELECT message_id FROM labels
        WHERE message_id > ? AND key = ? AND value = ?
        ORDER BY message_id LIMIT ?
      )sql")),
      list_label_down_(Prepare(database, R"sql(
        SELECT message_id FROM labels
        WHERE message_id < ? AND key = ? AND value = ?
        ORDER BY message_id DESC LIMIT ?
      )sql")),
      get_labels_(Prepare(
          database, "SELECT key, value FROM labels WHERE message_id = ?")),
      insert_(Prepare(database, R"sql(
        INSERT INTO messages (message_id, account, message_sid, fold,
            error_code, error_message, status_word, create_time, "from", "to",
            origin, direction, messaging_service, body, num_segments, num_media)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      )sql")),
      update_fold_(Prepare(database, R"sql(
        UPDATE messages SET fold = ?, error_code = ?, error_message = ?,
            status_word = ?
        WHERE message_id = ?
      )sql")),
      update_(Prepare(database, R"sql(
        UPDATE messages SET message_sid = ?, fold = ?, error_code = ?,
            error_message = ?, status_word = ?, create_time = ?, "from" = ?,
            "to" = ?, origin = ?, direction = ?, messaging_service = ?,
            body = ?, num_segments = ?, num_media = ?
        WHERE message_id = ?
      )sql")),
      delete_(Prepare(database, "DELETE FROM messages WHERE message_id = ?")),
      insert_label_(Prepare(database, "INSERT INTO labels VALUES (?, ?, ?)")),
      delete_labels_(
          Prepare(database, "DELETE FROM labels WHERE message_id = ?")),
      move_labels_(Prepare(
          database, "UPDATE labels SET message_id = ? WHERE message_id = ?")) {}

MessageTable::~MessageTable() = default;

MessageTable::Found MessageTable::Get(int64_t message_id) {
  return WithoutThrow([&]() -> Found {
    get_->bind(1, message_id);
    return ReadOne(*get_);
  });
}

MessageTable::Found MessageTable::FindBySid(const MessageSid& message_sid,
                                            int64_t account) {
  return WithoutThrow([&]() -> Found {
    BindSid(*find_in_account_, 1, message_sid);
    find_in_account_->bind(2, account);
    return ReadOne(*find_in_account_);
  });
}

absl::StatusOr<std::vector<MessageRow>> MessageTable::FindBySid(
    const MessageSid& message_sid) {
  return WithoutThrow([&]() -> absl::StatusOr<std::vector<MessageRow>> {
    std::vector<MessageRow> rows;
    const ScopedReset reset(*find_);
    BindSid(*find_, 1, message_sid);
    while (find_->executeStep()) {
      absl::StatusOr<MessageRow> row = ReadRow(*find_);
      if (!row.ok()) return row.status();
      rows.push_back(*std::move(row));
    }
    return rows;
  });
}

absl::StatusOr<std::vector<int64_t>> MessageTable::ListIds(const Page& page) {
  return WithoutThrow([&]() -> absl::StatusOr<std::vector<int64_t>> {
    SQLite::Statement& list = page.newest_first ? *list_down_ : *list_up_;
    const ScopedReset reset(list);
    list.bind(1, page.after_message_id);
    list.bind(2, static_cast<int64_t>(page.rows_max));
    return ReadIds(list);
  });
}

absl::StatusOr<std::vector<int64_t>> MessageTable::ListIdsByLabel(
    const std::string& key, const std::string& value, const Page& page) {
  return WithoutThrow([&]() -> absl::StatusOr<std::vector<int64_t>> {
    SQLite::Statement& list =
        page.newest_first ? *list_label_down_ : *list_label_up_;
    const ScopedReset reset(list);
    list.bind(1, page.after_message_id);
    list.bindNoCopy(2, key);
    list.bindNoCopy(3, value);
    list.bind(4, static_cast<int64_t>(page.rows_max));
    return ReadIds(list);
  });
}

absl::Status MessageTable::Insert(const MessageRow& row) {
  const Message& message = row.message;
  const absl::StatusOr<int64_t> direction = names_.FindOrAdd(message.direction);
  if (!direction.ok()) return direction.status();
  const absl::StatusOr<int64_t> service =
      names_.FindOrAdd(message.messaging_service_sid);
  if (!service.ok()) return service.status();
  return WithoutThrow([&]() -> absl::Status {
    insert_->bind(1, message.message_id);
    insert_->bind(2, row.account);
    BindSid(*insert_, 3, message.message_sid);
    insert_->bind(4, FoldOf(row));
    BindInt(*insert_, 5, message.error_code);
    BindText(*insert_, 6, message.error_message);
    BindText(*insert_, 7, message.status.unknown_word);
    insert_->bind(8, absl::ToUnixMicros(message.create_time));
    BindAddress(*insert_, 9, message.from);
    BindAddress(*insert_, 10, message.to);
    insert_->bind(11, static_cast<int>(message.origin));
    BindName(*insert_, 12, *direction);
    BindName(*insert_, 13, *service);
    BindText(*insert_, 14, message.body);
    BindInt(*insert_, 15, message.num_segments);
    BindInt(*insert_, 16, message.num_media);
    Execute(*insert_);
    return InsertLabels(message);
  });
}

absl::Status MessageTable::UpdateFold(const MessageRow& row) {
  return WithoutThrow([&]() -> absl::Status {
    update_fold_->bind(1, FoldOf(row));
    BindInt(*update_fold_, 2, row.message.error_code);
    BindText(*update_fold_, 3, row.message.error_message);
    BindText(*update_fold_, 4, row.message.status.unknown_word);
    update_fold_->bind(5, row.message.message_id);
    Execute(*update_fold_);
    return absl::OkStatus();
  });
}

absl::Status MessageTable::Update(const MessageRow& row) {
  const Message& message = row.message;
  const absl::StatusOr<int64_t> direction = names_.FindOrAdd(message.direction);
  if (!direction.ok()) return direction.status();
  const absl::StatusOr<int64_t> service =
      names_.FindOrAdd(message.messaging_service_sid);
  if (!service.ok()) return service.status();
  return WithoutThrow([&]() -> absl::Status {
    BindSid(*update_, 1, message.message_sid);
    update_->bind(2, FoldOf(row));
    BindInt(*update_, 3, message.error_code);
    BindText(*update_, 4, message.error_message);
    BindText(*update_, 5, message.status.unknown_word);
    update_->bind(6, absl::ToUnixMicros(message.create_time));
    BindAddress(*update_, 7, message.from);
    BindAddress(*update_, 8, message.to);
    update_->bind(9, static_cast<int>(message.origin));
    BindName(*update_, 10, *direction);
    BindName(*update_, 11, *service);
    BindText(*update_, 12, message.body);
    BindInt(*update_, 13, message.num_segments);
    BindInt(*update_, 14, message.num_media);
    update_->bind(15, message.message_id);
    Execute(*update_);
    return absl::OkStatus();
  });
}

absl::Status MessageTable::Delete(int64_t message_id) {
  return WithoutThrow([&]() -> absl::Status {
    delete_labels_->bind(1, message_id);
    Execute(*delete_labels_);
    delete_->bind(1, message_id);
    Execute(*delete_);
    return absl::OkStatus();
  });
}

absl::Status MessageTable::MoveLabels(int64_t from_message_id,
                                      int64_t to_message_id) {
  return WithoutThrow([&]() -> absl::Status {
    move_labels_->bind(1, to_message_id);
    move_labels_->bind(2, from_message_id);
    Execute(*move_labels_);
    return absl::OkStatus();
  });
}

MessageTable::Found MessageTable::ReadOne(SQLite::Statement& select) {
  const ScopedReset reset(select);
  if (!select.executeStep()) return std::nullopt;
  absl::StatusOr<MessageRow> row = ReadRow(select);
  if (!row.ok()) return row.status();
  return *std::move(row);
}

absl::StatusOr<MessageRow> MessageTable::ReadRow(
    const SQLite::Statement& select) {
  MessageRow row;
  if (absl::Status s = ReadColumns(select, row); !s.ok()) return s;
  Message& message = row.message;
  absl::Status named = ReadName(row.account, message.account_sid);
  named.Update(ReadName(IntAt(select, 8), message.direction));
  named.Update(ReadName(IntAt(select, 9), message.messaging_service_sid));
  if (!named.ok()) return named;
  if (message.origin == Origin::kSentHere) {
    if (absl::Status s = ReadLabels(message); !s.ok()) return s;
  }
  return row;
}

absl::Status MessageTable::ReadName(int64_t name_id, std::string& name) {
  absl::StatusOr<std::string> found = names_.NameOf(name_id);
  if (!found.ok()) return found.status();
  name = *std::move(found);
  return absl::OkStatus();
}

absl::Status MessageTable::ReadLabels(Message& message) {
  return WithoutThrow([&]() -> absl::Status {
    const ScopedReset reset(*get_labels_);
    get_labels_->bind(1, message.message_id);
    while (get_labels_->executeStep()) {
      message.labels[BytesAt(*get_labels_, 0)] = BytesAt(*get_labels_, 1);
    }
    return absl::OkStatus();
  });
}

absl::Status MessageTable::InsertLabels(const Message& message) {
  for (const auto& [key, value] : message.labels) {
    insert_label_->bind(1, message.message_id);
    insert_label_->bindNoCopy(2, key);
    insert_label_->bindNoCopy(3, value);
    Execute(*insert_label_);
  }
  return absl::OkStatus();
}

}  // namespace sidwatch
