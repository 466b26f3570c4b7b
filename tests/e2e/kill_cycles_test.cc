// RELIABILITY C1: kill -9 under load, and nothing acknowledged is missing.
//
// SIDWATCH_KILL_CYCLES sets the number of cycles (default 20).

#include <grpcpp/grpcpp.h>

#include <cstdlib>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "tests/e2e/stack.h"
#include "tests/load/callback_load.h"

namespace sidwatch {
namespace {

using Acknowledged = std::set<std::pair<std::string, std::string>>;

int Cycles() {
  const char* const cycles = std::getenv("SIDWATCH_KILL_CYCLES");
  return cycles == nullptr ? 20 : std::atoi(cycles);
}

// Loads the server and kills it at a random point of the load.
Acknowledged LoadUntilKilled(Stack& stack, uint64_t seed) {
  Acknowledged acknowledged;
  absl::Notification enough;
  std::mt19937_64 random(seed);
  const size_t kill_after = 50 + random() % 2000;
  LoadOptions options = {.port = stack.webhook_port(),
                         .public_url = stack.public_url(),
                         .account_sid = Stack::kAccountSid,
                         .auth_token = Stack::kAuthToken,
                         .connections = 64,
                         .duration = absl::Seconds(60),
                         .seed = seed};
  options.acknowledged = [&](const std::string& sid, const char* status) {
    acknowledged.emplace(sid, status);
    if (acknowledged.size() == kill_after) enough.Notify();
  };
  std::thread killer([&] {
    enough.WaitForNotificationWithTimeout(absl::Seconds(50));
    stack.server().Kill();
  });
  RunCallbackLoad(options);
  killer.join();
  return acknowledged;
}

// Everything in the log, by SID and status; fails on a repeat.
Acknowledged ReadLog(v1::TrackingService::Stub& stub) {
  Acknowledged stored;
  v1::ListStatusEventsRequest request;
  request.set_page_size(1000);
  for (;;) {
    grpc::ClientContext context;
    v1::ListStatusEventsResponse response;
    const grpc::Status status =
        stub.ListStatusEvents(&context, request, &response);
    if (!status.ok()) {
      ADD_FAILURE() << status.error_message();
      return stored;
    }
    for (const auto& event : response.events()) {
      EXPECT_TRUE(
          stored.emplace(event.message_sid(), event.status_text()).second)
          << "stored twice: " << event.ShortDebugString();
    }
    if (response.next_after_sequence() == request.after_sequence()) {
      return stored;
    }
    request.set_after_sequence(response.next_after_sequence());
  }
}

TEST(KillCyclesTest, NothingAcknowledgedIsMissingAfterKill) {
  Stack stack;
  Acknowledged acknowledged;
  for (int cycle = 1; cycle <= Cycles(); ++cycle) {
    stack.StartServer();
    acknowledged.merge(LoadUntilKilled(stack, static_cast<uint64_t>(cycle)));
  }
  stack.StartServer();

  const Acknowledged stored = ReadLog(stack.stub());

  size_t lost = 0;
  for (const auto& event : acknowledged) lost += stored.count(event) == 0;
  EXPECT_EQ(lost, 0u) << "of " << acknowledged.size() << " acknowledged";
  RecordProperty("acknowledged", static_cast<int>(acknowledged.size()));
}

}  // namespace
}  // namespace sidwatch
