#ifndef SIDWATCH_TESTS_STORAGE_SQLITE_SQLITE_STORE_FIXTURE_H_
#define SIDWATCH_TESTS_STORAGE_SQLITE_SQLITE_STORE_FIXTURE_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "gtest/gtest.h"
#include "storage/sqlite/sqlite_store.h"
#include "tests/contract/store_contract.h"
#include "tests/fakes/collecting_log_sink.h"
#include "tests/fakes/status_matchers.h"
#include "tests/fakes/temporary_folder.h"

namespace sidwatch {

// Commits in one transaction. `results` may be null.
inline absl::Status CommitTo(
    Store& store, const std::vector<Write>& writes,
    std::vector<absl::StatusOr<WriteResult>>* results = nullptr) {
  std::vector<const Write*> pointers;
  for (const Write& write : writes) pointers.push_back(&write);
  std::vector<absl::StatusOr<WriteResult>> own_results;
  CommittedBatch committed;
  return store.Commit(pointers, results == nullptr ? own_results : *results,
                      committed);
}

// OK only when the event is stored.
inline absl::Status AppendTo(Store& store, const AppendWrite& write) {
  std::vector<absl::StatusOr<WriteResult>> results;
  absl::Status committed = CommitTo(store, {write}, &results);
  return committed.ok() ? results.at(0).status() : committed;
}

// A folder in which stores are opened, with no floor unless asked for.
class SqliteStoreTest : public testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<SqliteStore>> Open(
      SqliteStore::Options options) {
    if (options.path.empty()) options.path = path_;
    return SqliteStore::Open(std::move(options), Clock::Real(), Logger(sink_));
  }
  absl::StatusOr<std::unique_ptr<SqliteStore>> Open() {
    return Open({.disk_floor_bytes = 0});
  }

  TemporaryFolder folder_;
  const std::string path_ = folder_.File("store.db");
  CollectingLogSink sink_;
};

}  // namespace sidwatch

#endif  // SIDWATCH_TESTS_STORAGE_SQLITE_SQLITE_STORE_FIXTURE_H_
