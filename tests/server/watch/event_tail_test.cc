#include "server/watch/event_tail.h"

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/watch/fake_log.h"
#include "tests/server/watch/watch_client.h"

namespace sidwatch {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Writes down what it hears.
class Listener : public TailReader {
 public:
  void OnEvent(const std::shared_ptr<const StatusEvent>& event) override {
    Note(absl::StrCat(event->sequence));
    if (on_event) on_event();
  }
  void OnSettled(const std::shared_ptr<const Message>& message) override {
    Note(absl::StrCat("settled ", message->request_id));
  }
  void OnMissed(int64_t sequence) override {
    Note(absl::StrCat("missed ", sequence));
  }
  void OnWake() override { Note("wake"); }

  std::vector<std::string> heard() const {
    MutexLock lock(mu_);
    return heard_;
  }

  std::function<void()> on_event;  // set before joining

 private:
  void Note(std::string what) {
    MutexLock lock(mu_);
    heard_.push_back(std::move(what));
  }

  mutable Mutex mu_;
  std::vector<std::string> heard_ ABSL_GUARDED_BY(mu_);
};

std::shared_ptr<Listener> Join(EventTail& tail, const Selection& selection) {
  auto listener = std::make_shared<Listener>();
  tail.Join(listener, selection);
  return listener;
}

MessageFilter Labelled(const std::string& value) {
  return {.labels = {{"campaign", value}}};
}

TEST(EventTailTest, HandsAnEventToThoseWhomItConcerns) {
  FakeLog log;
  EventTail tail;
  const auto first = Join(tail, Sids({1, 3}));
  const auto second = Join(tail, Sids({2}));
  const auto requests = Join(tail, Requests({"r2", "r9"}));
  const auto labelled = Join(tail, Labelled("x"));
  const auto everything = Join(tail, MessageFilter{});

  log.Append({.sid = 1, .labels = {{"campaign", "x"}}});
  log.Append({.sid = 2, .request_id = "r2"});
  log.Append({.sid = 4, .labels = {{"campaign", "y"}}});
  log.Publish(tail);
  tail.Stop();

  EXPECT_THAT(first->heard(), ElementsAre("1", "wake"));
  EXPECT_THAT(second->heard(), ElementsAre("2", "wake"));
  EXPECT_THAT(requests->heard(), ElementsAre("2", "wake"));
  EXPECT_THAT(labelled->heard(), ElementsAre("1", "wake"));
  EXPECT_THAT(everything->heard(), ElementsAre("1", "2", "3", "wake"));
}

TEST(EventTailTest, ARequestIdIsOneInItsAccount) {
  FakeLog log;
  EventTail tail;
  const auto mine = Join(tail, Requests({"r"}, "AC1"));
  const auto anywhere = Join(tail, Requests({"r"}));

  log.Append({.sid = 1, .request_id = "r", .account_sid = "AC2"});
  log.Append({.sid = 2, .request_id = "r", .account_sid = "AC1"});
  log.Publish(tail);
  tail.Stop();

  EXPECT_THAT(mine->heard(), ElementsAre("2", "wake"));
  EXPECT_THAT(anywhere->heard(), ElementsAre("1", "2", "wake"));
}

TEST(EventTailTest, SettledMessagesReachThoseWhoWaitByRequestId) {
  FakeLog log;
  EventTail tail;
  const auto waiting = Join(tail, Requests({"r"}));
  const auto everything = Join(tail, MessageFilter{});

  log.Reserve("r", ReservationState::kRefused);
  log.Publish(tail);
  tail.Stop();

  EXPECT_THAT(waiting->heard(), ElementsAre("settled r", "wake"));
  EXPECT_THAT(everything->heard(), IsEmpty());
}

TEST(EventTailTest, ASidGivenTwiceIsHeardOnce) {
  FakeLog log;
  EventTail tail;
  const auto listener = Join(tail, Sids({1, 2, 1}));

  log.Commit(tail, {.sid = 1});
  tail.Stop();

  EXPECT_THAT(listener->heard(), ElementsAre("1", "wake"));
}

TEST(EventTailTest, WhoHasLeftHearsNothing) {
  FakeLog log;
  EventTail tail;
  const auto by_sid = Join(tail, Sids({1}));
  const auto by_filter = Join(tail, MessageFilter{});

  tail.Leave(by_sid.get());
  tail.Leave(by_sid.get());
  tail.Leave(by_filter.get());
  log.Commit(tail, {.sid = 1});
  tail.Stop();

  EXPECT_THAT(by_sid->heard(), IsEmpty());
  EXPECT_THAT(by_filter->heard(), IsEmpty());
}

TEST(EventTailTest, LeavingInTheMiddleOfABatchEndsItThere) {
  FakeLog log;
  EventTail tail;
  auto listener = std::make_shared<Listener>();
  listener->on_event = [&tail, raw = listener.get()] { tail.Leave(raw); };
  tail.Join(listener, Sids({1}));

  log.Append({.sid = 1, .status = "queued"});
  log.Append({.sid = 1, .status = "sent"});
  log.Publish(tail);
  tail.Stop();

  EXPECT_THAT(listener->heard(), ElementsAre("1"));
}

TEST(EventTailTest, HoldsNoReaderAlive) {
  FakeLog log;
  EventTail tail;
  auto listener = Join(tail, Sids({1}));
  const std::weak_ptr<Listener> weak = listener;
  const Listener* const address = listener.get();

  listener.reset();
  EXPECT_TRUE(weak.expired());
  log.Commit(tail, {.sid = 1});
  tail.Stop();
  tail.Leave(address);
}

// Whoever joins while a batch is under way is told that it will not hear it,
// or hears it.
TEST(EventTailTest, JoiningPromisesAllAfterTheReturnedSequence) {
  FakeLog log;
  EventTail tail;
  Signal inside;
  Signal joined;
  auto slow = std::make_shared<Listener>();
  slow->on_event = [&] {
    inside.Set();
    joined.Wait();
  };
  tail.Join(slow, Sids({1}));

  log.Append({.sid = 1});
  log.Append({.sid = 2});
  log.Publish(tail);
  inside.Wait();
  log.Commit(tail, {.sid = 2, .status = "sent"});
  auto late = std::make_shared<Listener>();
  const int64_t heard_after = tail.Join(late, Sids({2}));
  EXPECT_EQ(tail.fanned_out_sequence(), 0);
  joined.Set();
  tail.Stop();

  EXPECT_EQ(heard_after, 2);
  EXPECT_THAT(late->heard(), ElementsAre("3", "wake"));
  EXPECT_EQ(tail.fanned_out_sequence(), 3);
}

TEST(EventTailTest, TellsAllWhenTheQueueRunsOver) {
  FakeLog log;
  EventTail tail(Clock::Real(), 2);
  Signal inside;
  Signal go_on;
  std::atomic<int> events = 0;
  auto slow = std::make_shared<Listener>();
  slow->on_event = [&] {
    if (events++ > 0) return;
    inside.Set();
    go_on.Wait();
  };
  tail.Join(slow, Sids({1}));
  const auto other = Join(tail, Sids({2}));

  log.Commit(tail, {.sid = 1, .status = "queued"});
  inside.Wait();
  log.Commit(tail, {.sid = 1, .status = "sending"});
  log.Commit(tail, {.sid = 2, .status = "queued"});
  log.Commit(tail, {.sid = 1, .status = "sent"});       // dropped
  log.Commit(tail, {.sid = 1, .status = "delivered"});  // dropped
  go_on.Set();
  while (tail.fanned_out_sequence() < 5) std::this_thread::yield();
  log.Commit(tail, {.sid = 1, .status = "read"});
  tail.Stop();

  EXPECT_THAT(slow->heard(), ElementsAre("1", "wake", "2", "wake", "missed 5",
                                         "wake", "6", "wake"));
  EXPECT_THAT(other->heard(), ElementsAre("3", "wake", "missed 5", "wake"));
}

TEST(EventTailTest, OneBatchBeyondTheLimitIsNoReasonToLoseIt) {
  FakeLog log;
  EventTail tail(Clock::Real(), 2);
  const auto listener = Join(tail, MessageFilter{});

  for (int sid = 1; sid <= 5; ++sid) log.Append({.sid = sid});
  log.Publish(tail);
  tail.Stop();

  EXPECT_EQ(listener->heard().size(), 6u);
}

TEST(EventTailTest, AMessageThatVeryManyWatchReachesThemAllInOrder) {
  FakeLog log;
  EventTail tail;
  std::vector<std::shared_ptr<Listener>> listeners;
  for (int i = 0; i < 3000; ++i) listeners.push_back(Join(tail, Sids({1})));

  for (const char* status : {"queued", "sending", "sent", "delivered"}) {
    log.Append({.sid = 1, .status = status});
  }
  log.Publish(tail);
  tail.Stop();

  for (const auto& listener : listeners) {
    ASSERT_THAT(listener->heard(),
                ElementsAre("1", "2", "wake", "3", "4", "wake"));
  }
}

TEST(EventTailTest, IsNotAliveWhenAReaderBlocksIt) {
  FakeClock clock;
  FakeLog log;
  EventTail tail(clock);
  Signal inside;
  Signal go_on;
  auto stuck = std::make_shared<Listener>();
  stuck->on_event = [&] {
    inside.Set();
    go_on.Wait();
  };
  tail.Join(stuck, Sids({1}));

  clock.Advance(absl::Hours(1));
  EXPECT_TRUE(tail.alive());
  log.Commit(tail, {.sid = 1});
  inside.Wait();
  clock.Advance(absl::Seconds(10));
  EXPECT_TRUE(tail.alive());
  clock.Advance(absl::Seconds(1));
  EXPECT_FALSE(tail.alive());
  go_on.Set();
  tail.Stop();
  EXPECT_TRUE(tail.alive());
}

TEST(EventTailTest, StopFansOutWhatIsQueuedAndNothingAfter) {
  FakeLog log;
  EventTail tail;
  const auto listener = Join(tail, Sids({1}));
  log.Commit(tail, {.sid = 1});

  tail.Stop();
  tail.Stop();
  log.Commit(tail, {.sid = 1, .status = "sent"});

  EXPECT_THAT(listener->heard(), ElementsAre("1", "wake"));
}

// Run under ThreadSanitizer: joining, leaving and dying while events fly.
TEST(EventTailTest, ReadersComeAndGoWhileEventsFly) {
  FakeLog log;
  EventTail tail;
  std::atomic<bool> stop = false;
  std::vector<std::thread> visitors;
  for (int t = 0; t < 3; ++t) {
    visitors.emplace_back([&tail, &stop, t] {
      const Selection selection = t == 0   ? Sids({1, 2})
                                  : t == 1 ? Requests({"r1"})
                                           : MessageFilter{};
      while (!stop) {
        const auto listener = Join(tail, selection);
        tail.Leave(listener.get());
      }
    });
  }

  for (int i = 0; i < 2000; ++i) {
    log.Commit(
        tail,
        {.sid = 1 + i % 2, .status = absl::StrCat("s", i), .request_id = "r1"});
  }
  stop = true;
  for (std::thread& visitor : visitors) visitor.join();
  tail.Stop();

  EXPECT_EQ(tail.fanned_out_sequence(), 2000);
}

}  // namespace
}  // namespace sidwatch
