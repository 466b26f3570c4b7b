#ifndef SIDWATCH_TESTS_FAKES_FAKE_TWILIO_H_
#define SIDWATCH_TESTS_FAKES_FAKE_TWILIO_H_

#include <cstddef>
#include <deque>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "base/mutex.h"
#include "server/send/twilio_client.h"

namespace sidwatch {

// A Twilio that answers what a test told it to, without a wire. For the wire
// there is TwilioEmulator (tests/emulator), which runs in process on port 0.
//
// Thread safety: all methods may be called from any thread.
class FakeTwilioClient : public TwilioClient {
 public:
  struct Call {
    std::string account_sid;
    Parameters parameters;

    // The value of the first parameter of that name, "" when there is none.
    std::string parameter(absl::string_view name) const;
  };

  // The next call not yet spoken for gets `result`. A call for which nothing
  // was scripted makes a message: SM…1, SM…2 …, queued.
  void Answer(CreateResult result);

  // Holds calls that come from now on inside CreateMessage, until Release.
  void Hold();
  void Release();

  // Blocks until `count` calls have come in, held ones included.
  void WaitForCalls(size_t count);

  std::vector<Call> calls() const;

  CreateResult CreateMessage(const std::string& account_sid,
                             const Parameters& parameters) override;

  // "SM" and `number` in 32 hex digits.
  static MessageSid Sid(int number);
  // A message as Twilio has just taken it.
  static TwilioMessage Created(int number, absl::string_view status = "queued");

 private:
  mutable Mutex mu_;
  CondVar changed_;
  std::deque<CreateResult> results_ ABSL_GUARDED_BY(mu_);
  std::vector<Call> calls_ ABSL_GUARDED_BY(mu_);
  int created_ ABSL_GUARDED_BY(mu_) = 0;
  bool held_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace sidwatch

#endif  // SIDWATCH_TESTS_FAKES_FAKE_TWILIO_H_
