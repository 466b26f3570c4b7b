#include "storage/sqlite/sqlite_errors.h"

#include <new>
#include <stdexcept>
#include <string>

#include "SQLiteCpp/Exception.h"
#include "gtest/gtest.h"
#include "sqlite3.h"
#include "tests/fakes/status_matchers.h"

namespace sidwatch {
namespace {

struct ErrorCase {
  int sqlite;
  absl::StatusCode code;
  FailureScope scope;
};

const ErrorCase kCases[] = {
    {SQLITE_BUSY, absl::StatusCode::kUnavailable, FailureScope::kBatch},
    {SQLITE_BUSY_SNAPSHOT, absl::StatusCode::kUnavailable,
     FailureScope::kBatch},
    {SQLITE_LOCKED, absl::StatusCode::kUnavailable, FailureScope::kBatch},
    {SQLITE_CANTOPEN, absl::StatusCode::kUnavailable, FailureScope::kBatch},
    {SQLITE_READONLY, absl::StatusCode::kUnavailable, FailureScope::kBatch},
    {SQLITE_FULL, absl::StatusCode::kResourceExhausted, FailureScope::kBatch},
    {SQLITE_NOMEM, absl::StatusCode::kResourceExhausted, FailureScope::kBatch},
    // No room to share the log's index: a full disk, not a broken one.
    {SQLITE_IOERR_SHMSIZE, absl::StatusCode::kResourceExhausted,
     FailureScope::kBatch},
    {SQLITE_IOERR_FSYNC, absl::StatusCode::kDataLoss, FailureScope::kStore},
    {SQLITE_IOERR_WRITE, absl::StatusCode::kDataLoss, FailureScope::kStore},
    {SQLITE_CORRUPT, absl::StatusCode::kDataLoss, FailureScope::kStore},
    {SQLITE_NOTADB, absl::StatusCode::kDataLoss, FailureScope::kStore},
    {SQLITE_CONSTRAINT_UNIQUE, absl::StatusCode::kInvalidArgument,
     FailureScope::kWrite},
    {SQLITE_MISMATCH, absl::StatusCode::kInvalidArgument, FailureScope::kWrite},
    {SQLITE_TOOBIG, absl::StatusCode::kInvalidArgument, FailureScope::kWrite},
    {SQLITE_ERROR, absl::StatusCode::kInternal, FailureScope::kWrite},
};

TEST(SqliteErrorsTest, GivesEachErrorItsCodeAndItsScope) {
  for (const ErrorCase& test : kCases) {
    SCOPED_TRACE(sqlite3_errstr(test.sqlite));
    const absl::Status status = WithoutThrow([&]() -> absl::Status {
      throw SQLite::Exception("what SQLite said", test.sqlite);
    });
    EXPECT_THAT(status, StatusIs(test.code, testing::HasSubstr("SQLite said")));
    EXPECT_EQ(ScopeOf(status), test.scope);
  }
}

TEST(SqliteErrorsTest, LetsNoOtherExceptionOutEither) {
  EXPECT_THAT(WithoutThrow([]() -> absl::Status { throw std::bad_alloc(); }),
              StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(WithoutThrow([]() -> absl::StatusOr<int> {
                throw std::runtime_error("odd");
              }),
              StatusIs(absl::StatusCode::kInternal, "odd"));
}

TEST(SqliteErrorsTest, HandsOnWhatIsNoThrow) {
  EXPECT_THAT(WithoutThrow([]() -> absl::StatusOr<int> { return 7; }),
              IsOkAndHolds(7));
}

TEST(SqliteErrorsTest, TakesErrorsOfOurOwnAsOneWrites) {
  EXPECT_EQ(ScopeOf(absl::DataLossError("a row")), FailureScope::kWrite);
  EXPECT_EQ(ScopeOf(absl::NotFoundError("none")), FailureScope::kWrite);
}

}  // namespace
}  // namespace sidwatch
