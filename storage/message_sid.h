#ifndef SIDWATCH_STORAGE_MESSAGE_SID_H_
#define SIDWATCH_STORAGE_MESSAGE_SID_H_

#include <array>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace sidwatch {

// A Twilio MessageSid: "SM" (text) or "MM" (media) and 32 hex digits.
//
// Parsed once at the edge; inside, a value of 17 bytes that is compared,
// hashed and stored without looking at text again. SM… and MM… with the same
// digits are two messages.
class MessageSid {
 public:
  static constexpr size_t kBlobSize = 17;

  // The SID of no message; compares unequal to every parsed one.
  MessageSid() = default;

  // Takes the prefix in upper case and the digits in either case, as Twilio's
  // API document allows. Errors: INVALID_ARGUMENT saying what a SID looks
  // like.
  static absl::StatusOr<MessageSid> Parse(absl::string_view text);

  // Reads what blob() gave. Errors: DATA_LOSS (not such a blob).
  static absl::StatusOr<MessageSid> FromBlob(absl::string_view blob);

  // "SM" or "MM" and 32 lower-case digits; "" for the SID of no message.
  std::string ToString() const;

  // kBlobSize raw bytes: 'S' or 'M', then the digits' value. A view into this
  // object.
  absl::string_view blob() const {
    return absl::string_view(bytes_.data(), bytes_.size());
  }

  bool empty() const { return bytes_[0] == 0; }

  friend bool operator==(const MessageSid&, const MessageSid&) = default;
  friend auto operator<=>(const MessageSid&, const MessageSid&) = default;

  template <typename H>
  friend H AbslHashValue(H h, const MessageSid& sid) {
    return H::combine(std::move(h), sid.bytes_);
  }

 private:
  std::array<char, kBlobSize> bytes_ = {};
};

// Says whether `text` is an AccountSid: "AC" and 32 hex digits. Account SIDs
// stay text, with lower-case digits: there are few of them.
bool IsAccountSid(absl::string_view text);

}  // namespace sidwatch

#endif  // SIDWATCH_STORAGE_MESSAGE_SID_H_
