#ifndef SIDWATCH_CLIENT_CLI_EXIT_STATUS_H_
#define SIDWATCH_CLIENT_CLI_EXIT_STATUS_H_

#include <string>

#include "absl/status/status.h"

namespace sidwatch {

// How the program ends (CONTRACT section 10). Scripts rely on the numbers.
enum ExitStatus : int {
  kExitDone = 0,
  kExitRefused = 1,         // not sent, not found, not genuine …
  kExitWrongUse = 2,        // the command line, before anything was asked
  kExitUnreachable = 3,     // no answer of the service
  kExitOutcomeUnknown = 4,  // perhaps sent
  kExitNotDelivered = 5,    // watched to the end, and one did not arrive
  kExitInterrupted = 130,   // Ctrl-C
};

// How a failed call ends the program.
ExitStatus ExitStatusOf(const absl::Status& status);

// The failure of a call in one or two lines, printable and without an end of
// line: what happened, which field, what to do. `server` is where the call
// went.
std::string Describe(const absl::Status& status, const std::string& server);

}  // namespace sidwatch

#endif  // SIDWATCH_CLIENT_CLI_EXIT_STATUS_H_
