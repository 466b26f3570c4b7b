#include "server/send/send_validation.h"

#include <array>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "base/error_detail.h"
#include "storage/message_sid.h"

namespace sidwatch {
namespace {

constexpr size_t kProblemsMax = 16;
constexpr size_t kRequestIdCharactersMax = 128;
constexpr size_t kBodyCharactersMax = 1600;
constexpr size_t kMediaMax = 10;
constexpr size_t kLabelsMax = 16;
constexpr size_t kLabelKeyCharactersMax = 63;
constexpr size_t kLabelValueCharactersMax = 256;
constexpr size_t kAlphanumericSenderMax = 11;
constexpr size_t kChannelAddressMax = 256;
constexpr size_t kMediaUrlBytesMax = 4000;
// Ours, so that what waits to be sent is bounded in bytes too.
constexpr size_t kMapBytesMax = 16 * 1024;
constexpr absl::Duration kValidityPeriodMax = absl::Seconds(36000);
constexpr absl::Duration kSendAtAheadMin = absl::Seconds(300);
constexpr absl::Duration kSendAtAheadMax = absl::Hours(24 * 35);

// Parameters of Twilio's that a field of SendTrackedRequest covers, and
// StatusCallback, which is ours alone: without it no status ever comes back.
constexpr std::array<absl::string_view, 23> kCoveredParameters = {
    "StatusCallback",
    "To",
    "From",
    "Body",
    "MediaUrl",
    "MessagingServiceSid",
    "ContentSid",
    "SendAt",
    "ContentVariables",
    "ScheduleType",
    "Attempt",
    "ValidityPeriod",
    "ProvideFeedback",
    "ShortenUrls",
    "SmartEncoded",
    "ForceDelivery",
    "SendAsMms",
    "ApplicationSid",
    "ContentRetention",
    "RiskCheck",
    "AddressRetention",
    "PersistentAction",
    "Tags"};

// Collects what is wrong, one entry a problem.
class Problems {
 public:
  void Add(absl::string_view field, absl::string_view problem) {
    if (fields_.size() < kProblemsMax) {
      fields_.emplace_back(std::string(field), std::string(problem));
    }
  }

