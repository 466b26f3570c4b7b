#include "server/send/twilio_json.h"

#include <cstddef>
#include <cstdint>
#include <limits>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/time/time.h"
#include "nlohmann/json.hpp"

namespace sidwatch {
namespace {

using Json = nlohmann::json;

// A Message has two levels. What lies deeper is not kept: the library's own
// clean-up of a deep tree recurses (300 000 levels end the process).
constexpr int kDepthMax = 8;
constexpr size_t kTextBytesMax = 4 * 1024 * 1024;
constexpr size_t kErrorMessageBytesMax = 500;
constexpr size_t kMoreInfoBytesMax = 300;

// A JSON object, or a discarded value for everything else.
Json ParseObject(absl::string_view text) {
  if (text.size() > kTextBytesMax) return Json(Json::value_t::discarded);
  const auto shallow = [](int depth, Json::parse_event_t, Json&) {
    return depth <= kDepthMax;
  };
  Json json = Json::parse(text.begin(), text.end(), shallow,
                          /*allow_exceptions=*/false);
  return json.is_object() ? json : Json(Json::value_t::discarded);
}

std::string TextOf(const Json& object, const char* name) {
  const auto member = object.find(name);
  if (member == object.end() || !member->is_string()) return "";
  return member->get_ref<const std::string&>();
}

// Twilio writes counts as strings and codes as numbers; either is taken.
std::optional<int> NumberOf(const Json& object, const char* name) {
  const auto member = object.find(name);
  if (member == object.end()) return std::nullopt;
  int number = 0;
  if (member->is_string() &&
      absl::SimpleAtoi(member->get_ref<const std::string&>(), &number)) {
    return number;
  }
  if (!member->is_number_integer()) return std::nullopt;
  const auto wide = member->get<int64_t>();
  if (wide < 0 || wide > std::numeric_limits<int>::max()) return std::nullopt;
  return static_cast<int>(wide);
}

// RFC 2822, as in "Fri, 24 May 2019 17:44:46 +0000".
std::optional<absl::Time> TimeOf(const Json& object, const char* name) {
  absl::Time time;
  std::string error;
  if (!absl::ParseTime("%a, %d %b %Y %H:%M:%S %z", TextOf(object, name), &time,
                       &error)) {
    return std::nullopt;
  }
  return time;
}

// At most `bytes_max` bytes, cut between two characters.
std::string Shortened(std::string text, size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) {
    --end;
  }
  text.resize(end);
  return text;
}

}  // namespace

absl::StatusOr<TwilioMessage> ParseTwilioMessage(absl::string_view text) {
  const Json json = ParseObject(text);
  if (json.is_discarded()) {
    return absl::InvalidArgumentError("Twilio's reply is no JSON object");
  }
  const absl::StatusOr<MessageSid> sid = MessageSid::Parse(TextOf(json, "sid"));
  if (!sid.ok()) {
    return absl::InvalidArgumentError("Twilio's reply names no MessageSid");
  }
  TwilioMessage message;
  message.message_sid = *sid;
  const std::string status = TextOf(json, "status");
  message.status = StatusText::Parse(status.empty() ? "accepted" : status);
  message.error_code = NumberOf(json, "error_code");
  message.error_message = TextOf(json, "error_message");
  message.from = TextOf(json, "from");
  message.to = TextOf(json, "to");
  message.messaging_service_sid = TextOf(json, "messaging_service_sid");
  message.direction = TextOf(json, "direction");
  message.num_segments = NumberOf(json, "num_segments");
  message.num_media = NumberOf(json, "num_media");
  message.date_created = TimeOf(json, "date_created");
  message.date_updated = TimeOf(json, "date_updated");
  return message;
}

std::optional<TwilioErrorBody> ParseTwilioError(absl::string_view text) {
  const Json json = ParseObject(text);
  if (json.is_discarded()) return std::nullopt;
  const std::optional<int> code = NumberOf(json, "code");
  if (!code) return std::nullopt;
  TwilioErrorBody error;
  error.code = *code;
  error.message = Shortened(TextOf(json, "message"), kErrorMessageBytesMax);
  error.more_info = TextOf(json, "more_info");
  if (error.more_info.size() > kMoreInfoBytesMax) error.more_info.clear();
  return error;
}

std::string JsonObjectText(const std::map<std::string, std::string>& members) {
  Json json = Json::object();
  for (const auto& [name, value] : members) json[name] = value;
  // Without `replace` dump() throws on text that is not UTF-8.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace sidwatch
