#include <iostream>
#include <string>

#include "client/cli/commands.h"
#include "client/cli/exit_status.h"
#include "client/cli/table.h"

namespace sidwatch {
namespace {

constexpr const char* kServices[] = {"", "sidwatch.v1.TrackingService"};

void ShowService(const std::string& service, bool serving, Table& table,
                 const OutputStyle& style) {
  const std::string word = serving ? "SERVING" : "NOT_SERVING";
  switch (style.format) {
    case OutputFormat::kJson:
      std::cout << "{\"service\":\"" << service << "\",\"status\":\"" << word
                << "\"}\n";
      break;
    case OutputFormat::kCsv:
      std::cout << service << "," << word << "\n";
      break;
    case OutputFormat::kTable:
      table.Add({service.empty() ? "(server)" : service,
                 {word, serving ? Colour::kGood : Colour::kBad}});
      break;
  }
}

}  // namespace

int RunHealth(const CommandContext& context) {
  if (context.style.format == OutputFormat::kCsv) {
    std::cout << "service,status\n";
  }
  Table table({"SERVICE", "STATUS"}, context.style);
  bool all_serving = true;
  for (const char* service : kServices) {
    const auto serving = context.client.CheckHealth(service);
    if (!serving.ok()) return ReportFailure(serving.status(), context);
    ShowService(service, *serving, table, context.style);
    all_serving = all_serving && *serving;
  }
  std::cout << table.TakeLines();
  return all_serving ? kExitDone : kExitRefused;
}

}  // namespace sidwatch
