#ifndef SIDWATCH_CLIENT_CLI_VALUES_H_
#define SIDWATCH_CLIENT_CLI_VALUES_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "sidwatch/v1/tracking.pb.h"

namespace sidwatch {

// The values of flags and arguments, read from text. Errors are
// INVALID_ARGUMENT; each says what was given and what it should look like.

// "SM" or "MM" and 32 hex digits, which are put into lower case.
absl::StatusOr<std::string> ParseMessageSid(absl::string_view text);

// "key=value"; the value may be empty and may hold further "=".
absl::StatusOr<std::pair<std::string, std::string>> ParseKeyValue(
    absl::string_view text);

// "250ms", "2s", "10m", "36h"; more than nothing, at most a day.
absl::StatusOr<absl::Duration> ParseTimeout(absl::string_view text);

// RFC 3339, or "+" and a time from `now`: "+90m", "+36h".
absl::StatusOr<absl::Time> ParseSendTime(absl::string_view text,
                                         absl::Time now);

// A whole number above 0: a limit, one of Twilio's error codes.
absl::StatusOr<int> ParsePositive(absl::string_view text);

// A status as Twilio spells it, in any case.
absl::StatusOr<v1::MessageStatus> ParseStatus(absl::string_view text);

// The candidate that differs from `word` by a slip or two of the fingers; ""
// when none does.
std::string NearestWord(const std::string& word,
                        const std::vector<std::string>& candidates);

}  // namespace sidwatch

#endif  // SIDWATCH_CLIENT_CLI_VALUES_H_
