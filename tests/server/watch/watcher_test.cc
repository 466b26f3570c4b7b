#include "server/watch/watcher.h"

#include <string>
#include <vector>

#include "base/error_detail.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/watch/resume_token.h"
#include "tests/server/watch/watch_client.h"

// What a watch says, sentence by sentence of CONTRACT 4.3. Races are in
// watcher_race_test.cc.

namespace sidwatch {
namespace {

using testing::ElementsAre;

constexpr WatchStart kSnapshot = WatchStart::kSnapshot;
constexpr WatchStart kNow = WatchStart::kNow;
constexpr WatchStart kBeginning = WatchStart::kBeginning;

class WatcherTest : public WatchTest {
 protected:
  // Opens from the log's beginning, takes `count` things, and gives the token
  // of the last.
  std::string TokenAfter(int count, const Selection& selection) {
    WatchClient client = Open(From(kBeginning, selection));
    client.Take(count);
    return client.token();
  }
};

// --- The order of things.

TEST_F(WatcherTest, ASnapshotIsTheStateThenWhatFollows) {
  Commit({.sid = 1, .status = "queued"});
  Commit({.sid = 1, .status = "sent"});
  Commit({.sid = 2, .status = "queued"});
  WatchClient client = Open(From(kSnapshot, Sids({1, 2})));

  EXPECT_THAT(client.Take(4), ElementsAre("created", "message 1 sent",
                                          "message 2 queued", "snapshot_done"));
  Commit({.sid = 2, .status = "sent"});
  EXPECT_EQ(client.Take(), "event 4 2 sent");
}

TEST_F(WatcherTest, ASnapshotOfAFilterHasWhatMatches) {
  Commit({.sid = 1, .labels = {{"a", "x"}}});
  Commit({.sid = 2, .labels = {{"a", "y"}}});
  Commit({.sid = 3, .labels = {{"a", "x"}}});
  WatchClient client =
      Open(From(kSnapshot, MessageFilter{.labels = {{"a", "x"}}}));

  EXPECT_THAT(client.Take(4), ElementsAre("created", "message 1 queued",
                                          "message 3 queued", "snapshot_done"));
  Commit({.sid = 2, .status = "sent"});
  Commit({.sid = 3, .status = "sent"});
  EXPECT_EQ(client.Take(), "event 5 3 sent");
}

TEST_F(WatcherTest, ASnapshotLargerThanTheBufferComesInParts) {
  buffer_max_bytes_ = 8 * 1024;
  std::vector<int> numbers;
  for (int sid = 1; sid <= 300; ++sid) {
    log_.Append({.sid = sid});
    numbers.push_back(sid);
  }
  log_.Publish(tail_);
  for (const Selection& selection :
       {Selection(MessageFilter{}), Sids(numbers)}) {
    WatchClient client = Open(From(kSnapshot, selection));

    const std::vector<std::string> taken = client.TakeUntil("snapshot_done");

    ASSERT_EQ(taken.size(), 302u);
    EXPECT_EQ(taken[1], "message 1 queued");
    EXPECT_EQ(taken[300], "message 300 queued");
  }
}

TEST_F(WatcherTest, TheBeginningIsEveryStoredEventThenWhatFollows) {
  Commit({.sid = 1, .status = "queued"});
  Commit({.sid = 2, .status = "queued"});
  Commit({.sid = 1, .status = "sent"});
  WatchClient client = Open(From(kBeginning, Sids({1})));

  EXPECT_THAT(client.Take(4), ElementsAre("created", "event 1 1 queued",
                                          "event 3 1 sent", "progress"));
  Commit({.sid = 1, .status = "delivered"});
  EXPECT_EQ(client.Take(), "event 4 1 delivered");
}

TEST_F(WatcherTest, TheBeginningIsWhereRetentionEnds) {
  for (int sid = 1; sid <= 4; ++sid) Commit({.sid = sid});
  log_.Trim(2);
  WatchClient client = Open(From(kBeginning, MessageFilter{}));

  EXPECT_THAT(client.Take(4), ElementsAre("created", "event 3 3 queued",
                                          "event 4 4 queued", "progress"));
}

TEST_F(WatcherTest, NowIsOnlyWhatFollows) {
  Commit({.sid = 1, .status = "queued"});
  WatchClient client = Open(From(kNow, MessageFilter{}));

  EXPECT_THAT(client.Take(2), ElementsAre("created", "progress"));
  EXPECT_EQ(client.TakeNow(), "wait");
  Commit({.sid = 1, .status = "sent"});
  EXPECT_EQ(client.Take(), "event 2 1 sent");
}

TEST_F(WatcherTest, AnEmptyStoreIsNoSpecialCase) {
  for (const WatchStart start : {kSnapshot, kNow, kBeginning}) {
    WatchClient client = Open(From(start, MessageFilter{}));

    EXPECT_EQ(client.Take(), "created");
    EXPECT_EQ(client.Take(), start == kSnapshot ? "snapshot_done" : "progress");
    EXPECT_EQ(client.TakeNow(), "wait");
  }
}

TEST_F(WatcherTest, AThousandsOfStoredEventsComeInPages) {
  for (int i = 0; i < 2500; ++i) log_.Append({.sid = 1 + i});
  log_.Publish(tail_);
  WatchClient client = Open(From(kBeginning, MessageFilter{}));

  const std::vector<std::string> taken = client.TakeUntil("progress");

  ASSERT_EQ(taken.size(), 2502u);
  EXPECT_EQ(taken[2500], "event 2500 2500 queued");
}

// --- created.

TEST_F(WatcherTest, CreatedNamesWhatNobodyKnowsAndThatIsWaitedFor) {
  Commit({.sid = 1, .status = "delivered"});
  WatchClient client = Open(From(kSnapshot, Sids({1, 7})));

  EXPECT_THAT(
      client.Take(3),
      ElementsAre("created unknown=7", "message 1 delivered", "snapshot_done"));
  Settle();
  EXPECT_EQ(client.TakeNow(), "wait");
  Commit({.sid = 7, .status = "delivered"});
  EXPECT_THAT(client.Take(3),
              ElementsAre("event 2 7 delivered", "ended ALL_FINAL", "OK"));
}

TEST_F(WatcherTest, CreatedNamesUnknownRequestIds) {
  Commit({.sid = 1, .request_id = "r1"});
  WatchClient client = Open(From(kSnapshot, Requests({"r1", "r2"})));

  EXPECT_THAT(client.Take(3), ElementsAre("created unknown=r2",
                                          "message 1 queued", "snapshot_done"));
  Commit({.sid = 2, .request_id = "r2"});
  EXPECT_EQ(client.Take(), "event 2 2 queued");
}

TEST_F(WatcherTest, TheProgressIntervalIsClamped) {
  struct {
    absl::Duration asked;
    absl::Duration given;
  } const kRows[] = {{absl::ZeroDuration(), absl::Seconds(1)},
                     {absl::Seconds(30), absl::Seconds(30)},
                     {absl::Hours(1), absl::Seconds(60)}};
  for (const auto& row : kRows) {
    WatchOptions options = From(kNow, MessageFilter{});
    options.progress_interval = row.asked;
    const auto watcher = Watcher::Open(context(), options, [] {});
    Settle();

    const auto output = std::get<WatchOutput>(watcher->Next());

    EXPECT_EQ(std::get<WatchCreated>(output.item).progress_interval, row.given);
  }
}

// --- What is refused says nothing but why.

TEST_F(WatcherTest, RefusesABadTokenWithoutAWord) {
  Commit({.sid = 1});
  const std::string good = TokenAfter(1, Sids({1}));
  std::string damaged = good;
  damaged[10] ^= 1;
  FakeLog other_log("another identity");
  other_log.Append({.sid = 1});
  ResumeToken future = *ParseResumeToken(good);
  future.sequence = 2;
  struct {
    const char* name;
    std::string token;
    Selection selection;
    const Store& store;
    const char* answer;
  } const kRows[] = {
      {"damaged", damaged, Sids({1}), log_, "INVALID_ARGUMENT TOKEN_INVALID"},
      {"no token at all", "hello", Sids({1}), log_,
       "INVALID_ARGUMENT TOKEN_INVALID"},
      {"other SIDs", good, Sids({1, 2}), log_,
       "INVALID_ARGUMENT SELECTOR_MISMATCH"},
      {"a filter", good, MessageFilter{}, log_,
       "INVALID_ARGUMENT SELECTOR_MISMATCH"},
      {"another store", good, Sids({1}), other_log,
       "FAILED_PRECONDITION STORE_CHANGED"},
      {"from before a restore", ToBytes(future), Sids({1}), log_,
       "FAILED_PRECONDITION STORE_CHANGED"},
  };
  for (const auto& row : kRows) {
    const WatchContext context = {row.store, tail_, readers_, timers_, clock_};
    WatchClient client(context, Resume(row.token, row.selection));

    EXPECT_EQ(client.Take(), row.answer) << row.name;
    EXPECT_EQ(client.Take(), row.answer) << row.name;
  }
}

TEST_F(WatcherTest, RefusesATokenWhoseEventsAreGone) {
  for (int sid = 1; sid <= 3; ++sid) Commit({.sid = sid});
  const std::string token = TokenAfter(2, MessageFilter{});  // after event 1
  log_.Trim(1);
  WatchClient still_good(context(), Resume(token, MessageFilter{}));
  EXPECT_EQ(still_good.Take(), "created");

  log_.Trim(2);
  WatchClient client(context(), Resume(token, MessageFilter{}));

  EXPECT_EQ(client.Take(), "OUT_OF_RANGE TOKEN_EXPIRED");
}

TEST_F(WatcherTest, RefusesARequestIdOfSeveralAccounts) {
  Commit({.sid = 1, .request_id = "r", .account_sid = "AC1"});
  Commit({.sid = 2, .request_id = "r", .account_sid = "AC2"});

  WatchClient anywhere = Open(From(kSnapshot, Requests({"r"})));
  EXPECT_EQ(anywhere.Take(), "INVALID_ARGUMENT FIELD_INVALID");
  WatchClient one = Open(From(kSnapshot, Requests({"r"}, "AC2")));
  EXPECT_THAT(one.Take(2), ElementsAre("created", "message 2 queued"));
}

TEST_F(WatcherTest, AStoreThatCannotBeReadIsUnavailable) {
  log_.set_read_error(absl::InternalError("disk I/O error"));
  WatchClient client = Open(From(kSnapshot, Sids({1})));

  EXPECT_EQ(client.Take(), "UNAVAILABLE STORE_UNAVAILABLE");
}

TEST_F(WatcherTest, OpeningIsRefusedWhenTheReadersQueueIsFull) {
  Executor none("none", 0, 0);
  const WatchContext full = {log_, tail_, none, timers_, clock_};
  WatchClient client(full, From(kSnapshot, Sids({1})));

  EXPECT_EQ(client.Take(), "RESOURCE_EXHAUSTED QUEUE_FULL");
}

// --- Tokens.

TEST_F(WatcherTest, ATokenResumesRightAfterWhatItCameWith) {
  for (const char* status : {"queued", "sending", "sent", "delivered"}) {
    Commit({.sid = 1, .status = status});
  }
  for (int taken = 1; taken <= 5; ++taken) {
    const std::string token = TokenAfter(taken, MessageFilter{});
    WatchClient client = Open(Resume(token, MessageFilter{}));

    const std::vector<std::string> rest = client.TakeUntil("progress");

    EXPECT_EQ(rest.size(), static_cast<size_t>(7 - taken)) << taken;
    EXPECT_EQ(rest.front(), "created");
  }
}

TEST_F(WatcherTest, ATokenBelongsToTheSelectionNotToTheOtherFields) {
  Commit({.sid = 1});
  Commit({.sid = 2});
  const std::string token = TokenAfter(2, Sids({1, 2}));
  WatchOptions options = Resume(token, Sids({2, 1, 2}));
  options.keep_open = true;
  options.await_read = true;
  options.effective_only = true;
  options.include_parameters = true;
  options.progress_interval = absl::Seconds(1);
  WatchClient client = Open(options);

  EXPECT_THAT(client.Take(3),
              ElementsAre("created", "event 2 2 queued", "progress"));
}

TEST_F(WatcherTest, ATokenFromBeforeSnapshotDoneStartsTheSnapshotAgain) {
  Commit({.sid = 1});
  Commit({.sid = 2});
  for (int taken = 1; taken <= 3; ++taken) {
    WatchClient first = Open(From(kSnapshot, MessageFilter{}));
    first.Take(taken);
    WatchClient second = Open(Resume(first.token(), MessageFilter{}));

    EXPECT_THAT(second.Take(4),
                ElementsAre("created", "message 1 queued", "message 2 queued",
                            "snapshot_done"));
    WatchClient third = Open(Resume(second.token(), MessageFilter{}));
    EXPECT_THAT(third.Take(2), ElementsAre("created", "progress"));
  }
}

TEST_F(WatcherTest, TheTokenOfProgressIsPastWhatDidNotMatch) {
  Commit({.sid = 1});
  WatchClient client = Open(From(kNow, Sids({1})));
  EXPECT_THAT(client.Take(2), ElementsAre("created", "progress"));
  for (int sid = 2; sid <= 50; ++sid) Commit({.sid = sid});
  Settle();

  clock_.Advance(absl::Seconds(10));

  EXPECT_EQ(client.Take(), "progress");
  EXPECT_EQ(ParseResumeToken(client.token())->sequence, 50);
}

// --- progress.

TEST_F(WatcherTest, ProgressComesEachInterval) {
  WatchOptions options = From(kSnapshot, MessageFilter{});
  options.progress_interval = absl::Seconds(5);
  WatchClient client = Open(options);
  EXPECT_THAT(client.Take(2), ElementsAre("created", "snapshot_done"));

  for (int i = 0; i < 3; ++i) {
    Settle();
    EXPECT_EQ(client.TakeNow(), "wait");
    clock_.Advance(absl::Seconds(5));
    EXPECT_EQ(client.Take(), "progress");
  }
}

TEST_F(WatcherTest, ProgressIsNotHeapedUpForWhoTakesNothing) {
  WatchClient client = Open(From(kNow, MessageFilter{}));
  EXPECT_THAT(client.Take(2), ElementsAre("created", "progress"));
  Signal later;
  clock_.Advance(absl::Seconds(10));
  clock_.Advance(absl::Seconds(10));
  timers_.RunAfter(absl::Seconds(1), [&later] { later.Set(); });
  clock_.Advance(absl::Seconds(1));
  later.Wait();
  Commit({.sid = 1});

  EXPECT_THAT(client.Take(2), ElementsAre("progress", "event 1 1 queued"));
  EXPECT_EQ(client.TakeNow(), "wait");
}

// --- The end.

TEST_F(WatcherTest, AListEndsWhenAllAreFinal) {
  Commit({.sid = 1, .status = "sent"});
  Commit({.sid = 2, .status = "failed"});
  WatchClient client = Open(From(kSnapshot, Sids({1, 2})));
  client.TakeUntil("snapshot_done");

  Commit({.sid = 1, .status = "delivered"});

  EXPECT_THAT(client.Take(3),
              ElementsAre("event 3 1 delivered", "ended ALL_FINAL", "OK"));
}

TEST_F(WatcherTest, AListOfFinalMessagesEndsAtOnceHoweverItStarts) {
  Commit({.sid = 1, .status = "queued"});
  Commit({.sid = 1, .status = "delivered"});
  const std::string token = TokenAfter(2, Sids({1}));

  WatchClient snapshot = Open(From(kSnapshot, Sids({1})));
  EXPECT_THAT(snapshot.TakeUntil("OK"),
              ElementsAre("created", "message 1 delivered", "snapshot_done",
                          "ended ALL_FINAL", "OK"));
  WatchClient now = Open(From(kNow, Sids({1})));
  EXPECT_THAT(now.TakeUntil("OK"),
              ElementsAre("created", "progress", "ended ALL_FINAL", "OK"));
  WatchClient beginning = Open(From(kBeginning, Sids({1})));
  EXPECT_THAT(beginning.TakeUntil("OK"),
              ElementsAre("created", "event 1 1 queued", "event 2 1 delivered",
                          "progress", "ended ALL_FINAL", "OK"));
  WatchClient resumed = Open(Resume(token, Sids({1})));
  EXPECT_THAT(resumed.TakeUntil("OK"),
              ElementsAre("created", "event 2 1 delivered", "progress",
                          "ended ALL_FINAL", "OK"));
}

TEST_F(WatcherTest, KeepOpenKeepsOpen) {
  Commit({.sid = 1, .status = "delivered"});
  WatchOptions options = From(kSnapshot, Sids({1}));
  options.keep_open = true;
  WatchClient client = Open(options);
  client.TakeUntil("snapshot_done");

  Settle();
  EXPECT_EQ(client.TakeNow(), "wait");
  Commit({.sid = 1, .status = "read"});
  EXPECT_EQ(client.Take(), "event 2 1 read");
}

TEST_F(WatcherTest, AFilterNeverEndsByItself) {
  Commit({.sid = 1, .status = "delivered"});
  WatchClient client = Open(From(kSnapshot, MessageFilter{}));
  client.TakeUntil("snapshot_done");

  Commit({.sid = 2, .status = "delivered"});
  EXPECT_EQ(client.Take(), "event 2 2 delivered");
  Settle();
  EXPECT_EQ(client.TakeNow(), "wait");
}

TEST_F(WatcherTest, AwaitReadEndsOnceReadOrFinalOtherwise) {
  Commit({.sid = 1, .status = "delivered"});
  Commit({.sid = 2, .status = "undelivered"});
  WatchOptions options = From(kSnapshot, Sids({1, 2}));
  options.await_read = true;
  WatchClient client = Open(options);
  client.TakeUntil("snapshot_done");

  Settle();
  EXPECT_EQ(client.TakeNow(), "wait");
  Commit({.sid = 1, .status = "read"});
  EXPECT_THAT(client.Take(3),
              ElementsAre("event 3 1 read", "ended ALL_FINAL", "OK"));
}

TEST_F(WatcherTest, EndsWithTheReasonAfterWhatIsQueued) {
  struct {
    WatchEndReason reason;
    const char* ended;
    const char* status;
  } const kRows[] = {
      {WatchEndReason::kMaxAge, "ended MAX_AGE", "UNAVAILABLE MAX_AGE"},
      {WatchEndReason::kDraining, "ended DRAINING", "UNAVAILABLE DRAINING"},
  };
  int64_t sequence = 0;
  for (const auto& row : kRows) {
    WatchClient client = Open(From(kNow, MessageFilter{}));
    client.Take(2);
    sequence = Commit({.sid = static_cast<int>(sequence) + 1});
    Settle();

    client.watcher().End(row.reason);
    client.watcher().End(WatchEndReason::kSlowConsumer);
    Commit({.sid = 99, .status = row.ended});

    EXPECT_THAT(client.Take(), testing::StartsWith("event "));
    EXPECT_THAT(client.Take(2), ElementsAre(row.ended, row.status));
    EXPECT_EQ(ParseResumeToken(client.token())->sequence, sequence);
    ++sequence;
  }
}

TEST_F(WatcherTest, ASlowConsumerIsEndedWithoutAWord) {
  WatchClient client = Open(From(kNow, MessageFilter{}));
  client.Take(2);
  Commit({.sid = 1});
  Settle();
  EXPECT_TRUE(client.watcher().has_pending());

  client.watcher().End(WatchEndReason::kSlowConsumer);

  EXPECT_EQ(client.Take(), "RESOURCE_EXHAUSTED SLOW_CONSUMER");
  EXPECT_FALSE(client.watcher().has_pending());
}

TEST_F(WatcherTest, EndingDuringTheSnapshotKeepsItsTokensMeaning) {
  buffer_max_bytes_ = 4 * 1024;
  for (int sid = 1; sid <= 50; ++sid) Commit({.sid = sid});
  WatchClient client = Open(From(kSnapshot, MessageFilter{}));
  EXPECT_THAT(client.Take(2), ElementsAre("created", "message 1 queued"));

  client.watcher().End(WatchEndReason::kDraining);
  client.TakeUntil("UNAVAILABLE");

  WatchClient again = Open(Resume(client.token(), MessageFilter{}));
  EXPECT_EQ(again.TakeUntil("snapshot_done").size(), 52u);
}

TEST_F(WatcherTest, EndingBeforeItOpenedSaysOnlyTheStatus) {
  const auto read = HoldRead();
  WatchClient client = Open(From(kSnapshot, Sids({1})));
  read->begun.Wait();

  client.watcher().End(WatchEndReason::kDraining);
  read->go_on.Set();

  EXPECT_EQ(client.Take(), "UNAVAILABLE DRAINING");
}

TEST_F(WatcherTest, CloseDropsEverything) {
  WatchClient client = Open(From(kNow, MessageFilter{}));
  client.Take(2);
  Commit({.sid = 1});
  Settle();

  client.watcher().Close();
  client.watcher().Close();

  EXPECT_EQ(client.Take(), "CANCELLED");
  EXPECT_FALSE(client.watcher().has_pending());
}

TEST_F(WatcherTest, OnlyNewsIsPendingNotProgress) {
  WatchClient client = Open(From(kNow, MessageFilter{}));
  Settle();
  EXPECT_EQ(client.Take(), "created");

  EXPECT_FALSE(client.watcher().has_pending());
  EXPECT_EQ(client.Take(), "progress");
}

// --- Request ids.

TEST_F(WatcherTest, ARefusedRequestIsToldAndFinal) {
  log_.Reserve("r1", ReservationState::kReserved);
  WatchClient client = Open(From(kSnapshot, Requests({"r1", "r2"})));
  EXPECT_THAT(client.Take(3),
              ElementsAre("created unknown=r2", "message r1 send_unknown",
                          "snapshot_done"));

  log_.Reserve("r1", ReservationState::kNotSent);
  log_.Publish(tail_);
  EXPECT_EQ(client.Take(), "message r1 not_sent");
  EXPECT_TRUE(client.message()->final);
  log_.Reserve("r2", ReservationState::kRefused);
  log_.Publish(tail_);
  EXPECT_THAT(client.Take(3),
              ElementsAre("message r2 refused", "ended ALL_FINAL", "OK"));
}

TEST_F(WatcherTest, ARequestIsFollowedToItsMessage) {
  log_.Reserve("r1", ReservationState::kReserved);
  WatchClient client = Open(From(kSnapshot, Requests({"r1"})));
  client.TakeUntil("snapshot_done");

  Commit({.sid = 4, .status = "queued", .request_id = "r1"});
  Commit({.sid = 4, .status = "delivered"});

  EXPECT_THAT(client.Take(4),
              ElementsAre("event 1 4 queued", "event 2 4 delivered",
                          "ended ALL_FINAL", "OK"));
}

TEST_F(WatcherTest, ARefusalStoredBeforeIsToldByTheSnapshot) {
  log_.Reserve("r1", ReservationState::kRefused);
  WatchClient client = Open(From(kSnapshot, Requests({"r1"})));

  EXPECT_THAT(client.Take(5),
              ElementsAre("created", "message r1 refused", "snapshot_done",
                          "ended ALL_FINAL", "OK"));
}

TEST_F(WatcherTest, ARefusalBetweenATokenAndItsResumptionIsTold) {
  log_.Reserve("r1", ReservationState::kReserved);
  WatchClient first = Open(From(kSnapshot, Requests({"r1"})));
  first.TakeUntil("snapshot_done");
  log_.Reserve("r1", ReservationState::kRefused);
  log_.Publish(tail_);

  WatchClient second = Open(Resume(first.token(), Requests({"r1"})));

  EXPECT_THAT(second.Take(5), ElementsAre("created", "message r1 refused",
                                          "progress", "ended ALL_FINAL", "OK"));
}

TEST_F(WatcherTest, AMessageThatIsFoundToBeTheRequestsIsTold) {
  Commit({.sid = 4, .status = "sent"});
  log_.Reserve("r1", ReservationState::kSendUnknown);
  WatchClient client = Open(From(kSnapshot, Requests({"r2"})));
  client.TakeUntil("snapshot_done");

  log_.Claim(4, "r2");
  log_.Publish(tail_);
  EXPECT_EQ(client.Take(), "message 4 sent");
  Commit({.sid = 4, .status = "delivered"});

  EXPECT_THAT(client.Take(3),
              ElementsAre("event 2 4 delivered", "ended ALL_FINAL", "OK"));
}

// --- What is left out and what is added.

TEST_F(WatcherTest, EffectiveOnlyLeavesOutWhatChangedNothing) {
  WatchOptions options = From(kNow, MessageFilter{});
  options.effective_only = true;
  WatchClient client = Open(options);
  client.Take(2);

  Commit({.sid = 1, .status = "sent"});
  Commit({.sid = 1, .status = "queued"});
  Commit({.sid = 1, .status = "delivered", .note = "redacted"});
  Commit({.sid = 1, .status = "delivered"});

  EXPECT_THAT(client.Take(2),
              ElementsAre("event 1 1 sent", "event 4 1 delivered"));
}

TEST_F(WatcherTest, TokensMovePastWhatIsNotEffective) {
  Commit({.sid = 1, .status = "sent"});
  Commit({.sid = 1, .status = "queued"});
  WatchOptions options = From(kBeginning, MessageFilter{});
  options.effective_only = true;
  WatchClient client = Open(options);

  EXPECT_THAT(client.Take(3),
              ElementsAre("created", "event 1 1 sent", "progress"));
  EXPECT_EQ(ParseResumeToken(client.token())->sequence, 2);
}

TEST_F(WatcherTest, ParametersComeWhenAskedForStoredOrLive) {
  Commit({.sid = 1, .status = "queued"});
  WatchOptions options = From(kBeginning, MessageFilter{});
  options.include_parameters = true;
  WatchClient client = Open(options);

  EXPECT_THAT(client.Take(2), ElementsAre("created", "event 1 1 queued"));
  EXPECT_EQ(client.event()->parameters.size(), 1u);
  EXPECT_EQ(client.Take(), "progress");
  Commit({.sid = 1, .status = "sent"});
  EXPECT_EQ(client.Take(), "event 2 1 sent");
  EXPECT_EQ(client.event()->parameters.size(), 1u);
}

TEST_F(WatcherTest, ParametersStayAwayWhenNotAskedFor) {
  Commit({.sid = 1, .status = "queued"});
  WatchClient client = Open(From(kBeginning, MessageFilter{}));

  EXPECT_THAT(client.Take(2), ElementsAre("created", "event 1 1 queued"));
  EXPECT_TRUE(client.event()->parameters.empty());
}

}  // namespace
}  // namespace sidwatch
