#include "storage/sqlite/name_table.h"

#include <cstddef>

#include "SQLiteCpp/Database.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "storage/sqlite/sqlite_columns.h"
#include "storage/sqlite/sqlite_errors.h"

namespace sidwatch {
namespace {

constexpr size_t kRememberedMax = 10'000;

}  // namespace

NameTable::NameTable(SQLite::Database& database)
    : find_(std::make_unique<SQLite::Statement>(
          database, "SELECT name_id FROM names WHERE name = ?")),
      add_(std::make_unique<SQLite::Statement>(
          database, "INSERT INTO names (name) VALUES (?) RETURNING name_id")),
      name_of_(std::make_unique<SQLite::Statement>(
          database, "SELECT name FROM names WHERE name_id = ?")) {}

NameTable::~NameTable() = default;

absl::StatusOr<int64_t> NameTable::Find(const std::string& name) {
  if (name.empty()) return 0;
  const auto known = ids_.find(name);
  if (known != ids_.end()) return known->second;
  return WithoutThrow([&]() -> absl::StatusOr<int64_t> {
    const ScopedReset reset(*find_);
    find_->bindNoCopy(1, name);
    if (!find_->executeStep()) return 0;
    const int64_t name_id = IntAt(*find_, 0);
    Remember(name, name_id);
    return name_id;
  });
}

absl::StatusOr<int64_t> NameTable::FindOrAdd(const std::string& name) {
  absl::StatusOr<int64_t> found = Find(name);
  if (!found.ok() || *found != 0 || name.empty()) return found;
  return WithoutThrow([&]() -> absl::StatusOr<int64_t> {
    const ScopedReset reset(*add_);
    add_->bindNoCopy(1, name);
    add_->executeStep();
    const int64_t name_id = IntAt(*add_, 0);
    Remember(name, name_id);
    return name_id;
  });
}

absl::StatusOr<std::string> NameTable::NameOf(int64_t name_id) {
  if (name_id == 0) return std::string();
  const auto known = names_.find(name_id);
  if (known != names_.end()) return known->second;
  return WithoutThrow([&]() -> absl::StatusOr<std::string> {
    const ScopedReset reset(*name_of_);
    name_of_->bind(1, name_id);
    if (!name_of_->executeStep()) {
      return absl::DataLossError(
          absl::StrCat("the store has no name number ", name_id));
    }
    std::string name = BytesAt(*name_of_, 0);
    Remember(name, name_id);
    return name;
  });
}

void NameTable::Forget() {
  ids_.clear();
  names_.clear();
}

void NameTable::Remember(const std::string& name, int64_t name_id) {
  if (names_.size() >= kRememberedMax) Forget();
  ids_[name] = name_id;
  names_[name_id] = name;
}

}  // namespace sidwatch
