#include <iostream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cli/commands.h"
#include "client/cli/exit_status.h"
#include "client/cli/life_view.h"
#include "client/cli/records.h"
#include "client/cli/watch_run.h"

namespace sidwatch {
namespace {

void ShowMessage(const v1::Message& message, const CommandContext& context) {
  switch (context.style.format) {
    case OutputFormat::kJson:
      std::cout << JsonLine(message);
      break;
    case OutputFormat::kCsv:
      std::cout << MessageCsvHeader() << CsvLine(message, context.style);
      break;
    case OutputFormat::kTable:
      std::cout << MessageCard(message, "", context.style);
      break;
  }
  std::cout << std::flush;
}

// Above the live lines a person needs less than the whole card.
void ShowHeadline(const v1::Message& message, const CommandContext& context) {
  if (context.style.format != OutputFormat::kTable) {
    return ShowMessage(message, context);
  }
  const std::string from =
      message.from().empty()
          ? ""
          : absl::StrCat("  from ", Printable(message.from()));
  std::cout << message.message_sid() << "  to " << Printable(message.to())
            << from << "  (request " << Printable(message.request_id()) << ")\n"
            << std::flush;
}

// Twilio's number alone tells a person little.
void ShowExplanation(const std::string& message_sid,
                     const CommandContext& context) {
  if (context.style.format != OutputFormat::kTable) return;
  v1::GetMessageRequest request;
  request.set_message_sid(message_sid);
  const auto got = context.client.GetMessage(request);
  if (got.ok() && !got->explanation().empty()) {
    std::cout << Printable(got->explanation()) << "\n" << std::flush;
  }
}

int WatchSent(const std::string& message_sid, const CommandContext& context) {
  v1::WatchStatusRequest request;
  request.add_message_sids(message_sid);
  request.set_start(v1::WATCH_START_BEGINNING);
  LifeView view(std::cout, context.style, /*many=*/false);
  const int exit_status =
      RunWatchOf(std::move(request), /*until_final=*/true, view, context);
  if (exit_status == kExitNotDelivered) ShowExplanation(message_sid, context);
  return exit_status;
}

}  // namespace

int RunSend(const SendCommand& command, const CommandContext& context) {
  const auto response = context.client.SendTracked(command.request);
  if (!response.ok()) return ReportFailure(response.status(), context);
  const v1::Message& message = response->message();
  if (response->replayed()) {
    Note("this request id was sent before; nothing was sent again");
  }
  if (!command.watch) {
    ShowMessage(message, context);
    return kExitDone;
  }
  ShowHeadline(message, context);
  return WatchSent(message.message_sid(), context);
}

}  // namespace sidwatch
