#ifndef SIDWATCH_TESTS_FAKES_FAKE_CLOCK_H_
#define SIDWATCH_TESTS_FAKES_FAKE_CLOCK_H_

#include "absl/time/time.h"
#include "base/clock.h"
#include "base/mutex.h"

namespace sidwatch {

// A clock that moves only when a test says so. Waits for it end when Advance
// passes their deadline.
class FakeClock : public Clock {
 public:
  explicit FakeClock(absl::Time start = absl::FromUnixSeconds(1'700'000'000))
      : now_(start) {}

  absl::Time Now() const override;
  absl::Duration Monotonic() const override;
  bool WaitUntil(CondVar& cv, Mutex& mu, absl::Duration deadline) override
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu);

  // Moves both clocks forward and wakes whose deadline has come.
  void Advance(absl::Duration by);

  // Moves wall time alone, as an operator or NTP may.
  void JumpWallTime(absl::Duration by);

 private:
  mutable Mutex mu_;
  absl::Time now_ ABSL_GUARDED_BY(mu_);
  absl::Duration monotonic_ ABSL_GUARDED_BY(mu_) = absl::Hours(1);
};

}  // namespace sidwatch

#endif  // SIDWATCH_TESTS_FAKES_FAKE_CLOCK_H_
