#include "client/status_watch.h"

#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/notification.h"
#include "base/mutex.h"
#include "client/tracking_client.h"
#include "gmock/gmock.h"
#include "tests/client/fake_tracking_server.h"
#include "tests/fakes/status_matchers.h"

namespace sidwatch {
namespace {

using testing::ElementsAre;

// A fake whose nth stream runs the nth script.
class StatusWatchTest : public testing::Test {
 protected:
  ~StatusWatchTest() override {
    if (!done_.HasBeenNotified()) done_.Notify();
  }

  using Script = std::function<grpc::Status(FakeTrackingServer::WatchWriter*)>;

  void Serve(std::vector<Script> scripts) {
    scripts_ = std::move(scripts);
    server_.on_watch = [this](const v1::WatchStatusRequest& request,
                              grpc::ServerContext*,
                              FakeTrackingServer::WatchWriter* writer) {
      return Next(request)(writer);
    };
    server_.Start();
  }

  std::unique_ptr<StatusWatch> Watch(
      v1::WatchStatusRequest request = {},
      absl::Duration silence_min = absl::Minutes(1)) {
    client_ = *TrackingClient::Make({.server = server_.target()});
    const RetryOptions retry = {.initial_backoff = absl::Milliseconds(1),
                                .max_backoff = absl::Milliseconds(5)};
    return client_->WatchStatus(
        std::move(request),
        {.retry = retry,
         .silence_min = silence_min,
         .on_interruption = [this](const absl::Status& why, absl::Duration) {
           interruptions_.push_back(std::string(why.message()));
         }});
  }

  // "created", "event 1", "ended" … until the watch is over.
  static std::vector<std::string> Drain(StatusWatch& watch) {
    std::vector<std::string> seen;
    v1::WatchStatusResponse response;
    while (watch.Next(&response)) {
      if (response.has_created()) seen.push_back("created");
      if (response.has_progress()) seen.push_back("progress");
      if (response.has_ended()) seen.push_back("ended");
      if (response.has_event()) {
        seen.push_back("event " + std::to_string(response.event().sequence()));
      }
    }
    return seen;
  }

  // The token each stream began with.
  std::vector<std::string> tokens() {
    MutexLock lock(mu_);
    return tokens_;
  }

  static v1::WatchStatusResponse Event(int sequence) {
    return EventResponse(
        MakeEvent(kTestSid, v1::MESSAGE_STATUS_SENT, sequence));
  }
  static grpc::Status Unavailable() {
    return {grpc::StatusCode::UNAVAILABLE, "connection reset"};
  }
  static grpc::Status EndWith(FakeTrackingServer::WatchWriter* writer) {
    writer->Write(Ended(v1::WATCH_END_REASON_ALL_FINAL, 9));
    return grpc::Status::OK;
  }

  std::vector<std::string> interruptions_;
  // What handlers that must not end yet wait for. Outlives the server.
  absl::Notification done_;
  FakeTrackingServer server_;

 private:
  Script Next(const v1::WatchStatusRequest& request) {
    MutexLock lock(mu_);
    tokens_.push_back(request.resume_token());
    const size_t index = std::min(tokens_.size(), scripts_.size()) - 1;
    return scripts_[index];
  }

  std::unique_ptr<TrackingClient> client_;
  std::vector<Script> scripts_;

