#include "storage/sqlite/page_size.h"

namespace sidwatch {
namespace {

// Numbers, times and the names of fields.
constexpr size_t kFixedBytes = 160;

size_t SizeBytes(const Labels& labels) {
  size_t size = 0;
  for (const auto& [key, value] : labels) size += key.size() + value.size();
  return size;
}

}  // namespace

size_t SizeBytes(const StatusEvent& event) {
  size_t size = kFixedBytes + event.account_sid.size() + event.note.size() +
                event.from.size() + event.to.size() + event.request_id.size() +
                event.direction.size() + SizeBytes(event.labels);
  for (const auto& [name, value] : event.parameters) {
    size += name.size() + value.size();
  }
  return size;
}

size_t SizeBytes(const Message& message) {
  constexpr size_t kTimeBytes = 32;
  return kFixedBytes + message.request_id.size() + message.account_sid.size() +
         message.messaging_service_sid.size() + message.from.size() +
         message.to.size() + message.body.size() +
         message.error_message.size() + SizeBytes(message.labels) +
         message.status_times.size() * kTimeBytes;
}

}  // namespace sidwatch
