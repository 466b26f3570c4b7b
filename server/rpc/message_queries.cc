#include "server/rpc/message_queries.h"

#include <string>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "base/error_detail.h"
#include "server/rpc/conversion.h"
#include "server/rpc/field_parser.h"
#include "server/rpc/page_token.h"
#include "server/rpc/request_parser.h"
#include "sidwatch/v1/tracking.pb.h"

namespace sidwatch {
namespace {

// What the store's own rough count may reach: the rest of kResponseBytesMax is
// for what it does not count.
constexpr size_t kPageBytesMax = kResponseBytesMax / 2;
// Of an event or message beside its own bytes: its tag and its length.
constexpr size_t kEntryOverheadBytes = 8;

absl::Status MessageUnknown() {
  return DetailedError(absl::StatusCode::kNotFound,
                       "no such message is known here",
                       {.reason = "MESSAGE_UNKNOWN"});
}

absl::Status ResponseTooLarge() {
  return DetailedError(
      absl::StatusCode::kResourceExhausted,
      absl::StrCat("the messages take more than ", kResponseBytesMax,
                   " bytes: ask for fewer at a time"),
      {.reason = "RESPONSE_TOO_LARGE",
       .metadata = {{"limit_bytes", absl::StrCat(kResponseBytesMax)}}});
}

// Adds events to `response` until it would pass its limit. Returns the
// sequence of the last one added, or 0 when all were.
template <typename Response>
int64_t AddEvents(const EventPage& page, size_t& bytes, Response& response) {
  int64_t last = 0;
  for (const auto& event : page.events) {
    v1::StatusEvent proto = ToProto(*event);
    bytes += proto.ByteSizeLong() + kEntryOverheadBytes;
    // A response with one event is sent whatever its size: going on must
    // always be possible.
    if (bytes > kResponseBytesMax && response.events_size() > 0) return last;
    *response.add_events() = std::move(proto);
    last = event->sequence;
  }
  return 0;
}

// The same for messages; their message_id.
int64_t AddMessages(const MessagePage& page,
                    v1::ListMessagesResponse& response) {
  size_t bytes = 0;
  int64_t last = 0;
  for (const Message& message : page.messages) {
    v1::Message proto = ToProto(message);
    bytes += proto.ByteSizeLong() + kEntryOverheadBytes;
    if (bytes > kResponseBytesMax && last != 0) return last;
    *response.add_messages() = std::move(proto);
    last = message.message_id;
  }
  return 0;
}

// Every event of `message`, or as many as fit.
absl::Status AddHistory(const Store& store, const Message& message,
                        v1::GetMessageResponse& response) {
  const Selection selection = MessageSids{.sids = {message.message_sid}};
  size_t bytes = response.ByteSizeLong();
  int64_t after = 0;
  while (after < message.last_sequence) {
    const auto page =
        store.ReadAfter(after, selection, {.bytes_max = kPageBytesMax});
    if (!page.ok()) return page.status();
    if (AddEvents(*page, bytes, response) != 0) break;
    if (page->next_after_sequence <= after) break;
    after = page->next_after_sequence;
  }
  return absl::OkStatus();
}

absl::Status CheckKnown(const Store& store, const Selection& selection) {
  const auto state = store.ReadSelection(selection);
  if (!state.ok()) return state.status();
  return state->messages.empty() ? MessageUnknown() : absl::OkStatus();
}

}  // namespace

absl::Status GetMessage(const Store& store,
                        const v1::GetMessageRequest& request,
                        v1::GetMessageResponse& response) {
  const auto selection = ParseSelection(request);
  if (!selection.ok()) return selection.status();
  const auto account_sid =
      ParseAccountSid("account_sid", request.account_sid());
  if (!account_sid.ok()) return account_sid.status();
  const auto found = store.ReadSelection(*selection);
  if (!found.ok()) return found.status();
  if (found->messages.empty()) return MessageUnknown();
  if (found->messages.size() > 1) {
    return FieldError("request_id",
                      "is known in several accounts: give account_sid too");
  }
  const ReservationState state = found->states.front();
  const Message& message = found->messages.front();
  if (!account_sid->empty() && *account_sid != message.account_sid) {
    return MessageUnknown();
  }
  *response.mutable_message() = ToProto(message);
  response.set_explanation(ExplainReservation(message, state));
  if (!request.include_events()) return absl::OkStatus();
  return AddHistory(store, message, response);
}

absl::Status BatchGetMessages(const Store& store,
                              const v1::BatchGetMessagesRequest& request,
                              v1::BatchGetMessagesResponse& response) {
  auto sids = ParseMessageSids("message_sids", request.message_sids());
  if (!sids.ok()) return sids.status();
  if (sids->sids.empty()) {
    return FieldError("message_sids", "give at least one");
  }
  const auto found = store.ReadSelection(*std::move(sids));
  if (!found.ok()) return found.status();
  for (const Message& message : found->messages) {
    *response.add_messages() = ToProto(message);
  }
  for (const std::string& sid : found->unknown) {
    response.add_unknown_message_sids(sid);
  }
  if (response.ByteSizeLong() > kResponseBytesMax) {
    response.Clear();
    return ResponseTooLarge();
  }
  return absl::OkStatus();
}

absl::Status ListMessages(const Store& store,
                          const v1::ListMessagesRequest& request,
                          v1::ListMessagesResponse& response) {
  const auto filter = ParseFilter("filter", request.filter());
  if (!filter.ok()) return filter.status();
  const auto messages_max = ParsePageSize(request.page_size());
  if (!messages_max.ok()) return messages_max.status();
  absl::StatusOr<int64_t> from = 0;
  if (!request.page_token().empty()) {
    from = ParsePageToken(request.page_token(), request.filter());
    if (!from.ok()) return from.status();
  }
  const auto page = store.ListMessages(*filter, Store::Order::kNewestFirst,
                                       *from, *messages_max, kPageBytesMax);
  if (!page.ok()) return page.status();
  const int64_t cut_at = AddMessages(*page, response);
  const int64_t next = cut_at != 0 ? cut_at : page->next_message_id;
  if (next != 0) {
    response.set_next_page_token(MakePageToken(next, request.filter()));
  }
  return absl::OkStatus();
}

absl::Status ListStatusEvents(const Store& store,
                              const v1::ListStatusEventsRequest& request,
                              v1::ListStatusEventsResponse& response) {
  const auto selection = ParseSelection(request);
  if (!selection.ok()) return selection.status();
  const auto events_max = ParsePageSize(request.page_size());
  if (!events_max.ok()) return events_max.status();
  if (request.after_sequence() < 0) {
    return FieldError("after_sequence", "must not be below 0");
  }
  const auto page =
      store.ReadAfter(request.after_sequence(), *selection,
                      {.events_max = *events_max,
                       .bytes_max = kPageBytesMax,
                       .include_parameters = request.include_parameters()});
  if (!page.ok()) return page.status();
  if (page->events.empty() && std::holds_alternative<MessageSids>(*selection)) {
    if (absl::Status known = CheckKnown(store, *selection); !known.ok()) {
      return known;
    }
  }
  size_t bytes = 0;
  const int64_t cut_at = AddEvents(*page, bytes, response);
  response.set_next_after_sequence(cut_at != 0 ? cut_at
                                               : page->next_after_sequence);
  return absl::OkStatus();
}

}  // namespace sidwatch
