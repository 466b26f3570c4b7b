#include "server/webhook/webhook_server.h"

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/notification.h"
#include "base/mutex.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/webhook/form_parameters.h"
#include "server/webhook/request_validator.h"
#include "tests/fakes/collecting_log_sink.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/status_matchers.h"
#include "tests/server/webhook/raw_client.h"

namespace sidwatch {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Key;
using ::testing::Not;
using ::testing::Pair;
using ::testing::SizeIs;

constexpr char kSid[] = "SM1342fe1b2c904d1ab04f0fc7a58abca9";
constexpr char kAccount[] = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
constexpr char kToken[] = "5f0c1a7d2b9e4c86a3f1d0e9b8c7a6f5";
constexpr char kUrl[] = "https://sms.example.com";
constexpr char kFormType[] =
    "Content-Type: application/x-www-form-urlencoded; charset=UTF-8\r\n";

Parameters Form(absl::string_view status = "delivered") {
  return {{"MessageSid", kSid},
          {"MessageStatus", std::string(status)},
          {"AccountSid", kAccount},
          {"To", "+15558675310"}};
}

std::string SignatureHeader(absl::string_view url, const Parameters& form,
                            absl::string_view token = kToken) {
  return absl::StrCat("X-Twilio-Signature: ", SignatureOf(token, url, form),
                      "\r\n");
}

// A request with `headers` before the length.
std::string Post(absl::string_view target, absl::string_view headers,
                 absl::string_view body) {
  return absl::StrCat("POST ", target, " HTTP/1.1\r\nHost: x\r\n", headers,
                      "Content-Length: ", body.size(), "\r\n\r\n", body);
}

// A status callback as Twilio would make it.
std::string SignedPost(const Parameters& form,
                       absl::string_view target = "/twilio/status",
                       absl::string_view token = kToken) {
  return Post(
      target,
      absl::StrCat(kFormType,
                   SignatureHeader(absl::StrCat(kUrl, target), form, token)),
      WriteForm(form));
}

std::string SignedGet(absl::string_view target) {
  return absl::StrCat("GET ", target, " HTTP/1.1\r\n",
                      SignatureHeader(absl::StrCat(kUrl, target), {}), "\r\n");
}

class WebhookServerTest : public testing::Test {
 protected:
  void Start(WebhookServer::Options options = {}) {
    if (options.public_url.empty()) options.public_url = kUrl;
    options.account_sid = kAccount;
    if (options.auth_tokens.empty()) options.auth_tokens = {kToken};
    auto server = WebhookServer::Start(
        std::move(options),
        [this](AppendWrite write, absl::Duration wait) {
          return Append(std::move(write), wait);
        },
        clock_, Logger(sink_), counters_);
    ASSERT_THAT(server, IsOk());
    server_ = *std::move(server);
  }

  absl::StatusOr<AppendResult> Append(AppendWrite write, absl::Duration wait) {
    MutexLock lock(mu_);
    waits_.push_back(wait);
    if (!error_.ok()) return error_;
    appended_.push_back(std::move(write));
    return AppendResult{.sequence = 1, .duplicate = duplicate_};
  }

  RawAnswer Exchange(absl::string_view bytes) {
    RawClient client(server_->address());
    return client.Exchange(bytes).value_or(RawAnswer());
  }

  std::vector<AppendWrite> appended() {
    MutexLock lock(mu_);
    return appended_;
  }

