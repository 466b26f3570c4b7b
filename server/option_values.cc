#include "server/option_values.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace sidwatch {
namespace {

// What was given, in quotes, harmless to a terminal and not endless.
std::string Quoted(absl::string_view text) {
  constexpr size_t kShownMax = 80;
  return absl::StrCat("\"", absl::CHexEscape(text.substr(0, kShownMax)),
                      text.size() > kShownMax ? "…\"" : "\"");
}

struct Unit {
  absl::string_view suffix;
  uint64_t factor;
};

// A whole number followed by one of `units`; false when it is anything else
// or does not fit.
bool ParseWithUnit(absl::string_view text, const std::vector<Unit>& units,
                   uint64_t& result) {
  const size_t digits = static_cast<size_t>(
      std::find_if_not(text.begin(), text.end(), absl::ascii_isdigit) -
      text.begin());
  uint64_t number = 0;
  if (digits == 0 || !absl::SimpleAtoi(text.substr(0, digits), &number)) {
    return false;
  }
  for (const Unit& unit : units) {
    if (text.substr(digits) != unit.suffix) continue;
    constexpr uint64_t kMax = std::numeric_limits<int64_t>::max();
    if (number > kMax / unit.factor) return false;
    result = number * unit.factor;
    return true;
  }
  return false;
}

absl::StatusOr<std::string> ParseSid(absl::string_view text,
                                     absl::string_view prefix) {
  if (text.size() != 34 || !absl::StartsWith(text, prefix) ||
      !std::all_of(text.begin() + 2, text.end(), absl::ascii_isxdigit)) {
    // Not quoted: what stands in the wrong place may be a secret.
    return absl::InvalidArgumentError(
        absl::StrCat("must be ", prefix, " and 32 hex digits"));
  }
  return absl::StrCat(prefix, absl::AsciiStrToLower(text.substr(2)));
}

absl::StatusOr<std::string> ParseChoice(
    absl::string_view text, const std::vector<std::string>& choices) {
  if (std::find(choices.begin(), choices.end(), text) == choices.end()) {
    return WrongValue(
        text, absl::StrCat("is none of ", absl::StrJoin(choices, ", ")));
  }
  return std::string(text);
}

// The value of one override, as FACTS 1.5 lists them.
bool IsOverride(absl::string_view key, absl::string_view value) {
  uint32_t number = 0;
  // SimpleAtoi alone would take signs and spaces.
  const bool is_number =
      std::all_of(value.begin(), value.end(), absl::ascii_isdigit) &&
      absl::SimpleAtoi(value, &number);
  if (key == "ct") return is_number && number >= 100 && number <= 10000;
  if (key == "rt" || key == "tt") {
    return is_number && number >= 100 && number <= 15000;
  }
  if (key == "rc") return is_number && number <= 5;
  if (key == "sni") return value == "y" || value == "n";
  if (key == "rp") {
    const std::vector<std::string> causes = absl::StrSplit(value, ',');
    return std::all_of(causes.begin(), causes.end(), [](const auto& cause) {
      return cause == "4xx" || cause == "5xx" || cause == "ct" ||
             cause == "rt" || cause == "all";
    });
  }
  // The list of edges grows at Twilio: the form alone is checked.
  return key == "e" && !value.empty() &&
         std::all_of(value.begin(), value.end(), [](char c) {
           return absl::ascii_islower(static_cast<unsigned char>(c)) ||
                  c == '-' || c == ',';
         });
}

}  // namespace

absl::Status WrongValue(absl::string_view text, absl::string_view problem) {
  return absl::InvalidArgumentError(absl::StrCat(Quoted(text), " ", problem));
}

absl::StatusOr<absl::Duration> ParseDuration(absl::string_view text) {
  uint64_t milliseconds = 0;
  if (!ParseWithUnit(text,
                     {{"ms", 1},
                      {"s", 1000},
                      {"m", 60 * 1000},
                      {"h", 60 * 60 * 1000},
                      {"d", 24 * 60 * 60 * 1000}},
                     milliseconds)) {
    return WrongValue(text,
                      "is not a duration: a whole number and its unit, as in "
                      "250ms, 2s, 10m, 36h or 400d");
  }
  return absl::Milliseconds(static_cast<int64_t>(milliseconds));
}

