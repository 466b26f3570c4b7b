#ifndef SIDWATCH_TESTS_EMULATOR_LIFE_CYCLE_H_
#define SIDWATCH_TESTS_EMULATOR_LIFE_CYCLE_H_

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "storage/status_event.h"
#include "tests/emulator/message_book.h"

namespace sidwatch {

// One status a message is going to have, and Twilio will tell of.
struct LifeStep {
  absl::Duration wait;  // after the step before, at speed 1
  std::string status;
  int error_code = 0;
};

// Whether Twilio gives that code to a message it could not send (failed), not
// to one that did not arrive (undelivered): FACTS 4.4.
bool FailsBeforeSending(int error_code);

// What happens to a message after its create reply (FACTS 2.1). With an
// `error_code` it ends badly.
std::vector<LifeStep> PlanLife(const EmulatedMessage& message, int error_code);

// The parameters of the status callback that tells of `message` as it is, in
// an order of Twilio's (FACTS 1.2).
Parameters CallbackParameters(const EmulatedMessage& message);

}  // namespace sidwatch

#endif  // SIDWATCH_TESTS_EMULATOR_LIFE_CYCLE_H_
