#ifndef SIDWATCH_SERVER_RPC_TRACKING_SERVICE_H_
#define SIDWATCH_SERVER_RPC_TRACKING_SERVICE_H_

#include <cstddef>
#include <memory>

#include "absl/time/time.h"
#include "base/clock.h"
#include "base/counters.h"
#include "base/executor.h"
#include "base/timer_queue.h"
#include "server/send/message_sender.h"
#include "server/watch/event_tail.h"
#include "storage/store.h"

namespace grpc {
class Service;
}  // namespace grpc

namespace sidwatch {

// sidwatch.v1.TrackingService: one method per rpc, each of which checks,
// converts and hands over. Decides nothing.
//
// Threads: runs on gRPC's reaction threads and never blocks one: reads go to
// `readers`, sends to the sender's workers.
// Thread safety: all methods may be called from any thread.
class TrackingService {
 public:
  struct Options {
    size_t watch_streams_max = 20000;
    size_t watch_streams_per_connection_max = 1900;
    absl::Duration watch_max_age = absl::Minutes(20);
    size_t watch_buffer_bytes = 256 * 1024;
    absl::Duration watch_stall_timeout = absl::Seconds(30);
  };

  // What the service works with. Everything outlives it.
  struct Parts {
    const Store& store;
    EventTail& tail;
    MessageSender& sender;
    Executor& readers;
    TimerQueue& timers;
    Clock& clock;
    Counters& counters;
  };

  TrackingService(Options options, const Parts& parts);
  // The server that serves it must have been shut down.
  ~TrackingService();
  TrackingService(const TrackingService&) = delete;
  TrackingService& operator=(const TrackingService&) = delete;

  // What a grpc::Server serves.
  grpc::Service& grpc_service();

  // Answers new sends and watches with DRAINING from now on, and ends the open
  // watches one after the other over `spread`.
  void StartDraining(absl::Duration spread);

  // Waits for the last watch to end. Returns false when `timeout` passed
  // first.
  bool WaitForWatches(absl::Duration timeout);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_RPC_TRACKING_SERVICE_H_
