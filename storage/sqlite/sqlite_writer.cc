#include "storage/sqlite/sqlite_writer.h"

#include <utility>
#include <variant>

#include "SQLiteCpp/Database.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "sqlite3.h"
#include "storage/sqlite/append_event.h"
#include "storage/sqlite/settle_send.h"
#include "storage/sqlite/sqlite_connection.h"
#include "storage/sqlite/sqlite_errors.h"
#include "storage/sqlite/store_file.h"

namespace sidwatch {
namespace {

// Callbacks have waited for so long a checkpoint that someone should know.
constexpr absl::Duration kSlowCheckpoint = absl::Seconds(1);

absl::Status Broken() {
  return absl::DataLossError(
      "the disk failed under the store and nothing is written any more: "
      "restart sidwatchd to recover");
}

absl::StatusOr<WriteResult> Apply(const Write& write, WriteContext& context) {
  if (const auto* append = std::get_if<AppendWrite>(&write)) {
    return AppendReport(*append, context);
  }
  if (const auto* reserve = std::get_if<ReserveWrite>(&write)) {
    return Reserve(*reserve, context);
  }
  return Settle(std::get<SettleWrite>(write), context);
}

}  // namespace

// One try at a batch. Its results, its store row and what it makes visible
// count only once COMMIT has returned.
struct SqliteWriter::Attempt {
  absl::Span<const Write* const> writes;
  std::vector<absl::StatusOr<WriteResult>>& results;
  CommittedBatch& committed;
  absl::Status floor;  // not OK: only settling is allowed
  StoreRow store;
  bool one_failed = false;  // a write that cannot be stored

