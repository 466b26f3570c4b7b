#include "storage/sqlite/sqlite_schema.h"

#include <fstream>
#include <string>

#include "SQLiteCpp/Database.h"
#include "sqlite3.h"
#include "storage/sqlite/sqlite_connection.h"
#include "storage/sqlite/store_tables.h"
#include "tests/storage/sqlite/sqlite_store_fixture.h"

namespace sidwatch {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class SqliteSchemaTest : public SqliteStoreTest {
 protected:
  void Execute(const std::string& sql) {
    SQLite::Database database(path_,
                              SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    database.exec(sql);
  }
  std::string QuerySchema() {
    SQLite::Database database(path_);
    return database
        .execAndGet("SELECT group_concat(sql, ';') FROM sqlite_schema")
        .getString();
  }
};

TEST_F(SqliteSchemaTest, MigratesAnEmptyFileOnce) {
  const auto made = SqliteStore::Migrate({.path = path_});
  const std::string schema = QuerySchema();
  const auto again = SqliteStore::Migrate({.path = path_});

  ASSERT_THAT(made, IsOk());
  EXPECT_EQ(made->version_before, 0);
  EXPECT_EQ(made->version_after, NewestSchemaVersion());
  EXPECT_EQ(again->version_before, NewestSchemaVersion());
  EXPECT_EQ(again->version_after, NewestSchemaVersion());
  EXPECT_EQ(QuerySchema(), schema);
}

TEST_F(SqliteSchemaTest, KeepsTheIdentityOfAStore) {
  const std::string first = (*Open())->Position()->identity;

  EXPECT_EQ((*Open())->Position()->identity, first);
  TemporaryFolder elsewhere;
  EXPECT_NE((*Open({.path = elsewhere.File("other.db")}))->Position()->identity,
            first);
}

TEST_F(SqliteSchemaTest, MakesStrictTablesOnly) {
  ASSERT_THAT(SqliteStore::Migrate({.path = path_}), IsOk());

  SQLite::Database database(path_);
  EXPECT_EQ(database
                .execAndGet("SELECT count(*) FROM pragma_table_list WHERE "
                            "schema = 'main' AND name NOT LIKE 'sqlite_%' AND "
                            "NOT strict")
                .getInt(),
            0);
}

TEST_F(SqliteSchemaTest, RefusesASchemaThatNeedsANewerProgram) {
  ASSERT_THAT(SqliteStore::Migrate({.path = path_}), IsOk());
  Execute("UPDATE store SET schema_version = 99, oldest_compatible = 98");

  const auto opened = Open();

  EXPECT_THAT(opened, StatusIs(absl::StatusCode::kFailedPrecondition,
                               AllOf(HasSubstr(path_), HasSubstr("version 99"),
                                     HasSubstr("newer sidwatchd"))));
  EXPECT_THAT(SqliteStore::Migrate({.path = path_}),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(SqliteSchemaTest, WorksOnANewerSchemaThatIsCompatible) {
  ASSERT_THAT(SqliteStore::Migrate({.path = path_}), IsOk());
  Execute("UPDATE store SET schema_version = 99");

  const auto store = Open();

  ASSERT_THAT(store, IsOk());
  EXPECT_THAT(AppendTo(**store, Callback(SidOf(1), "sent")), IsOk());
  EXPECT_EQ(
      SqliteStore::Migrate({.path = folder_.File("other.db")})->version_after,
      NewestSchemaVersion());
}

TEST_F(SqliteSchemaTest, RefusesADatabaseOfAnotherProgram) {
  Execute("CREATE TABLE cats (name TEXT)");

  EXPECT_THAT(Open(),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr(path_), HasSubstr("another program"))));
  SQLite::Database database(path_);
  EXPECT_EQ(database.execAndGet("PRAGMA journal_mode").getString(), "delete");
}

TEST_F(SqliteSchemaTest, FindsUnsettledSendsWithoutReadingTheOthers) {
  ASSERT_THAT(SqliteStore::Migrate({.path = path_}), IsOk());
  Execute(R"sql(
    INSERT INTO reservations (message_id, account, request_id, reference,
                              digest, body_digest, state)
    VALUES (1, 1, 'a', 'a', x'', x'', 2), (2, 1, 'b', 'b', x'', x'', 4)
  )sql");
  const auto database = OpenWriter(path_, "");
  ASSERT_THAT(database, IsOk());
  const auto tables = StoreTables::Make(**database);
  ASSERT_THAT(tables, IsOk());

  EXPECT_THAT((*tables)->reservations.CountUnknown(), IsOkAndHolds(1));
  EXPECT_THAT((*tables)->reservations.MarkInterrupted(), IsOkAndHolds(0));

  int scans = 0;
  sqlite3* const handle = (*database)->getHandle();
  for (sqlite3_stmt* s = sqlite3_next_stmt(handle, nullptr); s != nullptr;
       s = sqlite3_next_stmt(handle, s)) {
    scans += sqlite3_stmt_status(s, SQLITE_STMTSTATUS_FULLSCAN_STEP, 0);
  }
  EXPECT_EQ(scans, 0);
}

TEST_F(SqliteSchemaTest, RefusesAFileThatIsNoDatabase) {
  std::ofstream(path_) << std::string(4096, 'x');

  EXPECT_THAT(Open(),
              StatusIs(absl::StatusCode::kDataLoss,
                       AllOf(HasSubstr(path_), HasSubstr("not a database"))));
}

TEST_F(SqliteSchemaTest, ReadersCannotWrite) {
  const auto store = Open();
  const auto reader = OpenReader(path_, "");
  ASSERT_THAT(reader, IsOk());

  EXPECT_NE((*reader)->tryExec("DELETE FROM events"), 0);
  EXPECT_NE((*reader)->tryExec("PRAGMA query_only = 0; DELETE FROM events"), 0);
}

}  // namespace
}  // namespace sidwatch
