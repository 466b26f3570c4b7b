#ifndef SIDWATCH_TESTS_EMULATOR_TWILIO_EMULATOR_H_
#define SIDWATCH_TESTS_EMULATOR_TWILIO_EMULATOR_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/timer_queue.h"
#include "server/webhook/http_guard.h"
#include "tests/emulator/callback_poster.h"
#include "tests/emulator/create_rules.h"
#include "tests/emulator/faults.h"
#include "tests/emulator/life_runner.h"
#include "tests/emulator/message_book.h"

namespace sidwatch {

// A stand-in for Twilio: its Messages API, and the status callbacks after it
// (CONTRACT section 11). For development and tests; never for production.
//
// Nothing leaves the machine but callbacks to the StatusCallback URLs it is
// given. Every answer says "emulator" in its Server header.
//
// Threads: those of HttpGuard, one for the life cycles, a fixed number that
// post callbacks. Everything is bounded: messages kept, what waits, threads.
// Thread safety: all methods may be called from any thread.
class TwilioEmulator {
 public:
  struct Options {
    std::string listen = "127.0.0.1:0";
    std::string account_sid;
    std::string auth_token;
    // Taken for Basic auth beside account SID and token, when given.
    std::string api_key_sid;
    std::string api_key_secret;
    double speed = 1;  // at 1 a message is delivered after 1.5 s
    Faults faults;
    uint32_t seed = 1;  // of what goes wrong
    size_t messages_max = 200'000;
    size_t callback_threads = 32;
  };

  // Serves when it returns. Errors: HttpGuard::Start's.
  static absl::StatusOr<std::unique_ptr<TwilioEmulator>> Start(Options options,
                                                               Logger log);

  // Stop().
  ~TwilioEmulator();
  TwilioEmulator(const TwilioEmulator&) = delete;
  TwilioEmulator& operator=(const TwilioEmulator&) = delete;

  std::string address() const { return guard_->address(); }
  // For twilio-base-url.
  std::string url() const { return "http://" + address(); }

  // Replaces all faults.
  void SetFaults(Faults faults) { dice_.Set(std::move(faults)); }

  // Every message that was created, oldest first, deleted ones too.
  std::vector<EmulatedMessage> messages() const { return book_.All(); }
  // The attempts to post a callback, oldest first; the newest 10 000.
  std::vector<CallbackPoster::Record> callbacks() const {
    return poster_.records();
  }

  // Answers what is in hand, drops what waits. Idempotent.
  void Stop();

 private:
  explicit TwilioEmulator(Options options);

  HttpResponse Handle(const HttpRequest& request);
  HttpResponse HandleOwn(const HttpRequest& request);
  HttpResponse HandleApi(const HttpRequest& request);
  HttpResponse HandleMessage(const HttpRequest& request, absl::string_view sid,
                             absl::string_view rest);
  bool IsAuthorized(const HttpRequest& request) const;
  HttpResponse ReplaceFaults(const HttpRequest& request);

  // One an operation of the API.
  HttpResponse Create(const HttpRequest& request);
  HttpResponse List(const HttpRequest& request) const;
  HttpResponse Update(const std::string& sid, const Parameters& form);
  HttpResponse Cancel(const std::string& sid);
  HttpResponse Delete(const std::string& sid);
  HttpResponse Feedback(const EmulatedMessage& message,
                        const Parameters& form) const;

  EmulatedMessage MakeMessage(const Parameters& form) const;
  void BeginAndWaitForCallback(const EmulatedMessage& message);
  HttpResponse Hang();

  const Options options_;
  MessageBook book_;
  FaultDice dice_;
  TimerQueue timers_;
  CallbackPoster poster_;
  LifeRunner lives_;

  Mutex mu_;
  CondVar changed_;
  size_t hanging_ ABSL_GUARDED_BY(mu_) = 0;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;

  std::unique_ptr<HttpGuard> guard_;  // Last: it calls all of the above.
};

}  // namespace sidwatch

#endif  // SIDWATCH_TESTS_EMULATOR_TWILIO_EMULATOR_H_
