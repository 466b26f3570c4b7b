#ifndef SIDWATCH_TESTS_FAKES_SIGNAL_H_
#define SIDWATCH_TESTS_FAKES_SIGNAL_H_

#include "base/mutex.h"

namespace sidwatch {

// Something that happens once and is waited for. Not absl::Notification:
// ThreadSanitizer does not see into the packaged Abseil.
class Signal {
 public:
  void Notify() {
    MutexLock lock(mu_);
    notified_ = true;
    changed_.NotifyAll();
  }

  void Wait() {
    MutexLock lock(mu_);
    while (!notified_) changed_.Wait(mu_);
  }

  bool notified() {
    MutexLock lock(mu_);
    return notified_;
  }

 private:
  Mutex mu_;
  CondVar changed_;
  bool notified_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace sidwatch

#endif  // SIDWATCH_TESTS_FAKES_SIGNAL_H_
