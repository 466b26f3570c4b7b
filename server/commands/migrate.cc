#include "server/commands/migrate.h"

#include "absl/strings/str_cat.h"
#include "storage/sqlite/sqlite_store.h"

namespace sidwatch {

absl::StatusOr<std::string> MigrateStore(const Options& options) {
  const auto migration = SqliteStore::Migrate(
      {.path = options.storage_path, .disk_floor_bytes = options.disk_floor});
  if (!migration.ok()) return migration.status();
  const auto& [before, after] = *migration;
  if (before == after) {
    return absl::StrCat(options.storage_path, " has schema version ", after,
                        " already");
  }
  if (before == 0) {
    return absl::StrCat(options.storage_path, " made with schema version ",
                        after);
  }
  return absl::StrCat(options.storage_path, " migrated from schema version ",
                      before, " to ", after);
}

}  // namespace sidwatch
