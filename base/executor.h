#ifndef SIDWATCH_BASE_EXECUTOR_H_
#define SIDWATCH_BASE_EXECUTOR_H_

#include <cstddef>
#include <deque>
#include <string>
#include <thread>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "base/mutex.h"

namespace sidwatch {

// A fixed number of threads behind a bounded queue.
//
// Work is begun in the order it was submitted. Nothing is ever dropped once
// TrySubmit has said yes: Shutdown runs what is queued before it returns.
//
// Thread safety: all methods may be called from any thread; Shutdown not from
// one of its own.
class Executor {
 public:
  // `name` is what the threads are called in a debugger (15 characters).
  Executor(std::string name, size_t threads, size_t queue_max);
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  // Queues `work`. Returns false, and leaves `work` unrun, when the queue is
  // full or Shutdown has begun. Never blocks.
  [[nodiscard]] bool TrySubmit(absl::AnyInvocable<void()> work);

  // Refuses new work, runs what is queued, joins the threads. Idempotent.
  void Shutdown();

  // Work waiting for a thread, for metrics.
  size_t queued() const;

 private:
  void Run();

  const std::string name_;
  const size_t queue_max_;
  std::vector<std::thread> threads_;

  mutable Mutex mu_;
  CondVar work_or_stop_;
  std::deque<absl::AnyInvocable<void()>> queue_ ABSL_GUARDED_BY(mu_);
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace sidwatch

#endif  // SIDWATCH_BASE_EXECUTOR_H_
