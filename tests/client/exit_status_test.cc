#include "client/cli/exit_status.h"

#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "base/error_detail.h"
#include "gmock/gmock.h"

namespace sidwatch {
namespace {

using testing::HasSubstr;

struct Row {
  std::string name;
  absl::Status status;
  ExitStatus exit_status;
  std::string text;
};

absl::Status Error(absl::StatusCode code, const std::string& message,
                   const ErrorDetail& detail) {
  return DetailedError(code, message, detail);
}

std::vector<Row> Rows() {
  using Code = absl::StatusCode;
  return {
      {"no connection",
       Error(Code::kUnavailable, "no connection to a:1",
             {.reason = "SERVER_UNREACHABLE"}),
       kExitUnreachable, "no connection to a:1\nIs sidwatchd running there?"},
      {"broken", absl::UnavailableError("reset"), kExitUnreachable,
       "no answer from a:1: reset"},
      {"late", absl::DeadlineExceededError("late"), kExitUnreachable,
       "no answer from a:1: late"},
      {"draining",
       Error(Code::kUnavailable, "draining", {.reason = "DRAINING"}),
       kExitRefused, "draining"},
      {"Twilio away",
       Error(Code::kUnavailable, "no connection to Twilio",
             {.reason = "TWILIO_UNREACHABLE"}),
       kExitRefused, "no connection to Twilio"},
      {"unknown",
       Error(Code::kUnavailable, "no reply",
             {.reason = "SEND_OUTCOME_UNKNOWN",
              .metadata = {{"request_id", "order-7"}}}),
       kExitOutcomeUnknown, "sidwatch get --request-id order-7"},
      {"field", FieldError("to", "must be a number"), kExitRefused,
       "to: must be a number"},
      {"second field",
       Error(Code::kInvalidArgument, "to: bad",
             {.reason = "FIELD_INVALID",
              .fields = {{"to", "bad"}, {"body", "too long"}}}),
       kExitRefused, "to: bad; body: too long"},
      {"Twilio refused",
       Error(Code::kInvalidArgument, "not a mobile number",
             {.reason = "TWILIO_REFUSED",
              .metadata = {{"more_info", "https://example.com/21614"}}}),
       kExitRefused, "not a mobile number\nSee https://example.com/21614"},
      {"rate",
       Error(Code::kResourceExhausted, "too many",
             {.reason = "RATE_LIMITED", .retry_delay = absl::Seconds(7)}),
       kExitRefused, "too many\nTry again in 7s"},
      {"no token", absl::UnauthenticatedError("no token"), kExitRefused,
       "no token\nGive the caller's token with --token-file"},
      {"not there",
       Error(Code::kNotFound, "no message SM1", {.reason = "MESSAGE_UNKNOWN"}),
       kExitRefused, "no message SM1"},
      {"no words", absl::Status(Code::kUnimplemented, ""), kExitRefused,
       "UNIMPLEMENTED"},
      {"control characters", absl::NotFoundError("a\x1b[2J"), kExitRefused,
       "a\\x1b[2J"},
  };
}

TEST(ExitStatusTest, SaysWhatHappenedInOneOrTwoLines) {
  for (const Row& row : Rows()) {
    SCOPED_TRACE(row.name);
    const std::string text = Describe(row.status, "a:1");

    EXPECT_EQ(ExitStatusOf(row.status), row.exit_status);
    EXPECT_THAT(text, HasSubstr(row.text));
    const std::vector<std::string> lines = absl::StrSplit(text, '\n');
    EXPECT_LE(lines.size(), 2);
  }
}

}  // namespace
}  // namespace sidwatch
