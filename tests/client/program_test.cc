// The built program against a fake server: exit statuses, what goes to which
// stream, and signals.

#include <signal.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "tests/client/child_program.h"
#include "tests/client/fake_tracking_server.h"

namespace sidwatch {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

constexpr char kProgram[] = SIDWATCH_BIN "/sidwatch";

struct Result {
  int exit_status = 0;
  std::string out;
  std::string err;
};

class ProgramTest : public testing::Test {
 protected:
  ProgramTest() {
    server_.on_send = [](const v1::SendTrackedRequest& request,
                         v1::SendTrackedResponse* response) {
      *response->mutable_message() =
          MakeMessage(kTestSid, v1::MESSAGE_STATUS_QUEUED);
      response->mutable_message()->set_request_id(request.request_id());
      return grpc::Status::OK;
    };
    server_.Start();
  }
  ~ProgramTest() override {
    if (!client_is_gone_.HasBeenNotified()) client_is_gone_.Notify();
  }

  // The words of `line`, run against the fake.
  Result Run(const std::string& line,
             std::vector<std::string> environment = {}) {
    environment.push_back("SIDWATCH_SERVER=" + server_.target());
    ChildProgram program(kProgram, absl::StrSplit(line, ' '), environment);
    Result result;
    result.exit_status = program.Wait();
    result.out = program.out();
    result.err = program.err();
    return result;
  }

  // A watch shows `statuses`, one after another, and ends.
  void ServeLife(std::vector<v1::MessageStatus> statuses) {
    server_.on_watch = [statuses](const v1::WatchStatusRequest&,
                                  grpc::ServerContext*,
                                  FakeTrackingServer::WatchWriter* writer) {
      int64_t sequence = 0;
      writer->Write(Created(0));
      for (const v1::MessageStatus status : statuses) {
        writer->Write(EventResponse(MakeEvent(kTestSid, status, ++sequence)));
      }
      writer->Write(Ended(v1::WATCH_END_REASON_ALL_FINAL, 99));
      return grpc::Status::OK;
    };
  }

  void RefuseSend(grpc::StatusCode code, const std::string& message,
                  const ErrorDetail& detail) {
    server_.on_send = [=](const v1::SendTrackedRequest&,
                          v1::SendTrackedResponse*) {
      return ErrorWith(code, message, detail);
    };
  }

