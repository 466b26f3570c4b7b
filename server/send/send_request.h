#ifndef SIDWATCH_SERVER_SEND_SEND_REQUEST_H_
#define SIDWATCH_SERVER_SEND_SEND_REQUEST_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
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

// Refuses what Twilio would refuse for sure and what could not be stored,
// naming each wrong field (in the proto's spelling) in one status; at most 16
// of them. `request` has its defaults already.
//
// The problem texts never repeat a body, a number or a parameter's value.
absl::Status ValidateSendRequest(const SendRequest& request);

// Refuses a send_at outside Twilio's window: more than 300 s and at most 35
// days after `now`. Apart from the other rules because it alone depends on
// when it is asked: a request that was taken once must find its stored outcome
// again though its send_at has passed.
absl::Status ValidateSendAt(const SendRequest& request, absl::Time now);

// SHA-256 over every field but request_id that is set, each with its name and
// length, so that two requests have one digest only if they are the same.
// Taken before defaults are filled in. Fields that are not set add nothing:
// a field added later changes no digest that is already stored.
std::string DigestOf(const SendRequest& request);

// The form of Twilio's create call, without StatusCallback.
Parameters CreateParameters(const SendRequest& request);

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_SEND_SEND_REQUEST_H_
