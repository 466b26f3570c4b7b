#ifndef SIDWATCH_CLIENT_CLI_COMMANDS_H_
#define SIDWATCH_CLIENT_CLI_COMMANDS_H_

#include "client/cli/options.h"
#include "client/cli/text.h"
#include "client/tracking_client.h"

namespace sidwatch {

// What the commands work with.
struct CommandContext {
  TrackingClient& client;
  const TrackingClientOptions& options;
  OutputStyle style;
};

// The commands, one file each. Each prints its results to the standard output
// and what went wrong to the standard error, and returns the exit status.
int RunSend(const SendCommand& command, const CommandContext& context);
int RunWatch(const WatchCommand& command, const CommandContext& context);
int RunGet(const GetCommand& command, const CommandContext& context);
int RunList(const ListCommand& command, const CommandContext& context);
int RunHistory(const HistoryCommand& command, const CommandContext& context);
int RunHealth(const CommandContext& context);

// Needs no server.
int RunVerify(const VerifyCommand& command);

// Tells the person what a call failed with; returns its exit status.
int ReportFailure(const absl::Status& status, const CommandContext& context);

// One line to the standard error that is no failure.
void Note(absl::string_view line);

}  // namespace sidwatch

#endif  // SIDWATCH_CLIENT_CLI_COMMANDS_H_
