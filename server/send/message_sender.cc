#include "server/send/message_sender.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <variant>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/error_detail.h"
#include "base/ids.h"
#include "server/send/refusal.h"
#include "server/send/send_errors.h"
#include "server/send/send_validation.h"

namespace sidwatch {
namespace {

// Between repeats of a 429: up to 100 ms, doubled each time up to this.
constexpr absl::Duration kRepeatDelayFirst = absl::Milliseconds(100);
constexpr absl::Duration kRepeatDelayMax = absl::Seconds(3);

// What Twilio did must be written down. Callers wait for 6 attempts, about
// 1.5 s; the attempts go on until one succeeds.
constexpr int kSettleAttemptsWaited = 6;
constexpr absl::Duration kSettleDelayFirst = absl::Milliseconds(50);
constexpr absl::Duration kSettleDelayMax = absl::Seconds(5);

constexpr size_t kReferenceBytes = 16;

template <typename... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <typename... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

// `first`, doubled `times` times, `max` at most.
absl::Duration Doubled(absl::Duration first, int times, absl::Duration max) {
  absl::Duration delay = first;
  for (int i = 0; i < times && delay < max; ++i) delay *= 2;
  return std::min(delay, max);
}

// Anything from zero to `max`, so that callers who failed together do not
// come back together (full jitter).
absl::Duration Jittered(absl::Duration max) {
  const std::string bytes = RandomBytes(sizeof(uint32_t));
  uint32_t random = 0;
  std::memcpy(&random, bytes.data(), sizeof(random));
  return max * (static_cast<double>(random) / 4294967296.0);
}

absl::StatusOr<SendResult> StoredResult(const Reservation& reservation,
                                        const Message& message) {
  absl::Status error = ReservationError(reservation);
  if (!error.ok()) return error;
  return SendResult{.message = message};
}

}  // namespace

// What only the step under way touches; who waits for it stands in UnderWay.
struct MessageSender::Call {
  SendRequest request;  // with its defaults
  std::string digest;   // taken before them
  std::string reference;
  absl::Status send_at_problem;  // counts only if the request is new
  absl::Duration begin_time;     // monotonic

