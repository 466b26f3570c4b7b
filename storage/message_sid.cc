#include "storage/message_sid.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace sidwatch {
namespace {

constexpr size_t kTextSize = 34;

bool IsSid(absl::string_view text) {
  return text.size() == kTextSize &&
         std::all_of(text.begin() + 2, text.end(), [](char c) {
           return absl::ascii_isxdigit(static_cast<unsigned char>(c));
         });
}

}  // namespace

absl::StatusOr<MessageSid> MessageSid::Parse(absl::string_view text) {
  const bool known =
      absl::StartsWith(text, "SM") || absl::StartsWith(text, "MM");
  if (!known || !IsSid(text)) {
    return absl::InvalidArgumentError(
        "a MessageSid is SM or MM followed by 32 hex digits");
  }
  MessageSid sid;
  sid.bytes_[0] = text[0];
  const std::string digits = absl::HexStringToBytes(text.substr(2));
  std::copy(digits.begin(), digits.end(), sid.bytes_.begin() + 1);
  return sid;
}

absl::StatusOr<MessageSid> MessageSid::FromBlob(absl::string_view blob) {
  if (blob.size() != kBlobSize || (blob[0] != 'S' && blob[0] != 'M')) {
    return absl::DataLossError("a stored MessageSid is not 17 bytes long");
  }
  MessageSid sid;
  std::copy(blob.begin(), blob.end(), sid.bytes_.begin());
  return sid;
}

std::string MessageSid::ToString() const {
  if (empty()) return "";
  return absl::StrCat(blob().substr(0, 1), "M",
                      absl::BytesToHexString(blob().substr(1)));
}

bool IsAccountSid(absl::string_view text) {
  return absl::StartsWith(text, "AC") && IsSid(text);
}

}  // namespace sidwatch
