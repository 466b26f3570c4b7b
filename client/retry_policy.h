#ifndef SIDWATCH_CLIENT_RETRY_POLICY_H_
#define SIDWATCH_CLIENT_RETRY_POLICY_H_

#include <optional>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace sidwatch {

// Which failures the client library tries again, and after how long.
//
// Everything here is a pure decision about a status as StatusFromGrpc made it;
// nothing waits or calls.

// How often and how far apart. Full jitter: each wait is anywhere between zero
// and a bound that doubles, so that clients that failed together do not come
// back together.
struct RetryOptions {
  int attempts_max = 5;
  absl::Duration initial_backoff = absl::Milliseconds(100);
  absl::Duration max_backoff = absl::Seconds(10);
};

// Says whether a call that changes nothing may be made again: the server
// cannot be reached, is draining or its store is busy; or a limit was hit and
// the server named the wait.
bool MayRetryRead(const absl::Status& status);

// Says whether SendTracked may be called again with the same request_id.
//
// The request_id makes a second call harmless whatever became of the first,
// so everything that may pass by itself is tried again, a broken connection
// too. Not SEND_OUTCOME_UNKNOWN: the server knows no more a second later.
bool MayRetrySend(const absl::Status& status);

// Says whether a watch that ended so goes on from its last token.
//
// `had_response`: this stream had given something before it broke. Then even
// INTERNAL and UNKNOWN, which proxies make of a cut stream, are tried again,
// unless the server itself said them.
bool MayResumeWatch(const absl::Status& status, bool had_response);

// Says whether `status` leaves open if the server took the request: it has no
// answer of the service in it, only the transport's.
bool IsUnanswered(const absl::Status& status);

// Says whether an error of SendTracked tells what became of the request_id.
// Errors that are given before the server looks at it (DRAINING, QUEUE_FULL)
// do not.
bool TellsOutcome(const absl::Status& status);

// The waits of one series of attempts.
class Backoff {
 public:
  explicit Backoff(const RetryOptions& options) : options_(options) {}

  // The next wait; never shorter than `at_least`, what the server asked for.
  absl::Duration Next(std::optional<absl::Duration> at_least = std::nullopt);

  // Begins again with the shortest wait.
  void Reset() { failures_ = 0; }

 private:
  const RetryOptions options_;
  int failures_ = 0;
};

}  // namespace sidwatch

#endif  // SIDWATCH_CLIENT_RETRY_POLICY_H_
