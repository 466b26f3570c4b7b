#include "server/rpc/conversion.h"

#include <memory>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "server/rpc/utf8.h"
#include "sidwatch/v1/tracking.pb.h"

namespace sidwatch {
namespace {

// The numbers on the wire are those of storage plus one; both are fixed for
// ever.
v1::MessageStatus ToProto(MessageStatus status) {
  return static_cast<v1::MessageStatus>(static_cast<int>(status) + 1);
}
static_assert(static_cast<int>(MessageStatus::kUnknown) + 1 ==
              v1::MESSAGE_STATUS_UNKNOWN);
static_assert(static_cast<int>(MessageStatus::kRead) + 1 ==
              v1::MESSAGE_STATUS_READ);

// These have the same numbers.
v1::Origin ToProto(Origin origin) { return static_cast<v1::Origin>(origin); }
static_assert(static_cast<int>(Origin::kInbound) == v1::ORIGIN_INBOUND);

v1::EventSource ToProto(EventSource source) {
  return static_cast<v1::EventSource>(source);
}
static_assert(static_cast<int>(EventSource::kLocal) == v1::EVENT_SOURCE_LOCAL);

v1::WatchEndReason ToProto(WatchEndReason reason) {
  switch (reason) {
    case WatchEndReason::kAllFinal:
      return v1::WATCH_END_REASON_ALL_FINAL;
    case WatchEndReason::kMaxAge:
      return v1::WATCH_END_REASON_MAX_AGE;
    case WatchEndReason::kDraining:
      return v1::WATCH_END_REASON_DRAINING;
    case WatchEndReason::kSlowConsumer:
      break;  // told by the call's status alone
  }
  return v1::WATCH_END_REASON_UNSPECIFIED;
}

template <typename ProtoMap>
void FillLabels(const Labels& labels, ProtoMap& out) {
  for (const auto& [key, value] : labels) {
    out[ToValidUtf8(key)] = ToValidUtf8(value);
  }
}

// Names may repeat in a form, not in a map.
template <typename ProtoMap>
void FillParameters(const Parameters& parameters, ProtoMap& out) {
  for (const auto& [name, value] : parameters) {
    const auto [entry, added] =
        out.insert({ToValidUtf8(name), ToValidUtf8(value)});
    if (!added) absl::StrAppend(&entry->second, "\n", ToValidUtf8(value));
  }
}

// Fills one alternative of the response's `update` for each kind of item.
struct UpdateFiller {
  v1::WatchStatusResponse& response;

  void operator()(const WatchCreated& item) const {
    v1::WatchCreated& created = *response.mutable_created();
    *created.mutable_progress_interval() =
        ToDurationProto(item.progress_interval);
    for (const std::string& sid : item.unknown_message_sids) {
      created.add_unknown_message_sids(sid);
    }
    for (const std::string& id : item.unknown_request_ids) {
      created.add_unknown_request_ids(ToValidUtf8(id));
    }
  }
  void operator()(const std::shared_ptr<const Message>& item) const {
    *response.mutable_snapshot_message() = ToProto(*item);
  }
  void operator()(const WatchSnapshotDone&) const {
    response.mutable_snapshot_done();
  }
  void operator()(const std::shared_ptr<const StatusEvent>& item) const {
    *response.mutable_event() = ToProto(*item);
  }
  void operator()(const WatchProgress&) const { response.mutable_progress(); }
  void operator()(const WatchEnded& item) const {
    response.mutable_ended()->set_reason(ToProto(item.reason));
  }
};

// " (error 21211: Invalid 'To' Phone Number)", what there is of it.
std::string TwilioError(const Message& message) {
  if (!message.error_code && message.error_message.empty()) return "";
  return absl::StrCat(
      " (error",
      message.error_code ? absl::StrCat(" ", *message.error_code) : "",
      message.error_message.empty() ? "" : ": ",
      ToValidUtf8(message.error_message), ")");
}

void FillOptionalParts(const Message& message, v1::Message& out) {
  if (message.num_segments) out.set_num_segments(*message.num_segments);
  if (message.num_media) out.set_num_media(*message.num_media);
  if (message.error_code) out.set_error_code(*message.error_code);
  for (const auto& [word, time] : message.status_times) {
    (*out.mutable_status_times())[ToValidUtf8(word)] = ToTimestamp(time);
  }
}

}  // namespace

google::protobuf::Timestamp ToTimestamp(absl::Time time) {
  const int64_t seconds = absl::ToUnixSeconds(time);
  google::protobuf::Timestamp out;
  out.set_seconds(seconds);
  out.set_nanos(static_cast<int32_t>(
      absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(seconds))));
  return out;
}

