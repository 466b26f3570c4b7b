#ifndef SIDWATCH_SERVER_SEND_SEND_REQUEST_H_
#define SIDWATCH_SERVER_SEND_SEND_REQUEST_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "storage/status_event.h"

namespace sidwatch {

// What SendTracked asks for, in Twilio's words (FACTS 4.1).
struct SendRequest {
  std::string request_id;   // the caller's idempotency key, 1–128 characters
  std::string account_sid;  // empty: the only account
  std::string to;
  std::string from;
  std::string messaging_service_sid;
  std::string body;
  std::vector<std::string> media_urls;
  std::string content_sid;
  std::map<std::string, std::string> content_variables;
  std::optional<absl::Time> send_at;
  std::optional<absl::Duration> validity_period;
  Labels labels;
  std::map<std::string, std::string> extra_parameters;
};

// SHA-256 over every field but request_id that is set, each with its name and
// length, so that two requests have one digest only if they are the same.
// Taken before defaults are filled in. Fields that are not set add nothing:
// a field added later changes no digest that is already stored.
std::string DigestOf(const SendRequest& request);

// The form of Twilio's create call, without StatusCallback.
Parameters CreateParameters(const SendRequest& request);

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_SEND_SEND_REQUEST_H_
