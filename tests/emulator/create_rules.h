#ifndef SIDWATCH_TESTS_EMULATOR_CREATE_RULES_H_
#define SIDWATCH_TESTS_EMULATOR_CREATE_RULES_H_

#include <optional>
#include <string>

#include "absl/time/time.h"
#include "storage/status_event.h"

namespace sidwatch {

// A "no" in Twilio's words (FACTS 4.4).
struct ApiError {
  int http_status = 400;
  int code = 0;
  std::string message;
};

// Its JSON body.
std::string ApiErrorJson(const ApiError& error);

// Checks the parameters of a create call as Twilio does, its magic numbers for
// tests included (FACTS 4.5). Nothing: it would be taken.
std::optional<ApiError> CheckCreate(const Parameters& parameters,
                                    absl::Time now);

// ISO 8601: "2030-01-01T00:00:00Z", with an offset, or the day alone.
std::optional<absl::Time> ParseIsoTime(const std::string& text);

}  // namespace sidwatch

#endif  // SIDWATCH_TESTS_EMULATOR_CREATE_RULES_H_
