#include "server/webhook/form_parameters.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/status_matchers.h"

namespace sidwatch {
namespace {

using ::testing::SizeIs;

TEST(FormParametersTest, TakesFormsApartAsTheyWereSent) {
  struct Row {
    const char* name;
    std::string text;
    Parameters parameters;
  };
  const std::vector<Row> rows = {
      {"empty", "", {}},
      {"one", "a=1", {{"a", "1"}}},
      {"order and repetition",
       "b=2&a=1&b=2",
       {{"b", "2"}, {"a", "1"}, {"b", "2"}}},
      {"empty value", "a=&b=1", {{"a", ""}, {"b", "1"}}},
      {"no equals sign", "a&b=1", {{"a", ""}, {"b", "1"}}},
      {"empty name", "=1", {{"", "1"}}},
      {"equals sign alone", "=", {{"", ""}}},
      {"empty pieces", "&&a=1&&b=2&", {{"a", "1"}, {"b", "2"}}},
      {"equals sign in the value", "a=b=c", {{"a", "b=c"}}},
      {"plus and percent", "a+b=%2B1+%e2%82%AC", {{"a b", "+1 \xe2\x82\xac"}}},
      {"escaped separators", "a%3D=%26", {{"a=", "&"}}},
      {"nothing is trimmed", "a=+1%20%0D%0A", {{"a", " 1 \r\n"}}},
      {"NUL", "a=%00", {{"a", std::string(1, '\0')}}},
      {"broken UTF-8", "a=%ff", {{"a", "\xff"}}},
      {"malformed escapes stay",
       "a=%&b=%4&c=%zz&d=%4g&e=100%+x",
       {{"a", "%"}, {"b", "%4"}, {"c", "%zz"}, {"d", "%4g"}, {"e", "100% x"}}},
      {"decoded once", "a=%2541", {{"a", "%41"}}},
      {"semicolon is no separator", "a=1;b=2", {{"a", "1;b=2"}}},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    EXPECT_THAT(ParseForm(row.text), IsOkAndHolds(row.parameters));
  }
}

TEST(FormParametersTest, RefusesMoreParametersThanTheLimit) {
  std::string text;
  for (size_t i = 0; i < kFormParametersMax; ++i) text += "a&";

  EXPECT_THAT(ParseForm(text), IsOkAndHolds(SizeIs(kFormParametersMax)));
  EXPECT_THAT(ParseForm(text + "a"),
              StatusIs(absl::StatusCode::kResourceExhausted));
}

TEST(FormParametersTest, WritesWhatItReads) {
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte)
    bytes.push_back(static_cast<char>(byte));
  const Parameters parameters = {{"a b", "1 + 1 = 2 & more"},
                                 {"a b", ""},
                                 {"", bytes},
                                 {"*-._~", "\xe2\x82\xac"}};

  const std::string text = WriteForm(parameters);

  EXPECT_EQ(text.substr(0, 34), "a+b=1+%2B+1+%3D+2+%26+more&a+b=&=%");
  EXPECT_EQ(text.substr(text.size() - 18), "&*-._%7E=%E2%82%AC");
  EXPECT_THAT(ParseForm(text), IsOkAndHolds(parameters));
}

TEST(FormParametersTest, FindsTheFirstValue) {
  const Parameters parameters = {{"a", "1"}, {"a", "2"}};

  EXPECT_EQ(FindParameter(parameters, "a"), "1");
  EXPECT_EQ(FindParameter(parameters, "A"), "");
}

}  // namespace
}  // namespace sidwatch
