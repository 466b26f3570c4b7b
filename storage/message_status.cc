#include "storage/message_status.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "absl/strings/ascii.h"

namespace sidwatch {
namespace {

constexpr std::array<absl::string_view, 14> kWords = {
    "",          "accepted", "scheduled",   "queued",
    "receiving", "sending",  "sent",        "partially_delivered",
    "canceled",  "failed",   "undelivered", "received",
    "delivered", "read"};

}  // namespace

absl::string_view StatusWord(MessageStatus status) {
  return kWords[static_cast<size_t>(status)];
}

StatusText StatusText::Parse(absl::string_view word) {
  std::string lower = absl::AsciiStrToLower(word);
  const auto known = std::find(kWords.begin() + 1, kWords.end(), lower);
  if (known == kWords.end()) {
    return {.status = MessageStatus::kUnknown,
            .unknown_word = std::move(lower)};
  }
  return {.status = static_cast<MessageStatus>(known - kWords.begin()),
          .unknown_word = ""};
}

std::string StatusText::ToString() const {
  return status == MessageStatus::kUnknown ? unknown_word
                                           : std::string(StatusWord(status));
}

bool IsFinal(MessageStatus status) {
  switch (status) {
    case MessageStatus::kCanceled:
    case MessageStatus::kFailed:
    case MessageStatus::kUndelivered:
    case MessageStatus::kReceived:
    case MessageStatus::kDelivered:
    case MessageStatus::kRead:
      return true;
    default:
      return false;
  }
}

}  // namespace sidwatch
