#include "server/rpc/watch_registry.h"

#include <memory>
#include <optional>
#include <vector>

#include "gmock/gmock.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/status_matchers.h"

namespace sidwatch {
namespace {

using ::testing::HasSubstr;

constexpr absl::Duration kGenerous = absl::Seconds(60);
constexpr char kPeer[] = "ipv4:127.0.0.1:1234";

class FakeWatch : public OpenWatch {
 public:
  void End(WatchEndReason reason) override {
    MutexLock lock(mu_);
    ended_ = reason;
    changed_.NotifyAll();
  }
  void CheckTime(absl::Duration now) override {
    MutexLock lock(mu_);
    checked_ = now;
    changed_.NotifyAll();
  }

  bool WaitUntilEnded() {
    MutexLock lock(mu_);
    while (!ended_) {
      if (!changed_.WaitFor(mu_, kGenerous)) return false;
    }
    return true;
  }
  bool WaitUntilChecked() {
    MutexLock lock(mu_);
    while (!checked_) {
      if (!changed_.WaitFor(mu_, kGenerous)) return false;
    }
    return true;
  }
  std::optional<WatchEndReason> ended() {
    MutexLock lock(mu_);
    return ended_;
  }

 private:
  Mutex mu_;
  CondVar changed_;
  std::optional<WatchEndReason> ended_ ABSL_GUARDED_BY(mu_);
  std::optional<absl::Duration> checked_ ABSL_GUARDED_BY(mu_);
};

class WatchRegistryTest : public testing::Test {
 protected:
  ~WatchRegistryTest() override { timers_.Shutdown(); }

  std::unique_ptr<WatchRegistry> Make(WatchRegistry::Options options = {}) {
    return std::make_unique<WatchRegistry>(options, timers_, clock_, counters_);
  }

  FakeClock clock_;
  TimerQueue timers_{clock_};
  Counters counters_;
};

TEST_F(WatchRegistryTest, CountsOpenWatches) {
  const auto registry = Make();
  const auto watch = std::make_shared<FakeWatch>();

  ASSERT_THAT(registry->Add(watch, kPeer), IsOk());
  EXPECT_EQ(counters_.watch_streams.value(), 1);
  registry->Remove(watch.get());

  EXPECT_EQ(registry->size(), 0u);
  EXPECT_EQ(counters_.watch_streams.value(), 0);
}

TEST_F(WatchRegistryTest, RefusesWhatIsBeyondTheTotal) {
  const auto registry = Make({.streams_max = 1});
  const auto first = std::make_shared<FakeWatch>();
  const auto second = std::make_shared<FakeWatch>();
  ASSERT_THAT(registry->Add(first, kPeer), IsOk());

  const absl::Status refused = registry->Add(second, "ipv4:127.0.0.1:1");

  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kResourceExhausted,
                                HasSubstr("there are 1 watches")));
  EXPECT_THAT(refused, HasReason("WATCH_LIMIT"));
  registry->Remove(first.get());
  EXPECT_THAT(registry->Add(second, kPeer), IsOk());
  registry->Remove(second.get());
}

TEST_F(WatchRegistryTest, LimitsTheWatchesOfOneConnection) {
  const auto registry = Make({.streams_per_connection_max = 1});
  std::vector<std::shared_ptr<FakeWatch>> watches(3);
  for (auto& watch : watches) watch = std::make_shared<FakeWatch>();

  EXPECT_THAT(registry->Add(watches[0], kPeer), IsOk());
  EXPECT_THAT(registry->Add(watches[1], kPeer), HasReason("WATCH_LIMIT"));
  EXPECT_THAT(registry->Add(watches[1], "ipv4:127.0.0.1:1"), IsOk());

  registry->Remove(watches[0].get());
  EXPECT_THAT(registry->Add(watches[2], kPeer), IsOk());
  registry->Remove(watches[1].get());
  registry->Remove(watches[2].get());
}

TEST_F(WatchRegistryTest, CannotTellUnixConnectionsApart) {
  const auto registry = Make({.streams_per_connection_max = 1});
  const auto first = std::make_shared<FakeWatch>();
  const auto second = std::make_shared<FakeWatch>();

  EXPECT_THAT(registry->Add(first, "unix:"), IsOk());
  EXPECT_THAT(registry->Add(second, "unix:"), IsOk());
  registry->Remove(first.get());
  registry->Remove(second.get());
}

TEST_F(WatchRegistryTest, LooksAfterTheTimeOfEveryWatch) {
  const auto registry = Make({.stall_timeout = absl::Seconds(8)});
  const auto watch = std::make_shared<FakeWatch>();
  ASSERT_THAT(registry->Add(watch, kPeer), IsOk());

  clock_.Advance(absl::Seconds(1));

  EXPECT_TRUE(watch->WaitUntilChecked());
  registry->Remove(watch.get());
}

TEST_F(WatchRegistryTest, RefusesNewWatchesOnceDraining) {
  const auto registry = Make();

  registry->EndAll(WatchEndReason::kDraining, absl::ZeroDuration());

  const absl::Status refused =
      registry->Add(std::make_shared<FakeWatch>(), kPeer);
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(refused, HasReason("DRAINING"));
}

TEST_F(WatchRegistryTest, SpreadsTheEndsOverTheTimeGiven) {
  const auto registry = Make();
  std::vector<std::shared_ptr<FakeWatch>> watches(4);
  for (auto& watch : watches) {
    watch = std::make_shared<FakeWatch>();
    ASSERT_THAT(registry->Add(watch, kPeer), IsOk());
  }

  registry->EndAll(WatchEndReason::kDraining, absl::Seconds(8));
  const auto ended = [&] {
    return std::count_if(watches.begin(), watches.end(),
                         [](auto& watch) { return watch->ended(); });
  };
  EXPECT_LE(ended(), 1);
  clock_.Advance(absl::Seconds(8));

  for (auto& watch : watches) {
    EXPECT_TRUE(watch->WaitUntilEnded());
    EXPECT_EQ(watch->ended(), WatchEndReason::kDraining);
    registry->Remove(watch.get());
  }
}

TEST_F(WatchRegistryTest, WaitsUntilTheLastHasGone) {
  const auto registry = Make();
  const auto watch = std::make_shared<FakeWatch>();
  ASSERT_THAT(registry->Add(watch, kPeer), IsOk());

  EXPECT_FALSE(registry->WaitUntilEmpty(absl::ZeroDuration()));
  std::thread remover([&] { registry->Remove(watch.get()); });

  EXPECT_TRUE(registry->WaitUntilEmpty(absl::InfiniteDuration()));
  remover.join();
}

}  // namespace
}  // namespace sidwatch
