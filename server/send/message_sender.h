#ifndef SIDWATCH_SERVER_SEND_MESSAGE_SENDER_H_
#define SIDWATCH_SERVER_SEND_MESSAGE_SENDER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/counters.h"
#include "base/executor.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/timer_queue.h"
#include "server/send/send_request.h"
#include "server/send/twilio_client.h"
#include "storage/group_commit.h"

namespace sidwatch {

struct SendResult {
  Message message;
  bool replayed = false;  // the stored outcome; Twilio was not called
};

// Sends one message for one request, whatever breaks.
//
// Three steps, in this order (CONTRACT 4.2): reserve the request_id and have
// it on disk; call Twilio once; settle what came of it. A request_id that was
// seen before gets its stored outcome; one that is under way is waited for.
// Once begun, a send goes on though its caller has left.
//
// Threads: a fixed number of workers that block on Twilio and on the commit.
// No lock is held meanwhile.
// Thread safety: all methods may be called from any thread.
class MessageSender {
 public:
  struct Options {
    std::string public_url;          // without a trailing slash
    std::string callback_overrides;  // "rc=5&rp=all"; may be empty
    std::string account_sid;
    std::string default_from;
    std::string default_messaging_service_sid;
    bool store_body = false;
    size_t concurrency = 50;  // the setting send-concurrency
    size_t queue_max = 10000;
    // How long a 429 is repeated for a caller without a deadline.
    absl::Duration retry_time = absl::Seconds(30);
  };

  using Done = absl::AnyInvocable<void(absl::StatusOr<SendResult>)>;

  // What is given outlives the sender.
  MessageSender(Options options, GroupCommit& log, TwilioClient& twilio,
                TimerQueue& timers, Clock& clock, Logger logger,
                Counters& counters);
  // Stop().
  ~MessageSender();
  MessageSender(const MessageSender&) = delete;
  MessageSender& operator=(const MessageSender&) = delete;

  // Calls `done` exactly once, from one of the workers or, for a refusal that
  // needs no work, from here. `time_left` is the caller's deadline from now
  // (infinite: none); it bounds the repeating of 429s and nothing else.
  //
  // Errors, each with an ErrorDetail of CONTRACT 5: FIELD_INVALID,
  // REQUEST_ID_REUSED, TWILIO_REFUSED, TWILIO_CREDENTIALS, TWILIO_UNREACHABLE,
  // SEND_OUTCOME_UNKNOWN, NOT_SENT, RATE_LIMITED, QUEUE_FULL,
  // STORE_UNAVAILABLE, STORE_FULL, DRAINING.
  void Send(SendRequest request, absl::Duration time_left, Done done);

  // Refuses what comes after with DRAINING, finishes what was begun, joins the
  // workers. Idempotent.
  void Stop();

 private:
  struct Call;
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_SEND_MESSAGE_SENDER_H_
