#include "server/rpc/field_parser.h"

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/map.h>
#include <google/protobuf/repeated_ptr_field.h>
#include <google/protobuf/timestamp.pb.h>

#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/error_detail.h"
#include "server/rpc/utf8.h"

namespace sidwatch {
namespace {

constexpr size_t kLabelsMax = 16;
constexpr size_t kLabelKeyMax = 63;
constexpr size_t kLabelValueMax = 256;

constexpr int32_t kNanosMax = 999'999'999;
// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z.
constexpr int64_t kTimestampSecondsMin = -62135596800;
constexpr int64_t kTimestampSecondsMax = 253402300799;
// About 10 000 years, as google.protobuf.Duration allows.
constexpr int64_t kDurationSecondsMax = 315'576'000'000;

}  // namespace

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
  if (seconds < -kDurationSecondsMax || seconds > kDurationSecondsMax ||
      nanos < -kNanosMax || nanos > kNanosMax || (seconds > 0 && nanos < 0) ||
      (seconds < 0 && nanos > 0)) {
    return FieldError(field, "is no valid google.protobuf.Duration");
  }
  return absl::Seconds(seconds) + absl::Nanoseconds(nanos);
}

absl::StatusOr<Labels> ParseLabels(
    absl::string_view field,
    const google::protobuf::Map<std::string, std::string>& labels) {
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

absl::StatusOr<std::vector<std::string>> ParseTexts(absl::string_view field,
                                                    const ProtoTexts& texts,
                                                    size_t length_max) {
  absl::Status status = CheckCount(field, texts.size(), kListEntriesMax);
  for (int i = 0; i < texts.size() && status.ok(); ++i) {
    status.Update(CheckLength(Indexed(field, i), texts[i], 1, length_max));
  }
  if (!status.ok()) return status;
  return std::vector<std::string>(texts.begin(), texts.end());
}

absl::StatusOr<std::vector<std::string>> ParseAccountSids(
    absl::string_view field, const ProtoTexts& texts) {
  absl::Status status = CheckCount(field, texts.size(), kListEntriesMax);
  std::vector<std::string> sids;
  for (int i = 0; i < texts.size() && status.ok(); ++i) {
    // An empty entry would match nothing here, not everything.
    if (texts[i].empty()) {
      status.Update(FieldError(Indexed(field, i), "is empty"));
    }
    auto sid = ParseAccountSid(Indexed(field, i), texts[i]);
    status.Update(sid.status());
    if (status.ok()) sids.push_back(*std::move(sid));
  }
  if (!status.ok()) return status;
  return sids;
}

absl::StatusOr<MessageSid> ParseMessageSid(absl::string_view field,
                                           absl::string_view text) {
  auto sid = MessageSid::Parse(text);
  if (!sid.ok()) return FieldError(field, sid.status().message());
  return sid;
}

absl::StatusOr<MessageSids> ParseMessageSids(absl::string_view field,
                                             const ProtoTexts& texts) {
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

}  // namespace sidwatch
