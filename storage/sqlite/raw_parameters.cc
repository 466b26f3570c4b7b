#include "storage/sqlite/raw_parameters.h"

#include <array>
#include <cstddef>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "storage/sqlite/sqlite_encoding.h"

namespace sidwatch {
namespace {

// Their places are the bits in the file: add at the end, never reorder.
constexpr std::array<absl::string_view, 11> kNames = {
    "MessageSid",
    "SmsSid",
    "SmsMessageSid",
    "MessageStatus",
    "SmsStatus",
    "AccountSid",
    "From",
    "To",
    "ApiVersion",
    "ErrorCode",
    "MessagingServiceSid",
};
constexpr size_t kNone = kNames.size();

// An empty value is never implied: a column that is empty now may be filled
// later.
using ImpliedValues = std::array<std::string, kNames.size()>;

ImpliedValues ValuesOf(const StatusEvent& event, const Message& message) {
  const std::string sid = event.message_sid.ToString();
  const std::string status = event.status.ToString();
  return {sid,
          sid,
          sid,
          status,
          status,
          event.account_sid,
          message.from,
          message.to,
          "2010-04-01",
          event.error_code ? absl::StrCat(*event.error_code) : "",
          message.messaging_service_sid};
}

size_t IndexOf(absl::string_view name) {
  size_t i = 0;
  while (i < kNames.size() && kNames[i] != name) ++i;
  return i;
}

constexpr uint32_t Bit(size_t index) { return uint32_t{1} << index; }

}  // namespace

EncodedParameters EncodeParameters(const Parameters& parameters,
                                   const StatusEvent& event,
                                   const Message& message) {
  EncodedParameters encoded;
  if (parameters.empty()) return encoded;
  const ImpliedValues values = ValuesOf(event, message);
  Parameters rest;
  for (const auto& [name, value] : parameters) {
    const size_t i = IndexOf(name);
    const bool implied = i != kNone && !value.empty() && values[i] == value &&
                         (encoded.implied & Bit(i)) == 0;
    if (implied) {
      encoded.implied |= Bit(i);
    } else {
      rest.emplace_back(name, value);
    }
  }
  encoded.rest = EncodeForm(rest);
  return encoded;
}

absl::StatusOr<Parameters> DecodeParameters(const EncodedParameters& encoded,
                                            const StatusEvent& event,
                                            const Message& message) {
  Parameters parameters;
  if (encoded.implied != 0) {
    const ImpliedValues values = ValuesOf(event, message);
    for (size_t i = 0; i < kNames.size(); ++i) {
      if ((encoded.implied & Bit(i)) != 0) {
        parameters.emplace_back(kNames[i], values[i]);
      }
    }
  }
  absl::StatusOr<Parameters> rest = DecodeForm(encoded.rest);
  if (!rest.ok()) return rest.status();
  for (auto& parameter : *rest) parameters.push_back(std::move(parameter));
  return parameters;
}

std::string ToBlob(const EncodedParameters& encoded) {
  return absl::StrCat(encoded.implied, "&", encoded.rest);
}

absl::StatusOr<EncodedParameters> FromBlob(absl::string_view blob) {
  EncodedParameters encoded;
  const size_t end = blob.find('&');
  if (end == absl::string_view::npos ||
      !absl::SimpleAtoi(blob.substr(0, end), &encoded.implied)) {
    return absl::DataLossError("stored parameters cannot be read");
  }
  encoded.rest = std::string(blob.substr(end + 1));
  return encoded;
}

}  // namespace sidwatch