  bool MayApply(size_t index) const {
    return floor.ok() || std::holds_alternative<SettleWrite>(*writes[index]);
  }
};

absl::StatusOr<std::unique_ptr<SqliteWriter>> SqliteWriter::Open(
    Options options, Clock& clock, Logger logger) {
  absl::StatusOr<std::unique_ptr<SQLite::Database>> database =
      OpenWriter(options.path, options.vfs);
  if (!database.ok()) return database.status();
  // The constructor is private: make_unique cannot reach it.
  std::unique_ptr<SqliteWriter> writer(new SqliteWriter(
      std::move(options), clock, logger, *std::move(database)));
  if (absl::Status s = writer->Start(); !s.ok()) return s;
  return writer;
}

SqliteWriter::SqliteWriter(Options options, Clock& clock, Logger logger,
                           std::unique_ptr<SQLite::Database> database)
    : options_(std::move(options)),
      clock_(clock),
      logger_(logger),
      database_(std::move(database)) {}

SqliteWriter::~SqliteWriter() = default;

absl::Status SqliteWriter::Start() {
  const absl::StatusOr<SchemaVersion> before = Migrate(*database_);
  if (!before.ok()) return before.status();
  absl::StatusOr<std::unique_ptr<StoreTables>> tables =
      StoreTables::Make(*database_);
  if (!tables.ok()) return tables.status();
  tables_ = *std::move(tables);
  checkpointer_ = std::make_unique<Checkpointer>(*database_);
  const absl::StatusOr<int64_t> interrupted =
      tables_->reservations.MarkInterrupted();
  if (!interrupted.ok()) return interrupted.status();
  absl::StatusOr<StoreRow> row = tables_->store.Read();
  if (!row.ok()) return row.status();
  row_ = *std::move(row);
  logger_.Info("store opened", {{"path", options_.path},
                                {"schema_before", before->version},
                                {"schema", NewestSchemaVersion()},
                                {"last_sequence", row_.last_sequence},
                                {"sends_interrupted", *interrupted},
                                {"sqlite", sqlite3_libversion()}});
  return absl::OkStatus();
}

absl::Status SqliteWriter::Commit(
    absl::Span<const Write* const> writes,
    std::vector<absl::StatusOr<WriteResult>>& results,
    CommittedBatch& committed) {
  if (broken_) return Broken();
  Attempt attempt{.writes = writes,
                  .results = results,
                  .committed = committed,
                  .floor = CheckFloor()};
  absl::Status done = TryCommit(attempt, /*apart=*/false);
  if (attempt.one_failed) done = TryCommit(attempt, /*apart=*/true);
  if (!done.ok()) {
    results.clear();
    committed = {};
    NoteFailure(done);
    return done;
  }
  row_ = std::move(attempt.store);
  committed.last_sequence = row_.last_sequence;
  return absl::OkStatus();
}

absl::Status SqliteWriter::TryCommit(Attempt& attempt, bool apart) {
  attempt.results.clear();
  attempt.committed = {};
  attempt.store = row_;
  attempt.one_failed = false;
  absl::Status done = Execute("BEGIN IMMEDIATE");
  if (done.ok()) done = ApplyAll(attempt, apart);
  if (done.ok() && attempt.store != row_) {
    done = tables_->store.Update(attempt.store);
  }
  if (done.ok()) done = Execute("COMMIT");
  if (!done.ok()) Rollback();
  return done;
}

absl::Status SqliteWriter::ApplyAll(Attempt& attempt, bool apart) {
  WriteContext context{*tables_, attempt.store, attempt.committed};
  for (size_t i = 0; i < attempt.writes.size(); ++i) {
    if (!attempt.MayApply(i)) {
      attempt.results.emplace_back(attempt.floor);
    } else if (apart) {
      if (absl::Status s = ApplyApart(attempt, i); !s.ok()) return s;
    } else {
      attempt.results.push_back(Apply(*attempt.writes[i], context));
      const absl::Status& status = attempt.results.back().status();
      if (status.ok()) continue;
      attempt.one_failed = ScopeOf(status) == FailureScope::kWrite;
      return status;
    }
  }
  return absl::OkStatus();
}

// Undoes this write alone when it fails. Slower, so done only once one has.
absl::Status SqliteWriter::ApplyApart(Attempt& attempt, size_t index) {
  const StoreRow store = attempt.store;
  const size_t events = attempt.committed.events.size();
  const size_t settled = attempt.committed.settled.size();
  if (absl::Status s = Execute("SAVEPOINT one_write"); !s.ok()) return s;
  WriteContext context{*tables_, attempt.store, attempt.committed};
  attempt.results.push_back(Apply(*attempt.writes[index], context));
  const absl::Status& status = attempt.results.back().status();
  if (!status.ok()) {
    if (ScopeOf(status) != FailureScope::kWrite) return status;
    attempt.store = store;
    attempt.committed.events.resize(events);
    attempt.committed.settled.resize(settled);
    tables_->names.Forget();
    if (absl::Status s = Execute("ROLLBACK TO one_write"); !s.ok()) return s;
  }
  return Execute("RELEASE one_write");
}

absl::Status SqliteWriter::Execute(const char* sql) {
  return WithoutThrow([&]() -> absl::Status {
    database_->exec(sql);
    return absl::OkStatus();
  });
}

void SqliteWriter::Rollback() {
  tables_->names.Forget();
  // Some errors have rolled back already.
  if (sqlite3_get_autocommit(database_->getHandle()) == 0) {
    database_->tryExec("ROLLBACK");
  }
}

void SqliteWriter::Maintain(bool idle) {
  if (broken_) return;
  const absl::Duration begin = clock_.Monotonic();
  const absl::Status done = checkpointer_->Run(idle);
  const absl::Duration taken = clock_.Monotonic() - begin;
  if (taken > kSlowCheckpoint) {
    logger_.Warning("slow checkpoint",
                    {{"taken", absl::FormatDuration(taken)}});
  }
  if (done.ok()) {
    checkpoint_failing_ = false;
    return;
  }
  // Nothing is lost: what was committed stands in the log. Said once.
  if (!checkpoint_failing_) {
    logger_.Error("checkpoint failed", {{"error", done.ToString()}});
  }
  checkpoint_failing_ = true;
  NoteFailure(done);
}

absl::Status SqliteWriter::Writable() const {
  if (broken_) return Broken();
  return CheckFloor();
}

absl::Status SqliteWriter::CheckFloor() const {
  const absl::StatusOr<uint64_t> free_bytes = FreeBytes(options_.path);
  if (!free_bytes.ok()) return free_bytes.status();
  if (*free_bytes >= options_.disk_floor_bytes) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat("the disk under the store has ", *free_bytes >> 20,
                   " MiB left, less than disk-floor (",
                   options_.disk_floor_bytes >> 20, " MiB): free some space"));
}

void SqliteWriter::NoteFailure(const absl::Status& failure) {
  if (ScopeOf(failure) != FailureScope::kStore || broken_) return;
  broken_ = true;
  // The next start recovers from the log as it is: closing leaves it alone.
  sqlite3_db_config(database_->getHandle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1,
                    nullptr);
  logger_.Error("store broken", {{"error", failure.ToString()}});
}

}  // namespace sidwatch
