#ifndef SIDWATCH_SERVER_OPTIONS_H_
#define SIDWATCH_SERVER_OPTIONS_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace sidwatch {

// Where a secret comes from: the environment, or a file that is read again
// when it changes. Both empty: not given. The value never reaches a log.
struct SecretSource {
  std::string value;
  std::string file;

  bool given() const { return !value.empty() || !file.empty(); }
};

// Every setting of sidwatchd, checked (CONTRACT section 3). The member of a
// setting has its name; server/option_schema.cc says what each means, its
// default and its range, once for the flags, the variables, the file and
// --help.
struct Options {
  std::string config;

  std::string grpc_listen;
  std::string webhook_listen;
  std::string admin_listen;
  bool insecure_grpc = false;

  std::string public_url;    // without a trailing slash
  std::string storage_path;  // of the SQLite file
  uint64_t disk_floor = 0;   // bytes

  std::string twilio_account_sid;
  SecretSource twilio_auth_token;
  SecretSource twilio_auth_token_secondary;
  std::string twilio_api_key_sid;
  SecretSource twilio_api_key_secret;
  std::string twilio_region;
  std::string twilio_edge;
  std::string twilio_base_url;  // without a trailing slash
  absl::Duration twilio_timeout;

  std::string default_from;
  std::string default_messaging_service_sid;
  std::string callback_overrides;
  uint64_t send_concurrency = 0;
  std::string store_body;  // "none" or "full"

  uint64_t watch_max_streams = 0;
  absl::Duration watch_max_age;
  uint64_t watch_buffer = 0;  // bytes
  absl::Duration watch_stall_timeout;

  uint64_t webhook_max_body = 0;    // bytes
  uint64_t webhook_max_header = 0;  // bytes
  uint64_t webhook_max_connections = 0;
  absl::Duration webhook_request_timeout;
  absl::Duration webhook_keep_alive;

  uint64_t grpc_max_connections = 0;
  uint64_t commit_queue = 0;
  absl::Duration drain_timeout;

  std::string log_level;
  std::string log_format;  // empty: text on a terminal, else json
};

// The environment variables of a process, by name.
using Environment = std::map<std::string, std::string>;
Environment ProcessEnvironment();

enum class Command { kServe, kCheckConfig, kMigrate, kHelp, kVersion };

// What one call of the program asks for.
struct Invocation {
  Command command = Command::kServe;
  Options options;    // empty for kHelp and kVersion
  int ready_fd = -1;  // --ready-fd; -1: nobody waits for the line
};

// Reads the arguments after the program's name, the environment and, if one
// is named, the TOML file; flag over environment over file over default.
//
// Errors: INVALID_ARGUMENT with one sentence that names the flag, variable or
// key (of a file with its line) and the remedy. Blocks for reading the file.
// Secret files are only named here; Secrets::Load reads them.
absl::StatusOr<Invocation> ParseInvocation(
    const std::vector<std::string>& arguments, const Environment& environment);

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_OPTIONS_H_
