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

}  // namespace
}  // namespace sidwatch
