#include "server/admin/admin_server.h"

#include <httplib.h>

#include <atomic>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/collecting_log_sink.h"
#include "tests/fakes/status_matchers.h"

namespace sidwatch {
namespace {

using testing::HasSubstr;
using testing::Not;

// Of the store the admin port asks for figures alone.
class FiguresStore : public Store {
 public:
  absl::StatusOr<StoreStats> Stats() const override {
    if (broken) return absl::UnavailableError("the disk is gone");
    return StoreStats{.messages_open = 7};
  }

  absl::Status Commit(absl::Span<const Write* const>,
                      std::vector<absl::StatusOr<WriteResult>>&,
                      CommittedBatch&) override {
    return NotAsked();
  }
  void Maintain(bool) override {}
  absl::Status Writable() const override { return NotAsked(); }
  absl::StatusOr<LogPosition> Position() const override { return NotAsked(); }
  absl::StatusOr<EventPage> ReadAfter(int64_t, const Selection&,
                                      const ReadOptions&) const override {
    return NotAsked();
  }
  absl::StatusOr<SelectionState> ReadSelection(
      const Selection&) const override {
    return NotAsked();
  }
  absl::StatusOr<MessagePage> ListMessages(const MessageFilter&, Order, int64_t,
                                           size_t, size_t) const override {
    return NotAsked();
  }

  std::atomic<bool> broken = false;

 private:
  static absl::Status NotAsked() {
    return absl::UnimplementedError("not asked by the admin port");
  }
};

class AdminServerTest : public testing::Test {
 protected:
  AdminServerTest() {
    AdminServer::Options options = {
        .listen = "127.0.0.1:0",
        .version = "1.2.3",
        .live = {{"writer", [this] { return Loop(); }}},
        .ready = {{"store", [this] { return Disk(); }}}};
    server_ = *AdminServer::Start(options, store_, counters_, Logger(log_));
    client_ = std::make_unique<httplib::Client>("http://" + server_->address());
  }

  absl::Status Loop() const {
    return loop_turns_ ? absl::OkStatus()
                       : absl::InternalError("stuck for 10 s");
  }
  absl::Status Disk() const {
    return disk_good_ ? absl::OkStatus()
                      : absl::ResourceExhaustedError("below the floor");
  }

  // "STATUS BODY" of a GET.
  std::string Get(const std::string& path) {
    const httplib::Result result = client_->Get(path);
    if (!result) return "no answer";
    return absl::StrCat(result->status, " ", result->body);
  }

  std::atomic<bool> loop_turns_ = true;
  std::atomic<bool> disk_good_ = true;
  FiguresStore store_;
  Counters counters_;
  CollectingLogSink log_;
  std::unique_ptr<AdminServer> server_;
  std::unique_ptr<httplib::Client> client_;
};

TEST_F(AdminServerTest, AnswersEachProbeByItsOwnChecks) {
  EXPECT_EQ(Get("/livez"),
            "200 {\"ok\":true,\"checks\":{\"writer\":\"ok\"}}\n");
  EXPECT_EQ(Get("/readyz"),
            "200 {\"ok\":true,\"checks\":{\"store\":\"ok\"}}\n");
  EXPECT_EQ(Get("/startupz"), "200 {\"ok\":true,\"checks\":{}}\n");
}

TEST_F(AdminServerTest, IsAliveButNotReadyWhenTheStoreIsNot) {
  disk_good_ = false;

  EXPECT_EQ(Get("/readyz"),
            "503 {\"ok\":false,\"checks\":{\"store\":\"below the floor\"}}\n");
  EXPECT_THAT(Get("/livez"), HasSubstr("200 "));
}

TEST_F(AdminServerTest, IsNotAliveWhenALoopIsStuck) {
  loop_turns_ = false;

  EXPECT_EQ(Get("/livez"),
            "503 {\"ok\":false,\"checks\":{\"writer\":\"stuck for 10 s\"}}\n");
  EXPECT_THAT(Get("/readyz"), HasSubstr("200 "));
}

TEST_F(AdminServerTest, ServesMetrics) {
  counters_.events_duplicate_total.Add(3);

  const std::string text = Get("/metrics");

  EXPECT_THAT(text, HasSubstr("200 # HELP sidwatch_"));
  EXPECT_THAT(text, HasSubstr("\nsidwatch_events_duplicate_total 3\n"));
  EXPECT_THAT(text, HasSubstr("\nsidwatch_messages_open 7\n"));
}

TEST_F(AdminServerTest, ServesTheCountersThoughTheStoreIsGone) {
  store_.broken = true;

  const std::string text = Get("/metrics");

  EXPECT_THAT(text, HasSubstr("200 # HELP sidwatch_"));
  EXPECT_THAT(text, Not(HasSubstr("sidwatch_messages_open")));
}

TEST_F(AdminServerTest, SaysWhatFormatTheMetricsHave) {
  EXPECT_EQ(client_->Get("/metrics")->get_header_value("Content-Type"),
            "text/plain; version=0.0.4; charset=utf-8");
}

TEST_F(AdminServerTest, IgnoresTheQuery) {
  EXPECT_THAT(Get("/livez?verbose"), HasSubstr("200 "));
}

TEST_F(AdminServerTest, RefusesOtherPathsAndMethods) {
  EXPECT_EQ(Get("/"), "404 ");
  EXPECT_EQ(Get("/api/messages"), "404 ");
  EXPECT_EQ(Get("/metrics/"), "404 ");
  EXPECT_EQ(client_->Post("/metrics", "", "text/plain")->status, 405);
  EXPECT_EQ(client_->Delete("/readyz")->status, 405);
  EXPECT_EQ(client_->Head("/livez")->status, 405);
}

TEST_F(AdminServerTest, SaysThatItsPortIsInUse) {
  EXPECT_THAT(AdminServer::Start({.listen = server_->address()}, store_,
                                 counters_, Logger(log_)),
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr("in use")));
}

}  // namespace
}  // namespace sidwatch
