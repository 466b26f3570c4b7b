#include "server/options.h"

#include <unistd.h>

#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "server/command_line.h"
#include "server/config_file.h"
#include "server/option_addresses.h"
#include "server/option_schema.h"
#include "server/option_values.h"

namespace sidwatch {
namespace {

// From the strongest to the weakest.
enum class Layer { kFlag, kVariable, kTwilioVariable, kFile };

// What was given for one setting, and by what.
struct Given {
  std::string text;
  std::string place;  // "--storage", "SIDWATCH_STORAGE", "file:3: storage"
  Layer layer;
};
using GivenByName = std::map<std::string, Given>;

absl::Status Refuse(absl::string_view sentence) {
  return absl::InvalidArgumentError(sentence);
}

// Calls `visit` for every setting until it returns an error.
template <typename Visit>
absl::Status ForEachSetting(Visit visit) {
  for (const SettingGroup& group : SettingGroups()) {
    for (const Setting& setting : group.settings) {
      if (absl::Status status = visit(setting); !status.ok()) return status;
    }
  }
  return absl::OkStatus();
}

void AddFlags(const CommandLine& line, GivenByName& given) {
  for (const auto& [name, text] : line.flags) {
    given.try_emplace(name,
                      Given{text, absl::StrCat("--", name), Layer::kFlag});
  }
}

void AddVariables(const Environment& environment, GivenByName& given) {
  (void)ForEachSetting([&](const Setting& setting) {
    const std::string own = setting.variable();
    if (const auto found = environment.find(own); found != environment.end()) {
      given.try_emplace(setting.name,
                        Given{found->second, own, Layer::kVariable});
    }
    const auto theirs = environment.find(setting.twilio_variable);
    if (theirs != environment.end()) {
      given.try_emplace(setting.name, Given{theirs->second, theirs->first,
                                            Layer::kTwilioVariable});
    }
    return absl::OkStatus();
  });
}

absl::Status AddFile(const std::string& path, GivenByName& given) {
  const auto values = ReadConfigFile(path);
  if (!values.ok()) return values.status();
  for (const auto& [name, value] : *values) {
    given.try_emplace(name, Given{value.text, value.place, Layer::kFile});
  }
  return absl::OkStatus();
}

// A secret and its file are one setting in two spellings: the stronger layer
// counts, and in one layer there is no telling which was meant.
absl::Status SettleSecrets(GivenByName& given) {
  return ForEachSetting([&](const Setting& setting) {
    const auto value = given.find(setting.name);
    const auto file = given.find(absl::StrCat(setting.name, "-file"));
    if (!setting.is_secret() || value == given.end() || file == given.end()) {
      return absl::OkStatus();
    }
    if (value->second.layer == file->second.layer) {
      return Refuse(absl::StrCat(value->second.place, " and ",
                                 file->second.place,
                                 " are both given: keep one"));
    }
    given.erase(value->second.layer < file->second.layer ? file : value);
    return absl::OkStatus();
  });
}

absl::Status Assign(const GivenByName& given, Options& options) {
  return ForEachSetting([&](const Setting& setting) {
    const auto found = given.find(setting.name);
    if (found == given.end()) {
      return setting.default_text.empty()
                 ? absl::OkStatus()
                 : AssignSetting(setting, setting.default_text, options);
    }
    const absl::Status status =
        AssignSetting(setting, found->second.text, options);
    if (status.ok()) return status;
    return Refuse(absl::StrCat(found->second.place, " ", status.message()));
  });
}

absl::Status Require(bool given, absl::string_view name,
                     absl::string_view ways) {
  if (given) return absl::OkStatus();
  return Refuse(absl::StrCat(name, " is required: give it by ", ways));
}

absl::Status CheckRequired(const Options& options) {
  absl::Status status =
      Require(!options.public_url.empty(), "public-url",
              "--public-url, SIDWATCH_PUBLIC_URL or the config file");
  status.Update(
      Require(!options.twilio_account_sid.empty(), "twilio-account-sid",
              "--twilio-account-sid, TWILIO_ACCOUNT_SID or the config file"));
  status.Update(
      Require(options.twilio_auth_token.given(), "twilio-auth-token",
              "--twilio-auth-token-file or the variable TWILIO_AUTH_TOKEN"));
  return status;
}

absl::Status CheckApiKey(const Options& options) {
  if (options.twilio_api_key_sid.empty() ==
      !options.twilio_api_key_secret.given()) {
    return absl::OkStatus();
  }
  return Refuse(
      "twilio-api-key-sid and twilio-api-key-secret(-file) go together: give "
      "both or neither");
}

absl::Status CheckGrpcAddress(const Options& options) {
  if (options.insecure_grpc || IsLocalAddress(options.grpc_listen)) {
    return absl::OkStatus();
  }
  return Refuse(absl::StrCat(
      "grpc-listen ", options.grpc_listen,
      " is reached by other machines without TLS and callers: listen on "
      "loopback or unix:/path, or say --insecure-grpc"));
}

// The mistake that turns every callback into a 404 or a 403.
absl::Status CheckPublicUrl(const Options& options) {
  if (!absl::EndsWith(options.public_url, "/twilio/status")) {
    return absl::OkStatus();
  }
  return Refuse(
      "public-url is the base URL: leave out /twilio/status, which is added to "
      "it");
}

// A region or an edge says which of Twilio's hosts; so does another base URL.
absl::Status CheckRegion(const Options& options) {
  const bool placed =
      !options.twilio_region.empty() || !options.twilio_edge.empty();
  if (!placed || options.twilio_base_url == "https://api.twilio.com") {
    return absl::OkStatus();
  }
  return Refuse(
      "twilio-base-url already says where Twilio is: leave out twilio-region "
      "and twilio-edge, or it");
}

absl::Status CheckTogether(Command command, const Options& options) {
  // What only touches the store needs neither an account nor a URL.
  if (command != Command::kMigrate) {
    if (auto status = CheckRequired(options); !status.ok()) return status;
  }
  if (auto status = CheckPublicUrl(options); !status.ok()) return status;
  if (auto status = CheckApiKey(options); !status.ok()) return status;
  if (auto status = CheckGrpcAddress(options); !status.ok()) return status;
  return CheckRegion(options);
}

absl::StatusOr<int> ParseReadyFd(const std::string& text) {
  if (text.empty()) return -1;
  const absl::StatusOr<uint64_t> number = ParseCount(text);
  if (!number.ok() || *number > 65535) {
    return Refuse("--ready-fd must be the number of an open descriptor");
  }
  return static_cast<int>(*number);
}

absl::StatusOr<Options> Resolve(const CommandLine& line,
                                const Environment& environment) {
  GivenByName given;
  AddFlags(line, given);
  AddVariables(environment, given);
  Options options;
  if (const auto flag = line.flags.find("config"); flag != line.flags.end()) {
    options.config = flag->second;
  } else if (const auto variable = environment.find("SIDWATCH_CONFIG");
             variable != environment.end()) {
    options.config = variable->second;
  }
  if (!options.config.empty()) {
    absl::Status status = AddFile(options.config, given);
    if (!status.ok()) return status;
  }
  if (auto status = SettleSecrets(given); !status.ok()) return status;
  if (auto status = Assign(given, options); !status.ok()) return status;
  if (auto status = CheckTogether(line.command, options); !status.ok()) {
    return status;
  }
  return options;
}

}  // namespace

Environment ProcessEnvironment() {
  Environment environment;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string text = *variable;
    const size_t equals = text.find('=');
    if (equals == std::string::npos) continue;
    environment.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return environment;
}

absl::StatusOr<Invocation> ParseInvocation(
    const std::vector<std::string>& arguments, const Environment& environment) {
  absl::StatusOr<CommandLine> line = ParseCommandLine(arguments);
  if (!line.ok()) return line.status();
  Invocation invocation;
  invocation.command = line->command;
  if (line->command == Command::kHelp || line->command == Command::kVersion) {
    return invocation;
  }
  const absl::StatusOr<int> ready_fd = ParseReadyFd(line->ready_fd);
  if (!ready_fd.ok()) return ready_fd.status();
  invocation.ready_fd = *ready_fd;
  absl::StatusOr<Options> options = Resolve(*line, environment);
  if (!options.ok()) return options.status();
  invocation.options = *std::move(options);
  return invocation;
}

}  // namespace sidwatch
