#ifndef SIDWATCH_SERVER_SEND_TWILIO_CLIENT_H_
#define SIDWATCH_SERVER_SEND_TWILIO_CLIENT_H_

#include <optional>
#include <string>
#include <variant>

#include "absl/time/time.h"
#include "storage/status_event.h"

namespace sidwatch {

// A Message as Twilio's REST API writes it (FACTS 4.2), what we use of it.
struct TwilioMessage {
  MessageSid message_sid;
  StatusText status;
  std::optional<int> error_code;
  std::string error_message;
  std::string from;
  std::string to;
  std::string messaging_service_sid;
  std::string direction;
  std::optional<int> num_segments;
  std::optional<int> num_media;
  std::optional<absl::Time> date_created;
  std::optional<absl::Time> date_updated;
};

// Twilio answered, and the answer is no. `code` 0 when the body was not
// Twilio's error JSON; then `message` is made of the HTTP status.
struct TwilioRefusal {
  int http_status = 0;
  int code = 0;
  std::string message;
  std::string more_info;
  std::optional<absl::Duration> retry_after;
};

// The request never left: no connection, or it broke before a byte was sent.
struct NotSent {
  std::string problem;
};

// The request left, or part of it, and nobody knows: silence, a broken
// connection, 5xx, 3xx, 2xx without a readable SID.
struct OutcomeUnknown {
  std::string problem;
};

using CreateResult =
    std::variant<TwilioMessage, TwilioRefusal, NotSent, OutcomeUnknown>;

// Twilio's Messages API, as far as we call it. The seam for tests.
//
// Thread safety: all methods may be called from any thread and block it, for
// `twilio-timeout` at most.
class TwilioClient {
 public:
  virtual ~TwilioClient() = default;

  // POST …/Accounts/{account_sid}/Messages.json with `parameters` as the form.
  // Calls Twilio once, never repeats by itself.
  virtual CreateResult CreateMessage(const std::string& account_sid,
                                     const Parameters& parameters) = 0;
};

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_SEND_TWILIO_CLIENT_H_
