#include "tests/server/watch/fake_log.h"

#include <algorithm>
#include <map>

#include "absl/strings/str_format.h"
#include "storage/message_fold.h"

namespace sidwatch {

MessageSid Sid(int number) {
  return *MessageSid::Parse(absl::StrFormat("SM%032x", number));
}

FakeLog::Row& FakeLog::FindOrAddLocked(const Report& report) {
  const MessageSid sid = Sid(report.sid);
  for (Row& row : rows_) {
    const Message& message = row.message;
    const bool its_request = !report.request_id.empty() &&
                             message.request_id == report.request_id &&
                             message.account_sid == report.account_sid;
    if (message.message_sid == sid || its_request) return row;
  }
  Message message{.message_id = static_cast<int64_t>(rows_.size()) + 1,
                  .request_id = report.request_id,
                  .account_sid = report.account_sid,
                  .labels = report.labels};
  return rows_.emplace_back(Row{.message = std::move(message)});
}

int64_t FakeLog::Append(const Report& report) {
  MutexLock lock(mu_);
  Row& row = FindOrAddLocked(report);
  row.message.message_sid = Sid(report.sid);
  row.state = ReservationState::kSent;
  StatusEvent event{.sequence = ++last_sequence_,
                    .message_sequence = ++row.message_sequence,
                    .message_sid = Sid(report.sid),
                    .account_sid = report.account_sid,
                    .status = StatusText::Parse(report.status),
                    .error_code = report.error_code,
                    .source = report.note.empty() ? EventSource::kCallback
                                                  : EventSource::kLocal,
                    .note = report.note,
                    .labels = row.message.labels,
                    .request_id = row.message.request_id};
  Fold(event, "", row.message);
  auto shared = std::make_shared<const StatusEvent>(std::move(event));
  events_.push_back(shared);
  unpublished_.events.push_back(std::move(shared));
  return last_sequence_;
}

void FakeLog::Reserve(const std::string& request_id, ReservationState state,
                      const std::string& account_sid) {
  MutexLock lock(mu_);
  const auto same = [&](const Row& row) {
    return row.message.request_id == request_id &&
           row.message.account_sid == account_sid;
  };
  auto row = std::find_if(rows_.begin(), rows_.end(), same);
  if (row == rows_.end()) {
    rows_.emplace_back();
    row = std::prev(rows_.end());
    row->message.message_id = static_cast<int64_t>(rows_.size());
  }
  row->message.request_id = request_id;
  row->message.account_sid = account_sid;
  row->state = state;
  DescribeUnsent({.state = state}, row->message);
  if (!row->message.final) return;
  unpublished_.settled.push_back(std::make_shared<const Message>(row->message));
}

void FakeLog::Claim(int sid, const std::string& request_id) {
  MutexLock lock(mu_);
  for (Row& row : rows_) {
    if (row.message.message_sid != Sid(sid)) continue;
    row.message.request_id = request_id;
    unpublished_.settled.push_back(
        std::make_shared<const Message>(row.message));
  }
  // A read gives an event the request id that its message has by then.
  for (auto& event : events_) {
    if (event->message_sid != Sid(sid)) continue;
    auto claimed = std::make_shared<StatusEvent>(*event);
    claimed->request_id = request_id;
    event = std::move(claimed);
  }
}

void FakeLog::Publish(EventTail& tail) {
  std::shared_ptr<const CommittedBatch> batch;
  {
    MutexLock lock(mu_);
    unpublished_.last_sequence = last_sequence_;
    batch = std::make_shared<const CommittedBatch>(std::move(unpublished_));
    unpublished_ = {};
  }
  tail.OnCommitted(batch);
}

int64_t FakeLog::Commit(EventTail& tail, const Report& report) {
  const int64_t sequence = Append(report);
  Publish(tail);
  return sequence;
}

void FakeLog::Trim(int64_t sequence) {
  MutexLock lock(mu_);
  trimmed_ = sequence;
  events_.erase(std::remove_if(events_.begin(), events_.end(),
                               [sequence](const auto& event) {
                                 return event->sequence <= sequence;
                               }),
                events_.end());
}

void FakeLog::set_before_read(std::function<void()> hook) {
  MutexLock lock(mu_);
  before_read_ = std::move(hook);
}

void FakeLog::set_read_error(absl::Status error) {
  MutexLock lock(mu_);
  read_error_ = std::move(error);
}

void FakeLog::set_page_rows(size_t rows) {
  MutexLock lock(mu_);
  page_rows_ = rows;
}

int FakeLog::page_reads() const {
  MutexLock lock(mu_);
  return page_reads_;
}

absl::Status FakeLog::Commit(absl::Span<const Write* const> /*writes*/,
                             std::vector<absl::StatusOr<WriteResult>>&,
                             CommittedBatch&) {
  return absl::UnimplementedError("tests write by Append");
}

absl::Status FakeLog::BeforeRead() const {
  std::function<void()> hook;
  absl::Status error;
  {
    MutexLock lock(mu_);
    hook = before_read_;
    error = read_error_;
  }
  if (hook) hook();
  return error;
}

absl::StatusOr<LogPosition> FakeLog::Position() const {
  MutexLock lock(mu_);
  if (!read_error_.ok()) return read_error_;
  return LogPosition{.identity = identity_,
                     .last_sequence = last_sequence_,
                     .trimmed_sequence = trimmed_};
}

absl::StatusOr<EventPage> FakeLog::ReadAfter(int64_t after_sequence,
                                             const Selection& selection,
                                             const ReadOptions& options) const {
  if (absl::Status status = BeforeRead(); !status.ok()) return status;
  MutexLock lock(mu_);
  ++page_reads_;
  EventPage page{.next_after_sequence = after_sequence};
  size_t looked_at = 0;
  size_t bytes = 0;
  for (const auto& event : events_) {
    if (event->sequence <= after_sequence) continue;
    if (looked_at++ == page_rows_ || page.events.size() == options.events_max ||
        bytes >= options.bytes_max) {
      return page;
    }
    page.next_after_sequence = event->sequence;
    if (!Matches(selection, *event)) continue;
    auto copy = std::make_shared<StatusEvent>(*event);
    if (options.include_parameters) {
      copy->parameters = {{"MessageStatus", event->status.ToString()}};
    }
    page.events.push_back(std::move(copy));
    bytes += 400;
  }
  page.next_after_sequence = std::max(after_sequence, last_sequence_);
  return page;
}

void FakeLog::AddSidLocked(const MessageSid& sid, SelectionState& state) const {
  for (const Row& row : rows_) {
    if (row.message.message_sid != sid) continue;
    state.messages.push_back(row.message);
    state.states.push_back(row.state);
    return;
  }
  state.unknown.push_back(sid.ToString());
}

void FakeLog::AddRequestLocked(const RequestIds& ids,
                               const std::string& request_id,
                               SelectionState& state) const {
  bool known = false;
  for (const Row& row : rows_) {
    if (row.message.request_id != request_id ||
        (!ids.account_sid.empty() &&
         ids.account_sid != row.message.account_sid)) {
      continue;
    }
    state.messages.push_back(row.message);
    state.states.push_back(row.state);
    known = true;
  }
  if (!known) state.unknown.push_back(request_id);
}

absl::StatusOr<SelectionState> FakeLog::ReadSelection(
    const Selection& selection) const {
  if (absl::Status status = BeforeRead(); !status.ok()) return status;
  MutexLock lock(mu_);
  SelectionState state{.last_sequence = last_sequence_};
  if (const auto* sids = std::get_if<MessageSids>(&selection)) {
    for (const MessageSid& sid : sids->sids) AddSidLocked(sid, state);
  } else {
    const auto& ids = std::get<RequestIds>(selection);
    for (const std::string& id : ids.request_ids) {
      AddRequestLocked(ids, id, state);
    }
  }
  return state;
}

absl::StatusOr<MessagePage> FakeLog::ListMessages(const MessageFilter& filter,
                                                  Order order,
                                                  int64_t from_message_id,
                                                  size_t messages_max,
                                                  size_t bytes_max) const {
  if (absl::Status status = BeforeRead(); !status.ok()) return status;
  if (order != Order::kOldestFirst) {
    return absl::UnimplementedError("watches read the oldest first");
  }
  MutexLock lock(mu_);
  MessagePage page;
  size_t bytes = 0;
  for (const Row& row : rows_) {
    if (row.message.message_id <= from_message_id) continue;
    if (page.messages.size() == messages_max ||
        (bytes >= bytes_max && !page.messages.empty())) {
      page.next_message_id = page.messages.back().message_id;
      return page;
    }
    if (row.message.message_sid.empty() || !Matches(filter, row.message)) {
      continue;
    }
    page.messages.push_back(row.message);
    bytes += 600;
  }
  return page;
}

}  // namespace sidwatch
