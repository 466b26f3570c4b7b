#include "server/webhook/request_reader.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sidwatch {
namespace {

using State = RequestReader::State;

class RequestReaderTest : public testing::Test {
 protected:
  const RequestRules rules_{
      .head = {},
      .body_max_bytes = 8,
      .admit = [](absl::string_view method, absl::string_view path) {
        if (path != "/a") return 404;
        return method == "POST" ? 0 : 405;
      }};
  RequestReader reader_{rules_};
};

TEST_F(RequestReaderTest, IsIdleUntilTheFirstByte) {
  EXPECT_EQ(reader_.state(), State::kIdle);
  EXPECT_EQ(reader_.Append(""), State::kIdle);
  EXPECT_EQ(reader_.Append("P"), State::kPartial);
}

TEST_F(RequestReaderTest, AssemblesOneRequestAfterAnother) {
  const std::string one = "POST /a HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi";
  const std::string two = "POST /a?b HTTP/1.0\r\nContent-Length: 1\r\n\r\n";

  EXPECT_EQ(reader_.Append(absl::StrCat(one, two)), State::kWhole);
  const RequestReader::Whole first = reader_.Take();
  EXPECT_EQ(reader_.state(), State::kPartial);
  EXPECT_EQ(reader_.Append("x"), State::kWhole);
  const RequestReader::Whole second = reader_.Take();

  EXPECT_EQ(first.request.body, "hi");
  EXPECT_TRUE(first.keep_alive);
  EXPECT_EQ(second.request.body, "x");
  EXPECT_EQ(second.request.target, "/a?b");
  EXPECT_FALSE(second.keep_alive);
  EXPECT_EQ(reader_.state(), State::kIdle);
}

TEST_F(RequestReaderTest, GoesOnBehindAChunkedBody) {
  const std::string chunked =
      "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
      "1\r\nx\r\n0\r\n\r\n";
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(reader_.Append(absl::StrCat(chunked, "POST ")), State::kWhole);
    EXPECT_EQ(reader_.Take().request.body, "x");
    EXPECT_EQ(reader_.state(), State::kPartial);
    EXPECT_EQ(reader_.Append("/a HTTP/1.1\r\n\r\n"), State::kWhole);
    EXPECT_EQ(reader_.Take().request.body, "");
  }
}

TEST_F(RequestReaderTest, WantsOneContinueWhenTheBodyIsStillToCome) {
  const std::string head =
      "POST /a HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n";

  reader_.Append(head);
  EXPECT_TRUE(reader_.TakeContinue());
  EXPECT_FALSE(reader_.TakeContinue());
  EXPECT_EQ(reader_.Append("x"), State::kWhole);
  reader_.Take();

  reader_.Append(absl::StrCat(head, "x"));
  EXPECT_FALSE(reader_.TakeContinue());
}

TEST_F(RequestReaderTest, RefusesInOrderAndForGood) {
  struct Row {
    const char* head;
    int refusal;
  };
  const Row rows[] = {
      {"GET /b HTTP/3\r\nContent-Length: 9\r\n\r\n", 400},
      {"GET /b HTTP/1.1\r\nContent-Length: 9\r\n\r\n", 404},
      {"GET /a HTTP/1.1\r\nContent-Length: 9\r\n\r\n", 405},
      {"POST /a HTTP/1.1\r\nContent-Length: 9\r\n\r\n", 413},
      {"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n", 413},
      {"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", 400},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.head);
    RequestReader reader(rules_);
    EXPECT_EQ(reader.Append(row.head), State::kRefused);
    EXPECT_EQ(reader.refusal(), row.refusal);
    EXPECT_EQ(reader.Append("POST /a HTTP/1.1\r\n\r\n"), State::kRefused);
    EXPECT_FALSE(reader.TakeContinue());
  }
}

}  // namespace
}  // namespace sidwatch