  FakeClock clock_;
  CollectingLogSink sink_;
  Counters counters_;
  Mutex mu_;
  absl::Status error_ ABSL_GUARDED_BY(mu_);
  bool duplicate_ ABSL_GUARDED_BY(mu_) = false;
  std::vector<AppendWrite> appended_ ABSL_GUARDED_BY(mu_);
  std::vector<absl::Duration> waits_ ABSL_GUARDED_BY(mu_);
  std::unique_ptr<WebhookServer> server_;
};

TEST_F(WebhookServerTest, StoresASignedCallbackBeforeItAnswers) {
  Start();

  const RawAnswer answer =
      Exchange(SignedPost(Form(), "/twilio/status?ref=abc"));

  EXPECT_EQ(answer.status, 204);
  EXPECT_EQ(answer.body, "");
  ASSERT_THAT(appended(), SizeIs(1));
  const AppendWrite write = appended()[0];
  EXPECT_EQ(write.event.message_sid.ToString(), kSid);
  EXPECT_EQ(write.event.account_sid, kAccount);
  EXPECT_EQ(write.event.receive_time, clock_.Now());
  EXPECT_EQ(write.event.parameters, Form());
  EXPECT_EQ(write.reference, "abc");
  EXPECT_THAT(counters_.webhook_requests_total.values(),
              ElementsAre(Pair(ElementsAre("status", "stored"), 1)));
  EXPECT_EQ(counters_.webhook_duration_seconds.snapshot().count, 1);
}

TEST_F(WebhookServerTest, TakesACallbackByGetFromItsQuery) {
  Start();

  const RawAnswer answer = Exchange(SignedGet(
      absl::StrCat("/twilio/status?ref=abc&", WriteForm(Form("read")))));

  EXPECT_EQ(answer.status, 204);
  ASSERT_THAT(appended(), SizeIs(1));
  EXPECT_EQ(appended()[0].event.parameters, Form("read"));
  EXPECT_EQ(appended()[0].reference, "abc");
}

// The table of CONTRACT 6, each case with the faults of all later ones.
TEST_F(WebhookServerTest, AnswersInTheOrderOfTheContract) {
  struct Row {
    const char* name;
    std::string bytes;
    int status;
  };
  const std::string body = WriteForm(Form());
  const std::string good =
      SignatureHeader("https://sms.example.com/twilio/status", Form());
  const std::string wrong =
      "X-Twilio-Signature: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n";
  const std::string big(70000, 'x');
  Parameters foreign = Form();
  foreign[2].second[2] = 'b';
  const Parameters no_account = {Form()[0], Form()[1]};
  const Parameters no_status = {Form()[0], Form()[2]};
  Parameters bad_sid = Form();
  bad_sid[0].second = "SM12";
  const Parameters nul = {
      Form()[0], Form()[1], Form()[2], {"x", std::string(1, '\0')}};
  const std::vector<Row> rows = {
      {"header too large, other path",
       "POST /no HTTP/1.1\r\nA: " + std::string(9000, 'a') + "\r\n\r\n", 431},
      {"two lengths, other path",
       "POST /no HTTP/1.1\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n",
       400},
      {"other path and method, too large",
       "PUT /no HTTP/1.1\r\nContent-Length: 99999\r\n\r\n", 404},
      {"no decoding of paths", Post("/twilio/statu%73", kFormType + good, body),
       404},
      {"no trailing slash", Post("/twilio/status/", kFormType + good, body),
       404},
      {"no double slash", Post("//twilio/status", kFormType + good, body), 404},
      {"absolute form",
       Post("https://sms.example.com/twilio/status", kFormType + good, body),
       404},
      {"inbound comes later", SignedPost(Form(), "/twilio/inbound"), 404},
      {"events come later", SignedPost(Form(), "/twilio/events"), 404},
      {"HEAD", "HEAD /twilio/status HTTP/1.1\r\n\r\n", 405},
      {"PUT, too large",
       "PUT /twilio/status HTTP/1.1\r\nContent-Length: 99999\r\n\r\n", 405},
      {"unknown method", "BREW /twilio/status HTTP/1.1\r\n\r\n", 405},
      {"too large, unsigned", Post("/twilio/status", "", big), 413},
      {"no content type", Post("/twilio/status", good, body), 403},
      {"multipart",
       Post("/twilio/status",
            "Content-Type: multipart/form-data; boundary=x\r\n" + good, body),
       403},
      {"JSON",
       Post("/twilio/status", "Content-Type: application/json\r\n" + good,
            "{}"),
       403},
      {"two content types",
       Post("/twilio/status", absl::StrCat(kFormType, kFormType, good), body),
       403},
      {"gzip",
       Post("/twilio/status",
            absl::StrCat(kFormType, "Content-Encoding: gzip\r\n", good), body),
       403},
      {"GET with a body",
       absl::StrCat("GET /twilio/status HTTP/1.1\r\nContent-Length: 1\r\n",
                    good, "\r\nx"),
       403},
      {"no signature", Post("/twilio/status", kFormType, body), 403},
      {"empty signature",
       Post("/twilio/status",
            absl::StrCat(kFormType, "X-Twilio-Signature:\r\n"), body),
       403},
      {"wrong signature, no callback",
       Post("/twilio/status", kFormType + wrong, ""), 403},
      {"signature twice", Post("/twilio/status", kFormType + good + good, body),
       403},
      {"wrong and right signature",
       Post("/twilio/status", kFormType + wrong + good, body), 403},
      {"signed by another token", SignedPost(Form(), "/twilio/status", "12345"),
       403},
      {"AccountSid missing, no callback", SignedPost({}), 403},
      {"AccountSid missing", SignedPost(no_account), 403},
      {"AccountSid not ours", SignedPost(foreign), 403},
      {"AccountSid in the query of a POST",
       SignedPost(no_account,
                  absl::StrCat("/twilio/status?AccountSid=", kAccount)),
       403},
      {"no status", SignedPost(no_status), 400},
      {"malformed SID", SignedPost(bad_sid), 400},
      {"NUL", SignedPost(nul), 400},
      {"unknown status", SignedPost(Form("melted")), 204},
  };
  Start();

  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    const size_t before = appended().size();
    const RawAnswer answer = Exchange(row.bytes);
    EXPECT_EQ(answer.status, row.status);
    EXPECT_THAT(appended(), SizeIs(before + (row.status == 204 ? 1 : 0)));
  }
}

