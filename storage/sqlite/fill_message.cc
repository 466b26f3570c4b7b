#include "storage/sqlite/fill_message.h"

#include <optional>
#include <string>

namespace sidwatch {
namespace {

// Copies `value` where nothing is yet. Returns whether it did.
bool FillIn(std::string& field, const std::string& value) {
  if (!field.empty() || value.empty()) return false;
  field = value;
  return true;
}

bool FillIn(std::optional<int>& field, const std::optional<int>& value) {
  if (field || !value) return false;
  field = value;
  return true;
}

}  // namespace

bool FillFromReport(const AppendWrite& write, Message& message) {
  bool changed = FillIn(message.from, write.event.from);
  changed |= FillIn(message.to, write.event.to);
  changed |= FillIn(message.direction, write.event.direction);
  changed |= FillIn(message.messaging_service_sid, write.messaging_service_sid);
  changed |= FillIn(message.body, write.body);
  changed |= FillIn(message.num_segments, write.num_segments);
  changed |= FillIn(message.num_media, write.num_media);
  return changed;
}

void FillFromReply(const SendCreated& created, Message& message) {
  const bool may_correct = message.message_sequence == 0;
  if (may_correct && !created.from.empty()) message.from.clear();
  if (may_correct && !created.messaging_service_sid.empty()) {
    message.messaging_service_sid.clear();
  }
  FillIn(message.from, created.from);
  FillIn(message.messaging_service_sid, created.messaging_service_sid);
  if (created.num_segments) message.num_segments = created.num_segments;
  if (created.num_media) message.num_media = created.num_media;
}

void FillFromPlaceholder(const Message& placeholder, Message& message) {
  FillIn(message.from, placeholder.from);
  FillIn(message.to, placeholder.to);
  FillIn(message.direction, placeholder.direction);
  FillIn(message.messaging_service_sid, placeholder.messaging_service_sid);
  FillIn(message.body, placeholder.body);
  FillIn(message.num_segments, placeholder.num_segments);
  FillIn(message.num_media, placeholder.num_media);
  message.labels = placeholder.labels;
  message.request_id = placeholder.request_id;
  message.origin = Origin::kSentHere;
}

}  // namespace sidwatch
