#ifndef SIDWATCH_TESTS_SERVER_WATCH_WATCH_CLIENT_H_
#define SIDWATCH_TESTS_SERVER_WATCH_WATCH_CLIENT_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/executor.h"
#include "base/mutex.h"
#include "base/timer_queue.h"
#include "gmock/gmock.h"
#include "server/watch/event_tail.h"
#include "server/watch/watcher.h"
#include "tests/fakes/fake_clock.h"
#include "tests/server/watch/fake_log.h"

namespace sidwatch {

// Set once by one thread, waited for by others.
class Signal {
 public:
  void Set();
  // Fails the test after a minute.
  void Wait();
  bool is_set() const;

 private:
  mutable Mutex mu_;
  CondVar changed_;
  bool set_ ABSL_GUARDED_BY(mu_) = false;
};

// What Next gave, in one line: "created", "created unknown=7",
// "message 7 queued", "snapshot_done", "event 12 7 sent" (sequence, SID's
// number, status), "progress", "ended ALL_FINAL", "OK", "INVALID_ARGUMENT
// TOKEN_INVALID", "wait".
std::string Describe(const Watcher::NextResult& result);

// The client of one watch: takes what comes, waiting for it.
class WatchClient {
 public:
  WatchClient(const WatchContext& context, WatchOptions options);
  ~WatchClient();

  // The next thing, described. Waits for it; fails the test after a minute.
  std::string Take();
  std::vector<std::string> Take(int count);
  // All up to and including the first that begins with `last`.
  std::vector<std::string> TakeUntil(absl::string_view last);
  // What there is at this moment; "wait" when there is nothing.
  std::string TakeNow();

  // The token that came with what was taken last.
  const std::string& token() const { return token_; }
  // What was taken last, if it was an event or a message.
  std::shared_ptr<const StatusEvent> event() const;
  std::shared_ptr<const Message> message() const;

  Watcher& watcher() { return *watcher_; }
  void DropWithoutClosing() { watcher_.reset(); }

 private:
  struct Doorbell {
    Mutex mu;
    CondVar rung;
    bool ringing ABSL_GUARDED_BY(mu) = false;
  };

  std::string Note(Watcher::NextResult result);

  std::shared_ptr<Doorbell> bell_ = std::make_shared<Doorbell>();
  std::shared_ptr<Watcher> watcher_;
  std::optional<WatchItem> item_;
  std::string token_;
};

// A log, its tail, and all that a watcher needs beside them.
class WatchTest : public testing::Test {
 protected:
  WatchContext context() {
    return {.store = log_,
            .tail = tail_,
            .readers = readers_,
            .timers = timers_,
            .clock = clock_,
            .buffer_max_bytes = buffer_max_bytes_};
  }
  WatchClient Open(WatchOptions options) {
    return WatchClient(context(), std::move(options));
  }
  int64_t Commit(const Report& report) { return log_.Commit(tail_, report); }

  // Holds up the read of the store with that number from now, 1 being the next.
  struct Hold {
    Signal begun;
    Signal go_on;
  };
  std::shared_ptr<Hold> HoldRead(int number = 1);

  // Waits until all that was published is fanned out and the readers have
  // read what they wanted because of it.
  void Settle();

  size_t buffer_max_bytes_ = 256 * 1024;
  FakeClock clock_;
  FakeLog log_;
  EventTail tail_;
  TimerQueue timers_{clock_};
  Executor readers_{"readers", 1, 1000};
};

// Selections and options, short.
Selection Sids(const std::vector<int>& numbers);
Selection Requests(std::vector<std::string> ids, std::string account = "");
WatchOptions From(WatchStart start, Selection selection);
WatchOptions Resume(const std::string& token, Selection selection);

}  // namespace sidwatch

#endif  // SIDWATCH_TESTS_SERVER_WATCH_WATCH_CLIENT_H_
