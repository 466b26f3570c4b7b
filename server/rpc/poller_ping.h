#ifndef SIDWATCH_SERVER_RPC_POLLER_PING_H_
#define SIDWATCH_SERVER_RPC_POLLER_PING_H_

#include <memory>

#include "absl/time/time.h"
#include "base/clock.h"
#include "base/timer_queue.h"

namespace grpc {
class Channel;
}  // namespace grpc

namespace sidwatch {

// Keeps gRPC's callback threads awake: after a second without events they
// sleep for 100 ms at a time, and the next call waits for them. A call over
// the in-process channel every 300 ms prevents that (PERFORMANCE 1d), and
// tells at the same time whether the threads still run.
//
// Thread safety: all methods may be called from any thread.
class PollerPing {
 public:
  // `channel` leads to a server with a health service. `timers` and `clock`
  // outlive it.
  PollerPing(std::shared_ptr<grpc::Channel> channel, TimerQueue& timers,
             Clock& clock);
  // Stop().
  ~PollerPing();
  PollerPing(const PollerPing&) = delete;
  PollerPing& operator=(const PollerPing&) = delete;

  // Waits for the ping under way and makes no more. Idempotent.
  void Stop();

  // False when a ping has been under way for 10 s.
  bool alive() const;

 private:
  struct State;
  static void Send(const std::shared_ptr<State>& state);

  const std::shared_ptr<State> state_;
};

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_RPC_POLLER_PING_H_
