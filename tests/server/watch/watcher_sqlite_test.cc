#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/counters.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/watch/watcher.h"
#include "storage/group_commit.h"
#include "storage/sqlite/sqlite_store.h"
#include "tests/fakes/collecting_log_sink.h"
#include "tests/fakes/status_matchers.h"
#include "tests/fakes/temporary_folder.h"
#include "tests/server/watch/watch_client.h"

// Watches over the real log: what FakeLog says of a Store, SQLite must do.

namespace sidwatch {
namespace {

using testing::ElementsAre;

constexpr char kAccount[] = "AC00000000000000000000000000000001";
// Commits wait for a disk; nothing here depends on how long.
constexpr absl::Duration kPatience = absl::Minutes(1);

// One run of the service's path from a commit to a watch.
class Service {
 public:
  Service(const std::string& path, FakeClock& clock, LogSink& sink)
      : store_(*SqliteStore::Open({.path = path, .disk_floor_bytes = 0}, clock,
                                  Logger(sink))),
        commit_(*store_, &tail_, clock, counters_, {}),
        timers_(clock),
        readers_("readers", 2, 100),
        context_{*store_, tail_, readers_, timers_, clock, 16 * 1024} {}

  WatchClient Open(WatchOptions options) {
    return WatchClient(context_, std::move(options));
  }