  int repeats = 0;          // of the create call, after 429s
  int settle_attempts = 0;  // that failed
  SendOutcome outcome;
  absl::Status error;  // the answer if the outcome is that it was not sent
};

MessageSender::MessageSender(Options options, GroupCommit& log,
                             TwilioClient& twilio, TimerQueue& timers,
                             Clock& clock, Logger logger, Counters& counters)
    : options_(std::move(options)),
      calls_max_(options_.concurrency + options_.queue_max),
      log_(log),
      twilio_(twilio),
      timers_(timers),
      clock_(clock),
      logger_(logger),
      counters_(counters),
      workers_("send", options_.concurrency, calls_max_) {}

MessageSender::~MessageSender() { Stop(); }

void MessageSender::Send(SendRequest request, absl::Duration time_left,
                         Done done) {
  auto call = std::make_shared<Call>();
  call->begin_time = clock_.Monotonic();
  call->digest = DigestOf(request);
  absl::Status refused = CheckRequest(request);
  if (refused.ok()) {
    call->send_at_problem = ValidateSendAt(request, clock_.Now());
    call->reference = RandomHex(kReferenceBytes);
    call->request = std::move(request);
    refused = Admit(std::move(call), time_left, done);
  }
  if (!refused.ok()) Answer(done, refused);
}

// Fills in the defaults, then checks all that does not need the store.
absl::Status MessageSender::CheckRequest(SendRequest& request) const {
  if (request.from.empty() && request.messaging_service_sid.empty()) {
    request.from = options_.default_from;
    request.messaging_service_sid = options_.default_messaging_service_sid;
  }
  absl::Status valid = ValidateSendRequest(request);
  if (!valid.ok()) return valid;
  if (!request.account_sid.empty() &&
      !absl::EqualsIgnoreCase(request.account_sid, options_.account_sid)) {
    return FieldError("account_sid",
                      "is not an account of this service; leave it empty or "
                      "name one of its accounts");
  }
  request.account_sid = options_.account_sid;
  return absl::OkStatus();
}

// Begins the call, or joins the one under way for its request_id. Takes `done`
// only when it returns OK.
absl::Status MessageSender::Admit(CallPtr call, absl::Duration time_left,
                                  Done& done) {
  const absl::Duration repeat_until =
      call->begin_time +
      (time_left == absl::InfiniteDuration() ? options_.retry_time : time_left);
  MutexLock lock(mu_);
  if (stopping_) return SendDrainingError();
  const auto found = calls_.find(call->request.request_id);
  if (found == calls_.end()) {
    if (calls_.size() >= calls_max_) return SendQueueFullError();
    UnderWay& under_way = calls_[call->request.request_id];
    under_way.call = call;
    under_way.callers.push_back({.done = std::move(done), .joined = false});
    under_way.repeat_until = repeat_until;
    Submit(call, &MessageSender::Reserve);
    return absl::OkStatus();
  }
  UnderWay& under_way = found->second;
  if (under_way.call->digest != call->digest) return RequestIdReusedError();
  if (joined_ >= calls_max_) return SendQueueFullError();
  ++joined_;
  under_way.callers.push_back({.done = std::move(done), .joined = true});
  under_way.repeat_until = std::max(under_way.repeat_until, repeat_until);
  return absl::OkStatus();
}

void MessageSender::Reserve(const CallPtr& call) {
  // It only waited for a worker: begun now, it might not end in time.
  if (stopping()) return Finish(call, SendDrainingError());
  const absl::StatusOr<ReserveResult> reserved =
      log_.Reserve(MakeReservation(*call));
  if (!reserved.ok()) {
    logger_.Error("a request could not be reserved",
                  {{"request_id", call->request.request_id},
                   {"problem", reserved.status().message()}});
    return Finish(call, NotReservedError(reserved.status()));
  }
  if (reserved->created) {
    if (call->send_at_problem.ok()) return CallTwilio(call);
    return SettleWith(call, SendReleased{}, call->send_at_problem);
  }
  if (reserved->reservation.digest != call->digest) {
    return Finish(call, RequestIdReusedError());
  }
  absl::StatusOr<SendResult> stored =
      StoredResult(reserved->reservation, reserved->message);
  if (stored.ok()) stored->replayed = true;
  Finish(call, std::move(stored));
}

void MessageSender::CallTwilio(const CallPtr& call) {
  if (call->repeats > 0 && stopping()) {
    return SettleWith(call, SendReleased{}, call->error);
  }
  const CreateResult result =
      twilio_.CreateMessage(options_.account_sid, MakeParameters(*call));
  std::visit(
      Overloaded{
          [&](const TwilioMessage& reply) {
            SettleWith(call, MakeCreated(*call, reply), absl::OkStatus());
          },
          [&](const TwilioRefusal& refusal) { OnRefusal(call, refusal); },
          [&](const NotSent& not_sent) { OnNotSent(call, not_sent); },
          [&](const OutcomeUnknown& unknown) { OnUnknown(call, unknown); },
      },
      result);
}

void MessageSender::OnRefusal(const CallPtr& call,
                              const TwilioRefusal& refusal) {
  const RefusalKind kind = KindOf(refusal);
  const std::vector<LogField> fields = {
      {"request_id", call->request.request_id},
      {"http_status", refusal.http_status},
      {"twilio_code", refusal.code}};
  if (kind == RefusalKind::kOfRequest) {
    logger_.Info("Twilio refused a message", fields);
    const Refusal stored = ToRefusal(refusal);
    return SettleWith(call, stored, RefusedError(stored));
  }
  call->error = ReleasedError(refusal);
  if (kind == RefusalKind::kRateLimited &&
      RepeatLater(call, refusal.retry_after)) {
    return;
  }
  if (kind == RefusalKind::kCredentials) {
    logger_.Error("Twilio refused our credentials", fields);
  } else {
    logger_.Warning("Twilio took no message", fields);
  }
  SettleWith(call, SendReleased{}, call->error);
}

void MessageSender::OnNotSent(const CallPtr& call, const NotSent& result) {
  logger_.Warning(
      "Twilio cannot be reached",
      {{"request_id", call->request.request_id}, {"problem", result.problem}});
  SettleWith(call, SendReleased{}, UnreachableError(result.problem));
}

void MessageSender::OnUnknown(const CallPtr& call,
                              const OutcomeUnknown& result) {
  logger_.Error(
      "whether Twilio took a message is not known",
      {{"request_id", call->request.request_id}, {"problem", result.problem}});
  SettleWith(
      call, SendUnknown{},
      OutcomeUnknownError(absl::StrCat(
          "whether Twilio took this message is not known: ", result.problem)));
}

// Says no when the caller's time would be over before the next try.
bool MessageSender::RepeatLater(const CallPtr& call,
                                std::optional<absl::Duration> retry_after) {
  const absl::Duration jittered =
      Jittered(Doubled(kRepeatDelayFirst, call->repeats, kRepeatDelayMax));
  const absl::Duration delay =
      retry_after.value_or(absl::ZeroDuration()) + jittered;
  {
    MutexLock lock(mu_);
    const UnderWay& under_way = calls_.at(call->request.request_id);
    if (stopping_ || clock_.Monotonic() + delay > under_way.repeat_until) {
      return false;
    }
  }
  ++call->repeats;
  RunLater(call, delay, &MessageSender::CallTwilio);
  return true;
}

void MessageSender::SettleWith(const CallPtr& call, SendOutcome outcome,
                               absl::Status error) {
  call->outcome = std::move(outcome);
  call->error = std::move(error);
  Settle(call);
}

void MessageSender::Settle(const CallPtr& call) {
  const absl::StatusOr<SettleResult> settled =
      log_.Settle({.reference = call->reference, .outcome = call->outcome});
  // Released before, by an attempt whose answer was an error.
  if (absl::IsNotFound(settled.status()) &&
      std::holds_alternative<SendReleased>(call->outcome)) {
    return Finish(call, std::move(call->error));
  }
  if (!settled.ok()) return SettleLater(call, settled.status());
  if (settled->reservation.message_id == 0) {
    return Finish(call, std::move(call->error));
  }
  // A callback with our reference may have settled it while Twilio was being
  // called: what is stored is the truth, whatever the reply was.
  if (settled->reservation.state == ReservationState::kSendUnknown &&
      !call->error.ok()) {
    return Finish(call, std::move(call->error));
  }
  Finish(call, StoredResult(settled->reservation, settled->message));
}

// Meanwhile the reservation stays as it is, so this request_id never sends
// again. At the end of the service a callback or a lookup is left to settle it.
void MessageSender::SettleLater(const CallPtr& call,
                                const absl::Status& problem) {
  const int attempts = ++call->settle_attempts;
  if (attempts >= kSettleAttemptsWaited) {
    if (attempts == kSettleAttemptsWaited) LogUnsettled(*call, problem);
    absl::Status error = UnsettledError(*call, problem);
    if (stopping()) return Finish(call, std::move(error));
    Callers callers;
    {
      MutexLock lock(mu_);
      callers = TakeCallersLocked(*call);
    }
    AnswerCallers(std::move(callers), error);
  }
  RunLater(call, Doubled(kSettleDelayFirst, attempts - 1, kSettleDelayMax),
           &MessageSender::Settle);
}

void MessageSender::LogUnsettled(const Call& call,
                                 const absl::Status& problem) const {
  const auto* created = std::get_if<SendCreated>(&call.outcome);
  logger_.Error("what Twilio did could not be written down yet",
                {{"request_id", call.request.request_id},
                 {"message_sid", created ? created->event.message_sid.ToString()
                                         : std::string()},
                 {"problem", problem.message()}});
}

absl::Status MessageSender::UnsettledError(const Call& call,
                                           const absl::Status& problem) {
  if (std::holds_alternative<SendCreated>(call.outcome) ||
      std::holds_alternative<SendUnknown>(call.outcome)) {
    return OutcomeUnknownError(
        absl::StrCat("what Twilio did with this message could not be written "
                     "down: ",
                     problem.message()));
  }
  return NotReleasedError(call.error, problem);
}

void MessageSender::RunLater(const CallPtr& call, absl::Duration delay,
                             Step step) {
  MutexLock lock(mu_);
  if (stopping_) return Submit(call, step);
  UnderWay& under_way = calls_.at(call->request.request_id);
  under_way.after_timer = step;
  under_way.timer =
      timers_.RunAfter(delay, [this, call, step] { OnTimer(call, step); });
}

void MessageSender::OnTimer(const CallPtr& call, Step step) {
  MutexLock lock(mu_);
  calls_.at(call->request.request_id).timer = 0;
  Submit(call, step);
}

void MessageSender::Submit(const CallPtr& call, Step step) {
  // The queue has room for every call under way, and the workers are there
  // until none is left: this cannot fail.
  if (!workers_.TrySubmit([this, call, step] { (this->*step)(call); })) {
    std::abort();
  }
}

void MessageSender::Finish(const CallPtr& call,
                           absl::StatusOr<SendResult> result) {
  Callers callers;
  {
    MutexLock lock(mu_);
    callers = TakeCallersLocked(*call);
    calls_.erase(call->request.request_id);
    if (calls_.empty()) none_under_way_.NotifyAll();
  }
  counters_.send_duration_seconds.Observe(clock_.Monotonic() -
                                          call->begin_time);
  AnswerCallers(std::move(callers), result);
}

MessageSender::Callers MessageSender::TakeCallersLocked(const Call& call) {
  UnderWay& under_way = calls_.at(call.request.request_id);
  joined_ -= static_cast<size_t>(
      std::count_if(under_way.callers.begin(), under_way.callers.end(),
                    [](const Caller& caller) { return caller.joined; }));
  return std::exchange(under_way.callers, {});
}

void MessageSender::AnswerCallers(Callers callers,
                                  const absl::StatusOr<SendResult>& result) {
  for (Caller& caller : callers) {
    absl::StatusOr<SendResult> own = result;
    if (own.ok() && caller.joined) own->replayed = true;
    Answer(caller.done, std::move(own));
  }
}

void MessageSender::Answer(Done& done, absl::StatusOr<SendResult> result) {
  std::string outcome = "sent";
  if (!result.ok()) {
    outcome = absl::AsciiStrToLower(DetailOf(result.status()).reason);
  } else if (result->replayed) {
    outcome = "replayed";
  }
  counters_.send_requests_total.Add({outcome});
  std::move(done)(std::move(result));
}

void MessageSender::Stop() {
  {
    MutexLock lock(mu_);
    stopping_ = true;
    // Those that wait for a timer go on at once.
    for (auto& [request_id, under_way] : calls_) {
      if (under_way.timer != 0 && timers_.Cancel(under_way.timer)) {
        under_way.timer = 0;
        Submit(under_way.call, under_way.after_timer);
      }
    }
    while (!calls_.empty()) none_under_way_.Wait(mu_);
  }
  workers_.Shutdown();
}

bool MessageSender::stopping() {
  MutexLock lock(mu_);
  return stopping_;
}

ReserveWrite MessageSender::MakeReservation(const Call& call) const {
  const SendRequest& request = call.request;
  ReserveWrite write;
  write.reservation = {.request_id = request.request_id,
                       .account_sid = request.account_sid,
                       .digest = call.digest,
                       .reference = call.reference,
                       .body_digest = Sha256(request.body)};
  Message& message = write.message;
  message.request_id = request.request_id;
  message.account_sid = request.account_sid;
  message.messaging_service_sid = request.messaging_service_sid;
  message.direction = "outbound-api";
  message.from = request.from;
  message.to = request.to;
  if (options_.store_body) message.body = request.body;
  message.num_media = static_cast<int>(request.media_urls.size());
  message.labels = request.labels;
  message.create_time = clock_.Now();
  message.origin = Origin::kSentHere;
  return write;
}

SendCreated MessageSender::MakeCreated(const Call& call,
                                       const TwilioMessage& reply) const {
  SendCreated created;
  created.event.message_sid = reply.message_sid;
  created.event.account_sid = call.request.account_sid;
  created.event.status = reply.status;
  created.event.error_code = reply.error_code;
  created.event.source = EventSource::kSendReply;
  created.event.receive_time = clock_.Now();
  created.event.provider_time =
      reply.date_updated ? reply.date_updated : reply.date_created;
  created.error_message = reply.error_message;
  created.from = reply.from;
  created.messaging_service_sid = reply.messaging_service_sid;
  created.num_segments = reply.num_segments;
  created.num_media = reply.num_media;
  return created;
}

Parameters MessageSender::MakeParameters(const Call& call) const {
  Parameters parameters = CreateParameters(call.request);
  std::string url =
      absl::StrCat(options_.public_url, "/twilio/status?ref=", call.reference);
  // The fragment is for Twilio alone: neither sent back nor signed.
  if (!options_.callback_overrides.empty()) {
    absl::StrAppend(&url, "#", options_.callback_overrides);
  }
  parameters.emplace_back("StatusCallback", std::move(url));
  return parameters;
}

}  // namespace sidwatch
