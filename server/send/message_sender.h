#ifndef SIDWATCH_SERVER_SEND_MESSAGE_SENDER_H_
#define SIDWATCH_SERVER_SEND_MESSAGE_SENDER_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
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
// No lock is held meanwhile. Waiting between repeats is the timers', no
// worker's.
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

  // What is given outlives the sender, and serves until Stop has returned.
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

  // Refuses what comes after, and what is not reserved yet, with DRAINING;
  // gives up waiting for Twilio's 429s to end, finishes what was begun, joins
  // the workers. Idempotent.
  void Stop();

 private:
  struct Call;
  using CallPtr = std::shared_ptr<Call>;
  using Step = void (MessageSender::*)(const CallPtr&);

  struct Caller {
    Done done;
    bool joined = false;  // another one had begun it
  };
  using Callers = std::vector<Caller>;

  // One request_id that is being dealt with, and who waits for it.
  struct UnderWay {
    CallPtr call;
    Callers callers;                // fewer once some were told to wait no more
    absl::Duration repeat_until;    // monotonic; 429s are repeated until then
    TimerQueue::TimerId timer = 0;  // not 0 while it waits …
    Step after_timer = nullptr;     // … for this
  };

  // The steps of a call, one after the other, each on a worker.
  void Reserve(const CallPtr& call);
  void CallTwilio(const CallPtr& call);
  void Settle(const CallPtr& call);

  absl::Status CheckRequest(SendRequest& request) const;
  absl::Status Admit(CallPtr call, absl::Duration time_left, Done& done);
  void OnRefusal(const CallPtr& call, const TwilioRefusal& refusal);
  void OnNotSent(const CallPtr& call, const NotSent& result);
  void OnUnknown(const CallPtr& call, const OutcomeUnknown& result);
  bool RepeatLater(const CallPtr& call,
                   std::optional<absl::Duration> retry_after);
  void SettleWith(const CallPtr& call, SendOutcome outcome, absl::Status error);
  void SettleLater(const CallPtr& call, const absl::Status& problem);
  void LogUnsettled(const Call& call, const absl::Status& problem) const;
  static absl::Status UnsettledError(const Call& call,
                                     const absl::Status& problem);
  void RunLater(const CallPtr& call, absl::Duration delay, Step step);
  void OnTimer(const CallPtr& call, Step step);
  void Submit(const CallPtr& call, Step step);
  void Finish(const CallPtr& call, absl::StatusOr<SendResult> result);
  Callers TakeCallersLocked(const Call& call)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void AnswerCallers(Callers callers, const absl::StatusOr<SendResult>& result);
  void Answer(Done& done, absl::StatusOr<SendResult> result);
  ReserveWrite MakeReservation(const Call& call) const;
  SendCreated MakeCreated(const Call& call, const TwilioMessage& reply) const;
  Parameters MakeParameters(const Call& call) const;
  bool stopping();

  const Options options_;
  const size_t calls_max_;  // under way at once, those that wait included
  GroupCommit& log_;
  TwilioClient& twilio_;
  TimerQueue& timers_;
  Clock& clock_;
  const Logger logger_;
  Counters& counters_;

  Executor workers_;

  // Never held while a step or a Done runs. The locks of timers_ and workers_
  // are taken under it; neither ever calls back holding its own.
  Mutex mu_;
  CondVar none_under_way_;
  // By request_id, from Send until the last Done is about to be called.
  absl::flat_hash_map<std::string, UnderWay> calls_ ABSL_GUARDED_BY(mu_);
  size_t joined_ ABSL_GUARDED_BY(mu_) = 0;  // callers that joined
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_SEND_MESSAGE_SENDER_H_
