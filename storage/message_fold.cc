#include "storage/message_fold.h"

#include <algorithm>

namespace sidwatch {
namespace {

// The place of a report in the strict order.
struct Rank {
  StatusText status;
  int error_code = 0;

  friend auto operator<=>(const Rank&, const Rank&) = default;
};

// `read` after `delivered` is how WhatsApp and RCS go on, no contradiction.
bool Contradict(MessageStatus a, MessageStatus b) {
  if (!IsFinal(a) || !IsFinal(b) || a == b) return false;
  const auto [low, high] = std::minmax(a, b);
  return low != MessageStatus::kDelivered || high != MessageStatus::kRead;
}

}  // namespace

bool IsSameEvent(const StatusEvent& a, const StatusEvent& b) {
  return a.status == b.status &&
         a.error_code.value_or(0) == b.error_code.value_or(0);
}

FoldResult Fold(StatusEvent& event, absl::string_view error_message,
                Message& message) {
  FoldResult result;
  const bool first = message.message_sequence == 0;
  const Rank reported{event.status, event.error_code.value_or(0)};
  const Rank current{message.status, message.error_code.value_or(0)};
  event.effective =
      event.source != EventSource::kLocal && (first || reported > current);
  if (event.effective) {
    result.conflict =
        !first && Contradict(event.status.status, message.status.status);
    message.status = event.status;
    message.error_code = event.error_code;
    message.error_message = std::string(error_message);
    message.final = IsFinal(event.status.status);
  } else if (event.source != EventSource::kLocal) {
    result.out_of_order = event.status < message.status;
    result.conflict = Contradict(event.status.status, message.status.status);
  }
  message.last_sequence = event.sequence;
  message.update_time = std::max(message.update_time, event.receive_time);
  event.message_sequence = ++message.message_sequence;
  event.message_status = message.status;
  event.final = message.final;
  return result;
}

}  // namespace sidwatch