  // What handlers that must not end yet wait for. Outlives the server.
  absl::Notification client_is_gone_;
  FakeTrackingServer server_;
};

constexpr char kSend[] = "send --to +1555 --from +1666 --body hello";

TEST_F(ProgramTest, PrintsTheMessageItSent) {
  const Result result = Run(kSend);

  EXPECT_EQ(result.exit_status, 0);
  EXPECT_THAT(result.out, HasSubstr(kTestSid));
  EXPECT_THAT(result.out, HasSubstr("queued"));
  EXPECT_THAT(result.err, IsEmpty());
}

TEST_F(ProgramTest, PrintsJsonOneObjectALine) {
  ServeLife({v1::MESSAGE_STATUS_QUEUED, v1::MESSAGE_STATUS_DELIVERED});

  const Result result = Run(absl::StrCat(kSend, " --watch --output json"));

  const std::vector<std::string> lines =
      absl::StrSplit(result.out, '\n', absl::SkipEmpty());
  EXPECT_EQ(result.exit_status, 0);
  ASSERT_EQ(lines.size(), 3);
  EXPECT_THAT(lines[0], StartsWith("{\"message_sid\":\"SM"));
  EXPECT_THAT(lines[2], HasSubstr("\"status\":\"MESSAGE_STATUS_DELIVERED\""));
}

TEST_F(ProgramTest, ShowsTheLifeUpToDelivered) {
  ServeLife({v1::MESSAGE_STATUS_QUEUED, v1::MESSAGE_STATUS_SENT,
             v1::MESSAGE_STATUS_DELIVERED});

  const Result result = Run(absl::StrCat(kSend, " --watch"));

  EXPECT_EQ(result.exit_status, 0);
  EXPECT_THAT(result.out, HasSubstr("  to +15552223333"));
  EXPECT_THAT(result.out, HasSubstr("+1.00s  delivered\n"));
}

TEST_F(ProgramTest, EndsWithFiveAndWhyWhenNotDelivered) {
  ServeLife({v1::MESSAGE_STATUS_QUEUED, v1::MESSAGE_STATUS_UNDELIVERED});
  server_.on_get = [](const v1::GetMessageRequest&,
                      v1::GetMessageResponse* response) {
    response->set_explanation("The handset is off.");
    return grpc::Status::OK;
  };

  const Result result = Run(absl::StrCat(kSend, " --watch"));

  EXPECT_EQ(result.exit_status, 5);
  EXPECT_THAT(result.out, HasSubstr("undelivered\n"));
  EXPECT_THAT(result.out, HasSubstr("The handset is off.\n"));
}

TEST_F(ProgramTest, EndsAWatchUntilFinalWithFiveOnlyWhenAsked) {
  ServeLife({v1::MESSAGE_STATUS_FAILED});

  EXPECT_EQ(Run(absl::StrCat("watch ", kTestSid)).exit_status, 0);
  EXPECT_EQ(Run(absl::StrCat("watch --until-final ", kTestSid)).exit_status, 5);
}

TEST_F(ProgramTest, EndsAWatchByLabelOnceAllItSawAreFinal) {
  server_.on_watch = [&](const v1::WatchStatusRequest&, grpc::ServerContext*,
                         FakeTrackingServer::WatchWriter* writer) {
    v1::WatchStatusResponse response;
    writer->Write(Created(0));
    *response.mutable_snapshot_message() =
        MakeMessage(kTestSid, v1::MESSAGE_STATUS_DELIVERED);
    writer->Write(response);
    response.mutable_snapshot_done();
    writer->Write(response);
    client_is_gone_.WaitForNotification();
    return grpc::Status::OK;
  };

  const Result result = Run("watch --label k=v --until-final");

  EXPECT_EQ(result.exit_status, 0) << result.err;
}

TEST_F(ProgramTest, GoesOnWatchingAfterTheStreamBroke) {
  std::atomic<int> streams{0};
  server_.on_watch = [&](const v1::WatchStatusRequest& request,
                         grpc::ServerContext*,
                         FakeTrackingServer::WatchWriter* writer) {
    writer->Write(Created(0));
    if (++streams == 1) {
      writer->Write(
          EventResponse(MakeEvent(kTestSid, v1::MESSAGE_STATUS_SENT, 1)));
      return grpc::Status(grpc::StatusCode::UNAVAILABLE, "restarting");
    }
    EXPECT_EQ(request.resume_token(), "t1");
    writer->Write(
        EventResponse(MakeEvent(kTestSid, v1::MESSAGE_STATUS_DELIVERED, 2)));
    writer->Write(Ended(v1::WATCH_END_REASON_ALL_FINAL, 3));
    return grpc::Status::OK;
  };

  const Result result = Run(absl::StrCat("watch ", kTestSid));

  EXPECT_EQ(result.exit_status, 0);
  EXPECT_EQ(result.out,
            "2023-11-14T22:13:21.000Z            sent\n"
            "2023-11-14T22:13:22.000Z    +1.00s  delivered\n");
  EXPECT_THAT(result.err, HasSubstr("the watch broke off"));
}

TEST_F(ProgramTest, EndsWith130OnCtrlC) {
  server_.on_watch = [&](const v1::WatchStatusRequest&, grpc::ServerContext*,
                         FakeTrackingServer::WatchWriter* writer) {
    writer->Write(Created(0));
    writer->Write(
        EventResponse(MakeEvent(kTestSid, v1::MESSAGE_STATUS_SENT, 1)));
    client_is_gone_.WaitForNotification();
    return grpc::Status::OK;
  };
  ChildProgram program(kProgram, {"watch", "--all"},
                       {"SIDWATCH_SERVER=" + server_.target()});
  ASSERT_TRUE(program.ReadUntil("sent\n"));

  program.Signal(SIGINT);

  EXPECT_EQ(program.Wait(), 130);
}

TEST_F(ProgramTest, EndsWithOneWhenItsOutputCannotBeWritten) {
  server_.on_watch = [&](const v1::WatchStatusRequest&, grpc::ServerContext*,
                         FakeTrackingServer::WatchWriter* writer) {
    writer->Write(Created(0));
    writer->Write(
        EventResponse(MakeEvent(kTestSid, v1::MESSAGE_STATUS_SENT, 1)));
    client_is_gone_.WaitForNotification();
    return grpc::Status::OK;
  };
  for (const char* command : {"watch --all", "health", "--help"}) {
    ChildProgram program(
        "/bin/sh",
        {"-c", absl::StrCat("exec ", kProgram, " ", command, " >/dev/full")},
        {"SIDWATCH_SERVER=" + server_.target()});

    EXPECT_EQ(program.Wait(), 1) << command;
    EXPECT_THAT(program.err(), HasSubstr("the output cannot be written"));
  }
}

TEST_F(ProgramTest, EndsWithOneWhenRefusedAndNamesTheField) {
  RefuseSend(
      grpc::StatusCode::INVALID_ARGUMENT, "to: is no phone number",
      {.reason = "FIELD_INVALID", .fields = {{"to", "is no phone number"}}});

  const Result result = Run(kSend);

  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.out, IsEmpty());
  EXPECT_EQ(result.err, "sidwatch: to: is no phone number\n");
}