  Mutex mu_;
  std::vector<std::string> tokens_ ABSL_GUARDED_BY(mu_);
};

TEST_F(StatusWatchTest, EndsOkWhenAllIsFinal) {
  Serve({[](auto* writer) {
    writer->Write(Created(0));
    writer->Write(Event(1));
    return EndWith(writer);
  }});
  const auto watch = Watch();

  EXPECT_THAT(Drain(*watch), ElementsAre("created", "event 1", "ended"));

  EXPECT_THAT(watch->status(), IsOk());
  EXPECT_EQ(watch->resume_token(), "t9");
}

TEST_F(StatusWatchTest, ResumesRightAfterTheLastResponse) {
  Serve({[](auto* writer) {
           writer->Write(Created(0));
           writer->Write(Event(1));
           writer->Write(Event(2));
           return Unavailable();
         },
         [](auto* writer) {
           writer->Write(Created(2));
           writer->Write(Event(3));
           return EndWith(writer);
         }});
  v1::WatchStatusRequest request;
  request.set_start(v1::WATCH_START_BEGINNING);
  const auto watch = Watch(request);

  EXPECT_THAT(Drain(*watch),
              ElementsAre("created", "event 1", "event 2", "event 3", "ended"));

  EXPECT_THAT(tokens(), ElementsAre("", "t2"));
  EXPECT_THAT(interruptions_, ElementsAre("connection reset"));
}

TEST_F(StatusWatchTest, ResumesWithoutAStartBesideItsToken) {
  std::vector<v1::WatchStart> starts;
  server_.on_watch = [&](const v1::WatchStatusRequest& request,
                         grpc::ServerContext*, auto* writer) {
    starts.push_back(request.start());
    writer->Write(Created(1));
    return starts.size() == 1 ? Unavailable() : EndWith(writer);
  };
  server_.Start();
  v1::WatchStatusRequest request;
  request.set_start(v1::WATCH_START_NOW);

  Drain(*Watch(request));

  EXPECT_THAT(starts,
              ElementsAre(v1::WATCH_START_NOW, v1::WATCH_START_UNSPECIFIED));
}

TEST_F(StatusWatchTest, HidesTheEndOfAStreamItGoesOnAfter) {
  Serve({[](auto* writer) {
           writer->Write(Created(0));
           writer->Write(Ended(v1::WATCH_END_REASON_DRAINING, 5));
           return ErrorWith(grpc::StatusCode::UNAVAILABLE, "draining",
                            {.reason = "DRAINING"});
         },
         EndWith});

  EXPECT_THAT(Drain(*Watch()), ElementsAre("created", "ended"));

  EXPECT_THAT(tokens(), ElementsAre("", "t5"));
}

TEST_F(StatusWatchTest, GivesUpWhenItsTokenIsTooOld) {
  Serve({[](auto* writer) {
           writer->Write(Created(0));
           return Unavailable();
         },
         [](auto*) {
           return ErrorWith(grpc::StatusCode::OUT_OF_RANGE, "too old",
                            {.reason = "TOKEN_EXPIRED"});
         }});
  const auto watch = Watch();

  Drain(*watch);

  EXPECT_THAT(watch->status(), HasReason("TOKEN_EXPIRED"));
}

TEST_F(StatusWatchTest, FailsLikeACallWhenItNeverBegan) {
  Serve({[](auto*) { return Unavailable(); }});
  const auto watch = Watch();

  EXPECT_THAT(Drain(*watch), ElementsAre());

  EXPECT_THAT(watch->status(), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(tokens().size(), 5);
  EXPECT_THAT(interruptions_, ElementsAre());
}

TEST_F(StatusWatchTest, OutlivesMoreFailuresOnceItHasBegun) {
  std::vector<Script> scripts = {[](auto* writer) {
    writer->Write(Created(0));
    writer->Write(Event(1));
    return Unavailable();
  }};
  for (int i = 0; i < 20; ++i) {
    scripts.push_back([](auto*) { return Unavailable(); });
  }
  scripts.push_back(EndWith);
  Serve(std::move(scripts));

  EXPECT_THAT(Drain(*Watch()), ElementsAre("created", "event 1", "ended"));
}

TEST_F(StatusWatchTest, OutlivesARestartOfTheServer) {
  Serve({[this](auto* writer) {
           writer->Write(Created(0));
           writer->Write(Event(1));
           done_.WaitForNotification();
           return grpc::Status(grpc::StatusCode::CANCELLED, "going down");
         },
         EndWith});
  const auto watch = Watch();
  v1::WatchStatusResponse response;
  ASSERT_TRUE(watch->Next(&response));
  ASSERT_TRUE(watch->Next(&response));

  std::thread restart([&] {
    done_.Notify();
    server_.Stop();
    server_.Start();
  });

  EXPECT_THAT(Drain(*watch), ElementsAre("ended"));
  restart.join();
  EXPECT_EQ(tokens().back(), "t1");
}

TEST_F(StatusWatchTest, BeginsASilentStreamAnew) {
  Serve({[this](auto* writer) {
           writer->Write(Created(4));
           done_.WaitForNotification();
           return grpc::Status::OK;
         },
         EndWith});

  EXPECT_THAT(Drain(*Watch({}, absl::Milliseconds(100))),
              ElementsAre("created", "ended"));

  EXPECT_THAT(tokens(), ElementsAre("", "t4"));
}

TEST_F(StatusWatchTest, EndsWhenCancelledFromAnotherThread) {
  Serve({[this](auto* writer) {
    writer->Write(Created(0));
    done_.WaitForNotification();
    return grpc::Status::OK;
  }});
  const auto watch = Watch();
  v1::WatchStatusResponse response;
  ASSERT_TRUE(watch->Next(&response));

  std::thread other([&] { watch->Cancel(); });

  EXPECT_FALSE(watch->Next(&response));
  other.join();
  EXPECT_THAT(watch->status(), StatusIs(absl::StatusCode::kCancelled));
}

TEST_F(StatusWatchTest, IsCancelledBeforeItBegins) {
  Serve({EndWith});
  const auto watch = Watch();
  watch->Cancel();

  EXPECT_THAT(Drain(*watch), ElementsAre());

  EXPECT_THAT(watch->status(), StatusIs(absl::StatusCode::kCancelled));
}

TEST_F(StatusWatchTest, HasAConnectionOfItsOwn) {
  server_.on_get = [](const auto&, auto*) { return grpc::Status::OK; };
  server_.on_watch = [](const auto&, auto*, auto* writer) {
    return EndWith(writer);
  };
  server_.Start();
  const auto client = *TrackingClient::Make({.server = server_.target()});

  ASSERT_THAT(client->GetMessage({}), IsOk());
  Drain(*client->WatchStatus({}));

  const std::vector<std::string> peers = server_.peers();
  ASSERT_EQ(peers.size(), 2);
  EXPECT_NE(peers[0], peers[1]);
}

}  // namespace
}  // namespace sidwatch