TEST_F(WebhookServerTest, RefusesEveryForgeryWithTheSameBytes) {
  Start();
  Parameters foreign = Form();
  foreign[2].second[2] = 'b';
  const std::string body = WriteForm(Form());

  std::vector<std::map<std::string, std::string>> headers;
  for (const std::string& bytes :
       {Post("/twilio/status", kFormType, body),
        Post("/twilio/status", "", body), SignedPost(foreign)}) {
    RawAnswer answer = Exchange(bytes);
    EXPECT_EQ(answer.body, "");
    answer.headers.erase("date");
    headers.push_back(answer.headers);
  }

  EXPECT_THAT(headers, Each(headers[0]));
  EXPECT_THAT(counters_.signature_failures_total.values(),
              ElementsAre(Pair(ElementsAre("account"), 1),
                          Pair(ElementsAre("content"), 1),
                          Pair(ElementsAre("missing"), 1)));
}

TEST_F(WebhookServerTest, AnswersSignedNonsenseWithWhatIsWrong) {
  Start();

  const RawAnswer answer = Exchange(SignedPost({Form()[0], Form()[2]}));

  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.body, HasSubstr("MessageStatus is missing"));
  EXPECT_THAT(sink_.lines(), ElementsAre(HasSubstr("MessageStatus")));
}

TEST_F(WebhookServerTest, Answers503WhenNothingIsStored) {
  for (const absl::Status& error :
       {absl::UnavailableError("store down"),
        absl::ResourceExhaustedError("commit-queue is full"),
        absl::DeadlineExceededError("not committed"),
        absl::DataLossError("sync failed"), absl::InternalError("?")}) {
    SCOPED_TRACE(error);
    server_.reset();
    {
      MutexLock lock(mu_);
      error_ = error;
    }
    Start();
    RawClient client(server_->address());
    const auto answer = client.Exchange(SignedPost(Form()));
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->status, 503);
    EXPECT_THAT(answer->headers, Contains(Pair("connection", "close")));
    EXPECT_THAT(answer->headers, Contains(Key("retry-after")));
    EXPECT_TRUE(client.WaitClosed());
  }
}

TEST_F(WebhookServerTest, CountsTheWaitForAWorkerAsPartOfTheThreeSeconds) {
  Start();
  EXPECT_EQ(Exchange(SignedPost(Form())).status, 204);
  server_.reset();
  Start({.commit_wait = absl::Nanoseconds(1)});
  EXPECT_EQ(Exchange(SignedPost(Form())).status, 503);

  MutexLock lock(mu_);
  ASSERT_THAT(waits_, SizeIs(1));
  EXPECT_LT(waits_[0], absl::Seconds(3));
  EXPECT_GT(waits_[0], absl::ZeroDuration());
}

