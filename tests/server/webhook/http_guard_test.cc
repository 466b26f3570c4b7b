#include "server/webhook/http_guard.h"

#include <sys/resource.h>

#include <atomic>
#include <deque>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/collecting_log_sink.h"
#include "tests/fakes/status_matchers.h"
#include "tests/server/webhook/raw_client.h"

namespace sidwatch {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::HasSubstr;
using ::testing::Key;
using ::testing::Not;
using ::testing::Pair;

constexpr absl::string_view kGet = "GET /echo HTTP/1.1\r\nHost: a\r\n\r\n";

// Answers what was asked, so that a test sees what the handler saw.
HttpResponse Echo(const HttpRequest& request) {
  std::string text = absl::StrCat(request.method, " ", request.target, "\n");
  for (const auto& [name, value] : request.headers) {
    absl::StrAppend(&text, name, ": ", value, "\n");
  }
  absl::StrAppend(&text, "\n", request.body);
  return {.status = 200, .content_type = "text/plain", .body = text};
}

int AdmitEcho(absl::string_view method, absl::string_view path) {
  if (path != "/echo") return 404;
  return method == "GET" || method == "POST" ? 0 : 405;
}

class HttpGuardTest : public testing::Test {
 protected:
  void Start(HttpGuard::Options options = {},
             HttpGuard::Handler handler = Echo) {
    absl::StatusOr<std::unique_ptr<HttpGuard>> guard = HttpGuard::Start(
        std::move(options), AdmitEcho, std::move(handler), log_, &connections_);
    ASSERT_THAT(guard, IsOk());
    guard_ = *std::move(guard);
  }

  std::string address() const { return guard_->address(); }

  // The status of the one answer to `bytes`, 0 when there is none.
  int StatusOf(absl::string_view bytes) {
    RawClient client(address());
    return client.Exchange(bytes).value_or(RawAnswer()).status;
  }

  CollectingLogSink sink_;
  Logger log_{sink_};
  Gauge connections_;
  std::atomic<int> refused_{0};
  std::unique_ptr<HttpGuard> guard_;
};

TEST_F(HttpGuardTest, GivesTheHandlerTheBytesOfTheWire) {
  Start();
  RawClient client(address());

  const auto answer = client.Exchange(
      "POST /echo?a=%41 HTTP/1.1\r\nX-A: %0d%0a\r\nREMOTE_ADDR: 1\r\n"
      "Range: bytes=0-1\r\nAccept-Encoding: gzip\r\nContent-Length: 5\r\n"
      "\r\nx=%41");

  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body,
            "POST /echo?a=%41\nX-A: %0d%0a\nREMOTE_ADDR: 1\n"
            "Range: bytes=0-1\nAccept-Encoding: gzip\nContent-Length: 5\n"
            "\nx=%41");
}

TEST_F(HttpGuardTest, RefusesBeforeTheHandlerInTheOrderOfTheContract) {
  struct Row {
    const char* name;
    std::string bytes;
    int status;
  };
  const std::string long_line(9000, 'a');
  std::string headers;
  for (int i = 0; i < 101; ++i) absl::StrAppend(&headers, "A: b\r\n");
  const std::vector<Row> rows = {
      {"header line too long, wrong path",
       "GET /no HTTP/1.1\r\nA: " + long_line, 431},
      {"target too long", "GET /" + long_line + " HTTP/1.1\r\n\r\n", 431},
      {"endless request line", long_line, 431},
      {"101 headers", "GET /echo HTTP/1.1\r\n" + headers + "\r\n", 431},
      {"block too large",
       absl::StrCat("GET /echo HTTP/1.1\r\nA: ", std::string(8000, 'a'),
                    "\r\nB: ", std::string(8000, 'a'),
                    "\r\nC: ", std::string(600, 'a'), "\r\n\r\n"),
       431},
      {"no request line", "\r\n\r\n", 400},
      {"bare LF", "GET /echo HTTP/1.1\n\n", 400},
      {"two lengths, wrong path",
       "POST /no HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
       400},
      {"length with chunking",
       "POST /echo HTTP/1.1\r\nContent-Length: 1\r\n"
       "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       400},
      {"wrong path, wrong method", "BREW /no HTTP/1.1\r\n\r\n", 404},
      {"wrong path, body too large",
       "POST /no HTTP/1.1\r\nContent-Length: 999999\r\n\r\n", 404},
      {"wrong method, body too large",
       "PUT /echo HTTP/1.1\r\nContent-Length: 999999\r\n\r\n", 405},
      {"unknown method", "BREW /echo HTTP/1.1\r\n\r\n", 405},
      {"body too large", "POST /echo HTTP/1.1\r\nContent-Length: 65537\r\n\r\n",
       413},
      {"length beyond numbers",
       "POST /echo HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n",
       413},
      {"chunked body too large",
       "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n10001\r\n",
       413},
      {"bad chunk",
       "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", 400},
  };
  Start();

  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    RawClient client(address());
    const auto answer = client.Exchange(row.bytes);
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->status, row.status);
    EXPECT_THAT(answer->headers, Contains(Pair("connection", "close")));
    EXPECT_TRUE(client.WaitClosed());
  }
}

