#include "storage/selection.h"

#include <algorithm>

#include "absl/strings/string_view.h"

namespace sidwatch {
namespace {

template <typename T, typename U>
bool AnyOrNone(const std::vector<T>& wanted, const U& value) {
  return wanted.empty() ||
         std::find(wanted.begin(), wanted.end(), value) != wanted.end();
}

bool HasStatus(const std::vector<StatusText>& wanted,
               const StatusText& status) {
  if (AnyOrNone(wanted, status)) return true;
  // kUnknown without a word stands for all words we do not know.
  return status.status == MessageStatus::kUnknown &&
         std::find(wanted.begin(), wanted.end(), StatusText{}) != wanted.end();
}

bool HasLabels(const Labels& wanted, const Labels& labels) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const auto& label) {
    const auto found = labels.find(label.first);
    return found != labels.end() && found->second == label.second;
  });
}

// What of a message or of an event's message the filter looks at.
struct Subject {
  const std::string& account_sid;
  const StatusText& status;
  const std::optional<int>& error_code;
  bool final;
  const Labels& labels;
  const std::string& from;
  const std::string& to;
  const std::string& direction;
  absl::Time create_time;
};

bool MatchesSubject(const MessageFilter& filter, const Subject& subject) {
  return AnyOrNone(filter.account_sids, subject.account_sid) &&
         HasStatus(filter.statuses, subject.status) &&
         HasLabels(filter.labels, subject.labels) &&
         AnyOrNone(filter.senders, subject.from) &&
         AnyOrNone(filter.recipients, subject.to) &&
         (filter.error_codes.empty() ||
          AnyOrNone(filter.error_codes, subject.error_code.value_or(0))) &&
         (filter.direction.empty() || filter.direction == subject.direction) &&
         (!filter.final_only || subject.final) &&
         (!filter.create_time_from ||
          subject.create_time >= *filter.create_time_from) &&
         (!filter.create_time_to ||
          subject.create_time < *filter.create_time_to);
}

}  // namespace

bool MessageFilter::empty() const { return *this == MessageFilter{}; }

bool Matches(const MessageFilter& filter, const Message& message) {
  return MatchesSubject(filter, {.account_sid = message.account_sid,
                                 .status = message.status,
                                 .error_code = message.error_code,
                                 .final = message.final,
                                 .labels = message.labels,
                                 .from = message.from,
                                 .to = message.to,
                                 .direction = message.direction,
                                 .create_time = message.create_time});
}

bool Matches(const MessageFilter& filter, const StatusEvent& event) {
  return MatchesSubject(filter, {.account_sid = event.account_sid,
                                 .status = event.status,
                                 .error_code = event.error_code,
                                 .final = IsFinal(event.status.status),
                                 .labels = event.labels,
                                 .from = event.from,
                                 .to = event.to,
                                 .direction = event.direction,
                                 .create_time = event.message_create_time});
}

bool Matches(const Selection& selection, const StatusEvent& event) {
  if (const auto* filter = std::get_if<MessageFilter>(&selection)) {
    return Matches(*filter, event);
  }
  if (const auto* sids = std::get_if<MessageSids>(&selection)) {
    return AnyOrNone(sids->sids, event.message_sid);
  }
  const auto& ids = std::get<RequestIds>(selection);
  return !event.request_id.empty() &&
         (ids.account_sid.empty() || ids.account_sid == event.account_sid) &&
         AnyOrNone(ids.request_ids, event.request_id);
}

}  // namespace sidwatch
