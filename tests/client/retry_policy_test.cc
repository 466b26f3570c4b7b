#include "client/retry_policy.h"

#include <string>
#include <vector>

#include "base/error_detail.h"
#include "gmock/gmock.h"

namespace sidwatch {
namespace {

absl::Status Error(absl::StatusCode code, const std::string& reason,
                   bool with_delay = false) {
  ErrorDetail detail{.reason = reason};
  if (with_delay) detail.retry_delay = absl::Seconds(1);
  return DetailedError(code, "why", detail);
}

struct Row {
  std::string name;
  absl::Status status;
  bool read = false;
  bool send = false;
  bool resume = false;
  bool tells_outcome = false;
};

std::vector<Row> Rows() {
  using Code = absl::StatusCode;
  return {
      {"connection broke", absl::UnavailableError("broke"), true, true, true},
      {"unreachable", Error(Code::kUnavailable, "SERVER_UNREACHABLE"), true,
       true, true},
      {"draining", Error(Code::kUnavailable, "DRAINING"), true, true, true},
      {"store busy", Error(Code::kUnavailable, "STORE_UNAVAILABLE"), true, true,
       true},
      {"Twilio away", Error(Code::kUnavailable, "TWILIO_UNREACHABLE"), true,
       true, true, true},
      {"unknown outcome", Error(Code::kUnavailable, "SEND_OUTCOME_UNKNOWN"),
       true, false, true, true},
      {"rate, with wait", Error(Code::kResourceExhausted, "RATE_LIMITED", true),
       true, true, true, true},
      {"queue full", Error(Code::kResourceExhausted, "QUEUE_FULL"), false,
       false, true},
      {"refused", Error(Code::kInvalidArgument, "TWILIO_REFUSED"), false, false,
       false, true},
      {"bad field", Error(Code::kInvalidArgument, "FIELD_INVALID"), false,
       false, false},
      {"not found", Error(Code::kNotFound, "MESSAGE_UNKNOWN"), false, false,
       false, true},
      {"token too old", Error(Code::kOutOfRange, "TOKEN_EXPIRED"), false, false,
       false},
      {"other store", Error(Code::kFailedPrecondition, "STORE_CHANGED"), false,
       false, false},
      {"no role", absl::PermissionDeniedError("no"), false, false, false},
      {"stalled", absl::CancelledError("stalled"), false, false, true},
      {"proxy's limit", absl::DeadlineExceededError("cut"), false, false, true},
      {"cut by a proxy", absl::InternalError("RST_STREAM"), false, false, true},
      {"server's own bug", Error(Code::kInternal, "BUG"), false, false, false},
  };
}

TEST(RetryPolicyTest, TriesAgainWhatMayPassByItself) {
  for (const Row& row : Rows()) {
    SCOPED_TRACE(row.name);
    EXPECT_EQ(MayRetryRead(row.status), row.read);
    EXPECT_EQ(MayRetrySend(row.status), row.send);
    EXPECT_EQ(MayResumeWatch(row.status, /*had_response=*/true), row.resume);
    EXPECT_EQ(TellsOutcome(row.status), row.tells_outcome);
  }
}

TEST(RetryPolicyTest, TakesAnInternalErrorForACutOnlyAfterAResponse) {
  EXPECT_FALSE(MayResumeWatch(absl::InternalError("RST_STREAM"),
                              /*had_response=*/false));
}

TEST(RetryPolicyTest, CallsOnlyTheTransportsErrorsUnanswered) {
  EXPECT_TRUE(IsUnanswered(absl::UnavailableError("broke")));
  EXPECT_TRUE(IsUnanswered(absl::DeadlineExceededError("late")));
  EXPECT_FALSE(IsUnanswered(Error(absl::StatusCode::kUnavailable, "DRAINING")));
  EXPECT_FALSE(IsUnanswered(absl::PermissionDeniedError("no")));
}

TEST(BackoffTest, StaysBelowABoundThatDoubles) {
  Backoff backoff({.initial_backoff = absl::Milliseconds(100),
                   .max_backoff = absl::Milliseconds(350)});

  const std::vector<absl::Duration> waits = {backoff.Next(), backoff.Next(),
                                             backoff.Next(), backoff.Next()};

  EXPECT_THAT(waits, testing::Each(testing::Ge(absl::ZeroDuration())));
  EXPECT_LE(waits[0], absl::Milliseconds(100));
  EXPECT_LE(waits[1], absl::Milliseconds(200));
  EXPECT_LE(waits[2], absl::Milliseconds(350));
  EXPECT_LE(waits[3], absl::Milliseconds(350));
}

TEST(BackoffTest, WaitsAtLeastAsLongAsTheServerAsked) {
  Backoff backoff({.initial_backoff = absl::Milliseconds(1)});

  EXPECT_GE(backoff.Next(absl::Seconds(7)), absl::Seconds(7));
}

TEST(BackoffTest, BeginsAnewAfterReset) {
  Backoff backoff({.initial_backoff = absl::Milliseconds(1),
                   .max_backoff = absl::Hours(1)});
  for (int i = 0; i < 30; ++i) (void)backoff.Next();

  backoff.Reset();

  EXPECT_LE(backoff.Next(), absl::Milliseconds(1));
}

}  // namespace
}  // namespace sidwatch
