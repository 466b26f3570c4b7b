#include "server/watch/watch_reads.h"

#include <algorithm>
#include <map>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "base/error_detail.h"

namespace sidwatch {
namespace {

constexpr size_t kSnapshotPartMessages = 500;

absl::Status StoreError(const absl::Status& status) {
  if (!DetailOf(status).reason.empty()) return status;
  return DetailedError(
      absl::StatusCode::kUnavailable,
      absl::StrCat("the store cannot be read (", status.message(),
                   "); resume with the last token"),
      {.reason = "STORE_UNAVAILABLE"});
}

absl::Status CheckOneAccount(const Selection& selection,
                             const SelectionState& state) {
  const auto* ids = std::get_if<RequestIds>(&selection);
  if (ids == nullptr || !ids->account_sid.empty()) return absl::OkStatus();
  std::map<absl::string_view, absl::string_view> accounts;
  for (const Message& message : state.messages) {
    const auto [first, added] =
        accounts.emplace(message.request_id, message.account_sid);
    if (!added && first->second != message.account_sid) {
      return FieldError("request_ids",
                        absl::StrCat("'", message.request_id,
                                     "' is found in several accounts; say "
                                     "which one in account_sid"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<SelectionState> ReadState(const Store& store,
                                         const Selection& selection) {
  absl::StatusOr<SelectionState> state = store.ReadSelection(selection);
  if (!state.ok()) return StoreError(state.status());
  absl::Status one_account = CheckOneAccount(selection, *state);
  if (!one_account.ok()) return one_account;
  return state;
}

std::vector<std::shared_ptr<const Message>> Share(
    std::vector<Message> messages) {
  std::vector<std::shared_ptr<const Message>> shared;
  shared.reserve(messages.size());
  for (Message& message : messages) {
    shared.push_back(std::make_shared<const Message>(std::move(message)));
  }
  return shared;
}

template <typename T>
std::vector<T> Slice(const std::vector<T>& all, size_t from) {
  const size_t begin = std::min(from, all.size());
  const size_t end = std::min(begin + kSnapshotPartIds, all.size());
  return std::vector<T>(all.begin() + static_cast<std::ptrdiff_t>(begin),
                        all.begin() + static_cast<std::ptrdiff_t>(end));
}

// The part of a list that begins at `from`, and the list's whole size.
std::pair<Selection, size_t> ListPart(const Selection& list, size_t from) {
  if (const auto* sids = std::get_if<MessageSids>(&list)) {
    return {MessageSids{Slice(sids->sids, from)}, sids->sids.size()};
  }
  const auto& ids = std::get<RequestIds>(list);
  return {RequestIds{Slice(ids.request_ids, from), ids.account_sid},
          ids.request_ids.size()};
}

absl::StatusOr<SnapshotPart> ReadListPart(const Store& store,
                                          const Selection& list, int64_t from) {
  const auto [selection, size] = ListPart(list, static_cast<size_t>(from));
  absl::StatusOr<SelectionState> state = ReadState(store, selection);
  if (!state.ok()) return state.status();
  const int64_t next = from + static_cast<int64_t>(kSnapshotPartIds);
  return SnapshotPart{.messages = Share(std::move(state->messages)),
                      .next = next < static_cast<int64_t>(size) ? next : 0};
}

// Where the log is taken up by a watch that resumes nothing.
int64_t StartingCursor(WatchStart start, const LogPosition& position,
                       int64_t now) {
  return start == WatchStart::kBeginning ? position.trimmed_sequence : now;
}

}  // namespace

bool IsSettled(const Message& message) {
  return message.final || !message.message_sid.empty();
}

absl::StatusOr<WatchOpening> ReadOpening(
    const Store& store, const WatchOptions& options,
    const std::optional<ResumeToken>& token) {
  const absl::StatusOr<LogPosition> position = store.Position();
  if (!position.ok()) return StoreError(position.status());
  if (token) {
    absl::Status valid = CheckPosition(*token, *position);
    if (!valid.ok()) return valid;
  }
  WatchOpening opening{.store = FingerprintOf(position->identity),
                       .position = position->last_sequence};
  if (!std::holds_alternative<MessageFilter>(options.selection)) {
    absl::StatusOr<SelectionState> state = ReadState(store, options.selection);
    if (!state.ok()) return state.status();
    opening.position = state->last_sequence;
    opening.messages = Share(std::move(state->messages));
    opening.unknown = std::move(state->unknown);
  }
  opening.snapshot =
      token ? token->snapshot_pending : options.start == WatchStart::kSnapshot;
  opening.cursor =
      token && !token->snapshot_pending
          ? token->sequence
          : StartingCursor(token ? WatchStart::kSnapshot : options.start,
                           *position, opening.position);
  return opening;
}

absl::StatusOr<SnapshotPart> ReadSnapshotPart(const Store& store,
                                              const Selection& selection,
                                              int64_t from, size_t bytes_max) {
  const auto* filter = std::get_if<MessageFilter>(&selection);
  if (filter == nullptr) return ReadListPart(store, selection, from);
  absl::StatusOr<MessagePage> page =
      store.ListMessages(*filter, Store::Order::kOldestFirst, from,
                         kSnapshotPartMessages, bytes_max);
  if (!page.ok()) return StoreError(page.status());
  return SnapshotPart{.messages = Share(std::move(page->messages)),
                      .next = page->next_message_id};
}

absl::StatusOr<std::vector<std::shared_ptr<const Message>>> ReadSettled(
    const Store& store, const Selection& selection) {
  absl::StatusOr<SelectionState> state = ReadState(store, selection);
  if (!state.ok()) return state.status();
  std::vector<std::shared_ptr<const Message>> settled;
  for (Message& message : state->messages) {
    if (!IsSettled(message)) continue;
    settled.push_back(std::make_shared<const Message>(std::move(message)));
  }
  return settled;
}

absl::StatusOr<EventPage> ReadPage(const Store& store,
                                   const Selection& selection, int64_t cursor,
                                   const ReadOptions& options,
                                   bool may_be_trimmed) {
  absl::StatusOr<EventPage> page = store.ReadAfter(cursor, selection, options);
  if (!page.ok()) return StoreError(page.status());
  // Asked after the page was read: what retention took while it was being
  // read is found out too.
  const absl::StatusOr<LogPosition> position = store.Position();
  if (!position.ok()) return StoreError(position.status());
  if (position->trimmed_sequence > cursor && !may_be_trimmed) {
    return TokenExpiredError();
  }
  return page;
}

}  // namespace sidwatch
