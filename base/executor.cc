#include "base/executor.h"

#include <pthread.h>

#include <utility>

namespace sidwatch {

Executor::Executor(std::string name, size_t threads, size_t queue_max)
    : name_(std::move(name)), queue_max_(queue_max) {
  threads_.reserve(threads);
  for (size_t i = 0; i < threads; ++i) {
    threads_.emplace_back([this] { Run(); });
  }
}

Executor::~Executor() { Shutdown(); }

bool Executor::TrySubmit(absl::AnyInvocable<void()> work) {
  {
    MutexLock lock(mu_);
    if (stopping_ || queue_.size() >= queue_max_) return false;
    queue_.push_back(std::move(work));
  }
  work_or_stop_.NotifyOne();
  return true;
}

void Executor::Shutdown() {
  {
    MutexLock lock(mu_);
    stopping_ = true;
  }
  work_or_stop_.NotifyAll();
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

size_t Executor::queued() const {
  MutexLock lock(mu_);
  return queue_.size();
}

void Executor::Run() {
  pthread_setname_np(pthread_self(), name_.substr(0, 15).c_str());
  for (;;) {
    absl::AnyInvocable<void()> work;
    {
      MutexLock lock(mu_);
      while (queue_.empty() && !stopping_) work_or_stop_.Wait(mu_);
      if (queue_.empty()) return;
      work = std::move(queue_.front());
      queue_.pop_front();
    }
    std::move(work)();
  }
}

}  // namespace sidwatch
