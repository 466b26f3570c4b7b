#include "base/executor.h"

#include <atomic>

#include "gtest/gtest.h"
#include "tests/fakes/signal.h"

namespace sidwatch {
namespace {

TEST(ExecutorTest, ShutdownRunsWhatIsQueued) {
  std::atomic<int> ran = 0;
  Executor executor("test", 2, 100);

  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(executor.TrySubmit([&] { ++ran; }));
  }
  executor.Shutdown();

  EXPECT_EQ(ran, 100);
}

TEST(ExecutorTest, RefusesWhatTheQueueCannotHold) {
  Signal started;
  Signal go_on;
  Executor executor("test", 1, 1);
  ASSERT_TRUE(executor.TrySubmit([&] {
    started.Notify();
    go_on.Wait();
  }));
  started.Wait();

  EXPECT_TRUE(executor.TrySubmit([] {}));
  EXPECT_FALSE(executor.TrySubmit([] {}));
  EXPECT_EQ(executor.queued(), 1u);
  go_on.Notify();
}

TEST(ExecutorTest, RefusesAfterShutdown) {
  Executor executor("test", 1, 1);

  executor.Shutdown();

  EXPECT_FALSE(executor.TrySubmit([] {}));
}

}  // namespace
}  // namespace sidwatch
