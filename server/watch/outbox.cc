#include "server/watch/outbox.h"

#include <memory>
#include <utility>
#include <variant>

#include "server/watch/log_cursor.h"

namespace sidwatch {
namespace {

constexpr size_t kPairBytes = 96;  // a map's node with its two strings

size_t EstimateBytes(const WatchItem& item) {
  if (const auto* event =
          std::get_if<std::shared_ptr<const StatusEvent>>(&item)) {
    return EstimateBytes(**event);
  }
  if (const auto* message =
          std::get_if<std::shared_ptr<const Message>>(&item)) {
    return EstimateBytes(**message);
  }
  return 0;
}

}  // namespace

size_t EstimateBytes(const Message& message) {
  size_t bytes = sizeof(Message) + message.request_id.size() +
                 message.account_sid.size() + message.from.size() +
                 message.messaging_service_sid.size() + message.to.size() +
                 message.direction.size() + message.body.size() +
                 message.error_message.size();
  for (const auto& [key, value] : message.labels) {
    bytes += kPairBytes + key.size() + value.size();
  }
  return bytes + message.status_times.size() * kPairBytes;
}

void Outbox::Push(Entry entry) {
  entry.bytes = sizeof(Entry) + EstimateBytes(entry.item);
  bytes_ += entry.bytes;
  entries_.push_back(std::move(entry));
}

Outbox::Entry Outbox::Pop() {
  Entry entry = std::move(entries_[first_++]);
  bytes_ -= entry.bytes;
  if (empty()) {
    Clear();
  } else if (first_ * 2 > entries_.size()) {
    // One that is never quite emptied must not grow for ever.
    entries_.erase(entries_.begin(),
                   entries_.begin() + static_cast<std::ptrdiff_t>(first_));
    first_ = 0;
  }
  return entry;
}

void Outbox::Clear() {
  std::vector<Entry>().swap(entries_);
  first_ = 0;
  bytes_ = 0;
}

}  // namespace sidwatch
