#include "client/cli/values.h"

#include <algorithm>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace sidwatch {
namespace {

constexpr size_t kSidDigits = 32;
constexpr size_t kSlipsMax = 2;
constexpr absl::string_view kStatusPrefix = "MESSAGE_STATUS_";

absl::Status Wrong(absl::string_view text, absl::string_view wanted) {
  return absl::InvalidArgumentError(
      absl::StrCat("\"", text, "\" is not ", wanted));
}

// Twilio's words, without the two values that are none.
std::vector<std::string> StatusWords() {
  std::vector<std::string> words;
  for (int i = v1::MESSAGE_STATUS_ACCEPTED; i < v1::MessageStatus_ARRAYSIZE;
       ++i) {
    if (!v1::MessageStatus_IsValid(i)) continue;
    const std::string name =
        v1::MessageStatus_Name(static_cast<v1::MessageStatus>(i));
    words.push_back(absl::AsciiStrToLower(
        absl::string_view(name).substr(kStatusPrefix.size())));
  }
  return words;
}

size_t EditDistance(const std::string& a, const std::string& b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({changed, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

absl::StatusOr<std::string> ParseMessageSid(absl::string_view text) {
  const absl::string_view digits = text.substr(text.size() < 2 ? 0 : 2);
  if ((!absl::StartsWith(text, "SM") && !absl::StartsWith(text, "MM")) ||
      digits.size() != kSidDigits ||
      !absl::c_all_of(digits, absl::ascii_isxdigit)) {
    return Wrong(text, "a message SID: SM or MM and 32 hex digits");
  }
  return absl::StrCat(text.substr(0, 2), absl::AsciiStrToLower(digits));
}

absl::StatusOr<std::pair<std::string, std::string>> ParseKeyValue(
    absl::string_view text) {
  const size_t equals = text.find('=');
  if (equals == absl::string_view::npos || equals == 0) {
    return Wrong(text, "of the form KEY=VALUE");
  }
  return std::make_pair(std::string(text.substr(0, equals)),
                        std::string(text.substr(equals + 1)));
}

absl::StatusOr<absl::Duration> ParseTimeout(absl::string_view text) {
  absl::Duration timeout;
  if (!absl::ParseDuration(text, &timeout) || timeout <= absl::ZeroDuration() ||
      timeout > absl::Hours(24)) {
    return Wrong(text, "a time like 250ms, 2s or 10m, at most 24h");
  }
  return timeout;
}

absl::StatusOr<absl::Time> ParseSendTime(absl::string_view text,
                                         absl::Time now) {
  absl::Duration from_now;
  if (absl::StartsWith(text, "+") &&
      absl::ParseDuration(text.substr(1), &from_now)) {
    return now + from_now;
  }
  absl::Time time;
  std::string error;
  if (absl::ParseTime(absl::RFC3339_full, text, &time, &error)) return time;
  return Wrong(text, "a time like 2030-01-31T09:00:00+01:00 or +90m");
}

absl::StatusOr<int> ParsePositive(absl::string_view text) {
  int number = 0;
  if (absl::SimpleAtoi(text, &number) && number > 0) return number;
  return Wrong(text, "a whole number above 0");
}

absl::StatusOr<v1::MessageStatus> ParseStatus(absl::string_view text) {
  v1::MessageStatus status;
  const std::string name =
      absl::StrCat(kStatusPrefix, absl::AsciiStrToUpper(text));
  if (v1::MessageStatus_Parse(name, &status) &&
      status >= v1::MESSAGE_STATUS_ACCEPTED) {
    return status;
  }
  return Wrong(text, absl::StrCat("a status; they are ",
                                  absl::StrJoin(StatusWords(), " ")));
}

std::string NearestWord(const std::string& word,
                        const std::vector<std::string>& candidates) {
  std::string nearest;
  size_t slips = kSlipsMax + 1;
  for (const std::string& candidate : candidates) {
    const size_t distance = EditDistance(word, candidate);
    if (distance < slips) nearest = candidate;
    slips = std::min(slips, distance);
  }
  return nearest;
}

}  // namespace sidwatch
