#include "base/clock.h"

#include <chrono>

#include "absl/time/clock.h"

namespace sidwatch {
namespace {

class RealClock final : public Clock {
 public:
  absl::Time Now() const override { return absl::Now(); }

  absl::Duration Monotonic() const override {
    return absl::FromChrono(
        std::chrono::steady_clock::now().time_since_epoch());
  }

  bool WaitUntil(CondVar& cv, Mutex& mu, absl::Duration deadline) override
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu) {
    const absl::Duration left = deadline - Monotonic();
    return left > absl::ZeroDuration() && cv.WaitFor(mu, left);
  }
};

}  // namespace

Clock& Clock::Real() {
  static RealClock clock;
  return clock;
}

}  // namespace sidwatch
