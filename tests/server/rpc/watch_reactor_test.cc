#include "server/rpc/watch_reactor.h"

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "tests/server/rpc/rpc_stack.h"

namespace sidwatch {
namespace {

using ::testing::SizeIs;

using Update = v1::WatchStatusResponse::UpdateCase;

std::string SidText(int number) {
  return FakeTwilioClient::Sid(number).ToString();
}

v1::WatchStatusRequest WatchOf(std::vector<int> numbers) {
  v1::WatchStatusRequest request;
  for (const int number : numbers) request.add_message_sids(SidText(number));
  return request;
}

// A watch of everything from the first event on, with raw parameters.
v1::WatchStatusRequest WatchEverything() {
  v1::WatchStatusRequest request;
  request.set_start(v1::WATCH_START_BEGINNING);
  request.set_include_parameters(true);
  return request;
}

RpcStack::Options WithService(TrackingService::Options service) {
  return {.service = service};
}

TEST(WatchReactorTest, TellsAMessagesLifeAndEndsWhenItIsFinal) {
  RpcStack stack;
  stack.Append(FakeTwilioClient::Sid(1), "sent");
  TestWatch watch(stack.stub(), WatchOf({1}));

  EXPECT_EQ(watch.NextNews().update_case(), Update::kCreated);
  EXPECT_EQ(watch.NextNews().snapshot_message().status_text(), "sent");
  EXPECT_EQ(watch.NextNews().update_case(), Update::kSnapshotDone);
  stack.Append(FakeTwilioClient::Sid(1), "delivered");
  EXPECT_EQ(watch.NextNews().event().status_text(), "delivered");
  EXPECT_EQ(watch.NextNews().ended().reason(), v1::WATCH_END_REASON_ALL_FINAL);
  EXPECT_TRUE(watch.Finish().ok());
}

TEST(WatchReactorTest, MeasuresHowLateLiveEventsAre) {
  RpcStack stack;
  stack.Append(FakeTwilioClient::Sid(1), "sent");
  {
    TestWatch watch(stack.stub(), WatchOf({1}));
    while (!watch.NextNews().has_snapshot_done()) {
    }
    stack.Append(FakeTwilioClient::Sid(1), "delivered");
    ASSERT_TRUE(watch.Finish().ok());
  }

  EXPECT_TRUE(stack.service().WaitForWatches(absl::Seconds(60)));
  EXPECT_EQ(stack.counters().watch_delivery_lag_seconds.snapshot().count, 1u);
  EXPECT_EQ(stack.counters().watch_streams.value(), 0);
}

TEST(WatchReactorTest, GivesNoResponseToWhatItRefuses) {
  RpcStack stack;
  v1::WatchStatusRequest request = WatchOf({1});
  request.add_message_sids("SM1");
  TestWatch watch(stack.stub(), request);

  EXPECT_EQ(watch.Next().update_case(), Update::UPDATE_NOT_SET);
  const grpc::Status status = watch.Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(ReasonOf(status), "FIELD_INVALID");
  EXPECT_EQ(FieldOf(status), "message_sids[1]");
}

TEST(WatchReactorTest, RefusesADamagedTokenByItsReason) {
  RpcStack stack;
  for (const std::string& token :
       {std::string("damaged"), std::string(100'000, 'x')}) {
    v1::WatchStatusRequest request;
    request.set_resume_token(token);
    TestWatch watch(stack.stub(), request);

    const grpc::Status status = watch.Finish();

    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_EQ(ReasonOf(status), "TOKEN_INVALID");
  }
}

TEST(WatchReactorTest, FillsRawParametersWhenAskedFor) {
  RpcStack stack;
  TestWatch watch(stack.stub(), WatchEverything());
  EXPECT_EQ(watch.Next().update_case(), Update::kCreated);

  stack.Append(FakeTwilioClient::Sid(1), "sent", {{"ExtraField", "x"}});

  EXPECT_EQ(watch.NextNews().event().parameters().at("ExtraField"), "x");
}

TEST(WatchReactorTest, FreesTheWatchOfAClientThatLeaves) {
  RpcStack stack;
  {
    TestWatch watch(stack.stub(), WatchEverything());
    EXPECT_EQ(watch.Next().update_case(), Update::kCreated);
    EXPECT_EQ(stack.counters().watch_streams.value(), 1);

    watch.Cancel();
    EXPECT_EQ(watch.Finish().error_code(), grpc::StatusCode::CANCELLED);
  }

  EXPECT_TRUE(stack.service().WaitForWatches(absl::Seconds(60)));
  EXPECT_EQ(stack.counters().watch_streams.value(), 0);
}

TEST(WatchReactorTest, RefusesMoreWatchesThanThereMayBe) {
  RpcStack stack(WithService({.watch_streams_max = 1}));
  TestWatch first(stack.stub(), {});
  ASSERT_EQ(first.Next().update_case(), Update::kCreated);
  TestWatch second(stack.stub(), {});

  const grpc::Status status = second.Finish();

  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(ReasonOf(status), "WATCH_LIMIT");
}

TEST(WatchReactorTest, LimitsTheWatchesOfEachConnection) {
  RpcStack stack(WithService({.watch_streams_per_connection_max = 1}));
  const auto other_connection = stack.Connect();
  TestWatch first(stack.stub(), {});
  ASSERT_EQ(first.Next().update_case(), Update::kCreated);

  TestWatch second(stack.stub(), {});
  TestWatch other(*other_connection, {});

  EXPECT_EQ(ReasonOf(second.Finish()), "WATCH_LIMIT");
  EXPECT_EQ(other.Next().update_case(), Update::kCreated);
}

TEST(WatchReactorTest, EndsAtItsAgeAndResumesWithItsToken) {
  RpcStack stack(WithService({.watch_max_age = absl::Seconds(1),
                              .watch_stall_timeout = absl::Seconds(8)}));
  v1::WatchStatusRequest request = WatchEverything();
  std::string token;
  {
    TestWatch watch(stack.stub(), request);
    v1::WatchStatusResponse last;
    while (!last.has_ended()) {
      last = watch.NextNews();
      ASSERT_NE(last.update_case(), Update::UPDATE_NOT_SET);
    }
    EXPECT_EQ(last.ended().reason(), v1::WATCH_END_REASON_MAX_AGE);
    token = last.resume_token();
    const grpc::Status status = watch.Finish();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
    EXPECT_EQ(ReasonOf(status), "MAX_AGE");
  }

  stack.Append(FakeTwilioClient::Sid(1), "sent");
  request.clear_start();
  request.set_resume_token(token);
  TestWatch resumed(stack.stub(), request);

  EXPECT_EQ(resumed.NextNews().update_case(), Update::kCreated);
  EXPECT_EQ(resumed.NextNews().event().message_sid(), SidText(1));
}

TEST(WatchReactorTest, EndsEveryWatchWhenDraining) {
  RpcStack stack;
  std::vector<std::unique_ptr<TestWatch>> watches;
  for (int i = 0; i < 3; ++i) {
    watches.push_back(
        std::make_unique<TestWatch>(stack.stub(), WatchEverything()));
    ASSERT_EQ(watches.back()->Next().update_case(), Update::kCreated);
  }

  stack.service().StartDraining(absl::Milliseconds(100));

  for (const auto& watch : watches) {
    EXPECT_EQ(watch->NextNews().ended().reason(),
              v1::WATCH_END_REASON_DRAINING);
    const grpc::Status status = watch->Finish();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
    EXPECT_EQ(ReasonOf(status), "DRAINING");
  }
  EXPECT_TRUE(stack.service().WaitForWatches(absl::Seconds(60)));
}

TEST(WatchReactorTest, LeavesNoWatchOpenThatBeganAsDrainingDid) {
  RpcStack stack;
  std::atomic<int> opened = 0;
  std::vector<std::thread> clients;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([&] {
      const auto stub = stack.Connect();
      std::vector<std::unique_ptr<TestWatch>> watches;
      for (bool refused = false; !refused;) {
        watches.push_back(std::make_unique<TestWatch>(*stub, WatchOf({1})));
        refused = !watches.back()->Next().has_created();
        ++opened;
      }
      for (const auto& watch : watches) {
        EXPECT_EQ(ReasonOf(watch->Finish()), "DRAINING");
      }
    });
  }
  while (opened < 40) std::this_thread::yield();

  stack.service().StartDraining(absl::ZeroDuration());

  for (std::thread& client : clients) client.join();
}

// Events of 200 kB fill a client's windows soon.
void FillWindows(RpcStack& stack) {
  for (int i = 1; i <= 100; ++i) {
    stack.Append(FakeTwilioClient::Sid(i), "sent",
                 {{"Note", std::string(200'000, 'x')}});
  }
}

TEST(WatchReactorTest, GivesAReaderThatComesBackItsStatusAfterWhatWasSent) {
  RpcStack stack(WithService({.watch_stall_timeout = absl::Seconds(1)}));
  FillWindows(stack);
  TestWatch watch(stack.stub(), WatchEverything());
  ASSERT_EQ(watch.Next().update_case(), Update::kCreated);
  // Reads no more; its status waits behind the windows that are full.
  while (stack.counters().watch_slow_total.value() == 0) {
    ASSERT_FALSE(stack.service().WaitForWatches(absl::Milliseconds(10)));
  }

  const grpc::Status status = watch.Finish();

  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(ReasonOf(status), "SLOW_CONSUMER");
}

TEST(WatchReactorTest, CancelsAReaderThatNeverComesBack) {
  RpcStack stack(WithService({.watch_stall_timeout = absl::Milliseconds(200)}));
  FillWindows(stack);
  TestWatch watch(stack.stub(), WatchEverything());

  ASSERT_EQ(watch.Next().update_case(), Update::kCreated);

  EXPECT_TRUE(stack.service().WaitForWatches(absl::Seconds(60)));

  EXPECT_EQ(stack.counters().watch_slow_total.value(), 1u);
  EXPECT_EQ(watch.Finish().error_code(), grpc::StatusCode::CANCELLED);
}

TEST(WatchReactorTest, LosesNothingWhenManyReadersAndWritersMeet) {
  RpcStack stack;
  constexpr int kMessages = 100;
  std::vector<std::unique_ptr<TestWatch>> watches;
  for (int i = 0; i < 8; ++i) {
    watches.push_back(
        std::make_unique<TestWatch>(stack.stub(), WatchEverything()));
    ASSERT_EQ(watches.back()->Next().update_case(), Update::kCreated);
  }

  std::thread writer([&] { stack.AppendMessages(kMessages); });
  for (const auto& watch : watches) {
    int64_t last = 0;
    for (int i = 0; i < kMessages; ++i) {
      const v1::WatchStatusResponse next = watch->NextNews();
      ASSERT_TRUE(next.has_event());
      EXPECT_GT(next.event().sequence(), last);
      last = next.event().sequence();
    }
  }
  writer.join();
}

}  // namespace
}  // namespace sidwatch
