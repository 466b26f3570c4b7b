#include "tests/emulator/create_rules.h"

#include <cstddef>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "nlohmann/json.hpp"
#include "tests/emulator/form.h"

namespace sidwatch {
namespace {

constexpr size_t kBodyCharactersMax = 1600;
constexpr size_t kMediaMax = 10;
constexpr absl::Duration kSendAtAheadMin = absl::Seconds(300);
constexpr absl::Duration kSendAtAheadMax = absl::Hours(24 * 35);

struct MagicNumber {
  const char* number;
  int code;
  const char* message;
};
constexpr MagicNumber kMagicFrom[] = {
    {"+15005550001", 21212, "The 'From' number is not a valid phone number."},
    {"+15005550007", 21606, "The 'From' number is not a valid sender."},
    {"+15005550008", 21611, "This 'From' number has exceeded its queue size."},
};
constexpr MagicNumber kMagicTo[] = {
    {"+15005550001", 21211, "The 'To' number is not a valid phone number."},
    {"+15005550002", 21612, "The 'To' number cannot be reached from 'From'."},
    {"+15005550003", 21408,
     "Permission to send to this region is not enabled."},
    {"+15005550004", 21610, "The recipient has replied STOP."},
    {"+15005550009", 21614, "The 'To' number is not a mobile number."},
};

bool IsSid(absl::string_view text, absl::string_view prefix) {
  if (text.size() != 34 || !absl::StartsWith(text, prefix)) return false;
  for (const char c : text.substr(2)) {
    if (!absl::ascii_isxdigit(static_cast<unsigned char>(c))) return false;
  }
  return true;
}

bool IsNumber(absl::string_view text, size_t digits_min, size_t digits_max) {
  if (text.size() < digits_min || text.size() > digits_max) return false;
  for (const char c : text) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(c))) return false;
  }
  return true;
}

bool IsE164(absl::string_view text) {
  return absl::StartsWith(text, "+") && !absl::StartsWith(text, "+0") &&
         IsNumber(text.substr(1), 7, 15);
}

bool IsChannelAddress(absl::string_view text) {
  for (const absl::string_view channel : {"whatsapp:", "messenger:", "rcs:"}) {
    if (absl::StartsWith(text, channel)) return text.size() > channel.size();
  }
  return false;
}

bool IsSenderName(absl::string_view text) {
  if (text.empty() || text.size() > 11) return false;
  for (const char c : text) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) &&
        !absl::StrContains(absl::string_view(" +-_&"), c)) {
      return false;
    }
  }
  return true;
}

// Bytes that begin a UTF-8 character.
size_t Characters(absl::string_view text) {
  size_t count = 0;
  for (const char c : text) {
    count += (static_cast<unsigned char>(c) & 0xC0u) != 0x80u ? 1 : 0;
  }
  return count;
}

template <size_t n>
std::optional<ApiError> Magic(const MagicNumber (&numbers)[n],
                              absl::string_view given) {
  for (const MagicNumber& magic : numbers) {
    if (given == magic.number) {
      return ApiError{.code = magic.code, .message = magic.message};
    }
  }
  return std::nullopt;
}

std::optional<ApiError> CheckTo(const std::string& to) {
  if (to.empty()) {
    return ApiError{.code = 21604,
                    .message = "A 'To' phone number is required."};
  }
  if (const auto magic = Magic(kMagicTo, to)) return magic;
  if (IsE164(to) || IsChannelAddress(to)) return std::nullopt;
  return ApiError{.code = 21211,
                  .message = "The 'To' number is not a valid phone number."};
}

std::optional<ApiError> CheckFrom(const std::string& from,
                                  const std::string& service) {
  if (!service.empty() && !IsSid(service, "MG")) {
    return ApiError{.http_status = 404,
                    .code = 21701,
                    .message = "The Messaging Service does not exist."};
  }
  if (from.empty()) {
    if (!service.empty()) return std::nullopt;
    return ApiError{.code = 21603,
                    .message = "A 'From' phone number is required."};
  }
  if (const auto magic = Magic(kMagicFrom, from)) return magic;
  if (absl::StartsWith(from, "+1500555") && from != "+15005550006") {
    return ApiError{.code = 21606,
                    .message = "The 'From' number is not a valid sender."};
  }
  if (IsE164(from) || IsChannelAddress(from) || IsNumber(from, 3, 8) ||
      IsSid(from, "MG") || IsSenderName(from)) {
    return std::nullopt;
  }
  return ApiError{.code = 21212,
                  .message = "The 'From' number is not a valid phone number."};
}

std::optional<ApiError> CheckMedia(const Parameters& parameters) {
  size_t media = 0;
  for (const auto& [name, value] : parameters) {
    if (name != "MediaUrl") continue;
    ++media;
    if (!absl::StartsWithIgnoreCase(value, "http://") &&
        !absl::StartsWithIgnoreCase(value, "https://")) {
      return ApiError{.code = 21620, .message = "Invalid media URL(s)."};
    }
  }
  if (media <= kMediaMax) return std::nullopt;
  return ApiError{.code = 21623,
                  .message = "Number of media files exceeds allowed limit."};
}

