#ifndef SIDWATCH_SERVER_WEBHOOK_STATUS_CALLBACK_H_
#define SIDWATCH_SERVER_WEBHOOK_STATUS_CALLBACK_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "storage/status_event.h"
#include "storage/store.h"

namespace sidwatch {

// A status callback whose signature was right, taken apart.
struct StatusCallback {
  Parameters parameters;  // Twilio's own, in the order received
  std::string reference;  // the `ref` of our status callback URL, or empty
};

// Takes the callback's parameters from where they are: the form of a POST, the
// query of a GET (where `ref` stands among them and is none of Twilio's).
StatusCallback FromPost(Parameters form, absl::string_view query);
StatusCallback FromGet(Parameters query);

// The account the callback speaks of, its digits in lower case; "" when it
// names none.
std::string AccountSidOf(const Parameters& parameters);

// What there is to append to the log.
//
// Twilio adds statuses and parameters without notice: unknown ones are kept as
// they are. The old aliases SmsSid and SmsStatus stand in for what is missing.
// ErrorCode is absent when it is empty, zero or no number. What is too long or
// of the wrong shape to be a column stays among the raw parameters alone.
// Message text is dropped unless `store_body`.
//
// Errors: INVALID_ARGUMENT (answer 400), saying what is wrong without quoting
// it: no status, a status of more than 64 characters, no or a malformed
// MessageSid, a NUL anywhere.
absl::StatusOr<AppendWrite> ParseStatusCallback(StatusCallback callback,
                                                absl::Time receive_time,
                                                bool store_body);

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_WEBHOOK_STATUS_CALLBACK_H_
