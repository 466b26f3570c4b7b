#include "storage/message_sid.h"

#include <string>

#include "absl/container/flat_hash_set.h"
#include "gtest/gtest.h"
#include "tests/fakes/status_matchers.h"

namespace sidwatch {
namespace {

constexpr absl::string_view kText = "SM0123456789abcdef0123456789abcdef";

struct SidCase {
  const char* name;
  std::string text;
  std::string canonical;  // empty: refused
};

const SidCase kCases[] = {
    {"text message", std::string(kText), std::string(kText)},
    {"media message", "MM0123456789abcdef0123456789abcdef",
     "MM0123456789abcdef0123456789abcdef"},
    {"upper-case digits", "SM0123456789ABCDEF0123456789ABCDEF",
     std::string(kText)},
    {"all zeros", "SM00000000000000000000000000000000",
     "SM00000000000000000000000000000000"},
    {"empty", "", ""},
    {"prefix alone", "SM", ""},
    {"lower-case prefix", "sm0123456789abcdef0123456789abcdef", ""},
    {"other prefix", "AC0123456789abcdef0123456789abcdef", ""},
    {"no prefix", "0123456789abcdef0123456789abcdef01", ""},
    {"one digit short", "SM0123456789abcdef0123456789abcde", ""},
    {"one digit long", "SM0123456789abcdef0123456789abcdef0", ""},
    {"no hex digit", "SM0123456789abcdef0123456789abcdeg", ""},
    {"blank before", " SM0123456789abcdef0123456789abcde", ""},
    {"NUL inside", std::string("SM0123456789abcdef0123456789abc\0ef", 34), ""},
    {"high byte", "SM0123456789abcdef0123456789abcd\xc3\xa9", ""},
};

TEST(MessageSidTest, ParsesWhatTwilioWritesAndNothingElse) {
  for (const SidCase& test : kCases) {
    SCOPED_TRACE(test.name);
    const auto sid = MessageSid::Parse(test.text);
    if (test.canonical.empty()) {
      EXPECT_THAT(sid, StatusIs(absl::StatusCode::kInvalidArgument));
    } else {
      ASSERT_THAT(sid, IsOk());
      EXPECT_EQ(sid->ToString(), test.canonical);
    }
  }
}

TEST(MessageSidTest, ReadsItsOwnBlob) {
  const MessageSid sid = *MessageSid::Parse(kText);

  EXPECT_EQ(sid.blob().size(), MessageSid::kBlobSize);
  EXPECT_THAT(MessageSid::FromBlob(sid.blob()), IsOkAndHolds(sid));
}

TEST(MessageSidTest, RefusesBlobsThatAreNoSid) {
  const std::string blob(MessageSid::Parse(kText)->blob());
  for (const std::string& bad :
       {std::string(), blob.substr(1), blob + "x",
        std::string(MessageSid::kBlobSize, '\0'), "A" + blob.substr(1)}) {
    EXPECT_THAT(MessageSid::FromBlob(bad),
                StatusIs(absl::StatusCode::kDataLoss));
  }
}

TEST(MessageSidTest, TellsSmFromMmWithTheSameDigits) {
  const MessageSid sm = *MessageSid::Parse(kText);
  const MessageSid mm = *MessageSid::Parse("MM" + std::string(kText.substr(2)));

  EXPECT_NE(sm, mm);
  EXPECT_EQ(absl::flat_hash_set<MessageSid>({sm, mm, sm}).size(), 2u);
}

TEST(MessageSidTest, TheSidOfNoMessageEqualsNone) {
  EXPECT_TRUE(MessageSid().empty());
  EXPECT_EQ(MessageSid().ToString(), "");
  EXPECT_NE(MessageSid(),
            *MessageSid::Parse("SM00000000000000000000000000000000"));
}

TEST(AccountSidTest, KnowsAnAccountSid) {
  EXPECT_TRUE(IsAccountSid("AC0123456789abcdef0123456789abcdef"));
  EXPECT_TRUE(IsAccountSid("AC0123456789ABCDEF0123456789abcdef"));
  EXPECT_FALSE(IsAccountSid("ac0123456789abcdef0123456789abcdef"));
  EXPECT_FALSE(IsAccountSid("AC0123456789abcdef0123456789abcde"));
  EXPECT_FALSE(IsAccountSid(kText));
  EXPECT_FALSE(IsAccountSid(""));
}

}  // namespace
}  // namespace sidwatch
