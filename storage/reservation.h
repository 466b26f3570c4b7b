#ifndef SIDWATCH_STORAGE_RESERVATION_H_
#define SIDWATCH_STORAGE_RESERVATION_H_

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "absl/status/status.h"
#include "storage/message.h"

namespace sidwatch {

// Where one request stands between us and Twilio. Stored as numbers: never
// renumber.
enum class ReservationState {
  kReserved = 1,     // committed; Twilio may be being called right now
  kSent = 2,         // Twilio named the message
  kRefused = 3,      // Twilio will never send it: the stored refusal stands
  kSendUnknown = 4,  // nobody knows; never sent again by itself
  kNotSent = 5,      // given up: a new request_id is needed
};

// Why Twilio will not send, kept so that a retry hears it again.
struct Refusal {
  absl::StatusCode code = absl::StatusCode::kInvalidArgument;
  int twilio_code = 0;  // 0 when Twilio gave none
  int http_status = 0;
  std::string message;
  std::string more_info;  // Twilio's link

  friend bool operator==(const Refusal&, const Refusal&) = default;
};

// The row committed before Twilio is called: what makes one request at most
// one message.
struct Reservation {
  int64_t message_id = 0;  // of the message it will become; the store's
  std::string request_id;  // the caller's, unique in its account
  std::string account_sid;
  std::string digest;       // SHA-256 of the request's other fields, 32 bytes
  std::string reference;    // random, comes back in the callback's `ref`
  std::string body_digest;  // SHA-256 of the body sent, for a later lookup
  ReservationState state = ReservationState::kReserved;
  std::optional<Refusal> refusal;  // with kRefused
};

// What became of the create call. Each is one way to settle a reservation.
struct SendReleased {};  // surely not sent: the request_id may try again
struct SendUnknown {};   // it may or may not have been sent
struct SendGivenUp {};   // still unknown after reconcile-give-up
struct SendCreated {
  // The create reply as the message's first event: source SEND_REPLY (or
  // LOOKUP), with message_sid, status, error_code, receive_time.
  StatusEvent event;
  std::string error_message;
  // What only the reply tells; empty or absent leaves what is stored.
  std::string from;
  std::string messaging_service_sid;
  std::optional<int> num_segments;
  std::optional<int> num_media;
};
using SendOutcome =
    std::variant<SendCreated, Refusal, SendReleased, SendUnknown, SendGivenUp>;

// Says in the words of CONTRACT 4.2 how a message without a SID stands: fills
// its status (kUnknown with the word `refused`, `not_sent` or `send_unknown`,
// the last also while Twilio is being called), `final` (refused and not_sent),
// and for a refusal Twilio's error_code and error_message. Every store does so
// with the messages it gives out.
void DescribeUnsent(const Reservation& reservation, Message& message);

}  // namespace sidwatch

#endif  // SIDWATCH_STORAGE_RESERVATION_H_
