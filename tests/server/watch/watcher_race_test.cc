#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/watch/watcher.h"
#include "tests/server/watch/watch_client.h"

// What happens between two steps of a watcher, each brought about by hand.

namespace sidwatch {
namespace {

using testing::ElementsAre;

class WatcherRaceTest : public WatchTest {
 protected:
  // Runs `hook` inside the next read of the store alone.
  void InNextRead(std::function<void()> hook) {
    auto once = std::make_shared<std::atomic<bool>>(false);
    log_.set_before_read([once, hook = std::move(hook)] {
      if (!once->exchange(true)) hook();
    });
  }

  std::vector<std::string> Events(int from, int to) {
    std::vector<std::string> events;
    for (int i = from; i <= to; ++i) {
      events.push_back(absl::StrCat("event ", i, " 1 s", i));
    }
    return events;
  }
  // Statuses s1, s2 … of message 1: its event number i is "event i 1 si".
  void CommitNext(int count) {
    for (int i = 0; i < count; ++i) {
      Commit({.sid = 1, .status = absl::StrCat("s", ++committed_)});
    }
  }

  int committed_ = 0;
};

TEST_F(WatcherRaceTest, AnEventBetweenJoiningAndReadingIsHeardOnce) {
  for (const WatchStart start :
       {WatchStart::kNow, WatchStart::kBeginning, WatchStart::kSnapshot}) {
    const int before = committed_;
    InNextRead([this] { CommitNext(2); });
    WatchClient client = Open(From(start, Sids({1})));
    client.TakeUntil(start == WatchStart::kSnapshot ? "snapshot" : "progress");
    Settle();

    CommitNext(1);

    EXPECT_EQ(committed_, before + 3);
    EXPECT_EQ(client.Take(),
              absl::StrCat("event ", committed_, " 1 s", committed_));
    EXPECT_EQ(client.TakeNow(), "wait");
  }
}

TEST_F(WatcherRaceTest, AnEventOfAFilterBetweenJoiningAndReadingIsHeardOnce) {
  CommitNext(1);
  InNextRead([this] { CommitNext(2); });
  WatchClient client = Open(From(WatchStart::kBeginning, MessageFilter{}));

  EXPECT_EQ(client.Take(), "created");
  EXPECT_EQ(client.Take(), "event 1 1 s1");
  std::vector<std::string> rest = client.Take(3);
  rest.erase(std::remove(rest.begin(), rest.end(), "progress"), rest.end());
  EXPECT_EQ(rest, Events(2, 3));
  Settle();
  EXPECT_EQ(client.TakeNow(), "wait");
}

TEST_F(WatcherRaceTest, AnEventDuringASnapshotComesAfterIt) {
  buffer_max_bytes_ = 4 * 1024;
  for (int sid = 2; sid < 40; ++sid) log_.Append({.sid = sid});
  log_.Publish(tail_);
  WatchClient client = Open(From(WatchStart::kSnapshot, MessageFilter{}));
  EXPECT_THAT(client.Take(2), ElementsAre("created", "message 2 queued"));

  CommitNext(1);
  Settle();
  std::vector<std::string> taken = client.TakeUntil("event");

  ASSERT_GE(taken.size(), 2u);
  EXPECT_EQ(taken[taken.size() - 2], "snapshot_done");
  EXPECT_EQ(taken.back(), "event 39 1 s1");
}

TEST_F(WatcherRaceTest, WhoeverIsTooSlowGoesOnFromTheLog) {
  buffer_max_bytes_ = 4 * 1024;
  WatchClient client = Open(From(WatchStart::kNow, Sids({1})));
  client.Take(2);
  const int reads = log_.page_reads();

  CommitNext(500);
  Settle();
  EXPECT_EQ(client.Take(500), Events(1, 500));

  EXPECT_GT(log_.page_reads(), reads);
  Settle();
  EXPECT_EQ(client.TakeNow(), "wait");
  const int reads_when_live = log_.page_reads();
  CommitNext(1);
  EXPECT_EQ(client.Take(), "event 501 1 s501");
  EXPECT_EQ(log_.page_reads(), reads_when_live);
}

TEST_F(WatcherRaceTest, WhoeverTakesNothingCostsAReadOrTwo) {
  buffer_max_bytes_ = 4 * 1024;
  WatchClient client = Open(From(WatchStart::kNow, Sids({1})));
  client.Take(2);

  CommitNext(1000);
  Settle();

  EXPECT_LE(log_.page_reads(), 2);
}

TEST_F(WatcherRaceTest, AnEventLargerThanTheBufferGetsThrough) {
  buffer_max_bytes_ = 0;
  CommitNext(3);
  WatchClient client = Open(From(WatchStart::kBeginning, Sids({1})));

  EXPECT_EQ(client.Take(), "created");
  EXPECT_EQ(client.Take(3), Events(1, 3));
  EXPECT_EQ(client.Take(), "progress");
  CommitNext(5);
  EXPECT_EQ(client.Take(5), Events(4, 8));
}

TEST_F(WatcherRaceTest, ASettledMessageWithoutRoomIsReadLater) {
  buffer_max_bytes_ = 2 * 1024;
  WatchClient client =
      Open(From(WatchStart::kNow, Requests({"r1", "r2", "r3", "r4", "r5"})));
  client.Take(2);

  for (const char* id : {"r1", "r2", "r3", "r4", "r5"}) {
    log_.Reserve(id, ReservationState::kRefused);
  }
  log_.Publish(tail_);
  Settle();

  EXPECT_THAT(client.Take(7),
              ElementsAre("message r1 refused", "message r2 refused",
                          "message r3 refused", "message r4 refused",
                          "message r5 refused", "ended ALL_FINAL", "OK"));
}

TEST_F(WatcherRaceTest, ASettledMessageBetweenJoiningAndReadingIsToldOnce) {
  for (const WatchStart start : {WatchStart::kSnapshot, WatchStart::kNow}) {
    const std::string id = start == WatchStart::kNow ? "now" : "snapshot";
    log_.Reserve("other " + id, ReservationState::kReserved);
    InNextRead([this, &id] {
      log_.Reserve(id, ReservationState::kRefused);
      log_.Publish(tail_);
      while (tail_.fanned_out_sequence() < log_.Position()->last_sequence) {
        std::this_thread::yield();
      }
    });
    WatchOptions options = From(start, Requests({id}));
    options.keep_open = true;
    WatchClient client = Open(options);
    Settle();

    std::vector<std::string> taken;
    while (taken.empty() || taken.back() != "wait") {
      taken.push_back(client.TakeNow());
    }

    // With NOW it may be older than the watch: that is for the store to say.
    const auto told = std::count(taken.begin(), taken.end(),
                                 absl::StrCat("message ", id, " refused"));
    EXPECT_EQ(told, start == WatchStart::kNow ? 0 : 1) << id;
  }
}

TEST_F(WatcherRaceTest, ASettledMessageAfterTheOpeningsReadIsTold) {
  // The second read of a snapshot of more than fits: the opening is through.
  buffer_max_bytes_ = 16;
  log_.Reserve("r1", ReservationState::kReserved);
  const auto second_read = HoldRead(2);
  WatchClient client =
      Open(From(WatchStart::kSnapshot, Requests({"r1", "r2"})));
  EXPECT_EQ(client.Take(), "created unknown=r2");
  second_read->begun.Wait();
  log_.Reserve("r2", ReservationState::kRefused);
  log_.Publish(tail_);
  second_read->go_on.Set();

  const std::vector<std::string> taken = client.TakeUntil("message r2");

  EXPECT_EQ(taken.back(), "message r2 refused");
}

TEST_F(WatcherRaceTest, TheLastSettlementEndsNothingThatIsStillToBeRead) {
  buffer_max_bytes_ = 8 * 1024;
  for (const char* status : {"queued", "sending", "sent", "delivered"}) {
    log_.Append({.sid = 2, .status = status, .request_id = "r2"});
  }
  log_.Publish(tail_);
  log_.Reserve("r1", ReservationState::kReserved);
  const auto first_page = HoldRead(2);
  WatchClient client =
      Open(From(WatchStart::kBeginning, Requests({"r1", "r2"})));
  EXPECT_EQ(client.Take(), "created");
  first_page->begun.Wait();

  log_.Reserve("r1", ReservationState::kRefused);
  log_.Publish(tail_);
  EXPECT_EQ(client.Take(), "message r1 refused");
  first_page->go_on.Set();

  EXPECT_EQ(client.TakeUntil("OK").size(), 7u);
}

// Its events were fanned out before anybody knew whose they are.
TEST_F(WatcherRaceTest, AMessageClaimedBetweenJoiningAndReadingIsNotLost) {
  const auto opening = HoldRead(1);
  WatchClient client = Open(From(WatchStart::kNow, Requests({"r1"})));
  opening->begun.Wait();
  Commit({.sid = 4, .status = "delivered"});
  log_.Claim(4, "r1");
  log_.Publish(tail_);
  Commit({.sid = 5});
  while (tail_.fanned_out_sequence() < 2) std::this_thread::yield();
  opening->go_on.Set();

  // In time for the opening's own read it is older than the watch.
  EXPECT_THAT(client.TakeUntil("OK"),
              ElementsAre("created", "progress", "ended ALL_FINAL", "OK"));
}

TEST_F(WatcherRaceTest, AMessageClaimedUnheardIsReadFromTheLog) {
  buffer_max_bytes_ = 0;  // no room for what is settled
  WatchClient client = Open(From(WatchStart::kNow, Requests({"r1"})));
  EXPECT_THAT(client.Take(2), ElementsAre("created unknown=r1", "progress"));

  Commit({.sid = 4, .status = "sent"});
  log_.Claim(4, "r1");
  log_.Publish(tail_);
  EXPECT_EQ(client.Take(), "event 1 4 sent");
  Commit({.sid = 4, .status = "delivered"});

  EXPECT_THAT(client.TakeUntil("OK"),
              ElementsAre("event 2 4 delivered", "ended ALL_FINAL", "OK"));
}

TEST_F(WatcherRaceTest, AMessageClaimedWhileLiveIsReadFromTheLog) {
  WatchClient client = Open(From(WatchStart::kNow, Requests({"r1"})));
  EXPECT_THAT(client.Take(2), ElementsAre("created unknown=r1", "progress"));

  Commit({.sid = 4, .status = "sent"});
  Commit({.sid = 4, .status = "delivered"});
  log_.Claim(4, "r1");
  log_.Publish(tail_);

  EXPECT_THAT(client.TakeUntil("OK"),
              ElementsAre("event 1 4 sent", "event 2 4 delivered",
                          "ended ALL_FINAL", "OK"));
}

// Its first event with the request id is not its first event.
TEST_F(WatcherRaceTest, AMessageClaimedByAnEventIsReadFromTheLog) {
  WatchClient client = Open(From(WatchStart::kNow, Requests({"r1"})));
  EXPECT_THAT(client.Take(2), ElementsAre("created unknown=r1", "progress"));

  Commit({.sid = 4, .status = "sent"});
  log_.Claim(4, "r1");
  Commit({.sid = 4, .status = "delivered", .request_id = "r1"});

  EXPECT_THAT(client.TakeUntil("OK"),
              ElementsAre("event 1 4 sent", "event 2 4 delivered",
                          "ended ALL_FINAL", "OK"));
}

// The opening's read did not know whose events they are, the page does.
TEST_F(WatcherRaceTest, AMessageClaimedBetweenTwoReadsIsSeenToBeFinal) {
  for (const size_t buffer_bytes : {size_t{0}, size_t{64} * 1024}) {
    buffer_max_bytes_ = buffer_bytes;
    const int sid = buffer_bytes == 0 ? 1 : 2;
    const std::string id = absl::StrCat("r", sid);
    Commit({.sid = sid, .status = "sent"});
    Commit({.sid = sid, .status = "delivered"});
    const auto first_page = HoldRead(2);
    WatchClient client = Open(From(WatchStart::kBeginning, Requests({id})));
    EXPECT_EQ(client.Take(), absl::StrCat("created unknown=", id));
    first_page->begun.Wait();
    log_.Claim(sid, id);
    log_.Publish(tail_);
    // Another fan-out after it: the settlement has been heard.
    const int64_t last = Commit({.sid = 9, .status = id});
    while (tail_.fanned_out_sequence() < last) std::this_thread::yield();
    first_page->go_on.Set();

    const std::vector<std::string> taken = client.TakeUntil("OK");

    EXPECT_EQ(taken.front(),
              absl::StrCat("event ", last - 2, " ", sid, " sent"));
    EXPECT_EQ(taken[1],
              absl::StrCat("event ", last - 1, " ", sid, " delivered"));
  }
}

TEST_F(WatcherRaceTest, WhatTheTailLostComesFromTheLog) {
  FakeLog log;
  EventTail tail(Clock::Real(), 1);
  const WatchContext small = {log, tail, readers_, timers_, clock_};
  Signal inside;
  Signal go_on;
  // Holds up the fan-out: wakes run on its thread.
  auto blocker = Watcher::Open(small, From(WatchStart::kNow, Sids({9})), [&] {
    inside.Set();
    go_on.Wait();
  });
  WatchClient client(small, From(WatchStart::kNow, Requests({"r1", "r2"})));
  EXPECT_EQ(client.TakeUntil("progress").size(), 2u);
  Settle();
  while (Describe(blocker->Next()) != "wait") {
  }

  log.Commit(tail, {.sid = 9, .status = "queued"});
  inside.Wait();
  log.Commit(tail, {.sid = 8, .status = "queued"});
  log.Commit(tail, {.sid = 1, .status = "sent", .request_id = "r1"});
  log.Reserve("r2", ReservationState::kRefused);
  log.Publish(tail);
  log.Commit(tail, {.sid = 1, .status = "delivered"});
  go_on.Set();

  std::vector<std::string> taken = client.TakeUntil("OK");
  EXPECT_EQ(taken.size(), 5u);
  EXPECT_THAT(taken,
              testing::IsSupersetOf({"event 3 1 sent", "event 4 1 delivered",
                                     "message r2 refused", "ended ALL_FINAL"}));
  blocker->Close();
  Settle();  // The readers outlive this tail: they must be through with it.
}

TEST_F(WatcherRaceTest, EndingDuringAReadEndsAfterWhatIsQueued) {
  CommitNext(3);
  const auto read = HoldRead();
  WatchClient client = Open(From(WatchStart::kBeginning, MessageFilter{}));
  EXPECT_EQ(client.Take(), "created");
  read->begun.Wait();

  client.watcher().End(WatchEndReason::kDraining);
  read->go_on.Set();
  EXPECT_THAT(client.Take(2),
              ElementsAre("ended DRAINING", "UNAVAILABLE DRAINING"));

  WatchClient again = Open(Resume(client.token(), MessageFilter{}));
  EXPECT_EQ(again.Take(), "created");
  EXPECT_EQ(again.Take(3), Events(1, 3));
}

TEST_F(WatcherRaceTest, AWatchDroppedDuringAReadIsFreedAfterIt) {
  const auto read = HoldRead();
  auto alive = std::make_shared<int>();
  const std::weak_ptr<int> weak = alive;
  auto watcher = Watcher::Open(
      context(), From(WatchStart::kSnapshot, Sids({1})), [alive] {});
  alive.reset();
  read->begun.Wait();

  watcher.reset();
  read->go_on.Set();
  Settle();

  EXPECT_TRUE(weak.expired());
  CommitNext(1);
  Settle();
}

TEST_F(WatcherRaceTest, WhoeverIsOverHasLeftTheTail) {
  Commit({.sid = 1, .status = "delivered"});
  WatchClient ended = Open(From(WatchStart::kSnapshot, Sids({1})));
  ended.TakeUntil("OK");
  WatchClient closed = Open(From(WatchStart::kNow, MessageFilter{}));
  closed.Take();
  closed.watcher().Close();
  WatchClient dropped = Open(From(WatchStart::kNow, Requests({"r"})));
  dropped.Take();
  Settle();
  EXPECT_EQ(tail_.reader_count(), 1u);

  dropped.DropWithoutClosing();

  EXPECT_EQ(tail_.reader_count(), 0u);
}

TEST_F(WatcherRaceTest, ClosingFreesWhatWakeHolds) {
  auto alive = std::make_shared<int>();
  const std::weak_ptr<int> weak = alive;
  const auto watcher = Watcher::Open(
      context(), From(WatchStart::kNow, MessageFilter{}), [alive] {});
  alive.reset();
  Settle();

  watcher->Close();

  EXPECT_TRUE(weak.expired());
}

TEST_F(WatcherRaceTest, AWatchMayBeClosedFromInsideItsWake) {
  std::shared_ptr<Watcher> watcher;
  Signal opened;
  Signal closed;
  watcher = Watcher::Open(context(), From(WatchStart::kNow, Sids({1})), [&] {
    opened.Wait();
    watcher->Close();
    closed.Set();
  });
  opened.Set();
  Settle();
  while (Describe(watcher->Next()) != "wait") {
  }

  CommitNext(1);

  closed.Wait();
  EXPECT_EQ(Describe(watcher->Next()), "CANCELLED");
  Settle();
}

TEST_F(WatcherRaceTest, AnOpenWatchWaitsWhenTheReadersAreBusy) {
  Executor readers("few", 1, 1);
  const WatchContext few = {log_, tail_, readers, timers_, clock_, 2 * 1024};
  WatchClient client(few, From(WatchStart::kNow, Sids({1})));
  client.Take(2);
  Signal busy;
  Signal go_on;
  ASSERT_TRUE(readers.TrySubmit([&] {
    busy.Set();
    go_on.Wait();
  }));
  busy.Wait();
  ASSERT_TRUE(readers.TrySubmit([] {}));

  CommitNext(20);
  Settle();
  go_on.Set();
  std::vector<std::string> taken;
  while (taken.size() < 20) {
    std::string next = client.TakeNow();
    if (next == "wait") {
      clock_.Advance(absl::Milliseconds(20));
      std::this_thread::yield();
    } else if (next != "progress") {  // so often may the clock be moved
      taken.push_back(std::move(next));
    }
  }

  EXPECT_EQ(taken, Events(1, 20));
}

TEST_F(WatcherRaceTest, AWatchOvertakenByRetentionSaysSo) {
  buffer_max_bytes_ = 2 * 1024;
  CommitNext(50);
  WatchClient client = Open(From(WatchStart::kBeginning, MessageFilter{}));
  EXPECT_THAT(client.Take(2), ElementsAre("created", "event 1 1 s1"));
  Settle();

  log_.Trim(40);
  const std::vector<std::string> taken = client.TakeUntil("OUT_OF_RANGE");

  EXPECT_EQ(taken.back(), "OUT_OF_RANGE TOKEN_EXPIRED");
  EXPECT_LT(taken.size(), 40u);
}

TEST_F(WatcherRaceTest, RetentionAtTheBeginningTakesWhatNobodyWasPromised) {
  CommitNext(5);
  InNextRead([this] { log_.Trim(3); });
  WatchClient client = Open(From(WatchStart::kBeginning, MessageFilter{}));

  EXPECT_EQ(client.Take(), "created");
  EXPECT_EQ(client.Take(2), Events(4, 5));
  EXPECT_EQ(client.Take(), "progress");
}

TEST_F(WatcherRaceTest, AStoreThatFailsLaterEndsTheWatchAfterWhatIsQueued) {
  buffer_max_bytes_ = 2 * 1024;
  CommitNext(20);
  WatchClient client = Open(From(WatchStart::kBeginning, MessageFilter{}));
  EXPECT_EQ(client.Take(), "created");
  Settle();

  log_.set_read_error(absl::UnavailableError("database is locked"));
  const std::vector<std::string> taken = client.TakeUntil("UNAVAILABLE");

  EXPECT_EQ(taken.front(), "event 1 1 s1");
  EXPECT_EQ(taken.back(), "UNAVAILABLE STORE_UNAVAILABLE");
  log_.set_read_error(absl::OkStatus());
  WatchClient again = Open(Resume(client.token(), MessageFilter{}));
  EXPECT_EQ(again.Take(), "created");
  EXPECT_EQ(again.Take(), Events(static_cast<int>(taken.size()), 20).front());
}

TEST_F(WatcherRaceTest, IdleWatchesAreNotTouchedByOthersEvents) {
  std::atomic<int> wakes = 0;
  std::vector<std::shared_ptr<Watcher>> idle;
  for (int i = 0; i < 200; ++i) {
    idle.push_back(Watcher::Open(context(),
                                 From(WatchStart::kNow, Sids({100 + i})),
                                 [&wakes] { ++wakes; }));
    Settle();
    while (Describe(idle.back()->Next()) != "wait") {
    }
  }

  CommitNext(100);
  Settle();

  EXPECT_EQ(wakes, 0);
  EXPECT_EQ(log_.page_reads(), 0);
}

}  // namespace
}  // namespace sidwatch
