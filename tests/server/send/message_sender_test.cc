#include "server/send/message_sender.h"

#include <stdlib.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/error_detail.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/sqlite/sqlite_store.h"
#include "tests/fakes/collecting_log_sink.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_twilio.h"
#include "tests/fakes/status_matchers.h"

namespace sidwatch {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Optional;
using testing::Pair;
using testing::SizeIs;

constexpr char kAccountSid[] = "AC00000000000000000000000000000001";

// A store that fails its next commits of a kind, as one on a sick disk does.
class SickStore : public Store {
 public:
  explicit SickStore(Store& store) : store_(store) {}

  template <typename Kind>
  void FailNext(int times, absl::Status error) {
    MutexLock lock(mu_);
    failures_left_ = times;
    error_ = std::move(error);
    is_kind_ = [](const Write& write) {
      return std::holds_alternative<Kind>(write);
    };
  }

  absl::Status Commit(absl::Span<const Write* const> writes,
                      std::vector<absl::StatusOr<WriteResult>>& results,
                      CommittedBatch& committed) override {
    {
      MutexLock lock(mu_);
      if (failures_left_ > 0 && is_kind_(*writes.front())) {
        --failures_left_;
        return error_;
      }
    }
    return store_.Commit(writes, results, committed);
  }
  void Maintain(bool idle) override { store_.Maintain(idle); }
  absl::Status Writable() const override { return store_.Writable(); }
  absl::StatusOr<StoreStats> Stats() const override { return store_.Stats(); }
  absl::StatusOr<LogPosition> Position() const override {
    return store_.Position();
  }
  absl::StatusOr<EventPage> ReadAfter(
      int64_t after_sequence, const Selection& selection,
      const ReadOptions& options) const override {
    return store_.ReadAfter(after_sequence, selection, options);
  }
  absl::StatusOr<SelectionState> ReadSelection(
      const Selection& selection) const override {
    return store_.ReadSelection(selection);
  }
  absl::StatusOr<MessagePage> ListMessages(const MessageFilter& filter,
                                           Order order, int64_t from_message_id,
                                           size_t messages_max,
                                           size_t bytes_max) const override {
    return store_.ListMessages(filter, order, from_message_id, messages_max,
                               bytes_max);
  }

 private:
  Store& store_;

  Mutex mu_;
  int failures_left_ ABSL_GUARDED_BY(mu_) = 0;
  absl::Status error_ ABSL_GUARDED_BY(mu_);
  std::function<bool(const Write&)> is_kind_ ABSL_GUARDED_BY(mu_);
};

// Knows what moment of it is being waited for, so that a test can go there in
// one step and never further.
class WatchedClock : public FakeClock {
 public:
  bool WaitUntil(CondVar& cv, Mutex& mu, absl::Duration deadline) override
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu) {
    SetAwaited(deadline);
    const bool in_time = FakeClock::WaitUntil(cv, mu, deadline);
    SetAwaited(std::nullopt);
    return in_time;
  }

  // Does nothing while nobody waits.
  void AdvanceToWhatIsAwaited() {
    std::optional<absl::Duration> awaited;
    {
      MutexLock lock(awaited_mu_);
      awaited = awaited_;
    }
    if (awaited && *awaited > Monotonic()) Advance(*awaited - Monotonic());
  }

 private:
  void SetAwaited(std::optional<absl::Duration> deadline) {
    MutexLock lock(awaited_mu_);
    awaited_ = deadline;
  }

  Mutex awaited_mu_;
  std::optional<absl::Duration> awaited_ ABSL_GUARDED_BY(awaited_mu_);
};

