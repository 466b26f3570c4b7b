#include "tests/emulator/connection_overrides.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

namespace sidwatch {
namespace {

void ReadMilliseconds(absl::string_view value, int max,
                      absl::Duration& duration) {
  int milliseconds = 0;
  if (absl::SimpleAtoi(value, &milliseconds) && milliseconds >= 100 &&
      milliseconds <= max) {
    duration = absl::Milliseconds(milliseconds);
  }
}

void ReadPolicy(absl::string_view value, ConnectionOverrides& overrides) {
  overrides.retry_connect = false;
  for (const absl::string_view policy : absl::StrSplit(value, ',')) {
    const bool all = policy == "all";
    overrides.retry_4xx |= all || policy == "4xx";
    overrides.retry_5xx |= all || policy == "5xx";
    overrides.retry_connect |= all || policy == "ct";
    overrides.retry_read |= all || policy == "rt";
  }
}

}  // namespace

ConnectionOverrides ParseConnectionOverrides(absl::string_view fragment) {
  ConnectionOverrides overrides;
  for (const absl::string_view pair : absl::StrSplit(fragment, '&')) {
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(pair, absl::MaxSplits('=', 1));
    const auto& [key, value] = parts;
    int count = 0;
    if (key == "ct") ReadMilliseconds(value, 10000, overrides.connect_timeout);
    if (key == "rt") ReadMilliseconds(value, 15000, overrides.read_timeout);
    if (key == "tt") ReadMilliseconds(value, 15000, overrides.total_time);
    if (key == "rp") ReadPolicy(value, overrides);
    if (key == "rc" && absl::SimpleAtoi(value, &count) && count >= 0 &&
        count <= 5) {
      overrides.retries = count;
    }
  }
  return overrides;
}

SplitUrl SplitFragment(const std::string& url) {
  const size_t hash = url.find('#');
  if (hash == std::string::npos) return {.url = url};
  return {.url = url.substr(0, hash), .fragment = url.substr(hash + 1)};
}

}  // namespace sidwatch
