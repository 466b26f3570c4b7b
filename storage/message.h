#ifndef SIDWATCH_STORAGE_MESSAGE_H_
#define SIDWATCH_STORAGE_MESSAGE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "storage/message_sid.h"
#include "storage/message_status.h"
#include "storage/status_event.h"

namespace sidwatch {

// A message as it stands: what its events fold into, and what we know of it
// beside them.
struct Message {
  int64_t message_id = 0;  // the store's own key; 0 before it is stored
  MessageSid message_sid;  // empty while Twilio has not named it
  std::string request_id;  // empty for a message not sent from here
  std::string account_sid;
  std::string messaging_service_sid;
  std::string direction;  // Twilio's word: outbound-api, inbound …
  std::string from;       // E.164, short code, sender name, channel address
  std::string to;
  std::string body;  // empty unless store-body is full
  std::optional<int> num_segments;
  std::optional<int> num_media;

  // The fold of the events; without a SID, how its reservation stands
  // (DescribeUnsent).
  StatusText status;
  bool final = false;
  std::optional<int> error_code;
  std::string error_message;
  int64_t message_sequence = 0;  // how many events there are
  int64_t last_sequence = 0;     // of the newest of them

  Labels labels;
  std::string price;  // Twilio's decimal text, "-0.00750"
  std::string price_unit;
  absl::Time create_time;  // our wall clock: reserved, or first heard of
  absl::Time update_time;  // of the newest event
  // Twilio's word → when it was first seen. Filled when read.
  std::map<std::string, absl::Time> status_times;
  Origin origin = Origin::kAdopted;
};

}  // namespace sidwatch

#endif  // SIDWATCH_STORAGE_MESSAGE_H_
