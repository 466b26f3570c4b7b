#include "storage/sqlite/store_table.h"

#include "SQLiteCpp/Database.h"
#include "storage/sqlite/sqlite_columns.h"
#include "storage/sqlite/sqlite_errors.h"

namespace sidwatch {

StoreTable::StoreTable(SQLite::Database& database)
    : read_(std::make_unique<SQLite::Statement>(database, R"sql(
        SELECT identity, last_sequence, trimmed_sequence, last_message_id,
               messages_open
        FROM store
      )sql")),
      update_(std::make_unique<SQLite::Statement>(database, R"sql(
        UPDATE store SET last_sequence = ?, trimmed_sequence = ?,
            last_message_id = ?, messages_open = ?
      )sql")) {}

StoreTable::~StoreTable() = default;

absl::StatusOr<StoreRow> StoreTable::Read() {
  return WithoutThrow([&]() -> absl::StatusOr<StoreRow> {
    const ScopedReset reset(*read_);
    if (!read_->executeStep()) {
      return absl::DataLossError("the row of the store itself is missing");
    }
    return StoreRow{.identity = BytesAt(*read_, 0),
                    .last_sequence = IntAt(*read_, 1),
                    .trimmed_sequence = IntAt(*read_, 2),
                    .last_message_id = IntAt(*read_, 3),
                    .messages_open = IntAt(*read_, 4)};
  });
}

absl::Status StoreTable::Update(const StoreRow& row) {
  return WithoutThrow([&]() -> absl::Status {
    update_->bind(1, row.last_sequence);
    update_->bind(2, row.trimmed_sequence);
    update_->bind(3, row.last_message_id);
    update_->bind(4, row.messages_open);
    Execute(*update_);
    return absl::OkStatus();
  });
}

}  // namespace sidwatch
