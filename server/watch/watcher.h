#ifndef SIDWATCH_SERVER_WATCH_WATCHER_H_
#define SIDWATCH_SERVER_WATCH_WATCHER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/executor.h"
#include "base/timer_queue.h"
#include "server/watch/event_tail.h"
#include "server/watch/watch_options.h"
#include "storage/store.h"

namespace sidwatch {

// What all watchers share. Everything outlives them. A read or a timer of a
// watch may be under way when its Finished has been taken already: shut
// `readers` and `timers` down before the tail and the store go.
struct WatchContext {
  const Store& store;
  EventTail& tail;
  Executor& readers;  // catch-up pages and snapshots are read here
  TimerQueue& timers;
  Clock& clock;
  size_t buffer_max_bytes = 256 * 1024;  // the setting watch-buffer
};

// One watch: its selection, its cursor, what to write next.
//
// Knows nothing of gRPC: it is asked for one thing at a time (Next) and says
// when to ask again (`wake`). Near the head it takes events from the tail into
// a bounded queue of pointers; behind, or when the queue overflowed, it reads
// pages of the log on the readers' executor. So a slow client costs a cursor,
// a flag and at most `watch-buffer` bytes.
//
// Thread safety: all methods may be called from any thread, Next from one at a
// time. None blocks.
class Watcher : public TailReader,
                public std::enable_shared_from_this<Watcher> {
 public:
  // `wake` is called, under no lock and possibly from inside another method of
  // the watcher, when Next has something after it had nothing. It may be
  // called when there is nothing after all.
  static std::shared_ptr<Watcher> Open(const WatchContext& context,
                                       WatchOptions options,
                                       std::function<void()> wake);
  ~Watcher() override;

  struct Wait {};  // nothing now; `wake` will be called
  // The watch is over. OK after ended{ALL_FINAL}; else with an ErrorDetail of
  // CONTRACT 4.3: TOKEN_INVALID, SELECTOR_MISMATCH, STORE_CHANGED,
  // TOKEN_EXPIRED, FIELD_INVALID, STORE_UNAVAILABLE, QUEUE_FULL, MAX_AGE,
  // DRAINING, SLOW_CONSUMER.
  struct Finished {
    absl::Status status;
  };
  using NextResult = std::variant<WatchOutput, Wait, Finished>;

  // The next thing to write. After Finished, Finished again.
  NextResult Next();

  // Ends the watch from outside: after what is already queued, `ended` with
  // this reason, then Finished. The first reason counts. kSlowConsumer drops
  // the queue and says nothing; a watch that has not said `created` yet is
  // Finished at once.
  void End(WatchEndReason reason);

  // The client has gone: leaves the tail, drops everything. Next answers
  // Finished (CANCELLED). Idempotent; also what the destructor relies on.
  void Close();

  // True when events wait that the client has not taken.
  bool has_pending() const;

  void OnEvent(const std::shared_ptr<const StatusEvent>& event) override;
  void OnSettled(const std::shared_ptr<const Message>& message) override;
  void OnMissed(int64_t sequence) override;
  void OnWake() override;

 private:
  class Impl;
  explicit Watcher(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_WATCH_WATCHER_H_
