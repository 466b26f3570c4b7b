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

absl::Status Run(const Invocation& invocation) {
  switch (invocation.command) {
    case Command::kServe:
      return Serve(invocation);
    case Command::kCheckConfig:
      return PrintLine(CheckConfig(invocation.options));
    case Command::kMigrate:
      return PrintLine(MigrateStore(invocation.options));
    case Command::kHelp:
      return Print(HelpText());
    case Command::kVersion:
      return Print(VersionText());
  }
  return absl::OkStatus();
}

// Says what went wrong and returns `exit_status`.
int Fail(const absl::Status& status, int exit_status) {
  const std::string sentence(status.message());
  std::fprintf(stderr, "sidwatchd: %s\n", sentence.c_str());
  return exit_status;
}

// 2 for what check-config can find, 1 for what only the start shows, whatever
// code the part had for it.
int Main(const absl::StatusOr<Invocation>& invocation) {
  if (!invocation.ok()) return Fail(invocation.status(), 2);
  const absl::Status status = Run(*invocation);
  if (status.ok()) return 0;
  return Fail(status, CheckConfig(invocation->options).ok() ? 1 : 2);
}

}  // namespace
}  // namespace sidwatch

int main(int argc, char** argv) {
  return sidwatch::Main(sidwatch::ParseInvocation(
      {argv + 1, argv + argc}, sidwatch::ProcessEnvironment()));
}
