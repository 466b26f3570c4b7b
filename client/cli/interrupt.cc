#include "client/cli/interrupt.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <utility>

namespace sidwatch {
namespace {

constexpr int kShellBase = 128;

// What a signal handler can reach. The byte is the signal; 0 ends the thread.
int signal_pipe[2] = {-1, -1};

void Tell(unsigned char byte) {
  const int saved = errno;
  // The pipe holds far more than the few bytes that are ever written.
  [[maybe_unused]] const ssize_t written = write(signal_pipe[1], &byte, 1);
  errno = saved;
}

void HandleSignal(int signal) { Tell(static_cast<unsigned char>(signal)); }

unsigned char Await() {
  unsigned char byte = 0;
  while (read(signal_pipe[0], &byte, 1) < 0 && errno == EINTR) {
  }
  return byte;
}

}  // namespace

Interrupt::Interrupt(std::function<void()> on_signal)
    : on_signal_(std::move(on_signal)) {
  if (pipe2(signal_pipe, O_CLOEXEC) != 0) std::abort();
  thread_ = std::thread([this] {
    const unsigned char signal = Await();
    if (signal == 0) return;
    exit_status_.store(kShellBase + signal);
    on_signal_();
  });
  struct sigaction action = {};
  action.sa_handler = HandleSignal;
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

Interrupt::~Interrupt() {
  signal(SIGINT, SIG_DFL);
  signal(SIGTERM, SIG_DFL);
  Tell(0);
  thread_.join();
  close(signal_pipe[0]);
  close(signal_pipe[1]);
}

}  // namespace sidwatch
