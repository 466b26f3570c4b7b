#include "tests/emulator/life_cycle.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace sidwatch {
namespace {

constexpr absl::Duration kUntilQueued = absl::Milliseconds(200);
constexpr absl::Duration kUntilSent = absl::Milliseconds(500);
constexpr absl::Duration kUntilDelivered = absl::Seconds(1);
constexpr absl::Duration kUntilRead = absl::Seconds(1);

// "whatsapp", "rcs" …; "" for a plain number.
absl::string_view ChannelOf(absl::string_view address) {
  const size_t colon = address.find(':');
  return colon == absl::string_view::npos ? "" : address.substr(0, colon);
}

bool HasReadReceipts(absl::string_view to) {
  return ChannelOf(to) == "whatsapp" || ChannelOf(to) == "rcs";
}

// "+15551234567" becomes "+1555123XXXX".
std::string Masked(absl::string_view address) {
  const size_t colon = address.find(':');
  std::string number(
      colon == absl::string_view::npos ? address : address.substr(colon + 1));
  for (size_t i = number.size() > 4 ? number.size() - 4 : 0; i < number.size();
       ++i) {
    number[i] = 'X';
  }
  return number;
}

}  // namespace

bool FailsBeforeSending(int error_code) {
  return error_code == 30001 || error_code == 30002 || error_code == 30410 ||
         error_code == 30450 || (error_code >= 63000 && error_code < 64000) ||
         (error_code >= 12000 && error_code < 13000);
}

std::vector<LifeStep> PlanLife(const EmulatedMessage& message, int error_code) {
  std::vector<LifeStep> plan;
  if (message.status == "scheduled") {
    plan.push_back({.wait = message.send_at.value_or(message.date_created) -
                            message.date_created,
                    .status = "queued"});
  } else if (message.status == "accepted") {
    plan.push_back({.wait = kUntilQueued, .status = "queued"});
  }
  if (error_code != 0 && FailsBeforeSending(error_code)) {
    plan.push_back(
        {.wait = kUntilSent, .status = "failed", .error_code = error_code});
    return plan;
  }
  plan.push_back({.wait = kUntilSent, .status = "sent"});
  plan.push_back({.wait = kUntilDelivered,
                  .status = error_code == 0 ? "delivered" : "undelivered",
                  .error_code = error_code});
  if (error_code == 0 && HasReadReceipts(message.to)) {
    plan.push_back({.wait = kUntilRead, .status = "read"});
  }
  return plan;
}

Parameters CallbackParameters(const EmulatedMessage& message) {
  Parameters parameters;
  const auto add = [&](const char* name, std::string value) {
    if (!value.empty()) parameters.emplace_back(name, std::move(value));
  };
  const absl::string_view channel = ChannelOf(message.to);
  if (message.status == "read") add("EventType", "READ");
  add("SmsSid", message.sid);
  add("SmsStatus", message.status);
  add("MessageStatus", message.status);
  if (!channel.empty()) {
    add("ChannelPrefix", std::string(channel));
    add("ChannelToAddress", Masked(message.to));
  }
  add("To", message.to);
  add("MessagingServiceSid", message.messaging_service_sid);
  add("MessageSid", message.sid);
  add("AccountSid", message.account_sid);
  add("From", message.from);
  if (message.error_code != 0) {
    add("ErrorCode", absl::StrCat(message.error_code));
  }
  if (channel.empty() &&
      (message.status == "delivered" || message.status == "undelivered")) {
    add("RawDlrDoneDate", absl::FormatTime("%y%m%d%H%M", message.date_updated,
                                           absl::UTCTimeZone()));
  }
  add("ApiVersion", "2010-04-01");
  return parameters;
}

}  // namespace sidwatch
