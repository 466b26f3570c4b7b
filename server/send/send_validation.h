#ifndef SIDWATCH_SERVER_SEND_SEND_VALIDATION_H_
#define SIDWATCH_SERVER_SEND_SEND_VALIDATION_H_

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/send/send_request.h"

namespace sidwatch {

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

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_SEND_SEND_VALIDATION_H_
