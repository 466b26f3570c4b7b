#include "client/retry_policy.h"

#include <algorithm>
#include <random>
#include <string>

#include "absl/algorithm/container.h"
#include "absl/strings/string_view.h"
#include "base/error_detail.h"

namespace sidwatch {
namespace {

bool HasRetryDelay(const absl::Status& status) {
  return DetailOf(status).retry_delay.has_value();
}

absl::Duration Jittered(absl::Duration bound) {
  thread_local std::mt19937_64 generator{std::random_device{}()};
  std::uniform_real_distribution<double> share(0.0, 1.0);
  return bound * share(generator);
}

}  // namespace

bool MayRetryRead(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
      return true;
    case absl::StatusCode::kResourceExhausted:
      return HasRetryDelay(status);
    default:
      return false;
  }
}

bool MayRetrySend(const absl::Status& status) {
  if (DetailOf(status).reason == "SEND_OUTCOME_UNKNOWN") return false;
  return MayRetryRead(status);
}

bool MayResumeWatch(const absl::Status& status, bool had_response) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kResourceExhausted:
    // A stalled stream that its client never read from; a proxy's time limit.
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kDeadlineExceeded:
      return true;
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnknown:
      return had_response && IsUnanswered(status);
    default:
      return false;
  }
}

bool IsUnanswered(const absl::Status& status) {
  if (!DetailOf(status).reason.empty()) return false;
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnknown:
      return true;
    default:
      return false;
  }
}

bool TellsOutcome(const absl::Status& status) {
  static constexpr absl::string_view kReasons[] = {
      "TWILIO_REFUSED", "TWILIO_CREDENTIALS", "TWILIO_UNREACHABLE",
      "RATE_LIMITED",   "REQUEST_ID_REUSED",  "SEND_OUTCOME_UNKNOWN",
      "NOT_SENT",       "MESSAGE_UNKNOWN"};
  return absl::c_linear_search(kReasons, DetailOf(status).reason);
}

absl::Duration Backoff::Next(std::optional<absl::Duration> at_least) {
  absl::Duration bound = options_.initial_backoff;
  for (int i = 0; i < failures_ && bound < options_.max_backoff; ++i) {
    bound *= 2;
  }
  ++failures_;
  const absl::Duration wait = Jittered(std::min(bound, options_.max_backoff));
  return at_least ? *at_least + wait : wait;
}

}  // namespace sidwatch
