#include "server/watch/log_cursor.h"

#include <algorithm>

namespace sidwatch {
namespace {

// A node of a map with its two strings, or a pair of them in a vector.
constexpr size_t kPairBytes = 96;

}  // namespace

size_t EstimateBytes(const StatusEvent& event) {
  size_t bytes = sizeof(StatusEvent) + event.account_sid.size() +
                 event.from.size() + event.to.size() + event.note.size() +
                 event.request_id.size() + event.direction.size();
  for (const auto& [key, value] : event.labels) {
    bytes += kPairBytes + key.size() + value.size();
  }
  for (const auto& [name, value] : event.parameters) {
    bytes += kPairBytes + name.size() + value.size();
  }
  return bytes;
}

void LogCursor::StartAt(int64_t cursor, int64_t position) {
  cursor_ = cursor;
  missed_ = std::max(missed_, position);
}

LogCursor::Heard LogCursor::Hear(const EventPtr& event, bool room) {
  if (event->sequence <= cursor_) return Heard::kOld;
  if (live()) {
    // All of the selection before it has been heard, and so taken.
    cursor_ = event->sequence - 1;
    if (!room) {
      Miss(event->sequence);
      return Heard::kLater;
    }
    cursor_ = event->sequence;
    return Heard::kNext;
  }
  if (!room) {
    Miss(event->sequence);
  } else if (event->sequence > missed_) {
    ahead_.push_back(event);
    bytes_ += EstimateBytes(*event);
  }
  return Heard::kLater;
}

void LogCursor::Miss(int64_t sequence) {
  missed_ = std::max(missed_, sequence);
  DropAhead();
}

void LogCursor::MoveTo(int64_t sequence) {
  cursor_ = std::max(cursor_, sequence);
}

std::vector<LogCursor::EventPtr> LogCursor::TakeAhead() {
  std::vector<EventPtr> next;
  next.swap(ahead_);
  bytes_ = 0;
  next.erase(std::remove_if(next.begin(), next.end(),
                            [this](const EventPtr& event) {
                              return event->sequence <= cursor_;
                            }),
             next.end());
  if (!next.empty()) MoveTo(next.back()->sequence);
  return next;
}

void LogCursor::Clear() { DropAhead(); }

void LogCursor::DropAhead() {
  // With its memory: most watchers are live for hours after.
  std::vector<EventPtr>().swap(ahead_);
  bytes_ = 0;
}

}  // namespace sidwatch