  absl::Status ToStatus() && {
    if (fields_.empty()) return absl::OkStatus();
    const std::string message =
        absl::StrJoin(fields_, "; ", [](std::string* out, const auto& field) {
          absl::StrAppend(out, field.first, ": ", field.second);
        });
    return DetailedError(
        absl::StatusCode::kInvalidArgument, message,
        {.reason = "FIELD_INVALID", .fields = std::move(fields_)});
  }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

// The number of bytes of the code point that `text` begins with, 0 when it is
// not well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates).
size_t CodePointSize(absl::string_view text) {
  const auto byte = [&](size_t i) -> unsigned {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  const auto follows = [&](size_t i) { return (byte(i) & 0xC0u) == 0x80u; };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return follows(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    if ((lead == 0xE0 && byte(1) < 0xA0) || (lead == 0xED && byte(1) > 0x9F)) {
      return 0;
    }
    return follows(1) && follows(2) ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    if ((lead == 0xF0 && byte(1) < 0x90) || (lead == 0xF4 && byte(1) > 0x8F)) {
      return 0;
    }
    return follows(1) && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

// Code points of `text`; nothing when it is not UTF-8.
std::optional<size_t> CountCodePoints(absl::string_view text) {
  size_t count = 0;
  while (!text.empty()) {
    const size_t size = CodePointSize(text);
    if (size == 0) return std::nullopt;
    text.remove_prefix(size);
    ++count;
  }
  return count;
}

// Says what is wrong with a text of at most `characters_max` characters; ""
// when nothing is. A NUL is refused everywhere: no store keeps it faithfully.
std::string TextProblem(absl::string_view text, size_t characters_max) {
  const std::optional<size_t> characters = CountCodePoints(text);
  if (!characters) return "is not valid UTF-8";
  if (*characters > characters_max) {
    return absl::StrCat("has ", *characters, " characters; at most ",
                        characters_max, " are allowed");
  }
  if (absl::StrContains(text, '\0')) return "holds a NUL character";
  return "";
}

bool HasControlCharacter(absl::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7F) return true;
    // U+0080 to U+009F, the other block of them.
    if (byte == 0xC2 && i + 1 < text.size() &&
        static_cast<unsigned char>(text[i + 1]) < 0xA0) {
      return true;
    }
  }
  return false;
}

template <typename Predicate>
bool All(absl::string_view text, Predicate holds) {
  for (const char c : text) {
    if (!holds(c)) return false;
  }
  return true;
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool IsGraphic(char c) {
  return absl::ascii_isgraph(static_cast<unsigned char>(c));
}

bool IsSid(absl::string_view text, absl::string_view prefix) {
  return text.size() == 34 && absl::StartsWith(text, prefix) &&
         All(text.substr(2), [](char c) {
           return absl::ascii_isxdigit(static_cast<unsigned char>(c));
         });
}

bool IsE164(absl::string_view text) {
  return text.size() >= 8 && text.size() <= 16 && text[0] == '+' &&
         text[1] != '0' && All(text.substr(1), IsDigit);
}

// "whatsapp:+1555…", "messenger:1234", "rcs:brand_agent". What follows the
// colon is the channel's own: WhatsApp puts user ids there too.
bool IsChannelAddress(absl::string_view text) {
  for (const absl::string_view channel : {"whatsapp:", "messenger:", "rcs:"}) {
    if (!absl::StartsWith(text, channel)) continue;
    const absl::string_view address = text.substr(channel.size());
    return !address.empty() && text.size() <= kChannelAddressMax &&
           All(address, IsGraphic);
  }
  return false;
}

bool IsShortCode(absl::string_view text) {
  return text.size() >= 3 && text.size() <= 8 && All(text, IsDigit);
}

// Up to 11 of letters, digits, space and "+-_&", a letter among them.
bool IsAlphanumericSender(absl::string_view text) {
  bool has_letter = false;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    has_letter |= absl::ascii_isalpha(byte);
    if (!absl::ascii_isalnum(byte) &&
        !absl::StrContains(absl::string_view(" +-_&"), c)) {
      return false;
    }
  }
  return has_letter && text.size() <= kAlphanumericSenderMax;
}

bool IsHttpUrl(absl::string_view text) {
  for (const absl::string_view scheme : {"http://", "https://"}) {
    if (absl::StartsWithIgnoreCase(text, scheme)) {
      const absl::string_view rest = text.substr(scheme.size());
      return !rest.empty() && rest[0] != '/' && rest[0] != '?' &&
             rest[0] != '#' && rest[0] != ':' && All(text, [](char c) {
               return static_cast<unsigned char>(c) > 0x20 && c != 0x7F;
             });
    }
  }
  return false;
}

// Twilio takes the SID of a service as `From` too.
bool NamesMessagingService(const SendRequest& request) {
  return !request.messaging_service_sid.empty() || IsSid(request.from, "MG");
}

void CheckRequestId(const SendRequest& request, Problems& problems) {
  if (request.request_id.empty()) {
    problems.Add("request_id",
                 "is missing; give a key of 1 to 128 characters that stays "
                 "the same when you retry");
    return;
  }
  const std::string problem =
      TextProblem(request.request_id, kRequestIdCharactersMax);
  if (!problem.empty()) {
    problems.Add("request_id", problem);
  } else if (HasControlCharacter(request.request_id)) {
    problems.Add("request_id", "holds a character that cannot be printed");
  }
}

void CheckAddresses(const SendRequest& request, Problems& problems) {
  if (!request.account_sid.empty() && !IsAccountSid(request.account_sid)) {
    problems.Add("account_sid", "is not AC and 32 hex digits");
  }
  if (request.to.empty()) {
    problems.Add("to", "is missing; give the recipient, like +15551234567");
  } else if (!IsE164(request.to) && !IsChannelAddress(request.to)) {
    problems.Add("to",
                 "is neither a number like +15551234567 nor a channel address "
                 "(whatsapp:, messenger:, rcs:)");
  }
  if (request.from.empty() && request.messaging_service_sid.empty()) {
    problems.Add("from", "give from or messaging_service_sid");
  }
  if (!request.from.empty() && !IsE164(request.from) &&
      !IsChannelAddress(request.from) && !IsShortCode(request.from) &&
      !IsAlphanumericSender(request.from) && !IsSid(request.from, "MG")) {
    problems.Add("from",
                 "is neither a number like +15551234567, a short code, a "
                 "sender name of at most 11 letters and digits, nor a channel "
                 "address (whatsapp:, messenger:, rcs:)");
  }
  if (!request.messaging_service_sid.empty() &&
      !IsSid(request.messaging_service_sid, "MG")) {
    problems.Add("messaging_service_sid", "is not MG and 32 hex digits");
  }
}

void CheckMedia(const SendRequest& request, Problems& problems) {
  if (request.media_urls.size() > kMediaMax) {
    problems.Add("media_urls",
                 absl::StrCat("has ", request.media_urls.size(),
                              " entries; at most 10 are allowed"));
    return;
  }
  for (size_t i = 0; i < request.media_urls.size(); ++i) {
    const std::string& url = request.media_urls[i];
    if (!IsHttpUrl(url) || !CountCodePoints(url) ||
        url.size() > kMediaUrlBytesMax) {
      problems.Add(absl::StrCat("media_urls[", i, "]"),
                   "is not an http or https URL of at most 4000 bytes");
    }
  }
}

void CheckMapSize(absl::string_view field,
                  const std::map<std::string, std::string>& map,
                  Problems& problems) {
  size_t bytes = 0;
  for (const auto& [name, value] : map) bytes += name.size() + value.size();
  if (bytes <= kMapBytesMax) return;
  problems.Add(field, absl::StrCat("has ", bytes, " bytes; at most ",
                                   kMapBytesMax, " are allowed"));
}

void CheckContent(const SendRequest& request, Problems& problems) {
  if (request.body.empty() && request.media_urls.empty() &&
      request.content_sid.empty()) {
    problems.Add("body", "give body, media_urls or content_sid");
  }
  const std::string problem = TextProblem(request.body, kBodyCharactersMax);
  if (!problem.empty()) problems.Add("body", problem);
  CheckMedia(request, problems);
  if (!request.content_sid.empty() && !IsSid(request.content_sid, "HX")) {
    problems.Add("content_sid", "is not HX and 32 hex digits");
  }
  if (!request.content_variables.empty() && request.content_sid.empty()) {
    problems.Add("content_variables", "needs content_sid");
  }
  CheckMapSize("content_variables", request.content_variables, problems);
  for (const auto& [name, value] : request.content_variables) {
    if (!CountCodePoints(name) || !CountCodePoints(value)) {
      problems.Add("content_variables", "holds text that is not valid UTF-8");
      break;
    }
  }
}

void CheckTimes(const SendRequest& request, Problems& problems) {
  if (request.send_at && !NamesMessagingService(request)) {
    problems.Add("send_at", "needs messaging_service_sid");
  }
  if (!request.validity_period) return;
  const absl::Duration period = *request.validity_period;
  if (period < absl::Seconds(1) || period > kValidityPeriodMax ||
      absl::Trunc(period, absl::Seconds(1)) != period) {
    problems.Add("validity_period", "is not 1 to 36000 whole seconds");
  }
}

void CheckLabels(const SendRequest& request, Problems& problems) {
  if (request.labels.size() > kLabelsMax) {
    problems.Add("labels", absl::StrCat("has ", request.labels.size(),
                                        " entries; at most 16 are allowed"));
    return;
  }
  for (const auto& [key, value] : request.labels) {
    std::string problem = key.empty()
                              ? std::string("is empty")
                              : TextProblem(key, kLabelKeyCharactersMax);
    if (!problem.empty()) {
      problems.Add("labels", absl::StrCat("a key ", problem));
      continue;
    }
    problem = TextProblem(value, kLabelValueCharactersMax);
    if (!problem.empty()) {
      problems.Add(absl::StrCat("labels[", key, "]"), problem);
    }
  }
}

void CheckExtraParameters(const SendRequest& request, Problems& problems) {
  CheckMapSize("extra_parameters", request.extra_parameters, problems);
  for (const auto& [name, value] : request.extra_parameters) {
    if (name.empty() || !All(name, IsGraphic)) {
      problems.Add("extra_parameters",
                   "holds a name that is no parameter of Twilio's");
      continue;
    }
    if (!CountCodePoints(value)) {
      problems.Add("extra_parameters", "holds a value that is not valid UTF-8");
    }
    for (const absl::string_view covered : kCoveredParameters) {
      if (!absl::EqualsIgnoreCase(name, covered)) continue;
      problems.Add("extra_parameters",
                   covered == "StatusCallback"
                       ? std::string("StatusCallback cannot be set: the "
                                     "service sets it to its own URL")
                       : absl::StrCat(covered, " has a field of its own"));
    }
  }
}

}  // namespace

absl::Status ValidateSendRequest(const SendRequest& request) {
  Problems problems;
  CheckRequestId(request, problems);
  CheckAddresses(request, problems);
  CheckContent(request, problems);
  CheckTimes(request, problems);
  CheckLabels(request, problems);
  CheckExtraParameters(request, problems);
  return std::move(problems).ToStatus();
}

absl::Status ValidateSendAt(const SendRequest& request, absl::Time now) {
  if (!request.send_at) return absl::OkStatus();
  const absl::Duration ahead = *request.send_at - now;
  if (ahead > kSendAtAheadMin && ahead <= kSendAtAheadMax) {
    return absl::OkStatus();
  }
  return FieldError("send_at",
                    "is not more than 300 seconds and at most 35 days ahead");
}

}  // namespace sidwatch
