#include "client/cli/text.h"

#include <clocale>
#include <string>
#include <vector>

#include "gmock/gmock.h"

namespace sidwatch {
namespace {

google::protobuf::Timestamp Stamp(int64_t seconds, int nanos) {
  google::protobuf::Timestamp stamp;
  stamp.set_seconds(seconds);
  stamp.set_nanos(nanos);
  return stamp;
}

struct Row {
  std::string in;
  std::string out;
};

TEST(TextTest, MakesForeignTextHarmless) {
  const std::vector<Row> rows = {
      {"plain ünïcode 漢字 🙂", "plain ünïcode 漢字 🙂"},
      {"a\nb\tc\rd", "a\\nb\\tc\\rd"},
      {"\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"},
      {std::string("nul\0!", 5), "nul\\x00!"},
      {"\x7f", "\\x7f"},
      {"\xc2\x9b"
       "31m",
       "\\u{9b}31m"},
      {"a\u202e"
       "b",
       "a\\u{202e}b"},
      {"\xff\xfe", "\\xff\\xfe"},
      {"\xe2\x82", "\\xe2\\x82"},
      {"\xc0\xaf", "\\xc0\\xaf"},           // overlong
      {"\xed\xa0\x80", "\\xed\\xa0\\x80"},  // a surrogate
      {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},
  };
  for (const Row& row : rows) EXPECT_EQ(Printable(row.in), row.out);
}

TEST(TextTest, CountsColumnsNotBytes) {
  std::setlocale(LC_CTYPE, "C.UTF-8");

  EXPECT_EQ(DisplayWidth(""), 0);
  EXPECT_EQ(DisplayWidth("abc"), 3);
  EXPECT_EQ(DisplayWidth("äöü"), 3);
  EXPECT_EQ(DisplayWidth("漢字"), 4);
}

TEST(TextTest, ShortensOnlyWhatIsTooLong) {
  std::setlocale(LC_CTYPE, "C.UTF-8");

  EXPECT_EQ(Shortened("abc", 3), "abc");
  EXPECT_EQ(Shortened("abcd", 3), "ab…");
  EXPECT_EQ(Shortened("漢字漢", 4), "漢…");
}

TEST(TextTest, QuotesCsvFieldsWhereNeeded) {
  const std::vector<Row> rows = {{"plain", "plain"},
                                 {"", ""},
                                 {"a,b", "\"a,b\""},
                                 {"say \"hi\"", "\"say \"\"hi\"\"\""},
                                 {"two\nlines", "\"two\nlines\""},
                                 {" blank", "\" blank\""}};
  for (const Row& row : rows) EXPECT_EQ(CsvField(row.in), row.out);
}

TEST(TextTest, FormatsTimesForPeopleAndForPrograms) {
  const OutputStyle terminal = {.terminal = true,
                                .zone = absl::FixedTimeZone(2 * 60 * 60)};

  EXPECT_EQ(FormatUtc(Stamp(0, 0)), "");
  EXPECT_EQ(FormatUtc(Stamp(1'700'000'000, 5'000'000)),
            "2023-11-14T22:13:20.005Z");
  EXPECT_EQ(FormatDateTime(Stamp(1'700'000'000, 0), {}),
            "2023-11-14T22:13:20.000Z");
  EXPECT_EQ(FormatDateTime(Stamp(1'700'000'000, 0), terminal),
            "2023-11-15 00:13:20");
}

TEST(TextTest, FormatsElapsedTimesShortly) {
  EXPECT_EQ(FormatElapsed(absl::Milliseconds(360)), "+0.36s");
  EXPECT_EQ(FormatElapsed(absl::Seconds(59)), "+59.00s");
  EXPECT_EQ(FormatElapsed(absl::Seconds(125)), "+2m05s");
  EXPECT_EQ(FormatElapsed(absl::Minutes(192)), "+3h12m");
  EXPECT_EQ(FormatElapsed(absl::Milliseconds(-40)), "-0.04s");
}

TEST(TextTest, ColoursOnlyWhenAsked) {
  EXPECT_EQ(Coloured("x", Colour::kBad, {.colour = false}), "x");
  EXPECT_EQ(Coloured("x", Colour::kBad, {.colour = true}), "\x1b[31mx\x1b[0m");
  EXPECT_EQ(Coloured("x", Colour::kNone, {.colour = true}), "x");
}

}  // namespace
}  // namespace sidwatch
