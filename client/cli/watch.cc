#include <iostream>

#include "client/cli/commands.h"
#include "client/cli/watch_run.h"

namespace sidwatch {

int RunWatch(const WatchCommand& command, const CommandContext& context) {
  const bool one = command.request.message_sids_size() +
                       command.request.request_ids_size() ==
                   1;
  LifeView view(std::cout, context.style, !one);
  return RunWatchOf(command.request, command.until_final, view, context);
}

}  // namespace sidwatch
