#include "server/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "server/option_schema.h"

namespace sidwatch {
namespace {

using FlagsByName = std::map<std::string, CLI::Option*>;

absl::Status Refuse(absl::string_view sentence) {
  return absl::InvalidArgumentError(sentence);
}

// CLI11 reads "--name=" as a --name whose value follows. Makes it the empty
// value that it is.
std::vector<std::string> SpellOutEmptyValues(
    const std::vector<std::string>& arguments) {
  std::vector<std::string> result;
  for (const std::string& argument : arguments) {
    absl::string_view name = argument;
    if (absl::StartsWith(name, "--") && absl::ConsumeSuffix(&name, "=") &&
        !absl::StrContains(name, '=')) {
      result.emplace_back(name);
      result.emplace_back();
    } else {
      result.push_back(argument);
    }
  }
  return result;
}

FlagsByName AddFlags(CLI::App& app) {
  FlagsByName flags;
  for (const SettingGroup& group : SettingGroups()) {
    for (const Setting& setting : group.settings) {
      if (setting.is_secret()) continue;
      const std::string flag = absl::StrCat("--", setting.name);
      flags[setting.name] = std::holds_alternative<YesNoKind>(setting.kind)
                                ? app.add_flag(flag)
                                : app.add_option(flag);
    }
  }
  for (const char* name : {"config", "ready-fd"}) {
    flags[name] = app.add_option(absl::StrCat("--", name));
  }
  for (const auto& [name, flag] : flags) {
    flag->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  }
  return flags;
}

// The sentence for the first of the arguments that nobody took.
absl::Status RefuseLeftOver(const std::string& argument) {
  absl::string_view name = argument;
  if (!absl::ConsumePrefix(&name, "-")) {
    return Refuse(absl::StrCat(
        "there is no command \"", absl::CHexEscape(argument.substr(0, 80)),
        "\": it is serve (the default), check-config or migrate"));
  }
  absl::ConsumePrefix(&name, "-");
  name = name.substr(0, name.find('='));
  const Setting* setting = FindSetting(name);
  if (setting != nullptr && setting->is_secret()) {
    return Refuse(
        absl::StrCat("--", name,
                     " is not a flag, because every process can read those: "
                     "use --",
                     name, "-file or the variable ", setting->variable()));
  }
  // Without what follows '=': that may be a secret.
  const std::string flag = argument.substr(0, argument.find('='));
  return Refuse(absl::StrCat("there is no flag ",
                             absl::CHexEscape(flag.substr(0, 80)),
                             "; the nearest is --", NearestSettingName(name)));
}

CommandLine Collect(const FlagsByName& flags) {
  CommandLine line;
  for (const auto& [name, flag] : flags) {
    if (flag->count() == 0) continue;
    // Of a flag given twice the last counts: scripts that wrap the program
    // append what they override.
    line.flags[name] = flag->results().back();
  }
  line.ready_fd = std::exchange(line.flags["ready-fd"], "");
  line.flags.erase("ready-fd");
  return line;
}

}  // namespace

absl::StatusOr<CommandLine> ParseCommandLine(
    const std::vector<std::string>& arguments) {
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  app.require_subcommand(0, 1);
  const FlagsByName flags = AddFlags(app);
  const CLI::Option* help = app.add_flag("-h,--help");
  const CLI::Option* version = app.add_flag("--version");
  const std::vector<std::pair<CLI::App*, Command>> commands = {
      {app.add_subcommand("serve"), Command::kServe},
      {app.add_subcommand("check-config"), Command::kCheckConfig},
      {app.add_subcommand("migrate"), Command::kMigrate}};
  for (const auto& [command, value] : commands) {
    command->set_help_flag();
    command->fallthrough();
  }

  std::vector<std::string> reversed = SpellOutEmptyValues(arguments);
  std::reverse(reversed.begin(), reversed.end());
  try {
    app.parse(std::move(reversed));
  } catch (const CLI::ArgumentMismatch&) {
    return Refuse(absl::StrCat(arguments.back(), " needs a value"));
  } catch (const CLI::Error& error) {
    return Refuse(error.what());
  }

  if (help->count() > 0) return CommandLine{.command = Command::kHelp};
  if (version->count() > 0) return CommandLine{.command = Command::kVersion};
  const std::vector<std::string> left_over = app.remaining(true);
  if (!left_over.empty()) return RefuseLeftOver(left_over.front());
  CommandLine line = Collect(flags);
  for (const auto& [command, value] : commands) {
    if (command->parsed()) line.command = value;
  }
  return line;
}

}  // namespace sidwatch
