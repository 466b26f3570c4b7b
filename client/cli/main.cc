#include <grpc/support/log.h>

#include <cerrno>
#include <clocale>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <variant>

#include "absl/strings/str_cat.h"
#include "client/cli/commands.h"
#include "client/cli/exit_status.h"
#include "client/cli/options.h"
#include "client/tracking_client.h"

namespace sidwatch {
namespace {

// gRPC's own lines are for who looks into gRPC; we say what went wrong.
void QuietGrpc() {
  if (std::getenv("GRPC_VERBOSITY") == nullptr) {
    gpr_set_log_function([](gpr_log_func_args*) {});
  }
}

// The commands that ask the service.
struct Runner {
  const CommandContext& context;

  int operator()(const SendCommand& c) const { return RunSend(c, context); }
  int operator()(const WatchCommand& c) const { return RunWatch(c, context); }
  int operator()(const GetCommand& c) const { return RunGet(c, context); }
  int operator()(const ListCommand& c) const { return RunList(c, context); }
  int operator()(const HistoryCommand& c) const {
    return RunHistory(c, context);
  }
  int operator()(const HealthCommand&) const { return RunHealth(context); }
  int operator()(const VerifyCommand& c) const { return RunVerify(c); }
  int operator()(const ShowCommand&) const { return kExitDone; }
};

int WrongUse(const absl::Status& status) {
  std::cerr << "sidwatch: " << status.message() << "\n";
  return kExitWrongUse;
}

int Main(int argc, const char* const* argv) {
  const auto line = ParseCommandLine(argc, argv);
  if (!line.ok()) return WrongUse(line.status());
  if (const auto* show = std::get_if<ShowCommand>(&line->command)) {
    std::cout << show->text;
    return kExitDone;
  }
  if (const auto* verify = std::get_if<VerifyCommand>(&line->command)) {
    return RunVerify(*verify);
  }
  const auto client = TrackingClient::Make(line->client);
  if (!client.ok()) return WrongUse(client.status());
  const CommandContext context = {.client = **client,
                                  .options = line->client,
                                  .style = DetectStyle(line->output)};
  return std::visit(Runner{context}, line->command);
}

// What could not be written was not done, however the command ended.
int FinishOutput(int exit_status) {
  errno = 0;
  if (std::cout.flush()) return exit_status;
  std::cerr << "sidwatch: the output cannot be written"
            << (errno == 0 ? "" : absl::StrCat(": ", std::strerror(errno)))
            << "\n";
  return kExitRefused;
}

}  // namespace
}  // namespace sidwatch

int main(int argc, char** argv) {
  std::setlocale(LC_CTYPE, "C.UTF-8");  // for the width of characters
  sidwatch::QuietGrpc();
  return sidwatch::FinishOutput(sidwatch::Main(argc, argv));
}
