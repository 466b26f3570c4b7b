#include "storage/sqlite/sqlite_errors.h"

#include <algorithm>
#include <exception>
#include <new>
#include <string>

#include "SQLiteCpp/Exception.h"
#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "sqlite3.h"

namespace sidwatch {
namespace {

// Tells an error of SQLite from one of ours, which concerns one row.
constexpr absl::string_view kPayload = "sidwatch/SqliteCode";

constexpr int Primary(int extended_code) { return extended_code & 0xff; }

absl::StatusCode CodeOf(int extended_code) {
  // No room to grow the file that connections share: a full disk, and what was
  // committed is as it was.
  if (extended_code == SQLITE_IOERR_SHMSIZE) {
    return absl::StatusCode::kResourceExhausted;
  }
  switch (Primary(extended_code)) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_INTERRUPT:
    case SQLITE_PROTOCOL:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return absl::StatusCode::kUnavailable;
    case SQLITE_FULL:
    case SQLITE_NOMEM:
      return absl::StatusCode::kResourceExhausted;
    case SQLITE_IOERR:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return absl::StatusCode::kDataLoss;
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG:
      return absl::StatusCode::kInvalidArgument;
    default:
      return absl::StatusCode::kInternal;
  }
}

absl::string_view Sentence(int extended_code) {
  if (extended_code == SQLITE_IOERR_SHMSIZE) return Sentence(SQLITE_FULL);
  switch (Primary(extended_code)) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return "the store's file is locked by another program";
    case SQLITE_CANTOPEN:
      return "the store's file cannot be opened";
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return "the store's file cannot be written: give sidwatchd the right to";
    case SQLITE_FULL:
      return "the disk under the store is full: free some space";
    case SQLITE_IOERR:
      return "the disk failed under the store: restart sidwatchd to recover";
    case SQLITE_CORRUPT:
      return "the store's file is damaged: restore a backup";
    case SQLITE_NOTADB:
      return "the store's file is not a database of sidwatch";
    default:
      return "the store's database refused";
  }
}

absl::Status ToStatus(const SQLite::Exception& error) {
  const int code = std::max(error.getErrorCode(), error.getExtendedErrorCode());
  absl::Status status(
      CodeOf(code),
      absl::StrCat(Sentence(code), " (SQLite ", code, ": ", error.what(), ")"));
  status.SetPayload(kPayload, absl::Cord(absl::StrCat(code)));
  return status;
}

}  // namespace

absl::Status CaughtError() {
  try {
    throw;
  } catch (const SQLite::Exception& error) {
    return ToStatus(error);
  } catch (const std::bad_alloc&) {
    return absl::ResourceExhaustedError("out of memory");
  } catch (const std::exception& error) {
    return absl::InternalError(error.what());
  }
}

FailureScope ScopeOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kPayload);
  int code = 0;
  if (!payload || !absl::SimpleAtoi(std::string(*payload), &code)) {
    return FailureScope::kWrite;
  }
  switch (CodeOf(code)) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kInternal:
      return FailureScope::kWrite;
    case absl::StatusCode::kDataLoss:
      return FailureScope::kStore;
    default:
      return FailureScope::kBatch;
  }
}

}  // namespace sidwatch
