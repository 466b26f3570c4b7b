#ifndef SIDWATCH_STORAGE_SQLITE_SQLITE_ENCODING_H_
#define SIDWATCH_STORAGE_SQLITE_SQLITE_ENCODING_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "storage/message_status.h"
#include "storage/status_event.h"

namespace sidwatch {

// How values look in the file. There may be a billion rows, so they are small;
// what is written here is read for years, so no layout ever changes.

// The fold of a message in one integer.
struct MessageFold {
  MessageStatus status = MessageStatus::kUnknown;
  // One bit for each MessageStatus some event reported: a clear bit says
  // without a look at the log that a status is no repeat.
  uint32_t seen = 0;
  int64_t message_sequence = 0;

  friend bool operator==(const MessageFold&, const MessageFold&) = default;
};
// Of the same size in the file for the first 8000 events of a message, so that
// folding one rewrites a row in place instead of splitting its page.
int64_t PackMessageFold(const MessageFold& fold);
MessageFold UnpackMessageFold(int64_t packed);

inline uint32_t SeenBit(MessageStatus status) {
  return uint32_t{1} << static_cast<uint32_t>(status);
}

// What an event says and did, in one integer.
struct EventFold {
  MessageStatus status = MessageStatus::kUnknown;
  EventSource source = EventSource::kCallback;
  bool effective = false;
  MessageStatus message_status = MessageStatus::kUnknown;

  friend bool operator==(const EventFold&, const EventFold&) = default;
};
int64_t PackEventFold(const EventFold& fold);
EventFold UnpackEventFold(int64_t packed);

// "+15551234567" as 15551234567, half the size; nothing for every other
// address (short codes, names, channels), which is kept as text.
std::optional<int64_t> NumberToInteger(absl::string_view address);
std::string IntegerToNumber(int64_t number);

// Names and values as a form, `&` `=` and `%` escaped, every byte kept.
std::string EncodeForm(const Parameters& parameters);
// Errors: DATA_LOSS (not written by EncodeForm).
absl::StatusOr<Parameters> DecodeForm(absl::string_view form);

}  // namespace sidwatch

#endif  // SIDWATCH_STORAGE_SQLITE_SQLITE_ENCODING_H_
