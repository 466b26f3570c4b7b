#include "server/webhook/parking_loop.h"

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/executor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/collecting_log_sink.h"
#include "tests/fakes/status_matchers.h"
#include "tests/server/webhook/raw_client.h"

namespace sidwatch {
namespace {

constexpr absl::string_view kPost =
    "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello";
constexpr absl::string_view kAnswer =
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

// The loop with workers that answer everything alike, without httplib, so that
// the thread sanitizer sees all of it.
class ParkingLoopTest : public testing::Test {
 protected:
  ~ParkingLoopTest() override { Stop(); }

  void Start(size_t connections_max) {
    ParkingLoop::Options options = {.listen = "127.0.0.1:0",
                                    .connections_max = connections_max};
    options.rules.admit = [](absl::string_view, absl::string_view) {
      return 0;
    };
    auto loop = ParkingLoop::Start(
        std::move(options),
        [this](ParkingLoop& parking, HttpConnection& connection) {
          Hand(parking, connection);
        },
        Logger(sink_), &connections_);
    ASSERT_THAT(loop, IsOk());
    loop_ = *std::move(loop);
  }

  void Stop() {
    if (loop_ != nullptr) loop_->Stop();
    workers_.Shutdown();
  }

  void Hand(ParkingLoop& loop, HttpConnection& connection) {
    const bool queued = workers_.TrySubmit([&loop, &connection] {
      connection.Take(Clock::Real().Monotonic());
      if (connection.Send(kAnswer, absl::InfiniteDuration())) {
        loop.Park(connection);
      } else {
        loop.Dismiss(connection, /*linger=*/false);
      }
    });
    if (!queued) loop.Dismiss(connection, /*linger=*/false);
  }

  CollectingLogSink sink_;
  Gauge connections_;
  Executor workers_{"workers", 4, 1000};
  std::unique_ptr<ParkingLoop> loop_;
};

// Asks until the connection ends or `requests` were answered; returns how many
// were.
int AskAgainAndAgain(const std::string& address, int requests) {
  int answered = 0;
  RawClient client(address);
  while (answered < requests && client.connected() && client.Send(kPost) &&
         client.ReadAnswer().has_value()) {
    ++answered;
  }
  return answered;
}

TEST_F(ParkingLoopTest, HandsEveryRequestToAWorkerAndTakesTheConnectionBack) {
  constexpr int kClients = 8;
  constexpr int kRequests = 50;
  Start(/*connections_max=*/kClients);

  std::atomic<int> answered{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.emplace_back(
        [&] { answered += AskAgainAndAgain(loop_->address(), kRequests); });
  }
  for (std::thread& client : clients) client.join();

  EXPECT_EQ(answered, kClients * kRequests);
}

TEST_F(ParkingLoopTest, NeverHoldsMoreConnectionsThanItMay) {
  Start(/*connections_max=*/3);

  std::atomic<int> answered{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&] {
      for (int round = 0; round < 20; ++round) {
        answered += AskAgainAndAgain(loop_->address(), 3);
        EXPECT_LE(connections_.value(), 3);
      }
    });
  }
  for (std::thread& client : clients) client.join();

  EXPECT_GT(answered, 0);
}

TEST_F(ParkingLoopTest, StopsUnderLoadAndLeavesNobodyBehind) {
  Start(/*connections_max=*/100);
  std::atomic<int> answered{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back(
        [&] { answered += AskAgainAndAgain(loop_->address(), 1 << 30); });
  }
  while (connections_.value() < 8) std::this_thread::yield();

  Stop();
  for (std::thread& client : clients) client.join();

  EXPECT_EQ(connections_.value(), 0);
  EXPECT_FALSE(loop_->alive());
}

}  // namespace
}  // namespace sidwatch
