#ifndef SIDWATCH_SERVER_RPC_WATCH_REGISTRY_H_
#define SIDWATCH_SERVER_RPC_WATCH_REGISTRY_H_

#include <cstddef>
#include <memory>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/counters.h"
#include "base/mutex.h"
#include "base/timer_queue.h"
#include "server/watch/watch_options.h"

namespace sidwatch {

// One open watch, as the registry sees it.
class OpenWatch {
 public:
  virtual ~OpenWatch() = default;

  // Ends it from outside: `ended` with this reason, then its status. The first
  // reason counts. Must not block.
  virtual void End(WatchEndReason reason) = 0;

  // Looks after its age and whether its client still reads; `now` is
  // monotonic. Called often; must not block.
  virtual void CheckTime(absl::Duration now) = 0;
};

// All open watches: how many there may be, and how they end together.
//
// One timer looks after the time of all of them, in rounds of an eighth of
// watch-stall-timeout or of a second, whichever is shorter: so a limit of time
// is kept to within one round, and a write costs no timer.
//
// Thread safety: all methods may be called from any thread. Every watch must
// have been removed before it goes.
class WatchRegistry {
 public:
  struct Options {
    size_t streams_max = 20000;  // the setting watch-max-streams
    // Below the streams that a connection may have, so that other calls of
    // the same client still get through.
    size_t streams_per_connection_max = 1900;
    absl::Duration stall_timeout = absl::Seconds(30);
  };

  // What is given outlives it. Keeps the gauge watch_streams.
  WatchRegistry(Options options, TimerQueue& timers, Clock& clock,
                Counters& counters);
  ~WatchRegistry();
  WatchRegistry(const WatchRegistry&) = delete;
  WatchRegistry& operator=(const WatchRegistry&) = delete;

  // Takes a place for `watch`, held weakly. `peer` names the connection, as
  // gRPC does; clients of a unix socket all have the same name, so their
  // connections are not told apart and have the total limit alone.
  //
  // Errors: WATCH_LIMIT (total or of the connection), DRAINING.
  absl::Status Add(const std::shared_ptr<OpenWatch>& watch,
                   const std::string& peer);

  // Gives the place back. Each watch once that was added.
  void Remove(const OpenWatch* watch);

  // Refuses new watches with DRAINING, and ends the open ones one after the
  // other over `spread`, so that their clients do not come back as a herd.
  void EndAll(WatchEndReason reason, absl::Duration spread);

  // Waits until none is left. Returns false when `timeout` passed first.
  bool WaitUntilEmpty(absl::Duration timeout);

  size_t size() const;

 private:
  struct Entry {
    std::weak_ptr<OpenWatch> watch;
    std::string peer;
  };
  // What the timer holds; outlives the registry by a round at most.
  struct Self {
    Mutex mu;
    WatchRegistry* registry ABSL_GUARDED_BY(mu);
  };

  void Round();
  void ScheduleRound();

  const Options options_;
  const absl::Duration round_;
  TimerQueue& timers_;
  Clock& clock_;
  Counters& counters_;
  const std::shared_ptr<Self> self_;

  mutable Mutex mu_;
  CondVar removed_;
  absl::flat_hash_map<const OpenWatch*, Entry> watches_ ABSL_GUARDED_BY(mu_);
  absl::flat_hash_map<std::string, size_t> by_peer_ ABSL_GUARDED_BY(mu_);
  bool draining_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_RPC_WATCH_REGISTRY_H_