// One caller who waits for the sender. ThreadSanitizer does not see into the
// packaged Abseil: so no absl::Notification, and no status whose count two
// threads share.
class Caller {
 public:
  MessageSender::Done done() {
    return [state = state_](absl::StatusOr<SendResult> result) {
      MutexLock lock(state->mu);
      state->result = std::move(result);
      state->changed.NotifyAll();
    };
  }
  bool answered() const {
    MutexLock lock(state_->mu);
    return state_->result.has_value();
  }
  absl::StatusOr<SendResult> Wait() const {
    MutexLock lock(state_->mu);
    while (!state_->result) state_->changed.Wait(state_->mu);
    const absl::StatusOr<SendResult>& result = *state_->result;
    if (result.ok()) return *result;
    return DetailedError(result.status().code(), result.status().message(),
                         DetailOf(result.status()));
  }

 private:
  struct State {
    Mutex mu;
    CondVar changed;
    std::optional<absl::StatusOr<SendResult>> result ABSL_GUARDED_BY(mu);
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

class MessageSenderTest : public testing::Test {
 protected:
  MessageSenderTest() {
    std::string name = testing::TempDir() + "sender-XXXXXX";
    dir_ = mkdtemp(name.data());
    auto store = SqliteStore::Open(
        {.path = (dir_ / "test.db").string(), .disk_floor_bytes = 0}, clock_,
        Logger(sink_));
    EXPECT_THAT(store, IsOk());
    sqlite_ = *std::move(store);
    store_.emplace(*sqlite_);
    log_.emplace(*store_, nullptr, Clock::Real(), counters_,
                 GroupCommit::Options{});
    options_ = {.public_url = "https://sms.example.com",
                .callback_overrides = "rc=5&rp=all",
                .account_sid = kAccountSid,
                .concurrency = 4};
  }
  ~MessageSenderTest() override {
    sender_.reset();
    log_.reset();
    store_.reset();
    sqlite_.reset();
    std::filesystem::remove_all(dir_);
  }

  MessageSender& sender() {
    if (!sender_) {
      sender_.emplace(options_, *log_, twilio_, timers_, clock_, Logger(sink_),
                      counters_);
    }
    return *sender_;
  }

  static SendRequest Request(const std::string& request_id = "order-1") {
    return {.request_id = request_id,
            .to = "+15551234567",
            .from = "+15557654321",
            .body = "Hello",
            .labels = {{"order", "1"}}};
  }

  Caller Begin(SendRequest request,
               absl::Duration time_left = absl::InfiniteDuration()) {
    Caller caller;
    sender().Send(std::move(request), time_left, caller.done());
    return caller;
  }
  absl::StatusOr<SendResult> Send(
      SendRequest request = Request(),
      absl::Duration time_left = absl::InfiniteDuration()) {
    return Begin(std::move(request), time_left).Wait();
  }

  // Lets time pass until the caller has been answered.
  absl::StatusOr<SendResult> Outlast(const Caller& caller) {
    while (!caller.answered()) {
      clock_.AdvanceToWhatIsAwaited();
      std::this_thread::yield();
    }
    return caller.Wait();
  }

  SelectionState Stored(const std::string& request_id = "order-1") {
    auto state = store_->ReadSelection(RequestIds{.request_ids = {request_id}});
    EXPECT_THAT(state, IsOk());
    return *state;
  }
  ReservationState StoredState() {
    const SelectionState state = Stored();
    return state.states.empty() ? ReservationState{} : state.states.front();
  }

  // The `ref` that Twilio was given with the call of that index.
  std::string Reference(size_t call = 0) {
    const std::string url =
        twilio_.calls().at(call).parameter("StatusCallback");
    const size_t from = url.find("ref=") + 4;
    return url.substr(from, url.find('#') - from);
  }

  void AppendCallback(const std::string& reference, int sid_number,
                      const char* status) {
    AppendWrite write;
    write.event.message_sid = FakeTwilioClient::Sid(sid_number);
    write.event.account_sid = kAccountSid;
    write.event.status = StatusText::Parse(status);
    write.event.receive_time = clock_.Now();
    write.reference = reference;
    EXPECT_THAT(log_->Append(write, absl::InfiniteDuration()), IsOk());
  }

  uint64_t Counted(const std::string& outcome) {
    return counters_.send_requests_total.values()[{outcome}];
  }