TEST_F(WebhookServerTest, AnswersARepeatLikeTheFirstAndCountsIt) {
  {
    MutexLock lock(mu_);
    duplicate_ = true;
  }
  Start();

  EXPECT_EQ(Exchange(SignedPost(Form())).status, 204);

  EXPECT_THAT(counters_.webhook_requests_total.values(),
              ElementsAre(Pair(ElementsAre("status", "repeat"), 1)));
}

TEST_F(WebhookServerTest, CountsWhatTheGuardRefuses) {
  Start();

  Exchange("GET /no HTTP/1.1\r\n\r\n");
  Exchange("PUT /twilio/status HTTP/1.1\r\n\r\n");
  Exchange("nonsense\r\n\r\n");

  EXPECT_THAT(counters_.webhook_requests_total.values(),
              ElementsAre(Pair(ElementsAre("none", "malformed_http"), 1),
                          Pair(ElementsAre("none", "unknown_path"), 1),
                          Pair(ElementsAre("none", "wrong_method"), 1)));
}

TEST_F(WebhookServerTest, TakesBothKindsOfIngress) {
  Start({.public_url = "https://sms.example.com/hooks"});
  const std::string headers = absl::StrCat(
      kFormType,
      SignatureHeader("https://sms.example.com/hooks/twilio/status", Form()));

  EXPECT_EQ(Exchange(Post("/twilio/status", headers, WriteForm(Form()))).status,
            204);
  EXPECT_EQ(
      Exchange(Post("/hooks/twilio/status", headers, WriteForm(Form()))).status,
      204);
}

TEST_F(WebhookServerTest, NeverBelievesForwardingHeaders) {
  Start();
  const std::string headers = absl::StrCat(
      kFormType, "Host: evil.example\r\nX-Forwarded-Host: evil.example\r\n",
      "X-Forwarded-Proto: http\r\n",
      SignatureHeader("http://evil.example/twilio/status", Form()));

  EXPECT_EQ(Exchange(absl::StrCat("POST /twilio/status HTTP/1.1\r\n", headers,
                                  "Content-Length: ", WriteForm(Form()).size(),
                                  "\r\n\r\n", WriteForm(Form())))
                .status,
            403);
}

TEST_F(WebhookServerTest, TakesFormsOfEmojiBeyondEightKilobytes) {
  Start({.store_body = true});
  Parameters form = Form();
  std::string text;
  for (int i = 0; i < 1600; ++i) text += "\xf0\x9f\x98\x80";
  form.emplace_back("Body", text);

  EXPECT_EQ(Exchange(SignedPost(form)).status, 204);

  ASSERT_THAT(appended(), SizeIs(1));
  EXPECT_EQ(appended()[0].body, text);
}

TEST_F(WebhookServerTest, TakesChunkedCallbacks) {
  Start();
  const std::string body = WriteForm(Form());

  const RawAnswer answer = Exchange(absl::StrCat(
      "POST /twilio/status HTTP/1.1\r\nTransfer-Encoding: chunked\r\n",
      kFormType,
      SignatureHeader("https://sms.example.com/twilio/status", Form()), "\r\n",
      absl::Hex(body.size()), "\r\n", body, "\r\n0\r\n\r\n"));

  EXPECT_EQ(answer.status, 204);
}

TEST_F(WebhookServerTest, VerifiesWithEitherTokenAndSwapsThem) {
  Start({.auth_tokens = {"old", "new"}});
  EXPECT_EQ(Exchange(SignedPost(Form(), "/twilio/status", "old")).status, 204);
  EXPECT_EQ(Exchange(SignedPost(Form(), "/twilio/status", "new")).status, 204);

  server_->SetAuthTokens({"new"});

  EXPECT_EQ(Exchange(SignedPost(Form(), "/twilio/status", "old")).status, 403);
  EXPECT_EQ(Exchange(SignedPost(Form(), "/twilio/status", "new")).status, 204);
}

TEST_F(WebhookServerTest, TellsOnceThatTheSecondaryTokenIsInUse) {
  Start({.auth_tokens = {"primary", "secondary"}});

  Exchange(SignedPost(Form(), "/twilio/status", "primary"));
  EXPECT_THAT(sink_.lines(), IsEmpty());
  Exchange(SignedPost(Form(), "/twilio/status", "secondary"));
  Exchange(SignedPost(Form(), "/twilio/status", "secondary"));

  EXPECT_THAT(sink_.lines(), ElementsAre(HasSubstr("secondary auth token")));
}

