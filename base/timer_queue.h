#ifndef SIDWATCH_BASE_TIMER_QUEUE_H_
#define SIDWATCH_BASE_TIMER_QUEUE_H_

#include <cstdint>
#include <map>
#include <thread>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/mutex.h"

namespace sidwatch {

// Runs callbacks at points of monotonic time, on one thread of its own.
//
// Callbacks must be short and must not block: they hold up all the others.
// They run without any lock of the queue, so they may call back into it.
//
// Thread safety: all methods may be called from any thread, Shutdown not from
// a callback.
class TimerQueue {
 public:
  using TimerId = uint64_t;

  // `clock` outlives the queue.
  explicit TimerQueue(Clock& clock);
  ~TimerQueue();
  TimerQueue(const TimerQueue&) = delete;
  TimerQueue& operator=(const TimerQueue&) = delete;

  // Runs `callback` once `delay` from now. Never returns 0.
  TimerId RunAfter(absl::Duration delay, absl::AnyInvocable<void()> callback);

  // Forgets a timer. Returns false when it has run, is running, or never was:
  // then the callback may still be under way, and what it touches must live
  // on (hold a weak_ptr in it).
  bool Cancel(TimerId id);

  // Drops what has not run and joins the thread. Idempotent.
  void Shutdown();

 private:
  void Run();

  Clock& clock_;

  Mutex mu_;
  CondVar changed_;
  // By due time; the id keeps equal times apart and in order.
  std::map<std::pair<absl::Duration, TimerId>, absl::AnyInvocable<void()>>
      timers_ ABSL_GUARDED_BY(mu_);
  std::map<TimerId, absl::Duration> due_ ABSL_GUARDED_BY(mu_);
  TimerId next_id_ ABSL_GUARDED_BY(mu_) = 1;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;

  std::thread thread_;  // Last: it uses everything above.
};

}  // namespace sidwatch

#endif  // SIDWATCH_BASE_TIMER_QUEUE_H_
