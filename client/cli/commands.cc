#include "client/cli/commands.h"

#include <iostream>

#include "client/cli/exit_status.h"

namespace sidwatch {

int ReportFailure(const absl::Status& status, const CommandContext& context) {
  std::cout << std::flush;
  std::cerr << "sidwatch: " << Describe(status, context.options.server) << "\n";
  return ExitStatusOf(status);
}

void Note(absl::string_view line) {
  std::cout << std::flush;
  std::cerr << "sidwatch: " << Printable(line) << "\n";
}

}  // namespace sidwatch
