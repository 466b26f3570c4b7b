#ifndef SIDWATCH_STORAGE_SQLITE_SQLITE_COLUMNS_H_
#define SIDWATCH_STORAGE_SQLITE_SQLITE_COLUMNS_H_

// For this folder's .cc files alone: it brings SQLiteCpp's headers.

#include <cstdint>
#include <optional>
#include <string>

#include "SQLiteCpp/Column.h"
#include "SQLiteCpp/Statement.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "storage/message_sid.h"
#include "storage/sqlite/sqlite_encoding.h"

namespace sidwatch {

// Ends a statement's run with the scope, so that no read transaction outlives
// it. Bindings stay: every use binds all of them.
class ScopedReset {
 public:
  explicit ScopedReset(SQLite::Statement& statement) : statement_(statement) {}
  ~ScopedReset() { statement_.tryReset(); }
  ScopedReset(const ScopedReset&) = delete;
  ScopedReset& operator=(const ScopedReset&) = delete;

 private:
  SQLite::Statement& statement_;
};

// Runs a statement that returns no rows, and makes it ready for the next run.
inline void Execute(SQLite::Statement& statement) {
  const ScopedReset reset(statement);
  statement.exec();
}

// The values are not copied: they live until the statement has run.

inline void BindBlob(SQLite::Statement& statement, int index,
                     absl::string_view bytes) {
  statement.bindNoCopy(index, bytes.data(), static_cast<int>(bytes.size()));
}

inline void BindSid(SQLite::Statement& statement, int index,
                    const MessageSid& sid) {
  if (sid.empty()) {
    statement.bind(index);
  } else {
    BindBlob(statement, index, sid.blob());
  }
}

// NULL when empty.
inline void BindText(SQLite::Statement& statement, int index,
                     const std::string& text) {
  if (text.empty()) {
    statement.bind(index);
  } else {
    statement.bindNoCopy(index, text);
  }
}

inline void BindInt(SQLite::Statement& statement, int index,
                    const std::optional<int>& number) {
  if (number) {
    statement.bind(index, *number);
  } else {
    statement.bind(index);
  }
}

// A reference to `names`; NULL for 0, the name of nothing.
inline void BindName(SQLite::Statement& statement, int index, int64_t name_id) {
  if (name_id != 0) {
    statement.bind(index, name_id);
  } else {
    statement.bind(index);
  }
}

inline void BindAddress(SQLite::Statement& statement, int index,
                        const std::string& address) {
  if (const auto number = NumberToInteger(address)) {
    statement.bind(index, *number);
  } else {
    BindText(statement, index, address);
  }
}

inline int64_t IntAt(const SQLite::Statement& statement, int index) {
  return statement.getColumn(index).getInt64();
}

inline std::optional<int> OptionalIntAt(const SQLite::Statement& statement,
                                        int index) {
  const SQLite::Column column = statement.getColumn(index);
  if (column.isNull()) return std::nullopt;
  return column.getInt();
}

// Text and blobs alike; "" for NULL. With every byte, NULs too.
inline std::string BytesAt(const SQLite::Statement& statement, int index) {
  const SQLite::Column column = statement.getColumn(index);
  return column.isNull() ? std::string() : column.getString();
}

inline std::string AddressAt(const SQLite::Statement& statement, int index) {
  const SQLite::Column column = statement.getColumn(index);
  if (column.isInteger()) return IntegerToNumber(column.getInt64());
  return column.isNull() ? std::string() : column.getString();
}

}  // namespace sidwatch

#endif  // SIDWATCH_STORAGE_SQLITE_SQLITE_COLUMNS_H_