TEST_F(HttpGuardTest, NamesTheAllowedMethodsAndTellsOfRefusals) {
  Start({.allow = "GET, POST",
         .on_refused = [this](int status) { refused_ = status; }});

  RawClient client(address());
  const auto answer = client.Exchange("HEAD /echo HTTP/1.1\r\n\r\n");

  ASSERT_TRUE(answer.has_value());
  EXPECT_THAT(answer->headers, Contains(Pair("allow", "GET, POST")));
  EXPECT_TRUE(client.WaitClosed());
  EXPECT_EQ(refused_, 405);
}

TEST_F(HttpGuardTest, AnswersARefusalToWhoIsStillSending) {
  Start();
  RawClient client(address());

  const auto answer =
      client.Exchange("POST /echo HTTP/1.1\r\nContent-Length: 200000\r\n\r\n" +
                      std::string(200000, 'x'));

  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->status, 413);
}

TEST_F(HttpGuardTest, TakesBodiesUpToTheLimit) {
  const std::string body(64 * 1024, 'b');
  Start();

  EXPECT_EQ(StatusOf(absl::StrCat("POST /echo HTTP/1.1\r\nContent-Length: ",
                                  body.size(), "\r\n\r\n", body)),
            200);
  EXPECT_EQ(StatusOf(absl::StrCat("POST /echo HTTP/1.1\r\n"
                                  "Transfer-Encoding: chunked\r\n\r\n10000\r\n",
                                  body, "\r\n0\r\n\r\n")),
            200);
}

TEST_F(HttpGuardTest, JoinsChunksAndDropsTrailers) {
  Start();
  RawClient client(address());

  const auto answer = client.Exchange(
      "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3;ext=1\r\nabc\r\n2\r\nde\r\n0\r\nX-Trailer: 1\r\n\r\n");

  ASSERT_TRUE(answer.has_value());
  EXPECT_THAT(answer->body, HasSubstr("\n\nabcde"));
  EXPECT_THAT(answer->body, Not(HasSubstr("Trailer")));
}

TEST_F(HttpGuardTest, TakesAPostWithoutLengthAsEmpty) {
  Start();
  RawClient client(address());

  const auto answer = client.Exchange("POST /echo HTTP/1.1\r\n\r\n");

  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->body, "POST /echo\n\n");
}

TEST_F(HttpGuardTest, TakesARequestByteByByteAndPipelinedOnes) {
  const std::string post =
      "POST /echo HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc";
  Start();
  RawClient client(address());

  ASSERT_TRUE(client.SendByteByByte(post));
  ASSERT_TRUE(client.Send(absl::StrCat(post, kGet, post.substr(0, 30))));
  ASSERT_TRUE(client.Send(post.substr(30)));

  for (const char* method : {"POST", "POST", "GET", "POST"}) {
    const auto answer = client.ReadAnswer();
    ASSERT_TRUE(answer.has_value());
    EXPECT_THAT(answer->body, testing::StartsWith(method));
  }
}

TEST_F(HttpGuardTest, AnswersWhatWasPipelinedBeforeAMalformedRequest) {
  Start();
  RawClient client(address());

  ASSERT_TRUE(client.Send(absl::StrCat(kGet, "GET\r\n\r\n", kGet)));

  EXPECT_EQ(client.ReadAnswer().value_or(RawAnswer()).status, 200);
  EXPECT_EQ(client.ReadAnswer().value_or(RawAnswer()).status, 400);
  EXPECT_TRUE(client.WaitClosed());
}

