#include "server/webhook/chunked_body.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sidwatch {
namespace {

constexpr size_t kBodyMax = 10;

struct Decoded {
  int status = 0;
  bool done = false;
  std::string body;
  std::string left;
};

Decoded Decode(absl::string_view bytes, size_t piece_size) {
  ChunkedBody chunks(kBodyMax);
  Decoded decoded;
  while (!bytes.empty() && decoded.status == 0 && !chunks.done()) {
    absl::string_view piece = bytes.substr(0, piece_size);
    bytes.remove_prefix(piece.size());
    decoded.status = chunks.Decode(piece, decoded.body);
    decoded.left = std::string(piece);
  }
  decoded.done = chunks.done();
  absl::StrAppend(&decoded.left, bytes);
  return decoded;
}

TEST(ChunkedBodyTest, JoinsChunksHoweverTheyArrive) {
  struct Row {
    const char* name;
    std::string bytes;
    std::string body;
    bool done;
  };
  const std::vector<Row> rows = {
      {"empty", "0\r\n\r\n", "", true},
      {"two", "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "abcde", true},
      {"hex in either case", "a\r\n0123456789\r\n0\r\n\r\n", "0123456789",
       true},
      {"leading zeros", "003\r\nabc\r\n000\r\n\r\n", "abc", true},
      {"extension", "3 ;a=\"b\"\r\nabc\r\n0;c\r\n\r\n", "abc", true},
      {"trailers", "0\r\nA: b\r\nC: d\r\n\r\n", "", true},
      {"CR LF is content", "2\r\n\r\n\r\n0\r\n\r\n", "\r\n", true},
      {"no last chunk", "3\r\nabc\r\n", "abc", false},
      {"no empty line", "0\r\nA: b\r\n", "", false},
  };
  for (const Row& row : rows) {
    for (const size_t piece_size :
         {size_t{1}, size_t{2}, size_t{7}, size_t{1000}}) {
      SCOPED_TRACE(absl::StrCat(row.name, " in pieces of ", piece_size));
      const Decoded decoded =
          Decode(row.bytes + (row.done ? "next" : ""), piece_size);
      EXPECT_EQ(decoded.status, 0);
      EXPECT_EQ(decoded.body, row.body);
      EXPECT_EQ(decoded.done, row.done);
      EXPECT_EQ(decoded.left, row.done ? "next" : "");
    }
  }
}

TEST(ChunkedBodyTest, RefusesMalformedAndOversizedChunks) {
  struct Row {
    const char* name;
    std::string bytes;
    int status;
  };
  const std::vector<Row> rows = {
      {"no size", "\r\n", 400},
      {"no hex", "g\r\n", 400},
      {"sign", "+3\r\nabc", 400},
      {"prefix", "0x3\r\nabc", 400},
      {"space before", " 3\r\nabc", 400},
      {"bare LF", "3\nabc", 400},
      {"data too long", "3\r\nabcd\r\n", 400},
      {"bare LF after data", "3\r\nabc\n", 400},
      {"size beyond numbers", "ffffffffffffffffff\r\n", 400},
      {"endless extension", "1;" + std::string(1100, 'a'), 400},
      {"over the limit at once", "b\r\n", 413},
      {"over the limit in all", "6\r\nabcdef\r\n5\r\n", 413},
      {"endless trailers",
       "0\r\n" +
           [] {
             std::string lines;
             for (int i = 0; i < 300; ++i) lines += "A: b\r\n";
             return lines;
           }(),
       413},
  };
  for (const Row& row : rows) {
    for (const size_t piece_size : {size_t{1}, size_t{7}, size_t{10000}}) {
      SCOPED_TRACE(absl::StrCat(row.name, " in pieces of ", piece_size));
      EXPECT_EQ(Decode(row.bytes, piece_size).status, row.status);
    }
  }
}

}  // namespace
}  // namespace sidwatch
