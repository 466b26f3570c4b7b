#ifndef SIDWATCH_SERVER_RPC_WATCH_REACTOR_H_
#define SIDWATCH_SERVER_RPC_WATCH_REACTOR_H_

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/counters.h"
#include "server/rpc/watch_registry.h"
#include "server/watch/watch_options.h"
#include "server/watch/watcher.h"

namespace grpc {
class CallbackServerContext;
template <typename Response>
class ServerWriteReactor;
}  // namespace grpc
namespace sidwatch::v1 {
class WatchStatusResponse;
}  // namespace sidwatch::v1

namespace sidwatch {

// What all watch reactors share. Everything outlives them.
struct WatchReactorContext {
  WatchContext watch;
  WatchRegistry& registry;
  Counters& counters;
  // Jittered by ±20 % for each watch, so that those opened together do not
  // end together.
  absl::Duration max_age = absl::Minutes(20);
  absl::Duration stall_timeout = absl::Seconds(30);
};

// Joins one gRPC stream to one Watcher: writes what the watcher has, one write
// in flight, the next when that one is through.
//
// Threads: gRPC's reactions, and whoever wakes the watcher. Nothing blocks.
// Lifetime: the reactor frees itself in OnDone. The watcher and the timers
// hold only its state, which knows when the stream is over.
//
// A client that takes nothing for stall_timeout while something waits is ended
// with SLOW_CONSUMER (its cursor and buffer are freed at once), and cancelled
// when that status cannot be delivered for as long again.
grpc::ServerWriteReactor<v1::WatchStatusResponse>* StartWatch(
    const WatchReactorContext& context, grpc::CallbackServerContext* call,
    WatchOptions options);

// Ends the stream with `status` and without any response.
grpc::ServerWriteReactor<v1::WatchStatusResponse>* RefuseWatch(
    const absl::Status& status);

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_RPC_WATCH_REACTOR_H_
