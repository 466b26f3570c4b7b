#include "server/rpc/request_parser.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/error_detail.h"
#include "server/rpc/utf8.h"
#include "sidwatch/v1/tracking.pb.h"

namespace sidwatch {
namespace {

constexpr size_t kRequestIdMax = 128;  // code points
constexpr size_t kLabelsMax = 16;
constexpr size_t kLabelKeyMax = 63;
constexpr size_t kLabelValueMax = 256;
constexpr size_t kResumeTokenBytesMax = 4096;  // ours are far shorter
constexpr size_t kTextMax = 512;  // a sender, a recipient, a direction

constexpr int32_t kNanosMax = 999'999'999;
// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z.
constexpr int64_t kTimestampSecondsMin = -62135596800;
constexpr int64_t kTimestampSecondsMax = 253402300799;
// About 10 000 years, as google.protobuf.Duration allows.
constexpr int64_t kDurationSecondsMax = 315'576'000'000;

std::string Indexed(absl::string_view field, int index) {
  return absl::StrCat(field, "[", index, "]");
}

absl::Status CheckCount(absl::string_view field, int size, size_t max) {
  if (static_cast<size_t>(size) <= max) return absl::OkStatus();
  return FieldError(field, absl::StrCat("has ", size, " entries, at most ", max,
                                        " are allowed"));
}

absl::Status CheckLength(absl::string_view field, absl::string_view text,
                         size_t min, size_t max) {
  const size_t length = CountCodePoints(text);
  if (length >= min && length <= max) return absl::OkStatus();
  return FieldError(field, absl::StrCat("has ", length, " characters, must be ",
                                        min, " to ", max));
}

absl::StatusOr<absl::Time> ParseTime(absl::string_view field,
                                     const google::protobuf::Timestamp& time) {
  if (time.seconds() < kTimestampSecondsMin ||
      time.seconds() > kTimestampSecondsMax || time.nanos() < 0 ||
      time.nanos() > kNanosMax) {
    return FieldError(field, "is no time between the years 1 and 9999");
  }
  return absl::FromUnixSeconds(time.seconds()) +
         absl::Nanoseconds(time.nanos());
}

absl::StatusOr<absl::Duration> ParseDuration(
    absl::string_view field, const google::protobuf::Duration& duration) {
  const int64_t seconds = duration.seconds();
  const int32_t nanos = duration.nanos();
  if (std::abs(seconds) > kDurationSecondsMax || nanos < -kNanosMax ||
      nanos > kNanosMax || (seconds > 0 && nanos < 0) ||
      (seconds < 0 && nanos > 0)) {
    return FieldError(field, "is no valid google.protobuf.Duration");
  }
  return absl::Seconds(seconds) + absl::Nanoseconds(nanos);
}

template <typename ProtoMap>
absl::StatusOr<Labels> ParseLabels(absl::string_view field,
                                   const ProtoMap& labels) {
  absl::Status status =
      CheckCount(field, static_cast<int>(labels.size()), kLabelsMax);
  Labels out;
  for (const auto& [key, value] : labels) {
    status.Update(CheckLength(field, key, 1, kLabelKeyMax));
    status.Update(CheckLength(absl::StrCat(field, "[", key, "]"), value, 0,
                              kLabelValueMax));
    out[key] = value;
  }
  if (!status.ok()) return status;
  return out;
}

absl::StatusOr<std::vector<std::string>> ParseTexts(
    absl::string_view field,
    const google::protobuf::RepeatedPtrField<std::string>& texts,
    size_t length_max) {
  absl::Status status = CheckCount(field, texts.size(), kListEntriesMax);
  for (int i = 0; i < texts.size() && status.ok(); ++i) {
    status.Update(CheckLength(Indexed(field, i), texts[i], 1, length_max));
  }
  if (!status.ok()) return status;
  return std::vector<std::string>(texts.begin(), texts.end());
}

absl::StatusOr<std::vector<std::string>> ParseAccountSids(
    absl::string_view field,
    const google::protobuf::RepeatedPtrField<std::string>& texts) {
  absl::Status status = CheckCount(field, texts.size(), kListEntriesMax);
  std::vector<std::string> sids;
  for (int i = 0; i < texts.size() && status.ok(); ++i) {
    // An empty entry would match nothing here, not everything.
    status.Update(CheckLength(Indexed(field, i), texts[i], 1, kTextMax));
    auto sid = ParseAccountSid(Indexed(field, i), texts[i]);
    status.Update(sid.status());
    if (status.ok()) sids.push_back(*std::move(sid));
  }
  if (!status.ok()) return status;
  return sids;
}

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

// Moves a parsed value to where it belongs, or its error to `status`.
template <typename T, typename U>
void Take(absl::StatusOr<T> parsed, U& out, absl::Status& status) {
  if (parsed.ok()) {
    out = *std::move(parsed);
  } else {
    status.Update(parsed.status());
  }
}

absl::StatusOr<RequestIds> ParseRequestIds(
    const google::protobuf::RepeatedPtrField<std::string>& texts,
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

absl::StatusOr<MessageSid> ParseMessageSid(absl::string_view field,
                                           absl::string_view text) {
  auto sid = MessageSid::Parse(text);
  if (!sid.ok()) return FieldError(field, sid.status().message());
  return sid;
}

absl::StatusOr<MessageSids> ParseMessageSids(
    absl::string_view field,
    const google::protobuf::RepeatedPtrField<std::string>& texts) {
  if (absl::Status status = CheckCount(field, texts.size(), kListEntriesMax);
      !status.ok()) {
    return status;
  }
  MessageSids out;
  absl::flat_hash_set<MessageSid> seen;
  for (int i = 0; i < texts.size(); ++i) {
    const auto sid = ParseMessageSid(Indexed(field, i), texts[i]);
    if (!sid.ok()) return sid.status();
    if (seen.insert(*sid).second) out.sids.push_back(*sid);
  }
  return out;
}

absl::StatusOr<std::string> ParseAccountSid(absl::string_view field,
                                            absl::string_view text) {
  if (text.empty()) return "";
  if (!IsAccountSid(text)) {
    return FieldError(field, "must be AC and 32 hex digits");
  }
  return absl::StrCat("AC", absl::AsciiStrToLower(text.substr(2)));
}

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

absl::StatusOr<size_t> ParsePageSize(int32_t page_size) {
  if (page_size == 0) return kPageSizeDefault;
  if (page_size < 0 || static_cast<size_t>(page_size) > kPageSizeMax) {
    return FieldError(
        "page_size",
        absl::StrCat("is ", page_size, ", must be 1 to ", kPageSizeMax,
                     ", or 0 for ", kPageSizeDefault));
  }
  return static_cast<size_t>(page_size);
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
  if (request.resume_token().size() > kResumeTokenBytesMax) {
    status.Update(FieldError("resume_token", "is no token of this service"));
  }
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