TEST_F(HttpGuardTest, SaysContinueToWhoWaitsForIt) {
  Start();
  RawClient client(address());

  const auto go_on = client.Exchange(
      "POST /echo HTTP/1.1\r\nExpect: 100-continue\r\n"
      "Content-Length: 3\r\n\r\n");
  const auto answer = client.Exchange("abc");

  EXPECT_EQ(go_on.value_or(RawAnswer()).status, 100);
  ASSERT_TRUE(answer.has_value());
  EXPECT_THAT(answer->body, HasSubstr("\n\nabc"));
}

TEST_F(HttpGuardTest, AnswersPlainly) {
  Start({}, [](const HttpRequest&) { return HttpResponse(); });
  RawClient client(address());

  const auto answer = client.Exchange(kGet);

  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->status, 204);
  EXPECT_THAT(answer->headers, testing::UnorderedElementsAre(Key("date")));
}

TEST_F(HttpGuardTest, ClosesWhenThePeerOrTheHandlerSaysSo) {
  Start({}, [](const HttpRequest& request) {
    return HttpResponse{.status = 503,
                        .headers = {{"Retry-After", "1"}},
                        .close = request.method == "POST"};
  });

  for (const char* bytes :
       {"POST /echo HTTP/1.1\r\n\r\n",
        "GET /echo HTTP/1.1\r\nConnection: x, Close\r\n\r\n",
        "GET /echo HTTP/1.0\r\n\r\n"}) {
    SCOPED_TRACE(bytes);
    RawClient client(address());
    const auto answer = client.Exchange(bytes);
    ASSERT_TRUE(answer.has_value());
    EXPECT_THAT(answer->headers, Contains(Pair("connection", "close")));
    EXPECT_THAT(answer->headers, Contains(Pair("retry-after", "1")));
    EXPECT_TRUE(client.WaitClosed());
  }
}

TEST_F(HttpGuardTest, TellsNothingOfAHandlerThatThrows) {
  Start({}, [](const HttpRequest&) -> HttpResponse {
    throw std::runtime_error("secret");
  });
  RawClient client(address());

  const auto answer = client.Exchange(kGet);

  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->status, 500);
  EXPECT_EQ(answer->body, "");
  EXPECT_THAT(answer->headers, Not(Contains(Key("exception_what"))));
}

TEST_F(HttpGuardTest, CutsOffWhoDripsAHeadOrABody) {
  Start({.request_timeout = absl::Milliseconds(50)});
  for (const char* part :
       {"GET /ec", "POST /echo HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc"}) {
    RawClient client(address());
    const auto answer = client.Exchange(part);
    EXPECT_EQ(answer.value_or(RawAnswer()).status, 408);
    EXPECT_TRUE(client.WaitClosed());
  }
}

TEST_F(HttpGuardTest, ClosesIdleConnectionsWithoutAWord) {
  Start({.keep_alive = absl::Milliseconds(20)});
  RawClient silent(address());
  RawClient served(address());

  EXPECT_EQ(served.Exchange(kGet).value_or(RawAnswer()).status, 200);

  EXPECT_TRUE(silent.WaitClosed());
  EXPECT_TRUE(served.WaitClosed());
  EXPECT_EQ(connections_.value(), 0);
}

TEST_F(HttpGuardTest, ServesAGoodClientBesideSlowOnes) {
  Start({.workers = 2});
  std::deque<RawClient> slow;
  for (int i = 0; i < 32; ++i) {
    slow.emplace_back(address()).Send(
        i % 2 == 0 ? "GET /ec"
                   : "POST /echo HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc");
  }

  RawClient good(address());
  EXPECT_EQ(good.Exchange(kGet).value_or(RawAnswer()).status, 200);
  EXPECT_EQ(connections_.value(), 32 + 1);
}

TEST_F(HttpGuardTest, ServesMoreKeepAliveConnectionsThanWorkers) {
  Start({.workers = 4});
  std::deque<RawClient> clients;
  for (int i = 0; i < 256; ++i) clients.emplace_back(address());

  for (int round = 0; round < 3; ++round) {
    for (RawClient& client : clients) ASSERT_TRUE(client.Send(kGet));
    for (RawClient& client : clients) {
      ASSERT_EQ(client.ReadAnswer().value_or(RawAnswer()).status, 200);
    }
  }
}