absl::StatusOr<uint64_t> ParseSize(absl::string_view text) {
  uint64_t bytes = 0;
  if (!ParseWithUnit(
          text,
          {{"B", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}},
          bytes)) {
    return WrongValue(text,
                      "is not a size: a whole number and its unit, as in 512B, "
                      "64KiB, 2MiB or 1GiB");
  }
  return bytes;
}

absl::StatusOr<uint64_t> ParseCount(absl::string_view text) {
  uint64_t count = 0;
  if (!ParseWithUnit(text, {{"", 1}}, count)) {
    return WrongValue(text, "is not a whole number");
  }
  return count;
}

absl::StatusOr<bool> ParseYesNo(absl::string_view text) {
  if (text == "true" || text == "yes") return true;
  if (text == "false" || text == "no") return false;
  return WrongValue(text, "is neither true nor false");
}

absl::StatusOr<std::string> ParseStorage(absl::string_view text) {
  absl::string_view path = text;
  if (absl::ConsumePrefix(&path, "sqlite:")) {
    if (path.empty() || absl::StrContains(path, '\0')) {
      return WrongValue(text,
                        "names no file, as sqlite:/var/lib/sidwatch.db does");
    }
    return std::string(path);
  }
  // Not quoted: the URI may hold a password.
  if (absl::StartsWith(text, "postgresql://") ||
      absl::StartsWith(text, "postgres://")) {
    return absl::InvalidArgumentError(
        "names PostgreSQL, which is not in this version yet: use sqlite:PATH");
  }
  return absl::InvalidArgumentError(
      "is not sqlite:PATH, as in sqlite:/var/lib/sidwatch/sidwatch.db");
}

absl::StatusOr<std::string> ParseAccountSid(absl::string_view text) {
  return ParseSid(text, "AC");
}

absl::StatusOr<std::string> ParseApiKeySid(absl::string_view text) {
  return ParseSid(text, "SK");
}

absl::StatusOr<std::string> ParseServiceSid(absl::string_view text) {
  if (text.empty()) return std::string();
  return ParseSid(text, "MG");
}

absl::StatusOr<std::string> ParseHostLabel(absl::string_view text) {
  const bool valid =
      text.size() <= 63 && std::all_of(text.begin(), text.end(), [](char c) {
        return absl::ascii_islower(static_cast<unsigned char>(c)) ||
               absl::ascii_isdigit(static_cast<unsigned char>(c)) || c == '-';
      });
  if (!valid) {
    return WrongValue(text,
                      "is not one of Twilio's short names, as in au1 or "
                      "sydney");
  }
  return std::string(text);
}

absl::StatusOr<std::string> ParseCallbackOverrides(absl::string_view text) {
  if (text.empty()) return std::string();
  for (const absl::string_view item : absl::StrSplit(text, '&')) {
    const std::pair<absl::string_view, absl::string_view> pair =
        absl::StrSplit(item, absl::MaxSplits('=', 1));
    if (!IsOverride(pair.first, pair.second)) {
      return WrongValue(text,
                        "is not a list of Twilio's connection overrides, as "
                        "in rc=5&rp=all");
    }
  }
  return std::string(text);
}

absl::StatusOr<std::string> ParseSender(absl::string_view text) {
  constexpr size_t kSenderMax = 256;
  const bool valid =
      text.size() <= kSenderMax &&
      std::none_of(text.begin(), text.end(), absl::ascii_iscntrl);
  if (!valid) {
    return WrongValue(text,
                      "is not a sender: a number as +15551234567, or what "
                      "else Twilio takes as From");
  }
  return std::string(text);
}

absl::StatusOr<std::string> ParseStoreBody(absl::string_view text) {
  return ParseChoice(text, {"none", "full"});
}

absl::StatusOr<std::string> ParseLogLevel(absl::string_view text) {
  return ParseChoice(text, {"debug", "info", "warning", "error"});
}

absl::StatusOr<std::string> ParseLogFormat(absl::string_view text) {
  return ParseChoice(text, {"text", "json"});
}

absl::StatusOr<std::string> ParsePath(absl::string_view text) {
  if (text.empty() || absl::StrContains(text, '\0')) {
    return absl::InvalidArgumentError("needs the path of a file");
  }
  return std::string(text);
}

}  // namespace sidwatch
