#ifndef SIDWATCH_SERVER_OPTION_VALUES_H_
#define SIDWATCH_SERVER_OPTION_VALUES_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace sidwatch {

// Readers of the values of settings. Each returns INVALID_ARGUMENT with the
// second half of a sentence, "\"5\" needs a unit, as in 250ms …"; the caller
// puts before it which flag, variable or key it was.

// What those errors are made of: the text in quotes, harmless to a terminal
// and not endless, then the problem.
absl::Status WrongValue(absl::string_view text, absl::string_view problem);

// "250ms", "2s", "10m", "36h", "400d": a whole number and one unit.
absl::StatusOr<absl::Duration> ParseDuration(absl::string_view text);

// "512B", "64KiB", "2MiB", "1GiB", in bytes.
absl::StatusOr<uint64_t> ParseSize(absl::string_view text);

absl::StatusOr<uint64_t> ParseCount(absl::string_view text);

// true, false, yes, no.
absl::StatusOr<bool> ParseYesNo(absl::string_view text);

// "sqlite:PATH"; returns the path.
absl::StatusOr<std::string> ParseStorage(absl::string_view text);

// Two letters and 32 hex digits, which are returned in lower case.
absl::StatusOr<std::string> ParseAccountSid(absl::string_view text);
absl::StatusOr<std::string> ParseApiKeySid(absl::string_view text);
absl::StatusOr<std::string> ParseServiceSid(absl::string_view text);

// A label of a host name: "us1", "sydney". Empty: none.
absl::StatusOr<std::string> ParseHostLabel(absl::string_view text);

// "rc=5&rp=all"; Twilio's keys alone (FACTS 1.5). Empty: no overrides.
absl::StatusOr<std::string> ParseCallbackOverrides(absl::string_view text);

// A phone number in E.164, a channel address or a sender's name. Empty: none.
absl::StatusOr<std::string> ParseSender(absl::string_view text);

absl::StatusOr<std::string> ParseStoreBody(absl::string_view text);
absl::StatusOr<std::string> ParseLogLevel(absl::string_view text);
absl::StatusOr<std::string> ParseLogFormat(absl::string_view text);

// A path that is not empty.
absl::StatusOr<std::string> ParsePath(absl::string_view text);

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_OPTION_VALUES_H_
