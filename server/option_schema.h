#ifndef SIDWATCH_SERVER_OPTION_SCHEMA_H_
#define SIDWATCH_SERVER_OPTION_SCHEMA_H_

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/options.h"

namespace sidwatch {

// The kinds of settings. Each says which member a text is read into and what
// is taken; limits are spelled as a person would give them.
struct TextKind {
  std::string Options::*member;
  absl::StatusOr<std::string> (*parse)(absl::string_view);
  std::string form;  // "ADDRESS:PORT", for --help
};
struct YesNoKind {
  bool Options::*member;
};
struct DurationKind {
  absl::Duration Options::*member;
  std::string min;
  std::string max;
};
struct SizeKind {
  uint64_t Options::*member;
  std::string min;
  std::string max;
};
struct CountKind {
  uint64_t Options::*member;
  uint64_t min;
  uint64_t max;
};
// Never a flag, never a key of the file: from the environment alone.
struct SecretKind {
  SecretSource Options::*member;
};
// NAME-file beside the secret NAME.
struct SecretFileKind {
  SecretSource Options::*member;
};
// A setting of the contract whose feature this version lacks: giving it stops
// the start, so that nobody believes that it works.
struct NotYetKind {};

using SettingKind =
    std::variant<TextKind, YesNoKind, DurationKind, SizeKind, CountKind,
                 SecretKind, SecretFileKind, NotYetKind>;

// One row of the schema.
struct Setting {
  std::string name;  // "grpc-listen"; the flag is --grpc-listen
  SettingKind kind;
  std::string default_text;  // as a person would give it; empty: none
  std::string sentence;
  // A variable of Twilio's own tools that is read after SIDWATCH_NAME.
  std::string twilio_variable = {};

  // SIDWATCH_GRPC_LISTEN.
  std::string variable() const;
  bool is_secret() const { return std::holds_alternative<SecretKind>(kind); }
};

// Settings that --help shows together.
struct SettingGroup {
  std::string title;
  std::vector<Setting> settings;
};

// The schema, in the order of --help. Fixed; lives as long as the process.
const std::vector<SettingGroup>& SettingGroups();

// The setting of that name, null when there is none.
const Setting* FindSetting(absl::string_view name);

// The known name that is spelled most like `name`.
std::string NearestSettingName(absl::string_view name);

// Reads `text` into the setting's member. The error's message says what is
// wrong and what would be right, without saying where the text came from.
absl::Status AssignSetting(const Setting& setting, absl::string_view text,
                           Options& options);

// "100ms to 10m"; empty when the kind has no limits.
std::string RangeOf(const Setting& setting);

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_OPTION_SCHEMA_H_
