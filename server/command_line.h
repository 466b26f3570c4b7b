#ifndef SIDWATCH_SERVER_COMMAND_LINE_H_
#define SIDWATCH_SERVER_COMMAND_LINE_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/options.h"

namespace sidwatch {

// The arguments of sidwatchd, taken apart but not yet understood.
struct CommandLine {
  Command command = Command::kServe;
  // Setting → text, for every flag that was given. A yes-or-no flag that
  // stands alone is "true".
  std::map<std::string, std::string> flags;
  std::string ready_fd;  // empty: not given
};

// Reads the arguments after the program's name by the schema. The only user
// of CLI11.
//
// Errors: INVALID_ARGUMENT, one sentence: a flag nobody knows (naming the
// nearest), one without its value, a secret given as a flag, a command that
// does not exist. Of a flag given twice the last counts.
absl::StatusOr<CommandLine> ParseCommandLine(
    const std::vector<std::string>& arguments);

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_COMMAND_LINE_H_
