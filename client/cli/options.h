#ifndef SIDWATCH_CLIENT_CLI_OPTIONS_H_
#define SIDWATCH_CLIENT_CLI_OPTIONS_H_

#include <cstdint>
#include <string>
#include <variant>

#include "absl/status/statusor.h"
#include "client/tracking_client.h"
#include "sidwatch/v1/tracking.pb.h"

namespace sidwatch {

// The command line, read and checked: what can be known to be wrong without
// the server is refused here (exit status 2).

enum class OutputFormat { kTable, kJson, kCsv };

struct SendCommand {
  v1::SendTrackedRequest request;
  bool watch = false;
};

struct WatchCommand {
  v1::WatchStatusRequest request;
  bool until_final = false;
};

struct GetCommand {
  v1::GetMessageRequest request;
};

struct ListCommand {
  v1::MessageFilter filter;
  int64_t limit = 0;  // 0: all
};

struct HistoryCommand {
  std::string message_sid;
};

struct VerifyCommand {
  std::string url;
  std::string signature;
  std::string method;
  std::string content_type;
  std::string body_file;  // "-": standard input; empty: no body
};

struct HealthCommand {};

// --help, --version: nothing to do but to print this.
struct ShowCommand {
  std::string text;
};

using Command =
    std::variant<ShowCommand, SendCommand, WatchCommand, GetCommand,
                 ListCommand, HistoryCommand, VerifyCommand, HealthCommand>;

struct CommandLine {
  TrackingClientOptions client;
  OutputFormat output = OutputFormat::kTable;
  Command command;
};

// Reads the arguments and the environment (SIDWATCH_SERVER, SIDWATCH_TOKEN).
//
// Errors: INVALID_ARGUMENT with one or two lines for the person who typed
// them: what is wrong and where help is.
absl::StatusOr<CommandLine> ParseCommandLine(int argc, const char* const* argv);

}  // namespace sidwatch

#endif  // SIDWATCH_CLIENT_CLI_OPTIONS_H_