TEST_F(HttpGuardTest, EvictsTheConnectionThatHasWaitedLongest) {
  Start({.connections_max = 2});
  RawClient first(address());
  RawClient second(address());
  // The first has waited longer, though part of a request comes now and then.
  ASSERT_TRUE(first.Send("GET /echo"));
  ASSERT_EQ(second.Exchange(kGet).value_or(RawAnswer()).status, 200);
  ASSERT_TRUE(first.Send("?"));

  EXPECT_EQ(StatusOf(kGet), 200);

  EXPECT_TRUE(first.WaitClosed());
  EXPECT_THAT(sink_.lines(),
              ElementsAre(HasSubstr("connection limit reached")));
}

// A handler that holds its requests until the test lets them go.
class Gate {
 public:
  HttpGuard::Handler handler() {
    return [this](const HttpRequest&) {
      if (++entered_ == 1) first_.Notify();
      open_.WaitForNotification();
      return HttpResponse();
    };
  }
  void WaitForFirst() { first_.WaitForNotification(); }
  void Open() { open_.Notify(); }

 private:
  std::atomic<int> entered_{0};
  absl::Notification first_;
  absl::Notification open_;
};

// Sends one request after another, always some ahead of the answers it reads,
// until the connection ends. Counts them in `sent`.
void Pump(RawClient& client, std::atomic<int>& sent) {
  constexpr int kAhead = 100;
  std::string requests;
  for (int i = 0; i < kAhead; ++i) requests += "POST /echo HTTP/1.1\r\n\r\n";
  bool open = client.Send(requests);
  while (open && client.Send(requests)) {
    sent += kAhead;
    for (int i = 0; open && i < kAhead; ++i) {
      open = client.ReadAnswer().has_value();
    }
  }
}

TEST_F(HttpGuardTest, NoStreamOfRefusedRequestsKeepsOthersOut) {
  std::atomic<int> sent{0};
  std::atomic<int> refused{0};
  Start({.workers = 1, .connections_max = 1}, [&](const HttpRequest& request) {
    if (request.method == "GET") return Echo(request);
    // The connection never waits: its next request is always there.
    ++refused;
    while (sent < refused) std::this_thread::yield();
    return HttpResponse{.status = 403};
  });
  RawClient stranger(address());
  std::thread pump([&] { Pump(stranger, sent); });
  while (refused == 0) std::this_thread::yield();

  EXPECT_EQ(StatusOf(kGet), 200);

  guard_.reset();  // before what its handler refers to
  pump.join();
}

TEST_F(HttpGuardTest, NeverEvictsARequestInHand) {
  Gate gate;
  Start({.connections_max = 1}, gate.handler());
  RawClient busy(address());
  ASSERT_TRUE(busy.Send(kGet));
  gate.WaitForFirst();

  RawClient next(address());  // waits in the backlog
  ASSERT_TRUE(next.Send(kGet));
  gate.Open();

  EXPECT_EQ(busy.ReadAnswer().value_or(RawAnswer()).status, 204);
  EXPECT_EQ(next.ReadAnswer().value_or(RawAnswer()).status, 204);
}

TEST_F(HttpGuardTest, StopClosesTheParkedAndAnswersTheRunning) {
  Gate gate;
  Start({.keep_alive = absl::Hours(1)}, gate.handler());
  RawClient parked(address());
  RawClient running(address());
  ASSERT_TRUE(running.Send(kGet));
  gate.WaitForFirst();

  std::thread stopping([this] { guard_->Stop(); });
  EXPECT_TRUE(parked.WaitClosed());
  gate.Open();
  stopping.join();

  EXPECT_EQ(running.ReadAnswer().value_or(RawAnswer()).status, 204);
  EXPECT_TRUE(running.WaitClosed());
  EXPECT_FALSE(RawClient(address()).connected());
  EXPECT_FALSE(guard_->alive());
}

TEST_F(HttpGuardTest, StopTakesInWhatHasBegunToArrive) {
  Start();
  RawClient client(address());
  ASSERT_EQ(client.Exchange(kGet).value_or(RawAnswer()).status, 200);
  ASSERT_TRUE(client.Send("GET /echo HTTP"));

  RawClient idle(address());
  std::thread stopping([this] { guard_->Stop(); });
  EXPECT_TRUE(idle.WaitClosed());
  client.Send("/1.1\r\n\r\n");
  stopping.join();

  const auto answer = client.ReadAnswer();
  ASSERT_TRUE(answer.has_value());
  EXPECT_THAT(answer->headers, Contains(Pair("connection", "close")));
}

