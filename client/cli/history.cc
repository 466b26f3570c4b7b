#include <iostream>

#include "client/cli/commands.h"
#include "client/cli/exit_status.h"
#include "client/cli/life_view.h"

namespace sidwatch {

int RunHistory(const HistoryCommand& command, const CommandContext& context) {
  v1::GetMessageRequest request;
  request.set_message_sid(command.message_sid);
  request.set_include_events(true);
  const auto response = context.client.GetMessage(request);
  if (!response.ok()) return ReportFailure(response.status(), context);
  LifeView view(std::cout, context.style, /*many=*/false);
  for (const v1::StatusEvent& event : response->events()) view.Show(event);
  const bool table = context.style.format == OutputFormat::kTable;
  if (table && !response->explanation().empty()) {
    std::cout << Printable(response->explanation()) << "\n";
  }
  return kExitDone;
}

}  // namespace sidwatch
