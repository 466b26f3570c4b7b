#ifndef SIDWATCH_TESTS_EMULATOR_CONNECTION_OVERRIDES_H_
#define SIDWATCH_TESTS_EMULATOR_CONNECTION_OVERRIDES_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace sidwatch {

// How Twilio posts to a URL, as its fragment asks for (FACTS 1.5). Values out
// of their range are as if they were not there.
struct ConnectionOverrides {
  absl::Duration connect_timeout = absl::Seconds(5);  // ct
  absl::Duration read_timeout = absl::Seconds(15);    // rt
  absl::Duration total_time = absl::Seconds(15);      // tt
  int retries = 1;                                    // rc
  // rp: which failures are tried again.
  bool retry_4xx = false;
  bool retry_5xx = false;
  bool retry_connect = true;
  bool retry_read = false;
};

// `fragment` is what follows the '#'.
ConnectionOverrides ParseConnectionOverrides(absl::string_view fragment);

// The URL as it is requested and signed, and what follows its '#'.
struct SplitUrl {
  std::string url;
  std::string fragment;
};
SplitUrl SplitFragment(const std::string& url);

}  // namespace sidwatch

#endif  // SIDWATCH_TESTS_EMULATOR_CONNECTION_OVERRIDES_H_
