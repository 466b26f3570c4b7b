#include <utility>

#include "base/clock.h"
#include "storage/sqlite/sqlite_store.h"
#include "tests/contract/store_contract.h"
#include "tests/fakes/collecting_log_sink.h"
#include "tests/fakes/temporary_folder.h"

namespace sidwatch {
namespace {

class SqliteFactory : public StoreFactory {
 public:
  absl::StatusOr<std::unique_ptr<Store>> Open() override {
    absl::StatusOr<std::unique_ptr<SqliteStore>> store =
        SqliteStore::Open({.path = folder_.File("contract.db"),
                           .disk_floor_bytes = 0,
                           .readers = 2},
                          Clock::Real(), Logger(sink_));
    if (!store.ok()) return store.status();
    return *std::move(store);
  }

 private:
  TemporaryFolder folder_;
  CollectingLogSink sink_;
};

INSTANTIATE_TEST_SUITE_P(Sqlite, StoreContract,
                         testing::Values(StoreKind{
                             "Sqlite",
                             [] { return std::make_unique<SqliteFactory>(); }}),
                         [](const auto& kind) { return kind.param.name; });

}  // namespace
}  // namespace sidwatch
