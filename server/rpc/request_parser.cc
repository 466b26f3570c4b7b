#include "server/rpc/request_parser.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "base/error_detail.h"
#include "server/rpc/field_parser.h"
#include "sidwatch/v1/tracking.pb.h"

namespace sidwatch {
namespace {

constexpr size_t kRequestIdMax = 128;  // code points
constexpr size_t kTextMax = 512;       // a sender, a recipient, a direction

absl::StatusOr<std::vector<StatusText>> ParseStatuses(
    absl::string_view field,
    const google::protobuf::RepeatedField<int>& statuses) {
  if (absl::Status status = CheckCount(field, statuses.size(), kListEntriesMax);
      !status.ok()) {
    return status;
  }
  std::vector<StatusText> out;
  for (int i = 0; i < statuses.size(); ++i) {
    // Storage counts from 0 where the wire counts from 1 (conversion.cc).
    if (statuses[i] < v1::MESSAGE_STATUS_UNKNOWN ||
        statuses[i] > v1::MESSAGE_STATUS_READ) {
      return FieldError(Indexed(field, i), "is no MessageStatus known here");
    }
    out.push_back({.status = static_cast<MessageStatus>(statuses[i] - 1)});
  }
  return out;
}

absl::StatusOr<RequestIds> ParseRequestIds(const ProtoTexts& texts,
                                           absl::string_view account_sid) {
  RequestIds ids;
  std::vector<std::string> all;
  absl::Status status;
  Take(ParseTexts("request_ids", texts, kRequestIdMax), all, status);
  Take(ParseAccountSid("account_sid", account_sid), ids.account_sid, status);
  if (!status.ok()) return status;
  absl::flat_hash_set<std::string> seen;
  for (std::string& id : all) {
    if (seen.insert(id).second) ids.request_ids.push_back(std::move(id));
  }
  return ids;
}

absl::Status CheckOneSelection(const v1::WatchStatusRequest& request) {
  const int given = (request.message_sids().empty() ? 0 : 1) +
                    (request.request_ids().empty() ? 0 : 1) +
                    (request.has_filter() ? 1 : 0);
  if (given > 1) {
    return FieldError(
        request.has_filter() ? "filter" : "request_ids",
        "give at most one of message_sids, request_ids and filter");
  }
  if (!request.account_sid().empty() && request.request_ids().empty()) {
    return FieldError("account_sid",
                      "goes with request_ids; for all messages of an account "
                      "give filter.account_sids");
  }
  return absl::OkStatus();
}

absl::StatusOr<Selection> ParseWatchSelection(
    const v1::WatchStatusRequest& request) {
  if (absl::Status status = CheckOneSelection(request); !status.ok()) {
    return status;
  }
  Selection selection;
  absl::Status status;
  if (!request.message_sids().empty()) {
    Take(ParseMessageSids("message_sids", request.message_sids()), selection,
         status);
  } else if (!request.request_ids().empty()) {
    Take(ParseRequestIds(request.request_ids(), request.account_sid()),
         selection, status);
  } else {
    Take(ParseFilter("filter", request.filter()), selection, status);
  }
  if (!status.ok()) return status;
  return selection;
}

absl::StatusOr<WatchStart> ParseStart(const v1::WatchStatusRequest& request) {
  if (!request.resume_token().empty() &&
      request.start() != v1::WATCH_START_UNSPECIFIED) {
    return FieldError("start", "give either resume_token or start, not both");
  }
  switch (request.start()) {
    case v1::WATCH_START_UNSPECIFIED:
    case v1::WATCH_START_SNAPSHOT:
      return WatchStart::kSnapshot;
    case v1::WATCH_START_NOW:
      return WatchStart::kNow;
    case v1::WATCH_START_BEGINNING:
      return WatchStart::kBeginning;
    default:
      return FieldError("start", "is no WatchStart known here");
  }
}

absl::StatusOr<absl::Duration> ParseProgressInterval(
    const v1::WatchStatusRequest& request) {
  if (!request.has_progress_interval()) return WatchOptions{}.progress_interval;
  auto interval =
      ParseDuration("progress_interval", request.progress_interval());
  if (!interval.ok()) return interval;
  return std::clamp(*interval, absl::Seconds(1), absl::Seconds(60));
}

// The name of a field that is set and not sent yet; "" if there is none.
absl::string_view UnsentField(const v1::SendTrackedRequest& request) {
  const std::pair<bool, absl::string_view> fields[] = {
      {request.has_provide_feedback(), "provide_feedback"},
      {request.has_smart_encoded(), "smart_encoded"},
      {request.has_shorten_urls(), "shorten_urls"},
      {request.has_force_delivery(), "force_delivery"},
      {request.has_send_as_mms(), "send_as_mms"},
      {request.has_attempt(), "attempt"},
      {!request.application_sid().empty(), "application_sid"},
      {!request.content_retention().empty(), "content_retention"},
      {!request.address_retention().empty(), "address_retention"},
      {!request.risk_check().empty(), "risk_check"},
      {!request.persistent_actions().empty(), "persistent_actions"},
      {!request.tags().empty(), "tags"},
  };
  for (const auto& [set, name] : fields) {
    if (set) return name;
  }
  return "";
}

// The fields that are text on both sides.
SendRequest CopyTexts(const v1::SendTrackedRequest& request) {
  return {
      .request_id = request.request_id(),
      .to = request.to(),
      .from = request.from(),
      .messaging_service_sid = request.messaging_service_sid(),
      .body = request.body(),
      .media_urls = {request.media_urls().begin(), request.media_urls().end()},
      .content_sid = request.content_sid(),
      .content_variables = {request.content_variables().begin(),
                            request.content_variables().end()},
      .labels = {request.labels().begin(), request.labels().end()},
      .extra_parameters = {request.extra_parameters().begin(),
                           request.extra_parameters().end()}};
}

}  // namespace

absl::StatusOr<MessageFilter> ParseFilter(absl::string_view field,
                                          const v1::MessageFilter& filter) {
  const auto path = [field](absl::string_view name) {
    return absl::StrCat(field, ".", name);
  };
  MessageFilter out;
  absl::Status status;
  Take(ParseAccountSids(path("account_sids"), filter.account_sids()),
       out.account_sids, status);
  Take(ParseStatuses(path("statuses"), filter.statuses()), out.statuses,
       status);
  Take(ParseLabels(path("labels"), filter.labels()), out.labels, status);
  Take(ParseTexts(path("senders"), filter.senders(), kTextMax), out.senders,
       status);
  Take(ParseTexts(path("recipients"), filter.recipients(), kTextMax),
       out.recipients, status);
  status.Update(CheckCount(path("error_codes"), filter.error_codes_size(),
                           kListEntriesMax));
  status.Update(
      CheckLength(path("direction"), filter.direction(), 0, kTextMax));
  if (filter.has_create_time_from()) {
    Take(ParseTime(path("create_time_from"), filter.create_time_from()),
         out.create_time_from, status);
  }
  if (filter.has_create_time_to()) {
    Take(ParseTime(path("create_time_to"), filter.create_time_to()),
         out.create_time_to, status);
  }
  if (!status.ok()) return status;
  out.error_codes.assign(filter.error_codes().begin(),
                         filter.error_codes().end());
  out.direction = filter.direction();
  out.final_only = filter.final_only();
  return out;
}

absl::StatusOr<Selection> ParseSelection(const v1::GetMessageRequest& request) {
  if (request.has_request_id()) {
    absl::Status status =
        CheckLength("request_id", request.request_id(), 1, kRequestIdMax);
    auto account_sid = ParseAccountSid("account_sid", request.account_sid());
    status.Update(account_sid.status());
    if (!status.ok()) return status;
    return RequestIds{.request_ids = {request.request_id()},
                      .account_sid = *std::move(account_sid)};
  }
  if (!request.has_message_sid()) {
    return FieldError("message_sid", "give message_sid or request_id");
  }
  const auto sid = ParseMessageSid("message_sid", request.message_sid());
  if (!sid.ok()) return sid.status();
  return MessageSids{.sids = {*sid}};
}

absl::StatusOr<Selection> ParseSelection(
    const v1::ListStatusEventsRequest& request) {
  Selection selection;
  absl::Status status;
  if (request.message_sid().empty()) {
    Take(ParseFilter("filter", request.filter()), selection, status);
  } else if (request.has_filter()) {
    status =
        FieldError("filter", "give either message_sid or filter, not both");
  } else {
    const auto sid = ParseMessageSid("message_sid", request.message_sid());
    status = sid.status();
    if (sid.ok()) selection = MessageSids{.sids = {*sid}};
  }
  if (!status.ok()) return status;
  return selection;
}

absl::StatusOr<WatchOptions> ParseWatchRequest(
    const v1::WatchStatusRequest& request) {
  WatchOptions options;
  absl::Status status;
  Take(ParseWatchSelection(request), options.selection, status);
  Take(ParseStart(request), options.start, status);
  Take(ParseProgressInterval(request), options.progress_interval, status);
  if (!status.ok()) return status;
  options.resume_token = request.resume_token();
  options.keep_open = request.keep_open();
  options.await_read = request.await_read();
  options.include_parameters = request.include_parameters();
  options.effective_only = request.effective_only();
  return options;
}

absl::StatusOr<SendRequest> ParseSendRequest(
    const v1::SendTrackedRequest& request) {
  if (const absl::string_view field = UnsentField(request); !field.empty()) {
    return DetailedError(
        absl::StatusCode::kUnimplemented,
        absl::StrCat(field, ": this version cannot send it yet; leave it out"),
        {.reason = "UNIMPLEMENTED",
         .fields = {{std::string(field), "cannot be sent yet"}}});
  }
  SendRequest out = CopyTexts(request);
  absl::Status status;
  Take(ParseAccountSid("account_sid", request.account_sid()), out.account_sid,
       status);
  if (request.has_send_at()) {
    Take(ParseTime("send_at", request.send_at()), out.send_at, status);
  }
  if (request.has_validity_period()) {
    Take(ParseDuration("validity_period", request.validity_period()),
         out.validity_period, status);
  }
  if (!status.ok()) return status;
  return out;
}

}  // namespace sidwatch
