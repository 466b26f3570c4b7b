// sidwatchd: reads its settings, then runs one command.

#include <cstdio>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "server/commands/check_config.h"
#include "server/commands/migrate.h"
#include "server/commands/serve.h"
#include "server/help_text.h"
#include "server/options.h"

namespace sidwatch {
namespace {

absl::Status Print(const absl::StatusOr<std::string>& text) {
  if (!text.ok()) return text.status();
  std::fwrite(text->data(), 1, text->size(), stdout);
  return absl::OkStatus();
}

absl::Status PrintLine(const absl::StatusOr<std::string>& line) {
  return line.ok() ? Print(absl::StrCat(*line, "\n")) : line.status();
}

absl::Status Run(const absl::StatusOr<Invocation>& invocation) {
  if (!invocation.ok()) return invocation.status();
  switch (invocation->command) {
    case Command::kServe:
      return Serve(*invocation);
    case Command::kCheckConfig:
      return PrintLine(CheckConfig(invocation->options));
    case Command::kMigrate:
      return PrintLine(MigrateStore(invocation->options));
    case Command::kHelp:
      return Print(HelpText());
    case Command::kVersion:
      return Print(VersionText());
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace sidwatch

int main(int argc, char** argv) {
  const absl::Status status = sidwatch::Run(sidwatch::ParseInvocation(
      {argv + 1, argv + argc}, sidwatch::ProcessEnvironment()));
  if (status.ok()) return 0;
  const std::string sentence(status.message());
  std::fprintf(stderr, "sidwatchd: %s\n", sentence.c_str());
  // 2 for what check-config can find, 1 for what only the start shows.
  return absl::IsInvalidArgument(status) ? 2 : 1;
}
