#include "client/cli/records.h"

#include <google/protobuf/map.h>
#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"

namespace sidwatch {
namespace {

constexpr size_t kSourcePrefixSize = sizeof("EVENT_SOURCE_") - 1;

using Labels = google::protobuf::Map<std::string, std::string>;

// "a=1 b=2", by key; protobuf's own order differs from run to run.
std::string LabelText(const Labels& labels) {
  const std::map<std::string, std::string> sorted(labels.begin(), labels.end());
  return absl::StrJoin(sorted, " ", absl::PairFormatter("="));
}

template <typename Record>
std::string ErrorCodeText(const Record& record) {
  return record.has_error_code() ? absl::StrCat(record.error_code()) : "";
}

std::string CsvJoin(const std::vector<std::string>& fields,
                    const OutputStyle& style) {
  const auto append = [&style](std::string* out, const std::string& field) {
    out->append(CsvField(style.terminal ? Printable(field) : field));
  };
  return absl::StrCat(absl::StrJoin(fields, ",", append), "\n");
}

std::string YesNo(bool value) { return value ? "true" : "false"; }

std::string CountText(bool known, int count) {
  return known ? absl::StrCat(count) : "";
}

std::string PriceText(const v1::Message& message) {
  return message.price().empty()
             ? ""
             : absl::StrCat(message.price(), " ", message.price_unit());
}

std::string StatusTimesText(const v1::Message& message,
                            const OutputStyle& style) {
  std::vector<std::pair<absl::Time, std::string>> times;
  for (const auto& [word, time] : message.status_times()) {
    times.emplace_back(ToTime(time),
                       absl::StrCat(word, " ", FormatDateTime(time, style)));
  }
  std::sort(times.begin(), times.end());
  return absl::StrJoin(times, ", ", [](std::string* out, const auto& entry) {
    out->append(entry.second);
  });
}

}  // namespace

std::string JsonLine(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string json;
  // Fails for nothing that came over the wire: its strings are UTF-8.
  const auto status =
      google::protobuf::util::MessageToJsonString(message, &json, options);
  return status.ok() ? absl::StrCat(json, "\n") : "{}\n";
}

std::string MessageCsvHeader() {
  return "message_sid,request_id,account_sid,messaging_service_sid,direction,"
         "from,to,body,num_segments,num_media,status_text,final,error_code,"
         "error_message,price,price_unit,create_time,update_time,labels\n";
}

std::string CsvLine(const v1::Message& m, const OutputStyle& style) {
  return CsvJoin({m.message_sid(), m.request_id(), m.account_sid(),
                  m.messaging_service_sid(), m.direction(), m.from(), m.to(),
                  m.body(), CountText(m.has_num_segments(), m.num_segments()),
                  CountText(m.has_num_media(), m.num_media()), m.status_text(),
                  YesNo(m.final()), ErrorCodeText(m), m.error_message(),
                  m.price(), m.price_unit(), FormatUtc(m.create_time()),
                  FormatUtc(m.update_time()), LabelText(m.labels())},
                 style);
}

std::string EventCsvHeader() {
  return "sequence,message_sequence,message_sid,account_sid,status_text,"
         "error_code,source,receive_time,effective,final,from,to,request_id,"
         "note,labels\n";
}

std::string CsvLine(const v1::StatusEvent& e, const OutputStyle& style) {
  return CsvJoin(
      {absl::StrCat(e.sequence()), absl::StrCat(e.message_sequence()),
       e.message_sid(), e.account_sid(), e.status_text(), ErrorCodeText(e),
       SourceWord(e.source()), FormatUtc(e.receive_time()),
       YesNo(e.effective()), YesNo(e.final()), e.from(), e.to(), e.request_id(),
       e.note(), LabelText(e.labels())},
      style);
}

std::vector<std::string> MessageTableHeader() {
  return {"MESSAGE", "STATUS", "ERROR", "FROM", "TO", "CREATED", "LABELS"};
}

std::vector<Cell> TableRow(const v1::Message& message,
                           const OutputStyle& style) {
  return {message.message_sid(),
          {message.status_text(), StatusColour(message.status())},
          {ErrorCodeText(message), Colour::kBad},
          message.from(),
          message.to(),
          FormatDateTime(message.create_time(), style),
          LabelText(message.labels())};
}

std::string MessageCard(const v1::Message& m, const std::string& explanation,
                        const OutputStyle& style) {
  return FormatCard(
      {{"message", m.message_sid()},
       {"status", {m.status_text(), StatusColour(m.status())}},
       {"error", {ErrorCodeText(m), Colour::kBad}},
       {"error text", m.error_message()},
       {"meaning", explanation},
       {"from", m.from()},
       {"to", m.to()},
       {"body", m.body()},
       {"segments", CountText(m.has_num_segments(), m.num_segments())},
       {"media", CountText(m.has_num_media(), m.num_media())},
       {"price", PriceText(m)},
       {"direction", m.direction()},
       {"labels", LabelText(m.labels())},
       {"request id", m.request_id()},
       {"account", m.account_sid()},
       {"service", m.messaging_service_sid()},
       {"created", FormatDateTime(m.create_time(), style)},
       {"updated", FormatDateTime(m.update_time(), style)},
       {"seen", StatusTimesText(m, style)}},
      style);
}

Colour StatusColour(v1::MessageStatus status) {
  switch (status) {
    case v1::MESSAGE_STATUS_DELIVERED:
    case v1::MESSAGE_STATUS_READ:
    case v1::MESSAGE_STATUS_RECEIVED:
      return Colour::kGood;
    case v1::MESSAGE_STATUS_FAILED:
    case v1::MESSAGE_STATUS_UNDELIVERED:
    case v1::MESSAGE_STATUS_CANCELED:
      return Colour::kBad;
    default:
      return Colour::kOpen;
  }
}

bool IsArrived(v1::MessageStatus status) {
  return StatusColour(status) == Colour::kGood;
}

std::string SourceWord(v1::EventSource source) {
  const std::string name = v1::EventSource_Name(source);
  if (name.size() <= kSourcePrefixSize) return absl::StrCat(source);
  return absl::StrReplaceAll(
      absl::AsciiStrToLower(name.substr(kSourcePrefixSize)), {{"_", " "}});
}

}  // namespace sidwatch
