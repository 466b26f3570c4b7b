#ifndef SIDWATCH_SERVER_COMMANDS_CHECK_CONFIG_H_
#define SIDWATCH_SERVER_COMMANDS_CHECK_CONFIG_H_

#include <string>

#include "absl/status/statusor.h"
#include "server/options.h"

namespace sidwatch {

// `sidwatchd check-config`: the settings have been read when this is called;
// what is left are the secret files. Listens nowhere, touches no store.
//
// Returns what to tell. Errors: INVALID_ARGUMENT, one sentence.
absl::StatusOr<std::string> CheckConfig(const Options& options);

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_COMMANDS_CHECK_CONFIG_H_
