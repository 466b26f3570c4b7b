#include "server/watch/final_tracker.h"

#include <variant>

namespace sidwatch {
namespace {

template <typename Key>
void MarkKey(absl::flat_hash_set<Key>& open, const Key& key, bool final) {
  if (final) {
    open.erase(key);
  } else {
    open.insert(key);
  }
}

}  // namespace

FinalTracker::FinalTracker(const Selection& selection, bool await_read)
    : by_sid_(std::holds_alternative<MessageSids>(selection)),
      await_read_(await_read) {
  if (const auto* sids = std::get_if<MessageSids>(&selection)) {
    sids_.insert(sids->sids.begin(), sids->sids.end());
  } else if (const auto* ids = std::get_if<RequestIds>(&selection)) {
    request_ids_.insert(ids->request_ids.begin(), ids->request_ids.end());
  }
}

void FinalTracker::TakeState(const Message& message) {
  Mark(message.message_sid, message.request_id,
       IsFinal(message.status, message.final));
}

void FinalTracker::TakeEvent(const StatusEvent& event) {
  if (event.sequence <= position_) return;
  Mark(event.message_sid, event.request_id,
       IsFinal(event.message_status, event.final));
}

bool FinalTracker::IsFinal(const StatusText& status, bool final) const {
  return final && !(await_read_ && status.status == MessageStatus::kDelivered);
}

// An open one may be put back: undelivered is final when a read is awaited,
// but the order of statuses lets delivered come after it.
void FinalTracker::Mark(const MessageSid& sid, const std::string& request_id,
                        bool final) {
  if (by_sid_) {
    MarkKey(sids_, sid, final);
  } else {
    MarkKey(request_ids_, request_id, final);
  }
}

}  // namespace sidwatch
