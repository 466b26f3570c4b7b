#include "tests/fakes/fake_clock.h"

namespace sidwatch {

absl::Time FakeClock::Now() const {
  MutexLock lock(mu_);
  return now_;
}

absl::Duration FakeClock::Monotonic() const {
  MutexLock lock(mu_);
  return monotonic_;
}

bool FakeClock::WaitUntil(CondVar& cv, Mutex& mu, absl::Duration deadline) {
  // Looks at the clock every millisecond of real time rather than being told:
  // the clock would otherwise have to take the waiter's lock.
  if (Monotonic() >= deadline) return false;
  cv.WaitFor(mu, absl::Milliseconds(1));
  return Monotonic() < deadline;
}

void FakeClock::Advance(absl::Duration by) {
  MutexLock lock(mu_);
  now_ += by;
  monotonic_ += by;
}

void FakeClock::JumpWallTime(absl::Duration by) {
  MutexLock lock(mu_);
  now_ += by;
}

}  // namespace sidwatch