TEST_F(ProgramTest, EndsWithThreeWhenTheServerIsAway) {
  server_.Stop();

  for (const char* line : {kSend, "health", "list", "watch --all",
                           "get SM0123456789abcdef0123456789abcdef"}) {
    const Result result = Run(line);

    EXPECT_EQ(result.exit_status, 3) << line;
    EXPECT_THAT(result.err, HasSubstr("Connection refused\nIs sidwatchd"))
        << line;
  }
}

TEST_F(ProgramTest, EndsWithFourWhenTheOutcomeIsUnknown) {
  RefuseSend(grpc::StatusCode::UNAVAILABLE, "no reply",
             {.reason = "SEND_OUTCOME_UNKNOWN"});

  const Result result = Run(absl::StrCat(kSend, " --request-id order-7"));

  EXPECT_EQ(result.exit_status, 4);
  EXPECT_THAT(result.err, HasSubstr("sidwatch get --request-id order-7"));
}

TEST_F(ProgramTest, EndsWithTwoOnWrongUse) {
  for (const char* line :
       {"", "frobnicate", "get SM1", "watch", "send --to +1",
        "health --tls-ca /nonexistent/ca.pem", "list --status nope",
        "health --token-file /nonexistent/token", "health --server="}) {
    const Result result = Run(line);

    EXPECT_EQ(result.exit_status, 2) << line;
    EXPECT_THAT(result.out, IsEmpty()) << line;
    EXPECT_THAT(result.err, StartsWith("sidwatch: ")) << line;
  }
}

TEST_F(ProgramTest, EndsWithOneWhenTheMessageIsUnknown) {
  server_.on_get = [](const v1::GetMessageRequest&, v1::GetMessageResponse*) {
    return ErrorWith(grpc::StatusCode::NOT_FOUND, "no such message",
                     {.reason = "MESSAGE_UNKNOWN"});
  };

  EXPECT_EQ(Run(absl::StrCat("get ", kTestSid)).exit_status, 1);
  EXPECT_EQ(Run(absl::StrCat("history ", kTestSid)).exit_status, 1);
}

TEST_F(ProgramTest, ListsPageByPageUpToTheLimit) {
  server_.on_list = [](const v1::ListMessagesRequest& request,
                       v1::ListMessagesResponse* response) {
    for (int i = 0; i < std::min(2, request.page_size()); ++i) {
      *response->add_messages() =
          MakeMessage(kTestSid, v1::MESSAGE_STATUS_SENT);
    }
    response->set_next_page_token("more");
    return grpc::Status::OK;
  };

  const Result result = Run("list --limit 3 --output json");

  EXPECT_EQ(result.exit_status, 0);
  EXPECT_EQ(std::count(result.out.begin(), result.out.end(), '\n'), 3);
}

TEST_F(ProgramTest, ShowsTheHistoryOfAMessage) {
  server_.on_get = [](const v1::GetMessageRequest& request,
                      v1::GetMessageResponse* response) {
    EXPECT_TRUE(request.include_events());
    *response->add_events() = MakeEvent(kTestSid, v1::MESSAGE_STATUS_SENT, 1);
    *response->add_events() =
        MakeEvent(kTestSid, v1::MESSAGE_STATUS_DELIVERED, 2);
    return grpc::Status::OK;
  };

  EXPECT_EQ(Run(absl::StrCat("history ", kTestSid)).out,
            "2023-11-14T22:13:21.000Z            sent\n"
            "2023-11-14T22:13:22.000Z    +1.00s  delivered\n");
}

TEST_F(ProgramTest, TellsWhetherTheServerServes) {
  EXPECT_EQ(Run("health").exit_status, 0);

  server_.serving = [](const std::string& name) { return name.empty(); };
  const Result result = Run("health --output csv");

  EXPECT_EQ(result.exit_status, 1);
  EXPECT_EQ(result.out,
            "service,status\n,SERVING\n"
            "sidwatch.v1.TrackingService,NOT_SERVING\n");
}

TEST_F(ProgramTest, SendsTheTokenOfTheEnvironment) {
  Run(kSend, {"SIDWATCH_TOKEN=secret"});

  EXPECT_THAT(server_.authorizations(), testing::ElementsAre("Bearer secret"));
}

TEST_F(ProgramTest, LetsNoControlCharacterOfOthersThrough) {
  server_.on_get = [](const v1::GetMessageRequest&,
                      v1::GetMessageResponse* response) {
    response->mutable_message()->set_body("\x1b[2J");
    return grpc::Status::OK;
  };

  const Result result = Run(absl::StrCat("get ", kTestSid));

  EXPECT_THAT(result.out, HasSubstr("\\x1b[2J"));
  EXPECT_THAT(result.out, Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace sidwatch
