#ifndef SIDWATCH_BASE_CLOCK_H_
#define SIDWATCH_BASE_CLOCK_H_

#include "absl/time/time.h"
#include "base/mutex.h"

namespace sidwatch {

// The two clocks of the service, and the only way to wait for one.
//
// Wall time stamps what is stored and shown and may jump; monotonic time
// measures every deadline, interval and age and never goes back.
//
// Thread safety: all methods may be called from any thread.
class Clock {
 public:
  virtual ~Clock() = default;

  // Wall time, for stamps.
  virtual absl::Time Now() const = 0;

  // Time since an arbitrary point that is fixed while the process lives.
  virtual absl::Duration Monotonic() const = 0;

  // Waits on `cv` until it is notified or Monotonic() reaches `deadline`.
  // Returns false when the deadline was the reason. May wake spuriously.
  virtual bool WaitUntil(CondVar& cv, Mutex& mu, absl::Duration deadline)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu) = 0;

  // The machine's own clocks. The object lives as long as the process.
  static Clock& Real();
};

}  // namespace sidwatch

#endif  // SIDWATCH_BASE_CLOCK_H_
