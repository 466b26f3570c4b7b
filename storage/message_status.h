#ifndef SIDWATCH_STORAGE_MESSAGE_STATUS_H_
#define SIDWATCH_STORAGE_MESSAGE_STATUS_H_

#include <compare>
#include <string>

#include "absl/strings/string_view.h"

namespace sidwatch {

// Twilio's words for what became of a message.
//
// The order of the enumerators is the one strict order of CONTRACT 4.1: the
// greatest of all that was ever reported is the current status. Stored as
// numbers: never renumber.
enum class MessageStatus {
  kUnknown = 0,  // a word Twilio added later; told apart by its text
  kAccepted = 1,
  kScheduled = 2,
  kQueued = 3,
  kReceiving = 4,
  kSending = 5,
  kSent = 6,
  kPartiallyDelivered = 7,
  kCanceled = 8,
  kFailed = 9,
  kUndelivered = 10,
  kReceived = 11,
  kDelivered = 12,
  kRead = 13,
};

// Twilio's word in lower case; "" for kUnknown, whose word is kept beside it.
absl::string_view StatusWord(MessageStatus status);

// A status as Twilio wrote it: the enumerator, and the word for those we do
// not know.
struct StatusText {
  MessageStatus status = MessageStatus::kUnknown;
  std::string unknown_word;  // lower case; empty unless status is kUnknown

  // Takes any case (Event Streams writes upper case). Never fails: a word we
  // do not know is kept.
  static StatusText Parse(absl::string_view word);

  // Twilio's word in lower case.
  std::string ToString() const;

  friend bool operator==(const StatusText&, const StatusText&) = default;
  // CONTRACT 4.1: unknown words below all known ones, the greater by bytes.
  friend auto operator<=>(const StatusText&, const StatusText&) = default;
};

// delivered, undelivered, failed, canceled, read, received. `delivered` may
// still be followed by `read`.
bool IsFinal(MessageStatus status);

}  // namespace sidwatch

#endif  // SIDWATCH_STORAGE_MESSAGE_STATUS_H_
