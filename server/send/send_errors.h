#ifndef SIDWATCH_SERVER_SEND_SEND_ERRORS_H_
#define SIDWATCH_SERVER_SEND_SEND_ERRORS_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "storage/reservation.h"

namespace sidwatch {

// What a caller of SendTracked hears, each with its reason of CONTRACT 5. Those
// that come from a "no" of Twilio's are in refusal.h.

// REQUEST_ID_REUSED.
absl::Status RequestIdReusedError();

// SEND_OUTCOME_UNKNOWN; `why` is the first half of a sentence.
absl::Status OutcomeUnknownError(absl::string_view why);

// TWILIO_UNREACHABLE.
absl::Status UnreachableError(absl::string_view problem);

// QUEUE_FULL: this sender's own queue.
absl::Status SendQueueFullError();

// DRAINING.
absl::Status SendDrainingError();

// The store's own error, with the reason it has already, said of a request
// that was not begun.
absl::Status NotReservedError(const absl::Status& problem);

// STORE_UNAVAILABLE: it was not sent (`why`), and that could not be stored.
absl::Status NotReleasedError(const absl::Status& why,
                              const absl::Status& problem);

// What a stored request that is not sent says: the refusal, NOT_SENT or
// SEND_OUTCOME_UNKNOWN. OK for one that is sent.
absl::Status ReservationError(const Reservation& reservation);

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_SEND_SEND_ERRORS_H_