TEST_F(HttpGuardTest, RefusesAPortInUse) {
  Start();

  const auto second =
      HttpGuard::Start({.listen = address()}, AdmitEcho, Echo, log_);

  EXPECT_THAT(second,
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr(address())));
}

TEST_F(HttpGuardTest, RefusesWhatIsNoAddress) {
  for (const char* address :
       {"", "8080", ":8080", "127.0.0.1", "127.0.0.1:http", "127.0.0.1:65536",
        "::1:8080", "no such host.invalid:1"}) {
    SCOPED_TRACE(address);
    EXPECT_THAT(HttpGuard::Start({.listen = address}, AdmitEcho, Echo, log_),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr("is no address")));
  }
}

// Leaves the process `spare` more descriptors than it has, until destroyed.
class DescriptorLimit {
 public:
  explicit DescriptorLimit(int spare) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const int lowest = ::dup(0);
    ::close(lowest);
    rlimit limit = before_;
    limit.rlim_cur = static_cast<rlim_t>(lowest + spare);
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
  ~DescriptorLimit() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_ = {};
};

TEST_F(HttpGuardTest, AcceptsAgainWhenDescriptorsCameBack) {
  Start();
  std::unique_ptr<RawClient> client;
  {
    DescriptorLimit limit(/*spare=*/1);  // for the client's own end
    client = std::make_unique<RawClient>(address());
    ASSERT_TRUE(client->Send(kGet));
    while (sink_.lines().empty()) std::this_thread::yield();
  }

  EXPECT_EQ(client->ReadAnswer().value_or(RawAnswer()).status, 200);
  EXPECT_THAT(sink_.lines(), ElementsAre(HasSubstr("cannot accept")));
  EXPECT_TRUE(guard_->alive());
}

TEST_F(HttpGuardTest, FreesItsWorkerFromAPeerThatDoesNotRead) {
  const std::string large(32 << 20, 'x');  // more than the sockets' buffers
  Start({.workers = 1, .request_timeout = absl::Milliseconds(100)},
        [&large](const HttpRequest& request) {
          return HttpResponse{.status = 200,
                              .content_type = "text/plain",
                              .body = request.method == "POST" ? large : ""};
        });
  RawClient deaf(address());
  ASSERT_TRUE(deaf.Send("POST /echo HTTP/1.1\r\n\r\n"));

  EXPECT_EQ(StatusOf(kGet), 200);

  EXPECT_FALSE(deaf.ReadAnswer().has_value());
  guard_.reset();  // before what its handler refers to
}

TEST_F(HttpGuardTest, NeverWaitsForAPeerThatDoesNotReadItsRefusal) {
  const std::string large(32 << 20, 'x');  // more than the sockets' buffers
  Start({.workers = 1, .request_timeout = absl::Hours(1)},
        [&large](const HttpRequest& request) {
          if (request.method == "GET") return Echo(request);
          return HttpResponse{
              .status = 403, .content_type = "text/plain", .body = large};
        });
  RawClient deaf(address());
  ASSERT_TRUE(deaf.Send("POST /echo HTTP/1.1\r\n\r\n"));

  EXPECT_EQ(StatusOf(kGet), 200);

  guard_.reset();  // before what its handler refers to
}

TEST_F(HttpGuardTest, ClosesWithoutAWordWhenTheHandlerWantsIt) {
  Start({}, [](const HttpRequest&) { return HttpResponse{.drop = true}; });
  RawClient client(address());

  ASSERT_TRUE(client.Send(kGet));

  EXPECT_TRUE(client.WaitClosed());
}

TEST_F(HttpGuardTest, LeavesOutTheBodyOfAnAnswerToHead) {
  const auto guard = HttpGuard::Start(
      {}, [](absl::string_view, absl::string_view) { return 0; }, Echo, log_);
  ASSERT_THAT(guard, IsOk());
  RawClient client((*guard)->address());

  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(client.Send("HEAD /echo HTTP/1.1\r\n\r\n"));
    const auto answer = client.ReadAnswer(/*to_head=*/true);
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->status, 200);
    EXPECT_THAT(answer->headers, Contains(Pair("content-length", "12")));
  }
}

}  // namespace
}  // namespace sidwatch
