#ifndef SIDWATCH_TESTS_LOAD_CALLBACK_LOAD_H_
#define SIDWATCH_TESTS_LOAD_CALLBACK_LOAD_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace sidwatch {

// Posts signed status callbacks as Twilio would, over a fixed number of
// keep-alive connections, each with one request in flight (a closed loop).
//
// Every message lives three statuses: queued, sent, delivered; SIDs never
// repeat within a run of the process. One thread, no more than a core.
struct LoadOptions {
  int port = 0;  // on 127.0.0.1
  std::string public_url;
  std::string account_sid;
  std::string auth_token;
  size_t connections = 64;
  absl::Duration duration = absl::Seconds(10);
  uint64_t seed = 1;  // SIDs of different seeds differ
  // Called for every callback that was answered 204, if given.
  std::function<void(const std::string& message_sid, const char* status)>
      acknowledged;
};

struct LoadResult {
  std::map<int, uint64_t> answers;  // by HTTP status
  uint64_t broken = 0;              // connections that ended mid-request
  size_t never_served = 0;          // connections without one answer
  absl::Duration elapsed;
  std::vector<uint32_t> latencies_us;  // sorted, of the 204s

  double rate() const;  // 204s a second
  double percentile_ms(double share) const;
};

// Blocks for `duration`, or until every connection is refused.
LoadResult RunCallbackLoad(const LoadOptions& options);

}  // namespace sidwatch

#endif  // SIDWATCH_TESTS_LOAD_CALLBACK_LOAD_H_