  std::filesystem::path dir_;
  CollectingLogSink sink_;
  Counters counters_;
  WatchedClock clock_;
  TimerQueue timers_{clock_};
  FakeTwilioClient twilio_;
  std::unique_ptr<SqliteStore> sqlite_;
  std::optional<SickStore> store_;
  std::optional<GroupCommit> log_;
  MessageSender::Options options_;
  std::optional<MessageSender> sender_;
};

// --- The three steps.

TEST_F(MessageSenderTest, ReservationIsStoredBeforeTwilioIsCalled) {
  twilio_.Hold();
  const Caller caller = Begin(Request());
  twilio_.WaitForCalls(1);

  EXPECT_EQ(StoredState(), ReservationState::kReserved);
  EXPECT_FALSE(caller.answered());

  twilio_.Release();
  EXPECT_THAT(caller.Wait(), IsOk());
}

TEST_F(MessageSenderTest, TwilioIsCalledOnceWithRefAndOverrides) {
  EXPECT_THAT(Send(), IsOk());

  ASSERT_THAT(twilio_.calls(), SizeIs(1));
  const FakeTwilioClient::Call call = twilio_.calls()[0];
  EXPECT_EQ(call.account_sid, kAccountSid);
  EXPECT_EQ(call.parameter("To"), "+15551234567");
  EXPECT_EQ(call.parameter("Body"), "Hello");
  EXPECT_THAT(call.parameter("StatusCallback"),
              MatchesRegex("https://sms.example.com/twilio/status"
                           "\\?ref=[0-9a-f]{32}#rc=5&rp=all"));
}

TEST_F(MessageSenderTest, NoOverridesMeansNoFragment) {
  options_.callback_overrides = "";
  EXPECT_THAT(Send(), IsOk());

  EXPECT_THAT(twilio_.calls()[0].parameter("StatusCallback"),
              MatchesRegex(".*\\?ref=[0-9a-f]{32}"));
}

TEST_F(MessageSenderTest, ReplyIsStoredAsTheFirstEvent) {
  const absl::StatusOr<SendResult> result = Send();

  ASSERT_THAT(result, IsOk());
  EXPECT_FALSE(result->replayed);
  EXPECT_EQ(result->message.message_sid, FakeTwilioClient::Sid(1));
  EXPECT_EQ(result->message.status, StatusText::Parse("queued"));
  EXPECT_EQ(result->message.request_id, "order-1");
  EXPECT_EQ(result->message.origin, Origin::kSentHere);
  EXPECT_THAT(result->message.labels, ElementsAre(Pair("order", "1")));
  EXPECT_EQ(result->message.body, "");
  const auto page = store_->ReadAfter(0, MessageFilter{}, {});
  ASSERT_THAT(page->events, SizeIs(1));
  EXPECT_EQ(page->events[0]->source, EventSource::kSendReply);
  EXPECT_THAT(page->events[0]->provider_time,
              Optional(absl::FromUnixSeconds(1'700'000'000)));
}

TEST_F(MessageSenderTest, BodyIsStoredOnlyWhenAsked) {
  options_.store_body = true;

  EXPECT_EQ(Send()->message.body, "Hello");
}

TEST_F(MessageSenderTest, DefaultsFillARequestWithoutSender) {
  options_.default_from = "12345";
  SendRequest request = Request();
  request.from = "";

  EXPECT_EQ(Send(request)->message.from, "12345");
  EXPECT_EQ(twilio_.calls()[0].parameter("From"), "12345");
  // The digest was taken before: the same request is the same request.
  EXPECT_TRUE(Send(request)->replayed);
}

// --- Same request_id.

TEST_F(MessageSenderTest, SameRequestGetsTheStoredOutcomeWithoutACall) {
  const absl::StatusOr<SendResult> first = Send();
  const absl::StatusOr<SendResult> second = Send();

  ASSERT_THAT(second, IsOk());
  EXPECT_TRUE(second->replayed);
  EXPECT_EQ(second->message.message_sid, first->message.message_sid);
  EXPECT_THAT(twilio_.calls(), SizeIs(1));
  EXPECT_EQ(Counted("sent"), 1u);
  EXPECT_EQ(Counted("replayed"), 1u);
}

TEST_F(MessageSenderTest, SameRequestUnderWayIsWaitedFor) {
  twilio_.Hold();
  const Caller first = Begin(Request());
  twilio_.WaitForCalls(1);
  const Caller second = Begin(Request());
  EXPECT_FALSE(second.answered());

  twilio_.Release();

  EXPECT_FALSE(first.Wait()->replayed);
  EXPECT_TRUE(second.Wait()->replayed);
  EXPECT_EQ(first.Wait()->message.message_sid,
            second.Wait()->message.message_sid);
  EXPECT_THAT(twilio_.calls(), SizeIs(1));
}

TEST_F(MessageSenderTest, SameRequestIdWithOtherContentIsRefused) {
  SendRequest other = Request();
  other.body = "Goodbye";
  twilio_.Hold();
  const Caller first = Begin(Request());
  twilio_.WaitForCalls(1);

  EXPECT_THAT(Send(other),
              AllOf(StatusIs(absl::StatusCode::kInvalidArgument),
                    HasReason("REQUEST_ID_REUSED")));  // Under way.
  twilio_.Release();
  EXPECT_THAT(first.Wait(), IsOk());
  EXPECT_THAT(Send(other), HasReason("REQUEST_ID_REUSED"));  // Stored.
  EXPECT_THAT(twilio_.calls(), SizeIs(1));
}

TEST_F(MessageSenderTest, ScheduledRequestIsReplayedAfterItsTime) {
  SendRequest request = Request();
  request.messaging_service_sid = "MG00000000000000000000000000000001";
  request.send_at = clock_.Now() + absl::Hours(1);
  EXPECT_THAT(Send(request), IsOk());

  clock_.Advance(absl::Hours(2));

  ASSERT_THAT(Send(request), IsOk());
  EXPECT_TRUE(Send(request)->replayed);
  request.request_id = "order-2";
  EXPECT_THAT(Send(request), HasReason("FIELD_INVALID"));
  EXPECT_THAT(Stored("order-2").unknown, ElementsAre("order-2"));
}

// --- Refused, and surely not sent.

TEST_F(MessageSenderTest, RefusalIsStoredAndToldAgain) {
  twilio_.Answer(
      TwilioRefusal{.http_status = 400, .code = 21211, .message = "bad 'To'"});

  const absl::Status first = Send().status();
  const absl::Status second = Send().status();

  EXPECT_THAT(first, AllOf(StatusIs(absl::StatusCode::kInvalidArgument),
                           HasReason("TWILIO_REFUSED")));
  EXPECT_EQ(second, first);
  EXPECT_THAT(DetailOf(second).metadata,
              Contains(Pair("twilio_code", "21211")));
  EXPECT_THAT(twilio_.calls(), SizeIs(1));
  EXPECT_EQ(StoredState(), ReservationState::kRefused);
}

TEST_F(MessageSenderTest, WhatWasSurelyNotSentMayTryAgain) {
  const struct {
    CreateResult result;
    absl::StatusCode code;
    const char* reason;
  } rows[] = {
      {NotSent{"refused"}, absl::StatusCode::kUnavailable,
       "TWILIO_UNREACHABLE"},
      {TwilioRefusal{.http_status = 401, .code = 20003},
       absl::StatusCode::kFailedPrecondition, "TWILIO_CREDENTIALS"},
      {TwilioRefusal{.http_status = 403, .code = 20005},
       absl::StatusCode::kFailedPrecondition, "TWILIO_CREDENTIALS"},
      {TwilioRefusal{.http_status = 403}, absl::StatusCode::kFailedPrecondition,
       "TWILIO_REFUSED"},
      {TwilioRefusal{.http_status = 400, .code = 21611},
       absl::StatusCode::kResourceExhausted, "TWILIO_REFUSED"},
      {TwilioRefusal{.http_status = 429, .code = 21611},
       absl::StatusCode::kResourceExhausted, "TWILIO_REFUSED"},
  };
  for (size_t i = 0; i < std::size(rows); ++i) {
    SCOPED_TRACE(i);
    const std::string request_id = absl::StrCat("order-", i);
    twilio_.Answer(rows[i].result);

    EXPECT_THAT(Send(Request(request_id)),
                AllOf(StatusIs(rows[i].code), HasReason(rows[i].reason)));
    EXPECT_THAT(Stored(request_id).unknown, ElementsAre(request_id));
    EXPECT_FALSE(Send(Request(request_id))->replayed);
  }
}

TEST_F(MessageSenderTest, TooManyRequestsIsRepeatedUntilTwilioTakesIt) {
  for (int i = 0; i < 3; ++i) {
    twilio_.Answer(TwilioRefusal{.http_status = 429, .code = 20429});
  }

  const Caller caller = Begin(Request());

  EXPECT_THAT(Outlast(caller), IsOk());
  EXPECT_THAT(twilio_.calls(), SizeIs(4));
  EXPECT_EQ(Reference(0), Reference(3));
}

TEST_F(MessageSenderTest, TooManyRequestsIsGivenUpAfterThirtySeconds) {
  for (int i = 0; i < 1000; ++i) {
    twilio_.Answer(TwilioRefusal{.http_status = 429, .code = 20429});
  }
  const absl::Duration begin = clock_.Monotonic();

  const Caller caller = Begin(Request());

  EXPECT_THAT(Outlast(caller),
              AllOf(StatusIs(absl::StatusCode::kResourceExhausted),
                    HasReason("RATE_LIMITED")));
  EXPECT_TRUE(DetailOf(caller.Wait().status()).retry_delay.has_value());
  EXPECT_GE(clock_.Monotonic() - begin, absl::Seconds(27));
  EXPECT_LE(clock_.Monotonic() - begin, absl::Seconds(30));
  EXPECT_THAT(Stored().unknown, ElementsAre("order-1"));
}

TEST_F(MessageSenderTest, TooManyRequestsIsGivenUpAtTheCallersDeadline) {
  for (int i = 0; i < 1000; ++i) {
    twilio_.Answer(TwilioRefusal{.http_status = 429, .code = 20429});
  }
  // No time at all: not even one repeat, and no clock needs to move.
  EXPECT_THAT(Send(Request(), absl::ZeroDuration()), HasReason("RATE_LIMITED"));
  EXPECT_THAT(twilio_.calls(), SizeIs(1));
}

TEST_F(MessageSenderTest, RetryAfterBeyondTheDeadlineIsToldAtOnce) {
  twilio_.Answer(TwilioRefusal{
      .http_status = 429, .code = 20429, .retry_after = absl::Seconds(31)});

  const absl::StatusOr<SendResult> result = Send();

  EXPECT_THAT(result, HasReason("RATE_LIMITED"));
  EXPECT_THAT(DetailOf(result.status()).retry_delay,
              Optional(absl::Seconds(31)));
  EXPECT_THAT(twilio_.calls(), SizeIs(1));
}

TEST_F(MessageSenderTest, RetryAfterWithinTheDeadlineIsWaitedFor) {
  twilio_.Answer(TwilioRefusal{
      .http_status = 429, .code = 20429, .retry_after = absl::Seconds(20)});
  const absl::Duration begin = clock_.Monotonic();

  const Caller caller = Begin(Request());

  EXPECT_THAT(Outlast(caller), IsOk());
  EXPECT_GE(clock_.Monotonic() - begin, absl::Seconds(20));
}

TEST_F(MessageSenderTest, WaitingForARepeatHoldsNoWorker) {
  options_.concurrency = 1;
  twilio_.Answer(
      TwilioRefusal{.http_status = 429, .retry_after = absl::Seconds(20)});
  const Caller waiting = Begin(Request());
  twilio_.WaitForCalls(1);

  EXPECT_THAT(Send(Request("order-2")), IsOk());
  EXPECT_FALSE(waiting.answered());
}

// --- Outcome unknown.

TEST_F(MessageSenderTest, UnknownOutcomeIsNeverSentAgain) {
  twilio_.Answer(OutcomeUnknown{"silence"});

  EXPECT_THAT(Send(), AllOf(StatusIs(absl::StatusCode::kUnavailable,
                                     HasSubstr("silence")),
                            HasReason("SEND_OUTCOME_UNKNOWN")));
  EXPECT_THAT(Send(), HasReason("SEND_OUTCOME_UNKNOWN"));
  EXPECT_THAT(twilio_.calls(), SizeIs(1));
  EXPECT_EQ(StoredState(), ReservationState::kSendUnknown);
}

TEST_F(MessageSenderTest, UnknownOutcomeIsSettledByACallbackWithItsRef) {
  twilio_.Answer(OutcomeUnknown{"silence"});
  EXPECT_THAT(Send(), HasReason("SEND_OUTCOME_UNKNOWN"));

  AppendCallback(Reference(), 7, "sent");

  const absl::StatusOr<SendResult> result = Send();
  ASSERT_THAT(result, IsOk());
  EXPECT_TRUE(result->replayed);
  EXPECT_EQ(result->message.message_sid, FakeTwilioClient::Sid(7));
  EXPECT_THAT(twilio_.calls(), SizeIs(1));
}

TEST_F(MessageSenderTest, GivenUpRequestNeedsANewId) {
  twilio_.Answer(OutcomeUnknown{"silence"});
  EXPECT_THAT(Send(), HasReason("SEND_OUTCOME_UNKNOWN"));
  EXPECT_THAT(
      log_->Settle({.reference = Reference(), .outcome = SendGivenUp{}}),
      IsOk());

  EXPECT_THAT(Send(), AllOf(StatusIs(absl::StatusCode::kFailedPrecondition),
                            HasReason("NOT_SENT")));
  EXPECT_THAT(twilio_.calls(), SizeIs(1));
}

TEST_F(MessageSenderTest, ReservationOfADeadProcessIsNotSentAgain) {
  ReserveWrite write;
  write.reservation = {.request_id = "order-1",
                       .account_sid = kAccountSid,
                       .digest = DigestOf(Request()),
                       .reference = "left-behind",
                       .body_digest = std::string(32, 'x')};
  write.message.account_sid = kAccountSid;
  EXPECT_THAT(log_->Reserve(write), IsOk());

  EXPECT_THAT(Send(), HasReason("SEND_OUTCOME_UNKNOWN"));
  EXPECT_THAT(twilio_.calls(), SizeIs(0));
}

TEST_F(MessageSenderTest, CallbackBeforeTheReplyIsJoined) {
  twilio_.Hold();
  twilio_.Answer(FakeTwilioClient::Created(7));
  const Caller caller = Begin(Request());
  twilio_.WaitForCalls(1);
  AppendCallback(Reference(), 7, "sent");

  twilio_.Release();

  ASSERT_THAT(caller.Wait(), IsOk());
  EXPECT_EQ(caller.Wait()->message.status, StatusText::Parse("sent"));
  EXPECT_EQ(caller.Wait()->message.message_sequence, 2);
}

TEST_F(MessageSenderTest, CallbackSettlesWhatTheReplyLeftOpen) {
  for (const bool released : {false, true}) {
    SCOPED_TRACE(released);
    const std::string request_id = released ? "order-1" : "order-2";
    const int sid = released ? 7 : 8;
    const size_t calls = twilio_.calls().size();
    twilio_.Hold();
    if (released) {
      twilio_.Answer(NotSent{"refused"});
    } else {
      twilio_.Answer(OutcomeUnknown{"silence"});
    }
    const Caller caller = Begin(Request(request_id));
    twilio_.WaitForCalls(calls + 1);
    AppendCallback(Reference(calls), sid, "sent");

    twilio_.Release();

    ASSERT_THAT(caller.Wait(), IsOk());
    EXPECT_EQ(caller.Wait()->message.message_sid, FakeTwilioClient::Sid(sid));
  }
}

TEST_F(MessageSenderTest, CallersDeadlineDoesNotStopWhatWasBegun) {
  twilio_.Hold();
  const Caller caller = Begin(Request(), absl::Milliseconds(1));
  twilio_.WaitForCalls(1);
  clock_.Advance(absl::Hours(1));

  twilio_.Release();

  EXPECT_THAT(caller.Wait(), IsOk());
}

// --- The store fails.

TEST_F(MessageSenderTest, NothingIsSentWithoutAReservation) {
  store_->FailNext<ReserveWrite>(1, absl::UnavailableError("disk is gone"));
  EXPECT_THAT(Send(), AllOf(StatusIs(absl::StatusCode::kUnavailable),
                            HasReason("STORE_UNAVAILABLE")));
  store_->FailNext<ReserveWrite>(1, absl::ResourceExhaustedError("full"));
  EXPECT_THAT(Send(), AllOf(StatusIs(absl::StatusCode::kResourceExhausted),
                            HasReason("STORE_FULL")));
  store_->FailNext<ReserveWrite>(1, absl::InternalError("refused"));
  EXPECT_THAT(Send(), AllOf(StatusIs(absl::StatusCode::kUnavailable),
                            HasReason("STORE_UNAVAILABLE")));

  EXPECT_THAT(twilio_.calls(), SizeIs(0));
}

TEST_F(MessageSenderTest, SettlingIsTriedAgainWhileTheStoreIsDown) {
  store_->FailNext<SettleWrite>(5, absl::UnavailableError("disk is gone"));

  const Caller caller = Begin(Request());

  EXPECT_THAT(Outlast(caller), IsOk());
  EXPECT_EQ(StoredState(), ReservationState::kSent);
  EXPECT_THAT(twilio_.calls(), SizeIs(1));
}

TEST_F(MessageSenderTest, SentButNotStoredIsAnUnknownOutcomeAndLogged) {
  store_->FailNext<SettleWrite>(6, absl::UnavailableError("disk is gone"));

  const Caller caller = Begin(Request());

  EXPECT_THAT(Outlast(caller), HasReason("SEND_OUTCOME_UNKNOWN"));
  EXPECT_THAT(sink_.lines(),
              Contains(AllOf(HasSubstr("could not be written down"),
                             HasSubstr(FakeTwilioClient::Sid(1).ToString()))));
}

TEST_F(MessageSenderTest, SentButNotStoredIsWrittenDownOnceTheStoreIsBack) {
  store_->FailNext<SettleWrite>(8, absl::UnavailableError("disk is gone"));
  const Caller first = Begin(Request());
  EXPECT_THAT(Outlast(first), HasReason("SEND_OUTCOME_UNKNOWN"));

  absl::StatusOr<SendResult> later = Outlast(Begin(Request()));
  while (!later.ok()) later = Outlast(Begin(Request()));

  EXPECT_EQ(later->message.message_sid, FakeTwilioClient::Sid(1));
  EXPECT_TRUE(later->replayed);
  EXPECT_EQ(StoredState(), ReservationState::kSent);
  EXPECT_THAT(twilio_.calls(), SizeIs(1));
}

TEST_F(MessageSenderTest, NotSentAndNotStoredSaysThatTheStoreIsDown) {
  twilio_.Answer(NotSent{"refused"});
  store_->FailNext<SettleWrite>(6, absl::UnavailableError("disk is gone"));

  const Caller caller = Begin(Request());

  EXPECT_THAT(Outlast(caller), HasReason("STORE_UNAVAILABLE"));
}

// --- Limits and the end.

TEST_F(MessageSenderTest, InvalidRequestIsRefusedAtOnce) {
  SendRequest request = Request();
  request.to = "nobody";

  EXPECT_THAT(Send(request), HasReason("FIELD_INVALID"));
  EXPECT_EQ(Counted("field_invalid"), 1u);
  EXPECT_THAT(Stored().unknown, ElementsAre("order-1"));
}

TEST_F(MessageSenderTest, AnotherAccountIsRefused) {
  SendRequest request = Request();
  request.account_sid = "AC00000000000000000000000000000002";

  const absl::StatusOr<SendResult> result = Send(request);

  EXPECT_THAT(DetailOf(result.status()).fields,
              ElementsAre(Pair("account_sid", testing::_)));
  request.account_sid = kAccountSid;
  EXPECT_THAT(Send(request), IsOk());
}

TEST_F(MessageSenderTest, QueueIsBounded) {
  options_.concurrency = 1;
  options_.queue_max = 1;
  twilio_.Hold();
  const Caller first = Begin(Request("order-1"));
  const Caller second = Begin(Request("order-2"));

  EXPECT_THAT(Send(Request("order-3")),
              AllOf(StatusIs(absl::StatusCode::kResourceExhausted),
                    HasReason("QUEUE_FULL")));
  // So are those who wait for one that is under way.
  const Caller third = Begin(Request("order-1"));
  const Caller fourth = Begin(Request("order-1"));
  EXPECT_THAT(Send(Request("order-1")), HasReason("QUEUE_FULL"));

  twilio_.Release();
  for (const Caller& caller : {first, second, third, fourth}) {
    EXPECT_THAT(caller.Wait(), IsOk());
  }
}

TEST_F(MessageSenderTest, StopRefusesNewAndFinishesWhatWasBegun) {
  twilio_.Hold();
  const Caller begun = Begin(Request());
  twilio_.WaitForCalls(1);
  std::thread stop([this] { sender_->Stop(); });
  // Only stopping makes this answer come.
  for (int i = 0;; ++i) {
    const Caller late = Begin(Request("order-1"));
    if (late.answered()) {
      EXPECT_THAT(late.Wait(), AllOf(StatusIs(absl::StatusCode::kUnavailable),
                                     HasReason("DRAINING")));
      break;
    }
    std::this_thread::yield();
  }

  twilio_.Release();
  stop.join();

  EXPECT_TRUE(begun.answered());
  EXPECT_THAT(begun.Wait(), IsOk());
}

TEST_F(MessageSenderTest, StopBeginsNothingThatStillWaitsForAWorker) {
  options_.concurrency = 1;
  twilio_.Hold();
  const Caller begun = Begin(Request("order-1"));
  twilio_.WaitForCalls(1);
  const Caller queued = Begin(Request("order-2"));
  std::thread stop([this] { sender_->Stop(); });
  while (!Begin(Request("order-1")).answered()) std::this_thread::yield();

  twilio_.Release();
  stop.join();

  EXPECT_THAT(begun.Wait(), IsOk());
  EXPECT_THAT(queued.Wait(), HasReason("DRAINING"));
  EXPECT_THAT(Stored("order-2").unknown, ElementsAre("order-2"));
  EXPECT_THAT(twilio_.calls(), SizeIs(1));
}

TEST_F(MessageSenderTest, StopGivesUpWaitingForTwiliosRateLimit) {
  twilio_.Answer(
      TwilioRefusal{.http_status = 429, .retry_after = absl::Seconds(20)});
  const Caller waiting = Begin(Request());
  twilio_.WaitForCalls(1);

  sender_->Stop();

  ASSERT_TRUE(waiting.answered());
  EXPECT_THAT(waiting.Wait(), HasReason("RATE_LIMITED"));
  EXPECT_THAT(Stored().unknown, ElementsAre("order-1"));
  EXPECT_THAT(twilio_.calls(), SizeIs(1));
}

TEST_F(MessageSenderTest, ManyCallersOfOneRequestMakeOneMessage) {
  std::vector<std::thread> threads;
  std::atomic<int> sent = 0;
  sender();
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([this, &sent] {
      for (int j = 0; j < 20; ++j) {
        const auto result = Send(Request(absl::StrCat("order-", j)));
        if (result.ok() && !result->replayed) ++sent;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();

  EXPECT_EQ(sent, 20);
  EXPECT_THAT(twilio_.calls(), SizeIs(20));
}

}  // namespace
}  // namespace sidwatch