  void Append(int sid, const std::string& status,
              const std::string& reference = "") {
    AppendWrite write;
    write.event.message_sid = Sid(sid);
    write.event.account_sid = kAccount;
    write.event.status = StatusText::Parse(status);
    write.event.receive_time = absl::FromUnixSeconds(1'700'000'000);
    write.event.parameters = {{"MessageStatus", status}};
    write.reference = reference;
    ASSERT_THAT(commit_.Append(write, kPatience), IsOk());
  }
  // Its reference is its id.
  void Reserve(const std::string& request_id) {
    ReserveWrite write;
    write.reservation = {.request_id = request_id,
                         .account_sid = kAccount,
                         .digest = std::string(32, 'd'),
                         .reference = request_id,
                         .body_digest = std::string(32, 'b')};
    write.message = {.request_id = request_id,
                     .account_sid = kAccount,
                     .create_time = absl::FromUnixSeconds(1'700'000'000)};
    ASSERT_THAT(commit_.Reserve(write), IsOk());
  }
  void Settle(const std::string& request_id, SendOutcome outcome) {
    ASSERT_THAT(commit_.Settle({request_id, std::move(outcome)}), IsOk());
  }

 private:
  Counters counters_;
  std::unique_ptr<SqliteStore> store_;
  EventTail tail_;
  GroupCommit commit_;
  TimerQueue timers_;
  Executor readers_;
  WatchContext context_;
};

class WatcherSqliteTest : public testing::Test {
 protected:
  WatcherSqliteTest() { Restart(); }

  void Restart() {
    service_.reset();
    service_ =
        std::make_unique<Service>(folder_.File("watch.db"), clock_, sink_);
  }

  TemporaryFolder folder_;
  CollectingLogSink sink_;
  FakeClock clock_;
  std::unique_ptr<Service> service_;
};

TEST_F(WatcherSqliteTest, ALifeIsWatchedToItsEnd) {
  service_->Append(1, "queued");
  WatchClient client =
      service_->Open(From(WatchStart::kSnapshot, Sids({1, 2})));
  EXPECT_THAT(client.Take(3), ElementsAre("created unknown=2",
                                          "message 1 queued", "snapshot_done"));

  service_->Append(2, "failed");
  service_->Append(1, "delivered");
  service_->Append(1, "sent");

  EXPECT_THAT(client.Take(4),
              ElementsAre("event 2 2 failed", "event 3 1 delivered",
                          "ended ALL_FINAL", "OK"));
}

TEST_F(WatcherSqliteTest, TokensSurviveARestart) {
  std::string token;
  {
    WatchClient client =
        service_->Open(From(WatchStart::kBeginning, MessageFilter{}));
    EXPECT_THAT(client.Take(2), ElementsAre("created", "progress"));
    service_->Append(1, "queued");
    EXPECT_EQ(client.Take(), "event 1 1 queued");
    token = client.token();
    service_->Append(1, "sent");
    client.watcher().Close();
  }

  Restart();
  service_->Append(1, "delivered");
  WatchClient client = service_->Open(Resume(token, MessageFilter{}));

  EXPECT_THAT(client.Take(4), ElementsAre("created", "event 2 1 sent",
                                          "event 3 1 delivered", "progress"));
}

TEST_F(WatcherSqliteTest, ATokenOfAnotherFileIsRefused) {
  std::string token;
  {
    WatchClient client =
        service_->Open(From(WatchStart::kNow, MessageFilter{}));
    client.Take();
    token = client.token();
  }
  Service other(folder_.File("other.db"), clock_, sink_);

  WatchClient client = other.Open(Resume(token, MessageFilter{}));

  EXPECT_EQ(client.Take(), "FAILED_PRECONDITION STORE_CHANGED");
}

TEST_F(WatcherSqliteTest, RequestsAreFollowedHoweverTheyEnd) {
  for (const char* id : {"sent", "refused", "given-up", "by-callback"}) {
    service_->Reserve(id);
  }
  WatchClient client = service_->Open(
      From(WatchStart::kSnapshot,
           Requests({"sent", "refused", "given-up", "by-callback", "later"})));
  EXPECT_THAT(client.Take(6),
              ElementsAre("created unknown=later", "message sent send_unknown",
                          "message refused send_unknown",
                          "message given-up send_unknown",
                          "message by-callback send_unknown", "snapshot_done"));

  StatusEvent queued;
  queued.message_sid = Sid(1);
  queued.account_sid = kAccount;
  queued.status = StatusText::Parse("queued");
  queued.source = EventSource::kSendReply;
  queued.receive_time = absl::FromUnixSeconds(1'700'000'000);
  service_->Settle("sent", SendCreated{.event = queued});
  service_->Settle("refused", Refusal{.message = "no such number"});
  service_->Settle("given-up", SendUnknown{});
  service_->Settle("given-up", SendGivenUp{});
  service_->Append(2, "delivered", "by-callback");
  service_->Append(1, "delivered");
  service_->Reserve("later");
  service_->Append(3, "failed", "later");

  EXPECT_THAT(client.Take(8),
              ElementsAre("event 1 1 queued", "message refused refused",
                          "message given-up not_sent", "event 2 2 delivered",
                          "event 3 1 delivered", "event 4 3 failed",
                          "ended ALL_FINAL", "OK"));
}

TEST_F(WatcherSqliteTest, ParametersAreReadFromTheLog) {
  WatchOptions options = From(WatchStart::kNow, Sids({1}));
  options.include_parameters = true;
  WatchClient client = service_->Open(options);
  EXPECT_THAT(client.Take(2), ElementsAre("created unknown=1", "progress"));

  service_->Append(1, "queued");

  EXPECT_EQ(client.Take(), "event 1 1 queued");
  EXPECT_THAT(client.event()->parameters,
              testing::Contains(testing::Pair("MessageStatus", "queued")));
}

// Writers, and watches of every kind at their own pace, all at once.
TEST_F(WatcherSqliteTest, ManyWritersAndWatchesAgreeOnTheLog) {
  constexpr int kWriters = 3;
  constexpr int kEvents = 150;
  std::vector<std::thread> writers;
  for (int w = 0; w < kWriters; ++w) {
    writers.emplace_back([this, w] {
      for (int i = 0; i < kEvents; ++i) {
        service_->Append(w + 1, absl::StrCat("s", i));
      }
    });
  }
  WatchClient everything =
      service_->Open(From(WatchStart::kBeginning, MessageFilter{}));
  WatchClient one = service_->Open(From(WatchStart::kBeginning, Sids({2})));

  std::vector<std::string> all;
  while (all.size() < kWriters * kEvents) {
    std::string taken = everything.Take();
    if (taken != "created" && taken != "progress") all.push_back(taken);
  }
  std::vector<std::string> of_one;
  while (of_one.size() < kEvents) {
    const std::string taken = one.Take();
    if (taken == "created" || taken == "created unknown=2") continue;
    if (taken != "progress") of_one.push_back(taken);
  }
  for (std::thread& writer : writers) writer.join();

  for (size_t i = 0; i < all.size(); ++i) {
    ASSERT_THAT(all[i],
                testing::StartsWith(absl::StrCat("event ", i + 1, " ")));
  }
  for (size_t i = 0; i < of_one.size(); ++i) {
    ASSERT_THAT(of_one[i], testing::EndsWith(absl::StrCat(" 2 s", i)));
  }
}

}  // namespace
}  // namespace sidwatch
