#include "storage/reservation.h"

namespace sidwatch {

void DescribeUnsent(const Reservation& reservation, Message& message) {
  if (!message.message_sid.empty()) return;  // Its events tell.
  message.status = {};
  message.final = false;
  switch (reservation.state) {
    case ReservationState::kSent:
      return;
    case ReservationState::kReserved:
    case ReservationState::kSendUnknown:
      message.status.unknown_word = "send_unknown";
      return;
    case ReservationState::kNotSent:
      message.status.unknown_word = "not_sent";
      message.final = true;
      return;
    case ReservationState::kRefused:
      message.status.unknown_word = "refused";
      message.final = true;
      if (!reservation.refusal) return;
      if (reservation.refusal->twilio_code != 0) {
        message.error_code = reservation.refusal->twilio_code;
      }
      message.error_message = reservation.refusal->message;
  }
}

}  // namespace sidwatch
