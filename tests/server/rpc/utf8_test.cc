#include "server/rpc/utf8.h"

#include "gtest/gtest.h"

namespace sidwatch {
namespace {

struct Case {
  const char* name;
  const char* text;
  const char* valid;
};

TEST(Utf8Test, ReplacesWhatIsNoUtf8) {
  const Case kCases[] = {
      {"empty", "", ""},
      {"ASCII", "abc", "abc"},
      {"two bytes", "\xC3\xA4", "\xC3\xA4"},
      {"three bytes", "\xE2\x82\xAC", "\xE2\x82\xAC"},
      {"four bytes", "\xF0\x9F\x98\x80", "\xF0\x9F\x98\x80"},
      {"highest", "\xF4\x8F\xBF\xBF", "\xF4\x8F\xBF\xBF"},
      {"Latin-1", "gr\xFC\xDF", "gr\uFFFD\uFFFD"},
      {"lone continuation", "a\x80z", "a\uFFFDz"},
      {"cut short", "a\xE2\x82", "a\uFFFD\uFFFD"},
      {"overlong", "\xC0\xAF", "\uFFFD\uFFFD"},
      {"overlong of three", "\xE0\x80\xAF", "\uFFFD\uFFFD\uFFFD"},
      {"surrogate", "\xED\xA0\x80", "\uFFFD\uFFFD\uFFFD"},
      {"too high", "\xF4\x90\x80\x80", "\uFFFD\uFFFD\uFFFD\uFFFD"},
      {"no lead", "\xFF", "\uFFFD"},
  };
  for (const Case& c : kCases) {
    EXPECT_EQ(ToValidUtf8(c.text), c.valid) << c.name;
  }
}

TEST(Utf8Test, CutsAtTheEdgeOfACharacter) {
  EXPECT_EQ(ToValidUtf8("abcdef", 6), "abcdef");
  EXPECT_EQ(ToValidUtf8("abcdefg", 6), "abc…");
  EXPECT_EQ(ToValidUtf8("ab\u20AC\u20AC", 7), "ab…");
  EXPECT_EQ(ToValidUtf8("abc", 2), "");
}

TEST(Utf8Test, CountsCodePoints) {
  EXPECT_EQ(CountCodePoints(""), 0u);
  EXPECT_EQ(CountCodePoints("aä€😀"), 4u);
}

}  // namespace
}  // namespace sidwatch
