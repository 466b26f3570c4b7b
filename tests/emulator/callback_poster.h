#ifndef SIDWATCH_TESTS_EMULATOR_CALLBACK_POSTER_H_
#define SIDWATCH_TESTS_EMULATOR_CALLBACK_POSTER_H_

#include <atomic>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/executor.h"
#include "base/mutex.h"
#include "base/timer_queue.h"
#include "storage/status_event.h"
#include "tests/emulator/connection_overrides.h"

namespace sidwatch {

// X-Twilio-Signature of a form posted to `url` (FACTS 3.1). Written on its
// own, not shared with the server: a mistake in one must not hide in the other.
std::string TwilioSignature(const std::string& auth_token,
                            const std::string& url,
                            const Parameters& parameters);

// Posts signed status callbacks as Twilio does, retries and all.
//
// Threads: a fixed number that post. Retries wait in the timers.
// Thread safety: all methods may be called from any thread.
class CallbackPoster {
 public:
  struct Options {
    std::string auth_token;
    size_t threads = 32;
    size_t queue_max = 100'000;  // callbacks that wait for a thread
    size_t records_max = 10'000;
  };

  struct Callback {
    std::string url;  // with its fragment
    Parameters parameters;
    bool bad_signature = false;
    // Called once, when it is answered well or given up.
    std::function<void()> on_done;
  };

  // One attempt and what came of it.
  struct Record {
    absl::Time time;
    std::string url;
    Parameters parameters;
    int attempt = 1;
    bool bad_signature = false;
    long http_status = 0;  // 0: no answer
    std::string problem;
  };

  // What is given outlives the poster.
  CallbackPoster(Options options, TimerQueue& timers, Clock& clock);
  // Stop().
  ~CallbackPoster();
  CallbackPoster(const CallbackPoster&) = delete;
  CallbackPoster& operator=(const CallbackPoster&) = delete;

  // Posts soon. Beyond the queue's limit the callback is lost, and recorded.
  void Post(Callback callback);

  // The newest attempts, oldest first.
  std::vector<Record> records() const;

  // Drops what waits, ends what is under way, joins the threads. The timers
  // must have been shut down before. Idempotent.
  void Stop();

 private:
  class Connection;
  struct Work;
  struct Answer;
  using WorkPtr = std::shared_ptr<Work>;

  void Submit(const WorkPtr& work);
  void Attempt(const WorkPtr& work);
  Answer Exchange(const Work& work, absl::Duration time_left);
  void Note(const Work& work, const Answer& answer);
  std::unique_ptr<Connection> TakeConnection();
  void ReturnConnection(std::unique_ptr<Connection> connection);

  const Options options_;
  TimerQueue& timers_;
  Clock& clock_;
  std::atomic<bool> stopping_ = false;
  Executor threads_;

  mutable Mutex mu_;
  std::deque<Record> records_ ABSL_GUARDED_BY(mu_);
  std::vector<std::unique_ptr<Connection>> idle_ ABSL_GUARDED_BY(mu_);
};

}  // namespace sidwatch

#endif  // SIDWATCH_TESTS_EMULATOR_CALLBACK_POSTER_H_
