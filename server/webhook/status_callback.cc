#include "server/webhook/status_callback.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "server/webhook/form_parameters.h"
#include "storage/message_sid.h"

namespace sidwatch {
namespace {

constexpr size_t kStatusMaxBytes = 64;
constexpr size_t kReferenceMaxBytes = 128;
// Of a number or channel address: they are indexed.
constexpr size_t kAddressMaxBytes = 256;
constexpr size_t kErrorMessageMaxBytes = 1024;
constexpr absl::string_view kReference = "ref";

// Parameters that hold what people wrote to each other.
constexpr std::array<absl::string_view, 8> kTextParameters = {
    "Body",     "ButtonText",   "ButtonPayload",    "InteractiveData",
    "FlowData", "ReferralBody", "ReferralHeadline", "ChannelMetadata"};

bool IsTextParameter(absl::string_view name) {
  return std::find(kTextParameters.begin(), kTextParameters.end(), name) !=
         kTextParameters.end();
}

bool HasNul(absl::string_view text) { return absl::StrContains(text, '\0'); }

// `text`, or nothing when it is longer than a column may be.
std::string UpTo(absl::string_view text, size_t max_bytes) {
  return text.size() > max_bytes ? "" : std::string(text);
}

// A number that is not negative; none for everything else.
std::optional<int> ParseCount(absl::string_view text) {
  int number = 0;
  if (!absl::SimpleAtoi(text, &number) || number < 0) return std::nullopt;
  return number;
}

std::optional<int> ParseErrorCode(absl::string_view text) {
  const std::optional<int> code = ParseCount(text);
  return code == 0 ? std::nullopt : code;
}

bool IsServiceSid(absl::string_view text) {
  // "MG" and the digits of an account's SID.
  return absl::StartsWith(text, "MG") &&
         IsAccountSid(absl::StrCat("AC", text.substr(2)));
}

// The first of the two names that has a value.
absl::string_view FindEither(const Parameters& parameters,
                             absl::string_view name,
                             absl::string_view old_name) {
  const absl::string_view value = FindParameter(parameters, name);
  return value.empty() ? FindParameter(parameters, old_name) : value;
}

void DropText(Parameters& parameters) {
  parameters.erase(std::remove_if(parameters.begin(), parameters.end(),
                                  [](const auto& parameter) {
                                    return IsTextParameter(parameter.first);
                                  }),
                   parameters.end());
}

absl::Status Check(const StatusCallback& callback, absl::string_view status) {
  const bool nul = std::any_of(
      callback.parameters.begin(), callback.parameters.end(),
      [](const auto& p) { return HasNul(p.first) || HasNul(p.second); });
  if (nul || HasNul(callback.reference)) {
    return absl::InvalidArgumentError("a parameter holds a NUL byte");
  }
  if (status.empty()) {
    return absl::InvalidArgumentError(
        "MessageStatus is missing: this is no status callback");
  }
  if (status.size() > kStatusMaxBytes) {
    return absl::InvalidArgumentError(
        "MessageStatus is longer than 64 characters");
  }
  return absl::OkStatus();
}

}  // namespace

StatusCallback FromPost(Parameters form, absl::string_view query) {
  StatusCallback callback{.parameters = std::move(form), .reference = ""};
  if (query.empty()) return callback;
  const absl::StatusOr<Parameters> parsed = ParseForm(query);
  if (parsed.ok()) {
    callback.reference = std::string(FindParameter(*parsed, kReference));
  }
  return callback;
}

StatusCallback FromGet(Parameters query) {
  StatusCallback callback;
  callback.reference = std::string(FindParameter(query, kReference));
  query.erase(std::remove_if(query.begin(), query.end(),
                             [](const auto& parameter) {
                               return parameter.first == kReference;
                             }),
              query.end());
  callback.parameters = std::move(query);
  return callback;
}

std::string AccountSidOf(const Parameters& parameters) {
  const absl::string_view sid = FindParameter(parameters, "AccountSid");
  if (!IsAccountSid(sid)) return "";
  return absl::StrCat("AC", absl::AsciiStrToLower(sid.substr(2)));
}

absl::StatusOr<AppendWrite> ParseStatusCallback(StatusCallback callback,
                                                absl::Time receive_time,
                                                bool store_body) {
  const Parameters& parameters = callback.parameters;
  const absl::string_view status =
      FindEither(parameters, "MessageStatus", "SmsStatus");
  if (absl::Status checked = Check(callback, status); !checked.ok()) {
    return checked;
  }
  const absl::StatusOr<MessageSid> message_sid =
      MessageSid::Parse(FindEither(parameters, "MessageSid", "SmsSid"));
  if (!message_sid.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "MessageSid is malformed: ", message_sid.status().message()));
  }
  const absl::string_view service =
      FindParameter(parameters, "MessagingServiceSid");

  AppendWrite write;
  write.event.message_sid = *message_sid;
  write.event.account_sid = AccountSidOf(parameters);
  write.event.status = StatusText::Parse(status);
  write.event.error_code =
      ParseErrorCode(FindParameter(parameters, "ErrorCode"));
  write.event.source = EventSource::kCallback;
  write.event.receive_time = receive_time;
  write.event.from = UpTo(FindParameter(parameters, "From"), kAddressMaxBytes);
  write.event.to = UpTo(FindParameter(parameters, "To"), kAddressMaxBytes);
  write.reference = UpTo(callback.reference, kReferenceMaxBytes);
  write.error_message =
      UpTo(FindParameter(parameters, "ErrorMessage"), kErrorMessageMaxBytes);
  if (IsServiceSid(service)) write.messaging_service_sid = std::string(service);
  if (store_body) write.body = std::string(FindParameter(parameters, "Body"));
  write.num_segments = ParseCount(FindParameter(parameters, "NumSegments"));
  write.num_media = ParseCount(FindParameter(parameters, "NumMedia"));
  write.event.parameters = std::move(callback.parameters);
  if (!store_body) DropText(write.event.parameters);
  return write;
}

}  // namespace sidwatch
