#ifndef SIDWATCH_TESTS_EMULATOR_FAULTS_H_
#define SIDWATCH_TESTS_EMULATOR_FAULTS_H_

#include <cstdint>
#include <map>
#include <random>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/mutex.h"

namespace sidwatch {

// What goes wrong, and how often: rates from 0 (never) to 1 (always).
struct Faults {
  // Of the callbacks.
  absl::Duration delay;      // delay_ms: all of them, by this much
  double reorder = 0;        // of messages: what is not final comes last
  double duplicate = 0;      // of callbacks: posted twice
  double drop = 0;           // of callbacks: not posted
  double bad_signature = 0;  // of callbacks: signed with another token

  // Of the answers to API calls.
  double reply_429 = 0;  // nothing is done
  double reply_5xx = 0;  // nothing is done
  double hang = 0;       // nothing is done, nothing answered

  // Of create calls.
  double accept_then_drop = 0;       // made, then the connection is closed
  double callback_before_reply = 0;  // the first callback, then the answer

  // Of messages: Twilio's error code → rate; they end undelivered or failed.
  std::map<int, double> error_codes;
};

// Reads the JSON object of CONTRACT section 11; what is not in it is zero.
// Errors: INVALID_ARGUMENT naming the key that is unknown or has a wrong value.
absl::StatusOr<Faults> ParseFaults(absl::string_view json);

// The same as JSON.
std::string FaultsJson(const Faults& faults);

// The faults in force, and whether one happens now. Equal seeds and equal
// questions give equal answers.
//
// Thread safety: all methods may be called from any thread.
class FaultDice {
 public:
  FaultDice(Faults faults, uint32_t seed);

  void Set(Faults faults);
  Faults faults() const;

  // FaultDice.Happens(&Faults::drop)
  bool Happens(double Faults::*rate);
  // One of error_codes, 0 for none of them.
  int DrawErrorCode();

 private:
  double RollLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  mutable Mutex mu_;
  Faults faults_ ABSL_GUARDED_BY(mu_);
  std::mt19937 random_ ABSL_GUARDED_BY(mu_);
};

}  // namespace sidwatch

#endif  // SIDWATCH_TESTS_EMULATOR_FAULTS_H_
