#include "server/webhook/http_head.h"

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/status_matchers.h"

namespace sidwatch {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

std::string Get(absl::string_view headers) {
  return absl::StrCat("GET / HTTP/1.1\r\n", headers, "\r\n");
}

TEST(HttpHeadTest, KeepsTargetAndHeadersAsTheyWereSent) {
  const auto head = ParseHead(
      "POST /a%2f//b?q=%41&q HTTP/1.1\r\nB:  x%0d y\t\r\na: \xff\r\nB:\r\n"
      "\r\n");

  ASSERT_THAT(head, IsOk());
  EXPECT_EQ(head->request.method, "POST");
  EXPECT_EQ(head->request.path(), "/a%2f//b");
  EXPECT_EQ(head->request.query(), "q=%41&q");
  EXPECT_THAT(
      head->request.headers,
      ElementsAre(Pair("B", "x%0d y"), Pair("a", "\xff"), Pair("B", "")));
  EXPECT_EQ(head->request.header("A"), "\xff");
  EXPECT_EQ(head->request.header_count("b"), 2);
}

TEST(HttpHeadTest, ReadsTheFraming) {
  struct Row {
    const char* name;
    std::string head;
    uint64_t length;
    bool chunked;
    bool keep_alive;
    bool expect_continue;
  };
  const uint64_t greatest = std::numeric_limits<uint64_t>::max();
  const std::vector<Row> rows = {
      {"nothing", Get(""), 0, false, true, false},
      {"length", Get("content-length: 007\r\n"), 7, false, true, false},
      {"length beyond numbers", Get("Content-Length: 99999999999999999999\r\n"),
       greatest, false, true, false},
      {"chunked", Get("Transfer-Encoding: Chunked\r\n"), 0, true, true, false},
      {"close", Get("Connection: x, CLOSE\r\n"), 0, false, false, false},
      {"close after keep-alive",
       Get("Connection: keep-alive\r\nConnection: close\r\n"), 0, false, false,
       false},
      {"expect", Get("Expect: 100-Continue\r\n"), 0, false, true, true},
      {"1.0", "GET / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n", 0, false, false,
       false},
      {"1.0 that stays", "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", 0,
       false, true, false},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    const auto head = ParseHead(row.head);
    ASSERT_THAT(head, IsOk());
    EXPECT_EQ(head->content_length, row.length);
    EXPECT_EQ(head->chunked, row.chunked);
    EXPECT_EQ(head->keep_alive, row.keep_alive);
    EXPECT_EQ(head->expect_continue, row.expect_continue);
  }
}

TEST(HttpHeadTest, RefusesWhatAnotherProgramMayReadOtherwise) {
  struct Row {
    std::string head;
    const char* error;
  };
  const std::vector<Row> rows = {
      {"GET\r\n\r\n", "METHOD TARGET VERSION"},
      {"GET /\r\n\r\n", "METHOD TARGET VERSION"},
      {"GET  HTTP/1.1\r\n\r\n", "target"},
      {"GET / / HTTP/1.1\r\n\r\n", "target"},
      {"GET /\t HTTP/1.1\r\n\r\n", "target"},
      {"GET /\x7f HTTP/1.1\r\n\r\n", "target"},
      {" GET / HTTP/1.1\r\n\r\n", "method"},
      {"G:T / HTTP/1.1\r\n\r\n", "method"},
      {std::string(33, 'G') + " / HTTP/1.1\r\n\r\n", "method"},
      {"GET / HTTP/2.0\r\n\r\n", "version"},
      {"GET / HTTP/1.10\r\n\r\n", "version"},
      {"GET / http/1.1\r\n\r\n", "version"},
      {"GET / HTTP/1.1 \r\n\r\n", "target"},
      {Get("A\r\n"), "no colon"},
      {Get(": b\r\n"), "name"},
      {Get("A : b\r\n"), "name"},
      {Get("A: b\r\n c: d\r\n"), "name"},
      {Get("A: b\r\n\tc: d\r\n"), "name"},
      {Get("A\xff: b\r\n"), "name"},
      {Get("A: b\rc\r\n"), "value"},
      {Get(std::string("A: b\0c\r\n", 8)), "value"},
      {Get("A: \x1b[31m\r\n"), "value"},
      {Get("Content-Length: \r\n"), "no number"},
      {Get("Content-Length: -1\r\n"), "no number"},
      {Get("Content-Length: +1\r\n"), "no number"},
      {Get("Content-Length: 0x1\r\n"), "no number"},
      {Get("Content-Length: 1, 1\r\n"), "no number"},
      {Get("Content-Length: 1\r\nContent-Length: 1\r\n"), "two lengths"},
      {Get("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"),
       "length with chunking"},
      {Get("Transfer-Encoding: gzip, chunked\r\n"), "chunked alone"},
      {Get("Transfer-Encoding: identity\r\n"), "chunked alone"},
      {Get("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
       "chunked alone"},
      {"GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", "chunked alone"},
      {Get("Host: a\r\nHost: a\r\n"), "two Hosts"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.head);
    EXPECT_THAT(
        ParseHead(row.head),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(row.error)));
  }
}

// Scans `bytes` as they would arrive one by one.
struct Scanned {
  int status = 0;
  size_t size = 0;
};
Scanned ScanByteByByte(absl::string_view bytes, const HeadLimits& limits) {
  HeadScanner scanner(limits);
  for (size_t end = 1; end <= bytes.size(); ++end) {
    const int status = scanner.Scan(bytes.substr(0, end));
    if (status != 0 || scanner.size() != 0) return {status, scanner.size()};
  }
  return {};
}

TEST(HeadScannerTest, FindsTheEndAndTheLimits) {
  struct Row {
    const char* name;
    std::string bytes;
    int status;
    size_t size;
  };
  const HeadLimits limits = {
      .header_max_bytes = 150, .line_max_bytes = 40, .headers_max = 3};
  const auto get = [](size_t target) {
    return absl::StrCat("GET /", std::string(target - 1, 'a'), " HTTP/1.1\r\n");
  };
  const std::string line40 = "A: " + std::string(37, 'b') + "\r\n";
  const std::vector<Row> rows = {
      {"whole", "GET / HTTP/1.1\r\nA: b\r\n\r\nbody", 0, 24},
      {"not yet", "GET / HTTP/1.1\r\nA: b\r\n\r", 0, 0},
      {"target fits", get(40) + "\r\n", 0, 57},
      {"target too long", get(41), 431, 0},
      {"request line without end", std::string(90, 'a'), 431, 0},
      {"line fits", get(1) + line40 + "\r\n", 0, 60},
      {"line too long", get(1) + "b" + line40, 431, 0},
      {"three headers", get(1) + "A:\r\nB:\r\nC:\r\n\r\n", 0, 30},
      {"four headers", get(1) + "A:\r\nB:\r\nC:\r\nD:\r\n", 431, 0},
      {"block fits", get(9) + line40 + line40 + line40.substr(1, 38), 0, 0},
      {"block too large", get(24) + line40 + line40 + line40, 431, 0},
      {"bare LF", "GET / HTTP/1.1\nA: b\r\n\r\n", 400, 0},
      {"bare LF at the end", "GET / HTTP/1.1\r\nA: b\r\n\n", 400, 0},
      {"empty line first", "\r\nGET / HTTP/1.1\r\n\r\n", 400, 0},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    const Scanned scanned = ScanByteByByte(row.bytes, limits);
    EXPECT_EQ(scanned.status, row.status);
    EXPECT_EQ(scanned.size, row.size);
    HeadScanner at_once(limits);
    EXPECT_EQ(at_once.Scan(row.bytes), row.status);
    EXPECT_EQ(at_once.size(), row.size);
  }
}

}  // namespace
}  // namespace sidwatch
