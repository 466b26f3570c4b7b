#ifndef SIDWATCH_STORAGE_SQLITE_RAW_PARAMETERS_H_
#define SIDWATCH_STORAGE_SQLITE_RAW_PARAMETERS_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/message.h"
#include "storage/status_event.h"

namespace sidwatch {

// An event's raw parameters without what its other columns already say: most
// callbacks shrink from 400 bytes to an integer.
struct EncodedParameters {
  // One bit for each well-known parameter whose value the columns imply.
  uint32_t implied = 0;
  std::string rest;  // EncodeForm of all others, in their order

  friend bool operator==(const EncodedParameters&,
                         const EncodedParameters&) = default;
};

// Leaves out what the columns say of `event` and its message. From, To and
// MessagingServiceSid are the message's: once it has events they may be filled
// in but never changed, or what was left out could not be told again.
EncodedParameters EncodeParameters(const Parameters& parameters,
                                   const StatusEvent& event,
                                   const Message& message);

// The same names and values as were encoded, the implied ones first. `event`
// and `message` must say what they said then.
// Errors: DATA_LOSS (not made by EncodeParameters).
absl::StatusOr<Parameters> DecodeParameters(const EncodedParameters& encoded,
                                            const StatusEvent& event,
                                            const Message& message);

// Both parts in one blob, and back. Errors: DATA_LOSS.
std::string ToBlob(const EncodedParameters& encoded);
absl::StatusOr<EncodedParameters> FromBlob(absl::string_view blob);

}  // namespace sidwatch

#endif  // SIDWATCH_STORAGE_SQLITE_RAW_PARAMETERS_H_