TEST_F(WebhookServerTest, SwapsTokensUnderLoadWithoutARefusal) {
  Start({.auth_tokens = {"old", "new"}});
  std::atomic<int> refused{0};
  std::vector<std::thread> threads;
  for (const char* token : {"old", "new"}) {
    threads.emplace_back([&, token] {
      RawClient client(server_->address());
      for (int i = 0; i < 100; ++i) {
        const auto answer =
            client.Exchange(SignedPost(Form(), "/twilio/status", token));
        if (answer.value_or(RawAnswer()).status != 204) ++refused;
      }
    });
  }

  for (int i = 0; i < 50; ++i) {
    server_->SetAuthTokens({"new", "old"});
    server_->SetAuthTokens({"old", "new"});
  }
  for (std::thread& thread : threads) thread.join();

  EXPECT_EQ(refused, 0);
}

TEST_F(WebhookServerTest, LogsForgeriesRarelyAndWithoutNumbers) {
  Start();
  for (int i = 0; i < 5; ++i) {
    Exchange(Post("/twilio/status", kFormType, WriteForm(Form())));
  }
  clock_.Advance(absl::Seconds(10));
  Exchange(Post("/twilio/status", kFormType, WriteForm(Form())));

  EXPECT_THAT(sink_.lines(), SizeIs(2));
  EXPECT_THAT(sink_.lines()[1], HasSubstr("left_out=4"));
  EXPECT_THAT(sink_.lines(), Each(Not(HasSubstr("8675310"))));
  EXPECT_THAT(sink_.lines(), Each(HasSubstr("cause=missing")));
}

TEST_F(WebhookServerTest, ServesManyConnectionsAtOnce) {
  Start({.workers = 8});
  std::deque<RawClient> clients;
  for (int i = 0; i < 256; ++i) clients.emplace_back(server_->address());

  const std::string bytes = SignedPost(Form());
  for (RawClient& client : clients) ASSERT_TRUE(client.Send(bytes));
  for (RawClient& client : clients) {
    ASSERT_EQ(client.ReadAnswer().value_or(RawAnswer()).status, 204);
  }
  EXPECT_EQ(counters_.webhook_connections.value(), 256);
}

TEST_F(WebhookServerTest, StopAnswersTheCallbackThatIsBeingStored) {
  absl::Notification storing;
  absl::Notification commit;
  auto server = WebhookServer::Start(
      {.public_url = kUrl, .account_sid = kAccount, .auth_tokens = {kToken}},
      [&](AppendWrite, absl::Duration) -> absl::StatusOr<AppendResult> {
        storing.Notify();
        commit.WaitForNotification();
        return AppendResult{.sequence = 1};
      },
      clock_, Logger(sink_), counters_);
  ASSERT_THAT(server, IsOk());
  RawClient client((*server)->address());
  ASSERT_TRUE(client.Send(SignedPost(Form())));
  storing.WaitForNotification();

  std::thread stopping([&] { (*server)->Stop(); });
  commit.Notify();
  stopping.join();

  EXPECT_EQ(client.ReadAnswer().value_or(RawAnswer()).status, 204);
  EXPECT_FALSE((*server)->alive());
}

TEST_F(WebhookServerTest, RefusesToStartWithoutWhatItVerifiesWith) {
  struct Row {
    WebhookServer::Options options;
    const char* error;
  };
  const std::vector<Row> rows = {
      {{.public_url = "", .account_sid = kAccount, .auth_tokens = {kToken}},
       "public-url"},
      {{.public_url = kUrl, .account_sid = "AC1", .auth_tokens = {kToken}},
       "twilio-account-sid"},
      {{.public_url = kUrl, .account_sid = kAccount}, "twilio-auth-token"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.error);
    EXPECT_THAT(
        WebhookServer::Start(row.options, WebhookServer::Append(), clock_,
                             Logger(sink_), counters_),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(row.error)));
  }
}

}  // namespace
}  // namespace sidwatch
