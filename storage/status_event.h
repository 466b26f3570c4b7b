#ifndef SIDWATCH_STORAGE_STATUS_EVENT_H_
#define SIDWATCH_STORAGE_STATUS_EVENT_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "storage/message_sid.h"
#include "storage/message_status.h"

namespace sidwatch {

// Who told us. Stored as numbers: never renumber.
enum class EventSource {
  kCallback = 1,
  kSendReply = 2,
  kLookup = 3,
  kEventStream = 4,
  kInbound = 5,
  kLocal = 6,
};

// Where a message came from. Stored as numbers: never renumber.
enum class Origin {
  kSentHere = 1,
  kAdopted = 2,
  kInbound = 3,
};

// Twilio's form parameters in the order received, names may repeat.
using Parameters = std::vector<std::pair<std::string, std::string>>;

// Our own labels of a message, by key.
using Labels = std::map<std::string, std::string>;

// One row of the log: a status of a message, once reported, never changed.
struct StatusEvent {
  int64_t sequence = 0;          // store-wide, rises in commit order
  int64_t message_sequence = 0;  // 1, 2, 3 … per message, no hole

  MessageSid message_sid;
  std::string account_sid;
  StatusText status;
  std::optional<int> error_code;  // absent is not zero
  EventSource source = EventSource::kCallback;
  absl::Time receive_time;                  // our wall clock
  std::optional<absl::Time> provider_time;  // Twilio's, where it gives one
  std::string note;  // LOCAL events: redacted, erased; else empty
  // Raw, without message text unless store-body is full. Empty unless asked
  // for when read.
  Parameters parameters;

  // What it did to its message (message_fold).
  bool effective = false;     // did it change status or error code?
  StatusText message_status;  // the current status after it
  bool final = false;         // the message is final after it

  // Of its message, so that an event can be filtered and read alone.
  std::string from;
  std::string to;
  Labels labels;
  std::string request_id;  // empty for a message not sent from here
  std::string direction;   // Twilio's word
  absl::Time message_create_time;
};

}  // namespace sidwatch

#endif  // SIDWATCH_STORAGE_STATUS_EVENT_H_
