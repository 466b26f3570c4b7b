#ifndef SIDWATCH_SERVER_SEND_REFUSAL_H_
#define SIDWATCH_SERVER_SEND_REFUSAL_H_

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/send/twilio_client.h"
#include "storage/reservation.h"

namespace sidwatch {

// What a "no" of Twilio's means for the request that got it (CONTRACT 4.2, 5).
enum class RefusalKind {
  kOfRequest,    // it is the request's: stored, the same answer for ever
  kCredentials,  // our credentials: the request may try again
  kOfAccount,    // any other 403: the request may try again
  kQueueFull,    // 21611, the sender's queue: try again later
  kRateLimited,  // 429: never processed, repeat it
};
RefusalKind KindOf(const TwilioRefusal& refusal);

// The refusal as it is stored and told: whose fault it is as a code.
Refusal ToRefusal(const TwilioRefusal& refusal);

// The error that a stored refusal gives, the first time and every other.
// TWILIO_REFUSED with twilio_code, http_status and more_info.
absl::Status RefusedError(const Refusal& refusal);

// The error of a refusal that is not stored, by its kind: TWILIO_CREDENTIALS,
// TWILIO_REFUSED, or RATE_LIMITED with RetryInfo.
absl::Status ReleasedError(const TwilioRefusal& refusal);

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_SEND_REFUSAL_H_
