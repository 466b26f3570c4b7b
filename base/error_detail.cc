#include "base/error_detail.h"

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace sidwatch {
namespace {

constexpr absl::string_view kPayload = "sidwatch/ErrorDetail";

// Records of three parts: kind, key, value. Neither separator stands in our
// own texts; in a foreign one (Twilio's sentence) it is dropped.
constexpr char kPart = '\x1f';
constexpr char kRecord = '\x1e';

std::string Clean(absl::string_view text) {
  std::string clean;
  for (const char c : text) {
    if (c != kPart && c != kRecord) clean.push_back(c);
  }
  return clean;
}

void AddRecord(std::string& out, absl::string_view kind, absl::string_view key,
               absl::string_view value) {
  absl::StrAppend(&out, kind, std::string(1, kPart), Clean(key),
                  std::string(1, kPart), Clean(value), std::string(1, kRecord));
}

void ReadRecord(const std::vector<std::string>& parts, ErrorDetail& detail) {
  const std::string& kind = parts[0];
  const std::string& key = parts[1];
  const std::string& value = parts[2];
  int64_t nanos = 0;
  if (kind == "reason") {
    detail.reason = value;
  } else if (kind == "field") {
    detail.fields.emplace_back(key, value);
  } else if (kind == "metadata") {
    detail.metadata[key] = value;
  } else if (kind == "retry" && absl::SimpleAtoi(value, &nanos)) {
    detail.retry_delay = absl::Nanoseconds(nanos);
  }
}

}  // namespace

absl::Status DetailedError(absl::StatusCode code, absl::string_view message,
                           const ErrorDetail& detail) {
  std::string payload;
  AddRecord(payload, "reason", "", detail.reason);
  for (const auto& [field, problem] : detail.fields) {
    AddRecord(payload, "field", field, problem);
  }
  for (const auto& [key, value] : detail.metadata) {
    AddRecord(payload, "metadata", key, value);
  }
  if (detail.retry_delay) {
    AddRecord(payload, "retry", "",
              absl::StrCat(absl::ToInt64Nanoseconds(*detail.retry_delay)));
  }
  absl::Status status(code, message);
  status.SetPayload(kPayload, absl::Cord(payload));
  return status;
}

absl::Status FieldError(absl::string_view field, absl::string_view problem) {
  return DetailedError(
      absl::StatusCode::kInvalidArgument, absl::StrCat(field, ": ", problem),
      {.reason = "FIELD_INVALID",
       .fields = {{std::string(field), std::string(problem)}}});
}

ErrorDetail DetailOf(const absl::Status& status) {
  ErrorDetail detail;
  const auto payload = status.GetPayload(kPayload);
  if (!payload) return detail;
  const std::string text(*payload);
  for (const absl::string_view record :
       absl::StrSplit(text, kRecord, absl::SkipEmpty())) {
    const std::vector<std::string> parts = absl::StrSplit(record, kPart);
    if (parts.size() == 3) ReadRecord(parts, detail);
  }
  return detail;
}

}  // namespace sidwatch