std::optional<ApiError> CheckTemplate(const Parameters& parameters) {
  const std::string sid = ParameterOf(parameters, "ContentSid");
  const std::string variables = ParameterOf(parameters, "ContentVariables");
  if (!sid.empty() && !IsSid(sid, "HX")) {
    return ApiError{.code = 21655, .message = "The ContentSid is invalid."};
  }
  if (variables.empty()) return std::nullopt;
  if (sid.empty()) {
    return ApiError{.code = 21654, .message = "The ContentSid is required."};
  }
  if (!nlohmann::json::parse(variables, nullptr, false).is_object()) {
    return ApiError{.code = 21656,
                    .message = "The ContentVariables are invalid."};
  }
  return std::nullopt;
}

std::optional<ApiError> CheckContent(const Parameters& parameters) {
  const std::string body = ParameterOf(parameters, "Body");
  if (body.empty() && !HasParameter(parameters, "MediaUrl") &&
      ParameterOf(parameters, "ContentSid").empty()) {
    return ApiError{.code = 21619,
                    .message =
                        "A text message body or media urls must be "
                        "specified."};
  }
  if (Characters(body) > kBodyCharactersMax) {
    return ApiError{.code = 21617,
                    .message =
                        "The concatenated message body exceeds the 1600 "
                        "character limit."};
  }
  if (auto error = CheckMedia(parameters)) return error;
  return CheckTemplate(parameters);
}

std::optional<ApiError> CheckSchedule(const Parameters& parameters,
                                      absl::Time now) {
  const std::string type = ParameterOf(parameters, "ScheduleType");
  const std::string send_at = ParameterOf(parameters, "SendAt");
  if (type.empty() && send_at.empty()) return std::nullopt;
  if (type != "fixed") {
    return ApiError{.code = 35112, .message = "ScheduleType must be 'fixed'."};
  }
  if (send_at.empty()) {
    return ApiError{.code = 35111, .message = "SendAt is missing."};
  }
  if (ParameterOf(parameters, "MessagingServiceSid").empty() &&
      !absl::StartsWith(ParameterOf(parameters, "From"), "MG")) {
    return ApiError{.code = 35118,
                    .message =
                        "MessagingServiceSid is required to schedule a "
                        "message."};
  }
  const std::optional<absl::Time> time = ParseIsoTime(send_at);
  if (!time) {
    return ApiError{.code = 35115, .message = "SendAt is no ISO 8601 time."};
  }
  const absl::Duration ahead = *time - now;
  if (ahead > kSendAtAheadMin && ahead <= kSendAtAheadMax) return std::nullopt;
  return ApiError{.code = 35114,
                  .message =
                      "SendAt must be more than 300 seconds and at most "
                      "35 days ahead."};
}

// An http or https URL of at most 4000 characters, whose host has a name
// without "_" (FACTS 1.1).
bool IsCallbackUrl(absl::string_view url) {
  if (url.size() > 4000) return false;
  if (!absl::ConsumePrefix(&url, "http://") &&
      !absl::ConsumePrefix(&url, "https://")) {
    return false;
  }
  absl::string_view host = url.substr(0, url.find_first_of("/?#"));
  const size_t userinfo = host.rfind('@');
  if (userinfo != absl::string_view::npos) host.remove_prefix(userinfo + 1);
  return !host.empty() && host[0] != ':' && !absl::StrContains(host, '_');
}

std::optional<ApiError> CheckOthers(const Parameters& parameters) {
  const std::string callback = ParameterOf(parameters, "StatusCallback");
  if (!callback.empty() && !IsCallbackUrl(callback)) {
    return ApiError{.code = 21609,
                    .message = "The 'StatusCallback' URL is not valid."};
  }
  const std::string validity = ParameterOf(parameters, "ValidityPeriod");
  int seconds = 0;
  if (!validity.empty() && (!absl::SimpleAtoi(validity, &seconds) ||
                            seconds < 1 || seconds > 36000)) {
    return ApiError{.code = 21624,
                    .message = "ValidityPeriod must be 1 to 36000 seconds."};
  }
  return std::nullopt;
}

}  // namespace

std::string ApiErrorJson(const ApiError& error) {
  return nlohmann::json(
             {{"code", error.code},
              {"message", error.message},
              {"more_info",
               absl::StrCat("https://www.twilio.com/docs/errors/", error.code)},
              {"status", error.http_status}})
      .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::optional<ApiError> CheckCreate(const Parameters& parameters,
                                    absl::Time now) {
  if (auto error = CheckTo(ParameterOf(parameters, "To"))) return error;
  if (auto error = CheckFrom(ParameterOf(parameters, "From"),
                             ParameterOf(parameters, "MessagingServiceSid"))) {
    return error;
  }
  if (auto error = CheckContent(parameters)) return error;
  if (auto error = CheckSchedule(parameters, now)) return error;
  return CheckOthers(parameters);
}

std::optional<absl::Time> ParseIsoTime(const std::string& text) {
  absl::Time time;
  std::string error;
  if (absl::ParseTime(absl::RFC3339_full, text, &time, &error) ||
      absl::ParseTime("%Y-%m-%d", text, &time, &error)) {
    return time;
  }
  return std::nullopt;
}

}  // namespace sidwatch
