#ifndef SIDWATCH_STORAGE_SQLITE_SQLITE_ERRORS_H_
#define SIDWATCH_STORAGE_SQLITE_SQLITE_ERRORS_H_

#include "absl/status/status.h"

namespace sidwatch {

// The status of the exception being handled: to be called in a catch block.
//
// The one place that turns what SQLiteCpp throws into our words:
// busy and locked → UNAVAILABLE; full → RESOURCE_EXHAUSTED; input/output
// errors and damage → DATA_LOSS; a refused row → INVALID_ARGUMENT.
absl::Status CaughtError();

// Runs `work`, which returns a Status or a StatusOr, and answers with
// CaughtError() when it throws. Every function that touches SQLiteCpp is
// wrapped in it, so that no exception leaves its file.
template <typename Work>
auto WithoutThrow(Work work) -> decltype(work()) {
  try {
    return work();
  } catch (...) {
    return CaughtError();
  }
}

// What an error of the writing connection says about the rest.
enum class FailureScope {
  kWrite,  // this write alone cannot be stored
  kBatch,  // the transaction; another try may succeed
  kStore,  // the file: nothing after it can be trusted before a recovery
};
FailureScope ScopeOf(const absl::Status& status);

}  // namespace sidwatch

#endif  // SIDWATCH_STORAGE_SQLITE_SQLITE_ERRORS_H_
