#ifndef SIDWATCH_BASE_ERROR_DETAIL_H_
#define SIDWATCH_BASE_ERROR_DETAIL_H_

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace sidwatch {

// What an absl::Status of ours carries beside its code and sentence, so that
// the gRPC edge can say it in google.rpc's words (CONTRACT section 5).
struct ErrorDetail {
  std::string reason;  // FIELD_INVALID, SEND_OUTCOME_UNKNOWN …
  // Field of the request → what is wrong with it and what to do.
  std::vector<std::pair<std::string, std::string>> fields;
  std::map<std::string, std::string> metadata;
  std::optional<absl::Duration> retry_delay;

  friend bool operator==(const ErrorDetail&, const ErrorDetail&) = default;
};

// A status with `detail` attached.
absl::Status DetailedError(absl::StatusCode code, absl::string_view message,
                           const ErrorDetail& detail);

// INVALID_ARGUMENT, FIELD_INVALID, one field. `problem` says what is wrong and
// what to do; the status's message is "<field>: <problem>".
absl::Status FieldError(absl::string_view field, absl::string_view problem);

// What was attached; an empty detail when nothing was.
ErrorDetail DetailOf(const absl::Status& status);

}  // namespace sidwatch

#endif  // SIDWATCH_BASE_ERROR_DETAIL_H_
