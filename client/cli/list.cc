#include <algorithm>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "client/cli/commands.h"
#include "client/cli/exit_status.h"
#include "client/cli/records.h"
#include "client/cli/table.h"

namespace sidwatch {
namespace {

constexpr int64_t kPageSizeMax = 1000;

void ShowPage(const v1::ListMessagesResponse& page, Table& table,
              const OutputStyle& style) {
  for (const v1::Message& message : page.messages()) {
    switch (style.format) {
      case OutputFormat::kJson:
        std::cout << JsonLine(message);
        break;
      case OutputFormat::kCsv:
        std::cout << CsvLine(message, style);
        break;
      case OutputFormat::kTable:
        table.Add(TableRow(message, style));
        break;
    }
  }
  std::cout << table.TakeLines() << std::flush;
}

}  // namespace

int RunList(const ListCommand& command, const CommandContext& context) {
  const OutputStyle& style = context.style;
  Table table(MessageTableHeader(), style);
  if (style.format == OutputFormat::kCsv) std::cout << MessageCsvHeader();
  v1::ListMessagesRequest request;
  *request.mutable_filter() = command.filter;
  int64_t shown = 0;
  do {
    const int64_t left =
        command.limit == 0 ? kPageSizeMax : command.limit - shown;
    request.set_page_size(static_cast<int>(std::min(left, kPageSizeMax)));
    const auto page = context.client.ListMessages(request);
    if (!page.ok()) return ReportFailure(page.status(), context);
    ShowPage(*page, table, style);
    shown += page->messages_size();
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty() &&
           (command.limit == 0 || shown < command.limit));
  if (style.format != OutputFormat::kTable) return kExitDone;
  if (shown == 0) Note("no message matches");
  if (!request.page_token().empty()) {
    Note(absl::StrCat("these are the newest ", shown,
                      "; --limit or --all shows more"));
  }
  return kExitDone;
}

}  // namespace sidwatch
