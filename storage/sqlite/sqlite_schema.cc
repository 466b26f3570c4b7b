#include "storage/sqlite/sqlite_schema.h"

#include <array>

#include "SQLiteCpp/Database.h"
#include "SQLiteCpp/Statement.h"
#include "SQLiteCpp/Transaction.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/ids.h"
#include "storage/sqlite/sqlite_errors.h"

namespace sidwatch {
namespace {

// "SWDB": says to file(1) and to us whose database it is.
constexpr int kApplicationId = 0x53574442;
constexpr size_t kIdentityBytes = 16;

// Rows are small because they are many. The tables, in words:
//
// - store: one row. The counters live here, not in max(rowid), so that no
//   number is ever given twice, not even after the newest row was erased.
// - names: account SIDs, messaging service SIDs and directions, few and long,
//   each once.
// - messages: a message as the fold of its events (sqlite_encoding), without
//   what its events tell: status_times, update_time, last_sequence. A message
//   has no message_sid until Twilio has named it. "from" and "to" are integers
//   where they are +digits.
// - events: the log, in the order of its sequence. receive_time is counted in
//   microseconds from the message's create_time. `parameters` is an integer or
//   a blob (raw_parameters); `details` a form with what hardly any event has.
// - reservations: one for each message sent from here.
//
// Times are microseconds since 1970.
constexpr const char* kVersion1 = R"sql(
  CREATE TABLE store (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    schema_version INTEGER NOT NULL,
    oldest_compatible INTEGER NOT NULL,
    identity BLOB NOT NULL,
    last_sequence INTEGER NOT NULL,
    trimmed_sequence INTEGER NOT NULL,
    last_message_id INTEGER NOT NULL,
    messages_open INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE names (
    name_id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
  ) STRICT;

  CREATE TABLE messages (
    message_id INTEGER PRIMARY KEY,
    message_sid BLOB CHECK (length(message_sid) = 17),
    account INTEGER NOT NULL,
    fold INTEGER NOT NULL,
    create_time INTEGER NOT NULL,
    "from" ANY,
    "to" ANY,
    origin INTEGER NOT NULL,
    direction INTEGER,
    messaging_service INTEGER,
    error_code INTEGER,
    error_message TEXT,
    status_word TEXT,
    body TEXT,
    num_segments INTEGER,
    num_media INTEGER
  ) STRICT;
  CREATE UNIQUE INDEX messages_by_sid ON messages (message_sid, account)
    WHERE message_sid IS NOT NULL;

  CREATE TABLE labels (
    message_id INTEGER NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (message_id, key)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX labels_by_value ON labels (key, value, message_id);

  CREATE TABLE events (
    sequence INTEGER PRIMARY KEY,
    message_id INTEGER NOT NULL,
    message_sequence INTEGER NOT NULL,
    fold INTEGER NOT NULL,
    receive_time INTEGER NOT NULL,
    error_code INTEGER,
    parameters ANY,
    details BLOB
  ) STRICT;
  CREATE UNIQUE INDEX events_by_message
    ON events (message_id, message_sequence);

  CREATE TABLE reservations (
    message_id INTEGER PRIMARY KEY,
    account INTEGER NOT NULL,
    request_id TEXT NOT NULL,
    reference TEXT NOT NULL UNIQUE,
    digest BLOB NOT NULL,
    body_digest BLOB NOT NULL,
    state INTEGER NOT NULL,
    refusal_code INTEGER,
    refusal_twilio_code INTEGER,
    refusal_http_status INTEGER,
    refusal_message TEXT,
    refusal_more_info TEXT,
    UNIQUE (request_id, account)
  ) STRICT;
  CREATE INDEX reservations_unsettled ON reservations (state, message_id)
    WHERE state IN (1, 4);
)sql";

// One step of the schema. A file brought to it can still be used by programs
// that know `oldest_compatible`.
struct Migration {
  int version;
  int oldest_compatible;
  const char* sql;
};
constexpr std::array kMigrations = {
    Migration{.version = 1, .oldest_compatible = 1, .sql = kVersion1},
};

void MakeStoreRow(SQLite::Database& database) {
  database.exec(absl::StrCat("PRAGMA application_id = ", kApplicationId));
  SQLite::Statement insert(database, R"sql(
    INSERT INTO store VALUES (1, 0, 0, ?, 0, 0, 0, 0)
  )sql");
  const std::string identity = RandomBytes(kIdentityBytes);
  insert.bind(1, identity.data(), static_cast<int>(identity.size()));
  insert.exec();
}

void Apply(const Migration& migration, SQLite::Database& database) {
  SQLite::Transaction transaction(database,
                                  SQLite::TransactionBehavior::IMMEDIATE);
  database.exec(migration.sql);
  if (migration.version == 1) MakeStoreRow(database);
  SQLite::Statement update(database, R"sql(
    UPDATE store SET schema_version = ?, oldest_compatible = ?
  )sql");
  update.bind(1, migration.version);
  update.bind(2, migration.oldest_compatible);
  update.exec();
  transaction.commit();
}

absl::StatusOr<SchemaVersion> ReadVersion(SQLite::Database& database) {
  const int tables =
      database.execAndGet("SELECT count(*) FROM sqlite_schema").getInt();
  if (tables == 0) return SchemaVersion{};
  const int application = database.execAndGet("PRAGMA application_id").getInt();
  if (application != kApplicationId) {
    return absl::FailedPreconditionError(
        "it is the database of another program: give sidwatchd a file of its "
        "own");
  }
  SQLite::Statement select(
      database, "SELECT schema_version, oldest_compatible FROM store");
  if (!select.executeStep()) {
    return absl::DataLossError("the row of the store itself is missing");
  }
  return SchemaVersion{.version = select.getColumn(0).getInt(),
                       .oldest_compatible = select.getColumn(1).getInt()};
}

absl::Status CheckCompatible(const SchemaVersion& found) {
  if (found.oldest_compatible <= NewestSchemaVersion()) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(absl::StrCat(
      "its schema is version ", found.version, ", this sidwatchd knows ",
      NewestSchemaVersion(), ": start a newer sidwatchd"));
}

}  // namespace

int NewestSchemaVersion() { return kMigrations.back().version; }

absl::StatusOr<SchemaVersion> ReadSchemaVersion(SQLite::Database& database) {
  return WithoutThrow([&] { return ReadVersion(database); });
}

absl::StatusOr<SchemaVersion> Migrate(SQLite::Database& database) {
  return WithoutThrow([&]() -> absl::StatusOr<SchemaVersion> {
    absl::StatusOr<SchemaVersion> before = ReadVersion(database);
    if (!before.ok()) return before;
    if (absl::Status s = CheckCompatible(*before); !s.ok()) return s;
    for (const Migration& migration : kMigrations) {
      if (migration.version > before->version) Apply(migration, database);
    }
    return before;
  });
}

}  // namespace sidwatch
