#ifndef SIDWATCH_SERVER_COMMANDS_SERVE_H_
#define SIDWATCH_SERVER_COMMANDS_SERVE_H_

#include "absl/status/status.h"
#include "server/options.h"

namespace sidwatch {

// `sidwatchd serve`: serves until SIGTERM or SIGINT, then drains; a second
// signal ends the process at once with status 1. To be called on the main
// thread before any other is begun.
//
// Errors: those of SidwatchServer::Start; DATA_LOSS when the store broke while
// it was serving, so that a supervisor starts the process again.
absl::Status Serve(const Invocation& invocation);

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_COMMANDS_SERVE_H_
