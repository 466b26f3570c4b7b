#include <iostream>

#include "client/cli/commands.h"
#include "client/cli/exit_status.h"
#include "client/cli/records.h"

namespace sidwatch {

int RunGet(const GetCommand& command, const CommandContext& context) {
  const auto response = context.client.GetMessage(command.request);
  if (!response.ok()) return ReportFailure(response.status(), context);
  const v1::Message& message = response->message();
  switch (context.style.format) {
    case OutputFormat::kJson:
      std::cout << JsonLine(message);
      break;
    case OutputFormat::kCsv:
      std::cout << MessageCsvHeader() << CsvLine(message, context.style);
      break;
    case OutputFormat::kTable:
      std::cout << MessageCard(message, response->explanation(), context.style);
      break;
  }
  return kExitDone;
}

}  // namespace sidwatch
