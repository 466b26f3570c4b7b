#ifndef SIDWATCH_SERVER_COMMANDS_MIGRATE_H_
#define SIDWATCH_SERVER_COMMANDS_MIGRATE_H_

#include <string>

#include "absl/status/statusor.h"
#include "server/options.h"

namespace sidwatch {

// `sidwatchd migrate`: makes the store or brings its schema up to this
// program's, and says what it did in one line. A server that runs on the same
// store must be stopped first; `serve` does the same at its start.
//
// Errors, one sentence each: FAILED_PRECONDITION (another process has the
// store open; a newer schema), PERMISSION_DENIED, UNAVAILABLE, DATA_LOSS.
absl::StatusOr<std::string> MigrateStore(const Options& options);

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_COMMANDS_MIGRATE_H_
