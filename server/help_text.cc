#include "server/help_text.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "server/option_schema.h"

namespace sidwatch {
namespace {

constexpr char kUsage[] =
    R"(sidwatchd sends messages through Twilio and keeps every status of them.

Usage: sidwatchd [COMMAND] [--SETTING VALUE | --SETTING=VALUE]…

Commands:
  serve          serve until SIGTERM or SIGINT, then drain (the default)
  check-config   check every setting and secret file, then exit
  migrate        bring the store's schema up to this version, then exit

Other flags:
  --config FILE  TOML file with settings (or SIDWATCH_CONFIG)
  --ready-fd N   once serving, write one line of JSON to that descriptor
  --version      print the version
  -h, --help     print this

Each setting is a flag, a variable (--grpc-listen is SIDWATCH_GRPC_LISTEN) and
a key of the TOML file; a flag wins over a variable, a variable over the file.
Durations are spelled 250ms 2s 10m 36h 400d, sizes 512B 64KiB 2MiB. Secrets are
never flags: name a file that not everybody may read, or use the variable.
)";

constexpr char kExitStatus[] = R"(
Exit status: 0 done, 1 the start failed, the store broke or a second signal
came while draining, 2 a setting is missing or wrong.
)";

// `text` wrapped at 79 columns, each line after `indent` spaces.
std::string Wrapped(absl::string_view text, size_t indent) {
  constexpr size_t kWidth = 79;
  std::string result;
  std::string line(indent, ' ');
  for (const absl::string_view word : absl::StrSplit(text, ' ')) {
    if (line.size() > indent && line.size() + 1 + word.size() > kWidth) {
      absl::StrAppend(&result, line, "\n");
      line.assign(indent, ' ');
    }
    absl::StrAppend(&line, line.size() > indent ? " " : "", word);
  }
  return absl::StrCat(result, line, "\n");
}

// What stands after the flag: a form or the kind's word.
std::string FormOf(const Setting& setting) {
  if (const auto* kind = std::get_if<TextKind>(&setting.kind)) {
    return kind->form;
  }
  if (std::holds_alternative<DurationKind>(setting.kind)) return "DURATION";
  if (std::holds_alternative<SizeKind>(setting.kind)) return "SIZE";
  if (std::holds_alternative<CountKind>(setting.kind)) return "N";
  if (std::holds_alternative<SecretFileKind>(setting.kind)) return "FILE";
  return "";
}

std::string HeadOf(const Setting& setting) {
  if (setting.is_secret()) {
    return absl::StrCat("  ", setting.variable(), " (variable)");
  }
  const std::string form = FormOf(setting);
  return absl::StrCat("  --", setting.name, form.empty() ? "" : " ", form);
}

std::string DescriptionOf(const Setting& setting) {
  std::string text = setting.sentence;
  if (!setting.default_text.empty()) {
    absl::StrAppend(&text, " [", setting.default_text, "]");
  }
  if (const std::string range = RangeOf(setting); !range.empty()) {
    absl::StrAppend(&text, " (", range, ")");
  }
  if (!setting.twilio_variable.empty()) {
    absl::StrAppend(&text, "; also read from ", setting.twilio_variable);
  }
  return text;
}

}  // namespace

std::string HelpText() {
  constexpr size_t kIndent = 6;
  std::string text = kUsage;
  for (const SettingGroup& group : SettingGroups()) {
    absl::StrAppend(&text, "\n", group.title, ":\n");
    for (const Setting& setting : group.settings) {
      absl::StrAppend(&text, HeadOf(setting), "\n",
                      Wrapped(DescriptionOf(setting), kIndent));
    }
  }
  return absl::StrCat(text, kExitStatus);
}

std::string VersionText() {
  return absl::StrCat("sidwatchd ", ProgramVersion(), "\n");
}

std::string ProgramVersion() { return SIDWATCH_VERSION; }

}  // namespace sidwatch
