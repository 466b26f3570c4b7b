#include "base/timer_queue.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/signal.h"

namespace sidwatch {
namespace {

TEST(TimerQueueTest, RunsInOrderOfDueTime) {
  FakeClock clock;
  TimerQueue timers(clock);
  std::vector<int> ran;
  Signal last;
  timers.RunAfter(absl::Seconds(2), [&] { ran.push_back(2); });
  timers.RunAfter(absl::Seconds(1), [&] { ran.push_back(1); });
  timers.RunAfter(absl::Seconds(3), [&] { last.Notify(); });

  clock.Advance(absl::Seconds(3));
  last.Wait();

  EXPECT_THAT(ran, testing::ElementsAre(1, 2));
}

TEST(TimerQueueTest, CancelledTimerDoesNotRun) {
  FakeClock clock;
  TimerQueue timers(clock);
  bool ran = false;
  Signal later;
  const auto id = timers.RunAfter(absl::Seconds(1), [&] { ran = true; });
  timers.RunAfter(absl::Seconds(2), [&] { later.Notify(); });

  EXPECT_TRUE(timers.Cancel(id));
  clock.Advance(absl::Seconds(2));
  later.Wait();

  EXPECT_FALSE(ran);
  EXPECT_FALSE(timers.Cancel(id));
}

TEST(TimerQueueTest, WallClockJumpsDoNotMatter) {
  FakeClock clock;
  TimerQueue timers(clock);
  Signal ran;
  timers.RunAfter(absl::Seconds(1), [&] { ran.Notify(); });

  clock.JumpWallTime(absl::Hours(24 * 3650));
  EXPECT_FALSE(ran.notified());
  clock.Advance(absl::Seconds(1));

  ran.Wait();
}

TEST(TimerQueueTest, CallbackMaySetTheNextTimer) {
  TimerQueue timers(Clock::Real());
  Signal second;

  timers.RunAfter(absl::ZeroDuration(), [&] {
    timers.RunAfter(absl::ZeroDuration(), [&] { second.Notify(); });
  });

  second.Wait();
}

}  // namespace
}  // namespace sidwatch
