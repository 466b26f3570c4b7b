#ifndef SIDWATCH_SERVER_WEBHOOK_LIMITED_WARNING_H_
#define SIDWATCH_SERVER_WEBHOOK_LIMITED_WARNING_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/log.h"
#include "base/mutex.h"

namespace sidwatch {

// A warning that strangers can cause, and that must not fill the disk: at
// most one line in `interval`, which says how many were left out before it.
//
// Thread safety: Warn may be called from any thread.
class LimitedWarning {
 public:
  LimitedWarning(Logger log, absl::string_view message,
                 absl::Duration interval = absl::Seconds(10))
      : log_(log), message_(message), interval_(interval) {}

  // `now` is monotonic.
  void Warn(absl::Duration now, std::vector<LogField> fields) {
    uint64_t left_out = 0;
    {
      MutexLock lock(mu_);
      if (now < next_) {
        ++left_out_;
        return;
      }
      next_ = now + interval_;
      left_out = std::exchange(left_out_, 0);
    }
    if (left_out > 0) fields.push_back({"left_out", left_out});
    log_.Warning(message_, std::move(fields));
  }

 private:
  const Logger log_;
  const absl::string_view message_;  // a literal
  const absl::Duration interval_;

  Mutex mu_;
  absl::Duration next_ ABSL_GUARDED_BY(mu_) = -absl::InfiniteDuration();
  uint64_t left_out_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_WEBHOOK_LIMITED_WARNING_H_
