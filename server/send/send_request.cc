#include "server/send/send_request.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/ids.h"
#include "server/send/twilio_json.h"

namespace sidwatch {
namespace {

// Feeds a digest with named values so that no two requests give one text.
class DigestText {
 public:
  void Add(absl::string_view name, absl::string_view value) {
    absl::StrAppend(&text_, name.size(), ":", name, value.size(), ":", value);
  }
  void AddText(absl::string_view name, absl::string_view value) {
    if (!value.empty()) Add(name, value);
  }
  void AddMap(absl::string_view name,
              const std::map<std::string, std::string>& map) {
    for (const auto& [key, value] : map) {
      Add(name, key);
      Add("=", value);
    }
  }
  std::string Digest() const { return Sha256(text_); }

 private:
  std::string text_;
};

}  // namespace

std::string DigestOf(const SendRequest& request) {
  DigestText text;
  text.AddText("account_sid", request.account_sid);
  text.AddText("to", request.to);
  text.AddText("from", request.from);
  text.AddText("messaging_service_sid", request.messaging_service_sid);
  text.AddText("body", request.body);
  for (const std::string& url : request.media_urls) text.Add("media_urls", url);
  text.AddText("content_sid", request.content_sid);
  text.AddMap("content_variables", request.content_variables);
  if (request.send_at) {
    text.Add("send_at", absl::FormatTime(absl::RFC3339_full, *request.send_at,
                                         absl::UTCTimeZone()));
  }
  if (request.validity_period) {
    text.Add("validity_period",
             absl::StrCat(absl::ToInt64Nanoseconds(*request.validity_period)));
  }
  text.AddMap("labels", request.labels);
  text.AddMap("extra_parameters", request.extra_parameters);
  return text.Digest();
}

Parameters CreateParameters(const SendRequest& request) {
  Parameters parameters;
  const auto add = [&](absl::string_view name, const std::string& value) {
    if (!value.empty()) parameters.emplace_back(std::string(name), value);
  };
  add("To", request.to);
  add("From", request.from);
  add("MessagingServiceSid", request.messaging_service_sid);
  add("Body", request.body);
  for (const std::string& url : request.media_urls) add("MediaUrl", url);
  add("ContentSid", request.content_sid);
  if (!request.content_variables.empty()) {
    add("ContentVariables", JsonObjectText(request.content_variables));
  }
  if (request.send_at) {
    add("ScheduleType", "fixed");
    add("SendAt", absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", *request.send_at,
                                   absl::UTCTimeZone()));
  }
  if (request.validity_period) {
    add("ValidityPeriod",
        absl::StrCat(absl::ToInt64Seconds(*request.validity_period)));
  }
  for (const auto& [name, value] : request.extra_parameters) {
    parameters.emplace_back(name, value);
  }
  return parameters;
}

}  // namespace sidwatch
