#include "base/timer_queue.h"

#include <pthread.h>

namespace sidwatch {

TimerQueue::TimerQueue(Clock& clock)
    : clock_(clock), thread_([this] { Run(); }) {}

TimerQueue::~TimerQueue() { Shutdown(); }

TimerQueue::TimerId TimerQueue::RunAfter(absl::Duration delay,
                                         absl::AnyInvocable<void()> callback) {
  MutexLock lock(mu_);
  const TimerId id = next_id_++;
  const absl::Duration due = clock_.Monotonic() + delay;
  const bool first = timers_.empty() || due < timers_.begin()->first.first;
  timers_.emplace(std::pair(due, id), std::move(callback));
  due_.emplace(id, due);
  if (first) changed_.NotifyOne();
  return id;
}

bool TimerQueue::Cancel(TimerId id) {
  // Declared before the lock: what a callback captured may run code when it
  // is dropped.
  absl::AnyInvocable<void()> dropped;
  MutexLock lock(mu_);
  const auto due = due_.find(id);
  if (due == due_.end()) return false;
  const auto timer = timers_.find(std::pair(due->second, id));
  dropped = std::move(timer->second);
  timers_.erase(timer);
  due_.erase(due);
  return true;
}

void TimerQueue::Shutdown() {
  {
    MutexLock lock(mu_);
    stopping_ = true;
    changed_.NotifyOne();
  }
  if (thread_.joinable()) thread_.join();
}

void TimerQueue::Run() {
  pthread_setname_np(pthread_self(), "timers");
  for (;;) {
    absl::AnyInvocable<void()> callback;
    {
      MutexLock lock(mu_);
      while (!stopping_ && (timers_.empty() || timers_.begin()->first.first >
                                                   clock_.Monotonic())) {
        if (timers_.empty()) {
          changed_.Wait(mu_);
        } else {
          clock_.WaitUntil(changed_, mu_, timers_.begin()->first.first);
        }
      }
      if (stopping_) return;
      const auto first = timers_.begin();
      callback = std::move(first->second);
      due_.erase(first->first.second);
      timers_.erase(first);
    }
    callback();
  }
}

}  // namespace sidwatch
