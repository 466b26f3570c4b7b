#include "server/send/send_errors.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "base/error_detail.h"
#include "server/send/refusal.h"

namespace sidwatch {
namespace {

absl::Status ReasonError(absl::StatusCode code, absl::string_view reason,
                         absl::string_view message) {
  return DetailedError(code, message, {.reason = std::string(reason)});
}

}  // namespace

absl::Status RequestIdReusedError() {
  return ReasonError(absl::StatusCode::kInvalidArgument, "REQUEST_ID_REUSED",
                     "request_id: an earlier request with other content has "
                     "it; use a new one");
}

absl::Status OutcomeUnknownError(absl::string_view why) {
  return ReasonError(
      absl::StatusCode::kUnavailable, "SEND_OUTCOME_UNKNOWN",
      absl::StrCat(why,
                   "; it is not sent again. Ask again with the same "
                   "request_id, or watch it, until it is known"));
}

absl::Status UnreachableError(absl::string_view problem) {
  return ReasonError(absl::StatusCode::kUnavailable, "TWILIO_UNREACHABLE",
                     absl::StrCat("nothing was sent: ", problem));
}

absl::Status SendQueueFullError() {
  return ReasonError(absl::StatusCode::kResourceExhausted, "QUEUE_FULL",
                     "too much waits to be sent (send-concurrency); nothing "
                     "was sent, try again later");
}

absl::Status SendDrainingError() {
  return ReasonError(absl::StatusCode::kUnavailable, "DRAINING",
                     "this server is stopping; nothing was sent, try again");
}

absl::Status NotReservedError(const absl::Status& problem) {
  const ErrorDetail detail = DetailOf(problem);
  const std::string message =
      absl::StrCat("nothing was sent: ", problem.message());
  // One that the store has no reason for is not the caller's fault either.
  if (detail.reason.empty()) {
    return ReasonError(absl::StatusCode::kUnavailable, "STORE_UNAVAILABLE",
                       message);
  }
  return DetailedError(problem.code(), message, detail);
}

absl::Status NotReleasedError(const absl::Status& why,
                              const absl::Status& problem) {
  return ReasonError(absl::StatusCode::kUnavailable, "STORE_UNAVAILABLE",
                     absl::StrCat("nothing was sent (", why.message(),
                                  "), but that could not be written down: ",
                                  problem.message()));
}

absl::Status ReservationError(const Reservation& reservation) {
  switch (reservation.state) {
    case ReservationState::kSent:
      return absl::OkStatus();
    case ReservationState::kRefused:
      return RefusedError(reservation.refusal.value_or(Refusal{}));
    case ReservationState::kNotSent:
      return ReasonError(absl::StatusCode::kFailedPrecondition, "NOT_SENT",
                         "this request was given up: Twilio knows no message "
                         "of it. Use a new request_id to send it");
    case ReservationState::kReserved:
    case ReservationState::kSendUnknown:
      break;
  }
  return OutcomeUnknownError("whether Twilio took this message is not known");
}

}  // namespace sidwatch
