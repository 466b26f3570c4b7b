#ifndef SIDWATCH_SERVER_SEND_TWILIO_JSON_H_
#define SIDWATCH_SERVER_SEND_TWILIO_JSON_H_

#include <map>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/send/twilio_client.h"

namespace sidwatch {

// Twilio's JSON, read as what it is: text from outside.
//
// Nothing here throws, recurses with the text's depth, or fails for a field
// that is missing, of another type or unknown: such a field is simply not
// there. Only what cannot be used at all is an error.
//
// Thread safety: plain functions.

// Reads a Message resource (FACTS 4.2). A reply that names the message but no
// status is read as `accepted`, the lowest there is: Twilio has it, no more is
// known. Errors: INVALID_ARGUMENT when it is no JSON object, or its `sid` is
// no MessageSid. The text of the error holds nothing of the reply.
absl::StatusOr<TwilioMessage> ParseTwilioMessage(absl::string_view text);

// Twilio's error body (FACTS 4.4).
struct TwilioErrorBody {
  int code = 0;
  std::string message;    // shortened to 500 bytes
  std::string more_info;  // Twilio's link; dropped beyond 300 bytes
};

// Nothing when it is not Twilio's error JSON, as from a proxy in between.
std::optional<TwilioErrorBody> ParseTwilioError(absl::string_view text);

// A JSON object of strings, for ContentVariables.
std::string JsonObjectText(const std::map<std::string, std::string>& members);

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_SEND_TWILIO_JSON_H_