google::protobuf::Duration ToDurationProto(absl::Duration duration) {
  absl::Duration rest;
  google::protobuf::Duration out;
  out.set_seconds(absl::IDivDuration(duration, absl::Seconds(1), &rest));
  out.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(rest)));
  return out;
}

v1::Message ToProto(const Message& message) {
  v1::Message out;
  out.set_message_sid(message.message_sid.ToString());
  out.set_request_id(ToValidUtf8(message.request_id));
  out.set_account_sid(message.account_sid);
  out.set_messaging_service_sid(ToValidUtf8(message.messaging_service_sid));
  out.set_direction(ToValidUtf8(message.direction));
  out.set_from(ToValidUtf8(message.from));
  out.set_to(ToValidUtf8(message.to));
  out.set_body(ToValidUtf8(message.body));
  out.set_status(ToProto(message.status.status));
  out.set_status_text(ToValidUtf8(message.status.ToString()));
  out.set_final(message.final);
  out.set_error_message(ToValidUtf8(message.error_message));
  FillLabels(message.labels, *out.mutable_labels());
  out.set_price(ToValidUtf8(message.price));
  out.set_price_unit(ToValidUtf8(message.price_unit));
  *out.mutable_create_time() = ToTimestamp(message.create_time);
  *out.mutable_update_time() = ToTimestamp(message.update_time);
  out.set_origin(ToProto(message.origin));
  out.set_last_sequence(message.last_sequence);
  FillOptionalParts(message, out);
  return out;
}

v1::StatusEvent ToProto(const StatusEvent& event) {
  v1::StatusEvent out;
  out.set_sequence(event.sequence);
  out.set_message_sequence(event.message_sequence);
  out.set_message_sid(event.message_sid.ToString());
  out.set_account_sid(event.account_sid);
  out.set_status(ToProto(event.status.status));
  out.set_status_text(ToValidUtf8(event.status.ToString()));
  if (event.error_code) out.set_error_code(*event.error_code);
  out.set_source(ToProto(event.source));
  *out.mutable_receive_time() = ToTimestamp(event.receive_time);
  if (event.provider_time) {
    *out.mutable_provider_time() = ToTimestamp(*event.provider_time);
  }
  out.set_effective(event.effective);
  out.set_message_status(ToProto(event.message_status.status));
  out.set_final(event.final);
  out.set_from(ToValidUtf8(event.from));
  out.set_to(ToValidUtf8(event.to));
  FillLabels(event.labels, *out.mutable_labels());
  out.set_request_id(ToValidUtf8(event.request_id));
  out.set_note(event.note);
  FillParameters(event.parameters, *out.mutable_parameters());
  return out;
}

void FillResponse(const WatchOutput& output,
                  v1::WatchStatusResponse& response) {
  response.Clear();
  response.set_resume_token(output.resume_token);
  std::visit(UpdateFiller{response}, output.item);
}

std::string ExplainReservation(const Message& message, ReservationState state) {
  if (!message.message_sid.empty()) return "";
  switch (state) {
    case ReservationState::kReserved:
      return "Twilio is being asked right now, or this service stopped while "
             "it asked. Whether the message was sent is not known yet. Ask "
             "again in a moment; the request_id never sends twice.";
    case ReservationState::kSendUnknown:
      return "Twilio was asked to send this message and gave no answer, so it "
             "may or may not have been sent. It is settled by the first "
             "status callback or by a lookup at Twilio. Do not send it again "
             "under another request_id before that.";
    case ReservationState::kNotSent:
      return "Twilio knows no such message, and none was reported in time: it "
             "was not sent. To send it, use a new request_id.";
    case ReservationState::kRefused:
      return absl::StrCat("Twilio refused this message", TwilioError(message),
                          " and never sends it. To send something else, use a "
                          "new request_id.");
    case ReservationState::kSent:
      break;
  }
  return "";
}

}  // namespace sidwatch
