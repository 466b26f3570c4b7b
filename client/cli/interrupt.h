#ifndef SIDWATCH_CLIENT_CLI_INTERRUPT_H_
#define SIDWATCH_CLIENT_CLI_INTERRUPT_H_

#include <atomic>
#include <functional>
#include <thread>

namespace sidwatch {

// Turns Ctrl-C and SIGTERM into one call, while it lives.
//
// A second signal ends the process as if nothing had caught it. One at a time
// in a process.
//
// Thread: one of its own, on which `on_signal` runs.
class Interrupt {
 public:
  explicit Interrupt(std::function<void()> on_signal);
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  // 128 and the signal's number, as shells say it; 0 when there was none.
  int exit_status() const { return exit_status_.load(); }

 private:
  const std::function<void()> on_signal_;
  std::atomic<int> exit_status_{0};
  std::thread thread_;
};

}  // namespace sidwatch

#endif  // SIDWATCH_CLIENT_CLI_INTERRUPT_H_
