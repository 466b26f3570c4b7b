#ifndef SIDWATCH_SERVER_OPTION_ADDRESSES_H_
#define SIDWATCH_SERVER_OPTION_ADDRESSES_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace sidwatch {

// Readers of the settings that are addresses and URLs, with errors as
// option_values.h has them.

// "127.0.0.1:8080", "[::1]:8080", "localhost:8080" (which becomes 127.0.0.1).
absl::StatusOr<std::string> ParseListenAddress(absl::string_view text);

// The same, or "unix:/absolute/path".
absl::StatusOr<std::string> ParseGrpcAddress(absl::string_view text);

// Nobody on another machine reaches this ParseGrpcAddress value.
bool IsLocalAddress(absl::string_view address);

// An absolute http(s) URL without query and fragment; http to loopback alone.
// Returned without a trailing slash.
absl::StatusOr<std::string> ParseBaseUrl(absl::string_view text);

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_OPTION_ADDRESSES_H_
