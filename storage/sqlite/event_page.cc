#include "storage/sqlite/event_page.h"

#include <algorithm>
#include <utility>

#include "storage/sqlite/page_size.h"

namespace sidwatch {
namespace {

// Collects events up to the limits of a page.
class PageBuilder {
 public:
  PageBuilder(int64_t after_sequence, const ReadOptions& options)
      : options_(options) {
    page_.next_after_sequence = after_sequence;
  }

  void LookAt(int64_t sequence) { page_.next_after_sequence = sequence; }

  // Returns false when the page is full with it.
  bool Add(StatusEvent event) {
    LookAt(event.sequence);
    size_bytes_ += SizeBytes(event);
    page_.events.push_back(
        std::make_shared<const StatusEvent>(std::move(event)));
    full_ = page_.events.size() >= options_.events_max ||
            size_bytes_ >= options_.bytes_max;
    return !full_;
  }

  bool full() const { return full_; }

  EventPage Take() { return std::move(page_); }

 private:
  const ReadOptions& options_;
  EventPage page_;
  size_t size_bytes_ = 0;
  bool full_ = false;
};

bool BySequence(const StatusEvent& a, const StatusEvent& b) {
  return a.sequence < b.sequence;
}

}  // namespace

absl::StatusOr<const MessageRow*> MessageCache::Get(int64_t message_id) {
  std::unique_ptr<MessageRow>& row = rows_[message_id];
  if (row == nullptr) {
    absl::StatusOr<MessageRow> found = tables_.GetMessage(message_id);
    if (!found.ok()) return found.status();
    row = std::make_unique<MessageRow>(*std::move(found));
  }
  return row.get();
}

absl::StatusOr<EventPage> ReadLogPage(StoreTables& tables,
                                      int64_t after_sequence,
                                      const MessageFilter& filter,
                                      const ReadOptions& options) {
  PageBuilder page(after_sequence, options);
  MessageCache cache(tables);
  size_t rows = 0;
  const bool everything = filter.empty();
  const auto message_of = [&](int64_t message_id) {
    return cache.Get(message_id);
  };
  const auto take = [&](StatusEvent event) {
    ++rows;
    if (everything || Matches(filter, event)) return page.Add(std::move(event));
    page.LookAt(event.sequence);
    return true;
  };
  absl::Status scanned = tables.events.Scan(
      after_sequence, kRowsMax, options.include_parameters, message_of, take);
  if (!scanned.ok()) return scanned;
  if (!page.full() && rows < kRowsMax) {
    const absl::StatusOr<StoreRow> head = tables.store.Read();
    if (!head.ok()) return head.status();
    page.LookAt(std::max(after_sequence, head->last_sequence));
  }
  return page.Take();
}

absl::StatusOr<EventPage> ReadMessagesPage(
    StoreTables& tables, int64_t after_sequence,
    const std::vector<MessageRow>& messages, const ReadOptions& options) {
  std::vector<StatusEvent> found;
  // Keeps the earliest events_max of all; the rest is for later pages.
  const auto trim = [&] {
    std::sort(found.begin(), found.end(), BySequence);
    if (found.size() > options.events_max) found.resize(options.events_max);
  };
  for (const MessageRow& message : messages) {
    const auto take = [&](StatusEvent event) {
      found.push_back(std::move(event));
      return true;
    };
    absl::Status scanned =
        tables.events.ScanMessage(message, after_sequence, options.events_max,
                                  options.include_parameters, take);
    if (!scanned.ok()) return scanned;
    if (found.size() > 2 * options.events_max) trim();
  }
  trim();

  PageBuilder page(after_sequence, options);
  for (StatusEvent& event : found) {
    if (!page.Add(std::move(event))) return page.Take();
  }
  const absl::StatusOr<StoreRow> head = tables.store.Read();
  if (!head.ok()) return head.status();
  page.LookAt(std::max(after_sequence, head->last_sequence));
  return page.Take();
}

}  // namespace sidwatch
