#ifndef SIDWATCH_TESTS_FAKES_STATUS_MATCHERS_H_
#define SIDWATCH_TESTS_FAKES_STATUS_MATCHERS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/error_detail.h"
#include "gmock/gmock.h"

namespace sidwatch {

inline const absl::Status& StatusOf(const absl::Status& status) {
  return status;
}
template <typename T>
const absl::Status& StatusOf(const absl::StatusOr<T>& result) {
  return result.status();
}

MATCHER(IsOk, "is OK") {
  *result_listener << StatusOf(arg);
  return StatusOf(arg).ok();
}

MATCHER_P(StatusIs, code, "") {
  *result_listener << StatusOf(arg);
  return StatusOf(arg).code() == code;
}

MATCHER_P2(StatusIs, code, message, "") {
  *result_listener << StatusOf(arg);
  return StatusOf(arg).code() == code &&
         testing::ExplainMatchResult(
             message, std::string(StatusOf(arg).message()), result_listener);
}

// OK, and the value matches.
MATCHER_P(IsOkAndHolds, matcher, "") {
  if (!arg.ok()) {
    *result_listener << arg.status();
    return false;
  }
  return testing::ExplainMatchResult(matcher, *arg, result_listener);
}

// Carries an ErrorDetail with that reason.
MATCHER_P(HasReason, reason, "") {
  *result_listener << StatusOf(arg);
  return DetailOf(StatusOf(arg)).reason == reason;
}

}  // namespace sidwatch

#endif  // SIDWATCH_TESTS_FAKES_STATUS_MATCHERS_H_
