#include "client/cli/values.h"

#include <string>

#include "gmock/gmock.h"
#include "tests/fakes/status_matchers.h"

namespace sidwatch {
namespace {

using testing::HasSubstr;
using testing::Pair;

constexpr char kDigits[] = "0123456789abcdef0123456789ABCDEF";

TEST(ValuesTest, TakesMessageSidsAndLowersTheirDigits) {
  EXPECT_THAT(ParseMessageSid(std::string("SM") + kDigits),
              IsOkAndHolds("SM0123456789abcdef0123456789abcdef"));
  EXPECT_THAT(ParseMessageSid(std::string("MM") + kDigits),
              IsOkAndHolds("MM0123456789abcdef0123456789abcdef"));
}

TEST(ValuesTest, RefusesWhatIsNoMessageSid) {
  const std::string digits = kDigits;
  for (const std::string& text :
       {std::string(), std::string("S"), std::string("SM"), digits,
        "sm" + digits, "AC" + digits, "SM" + digits + "0",
        "SM" + digits.substr(1), "SM" + digits.substr(1) + "g",
        " SM" + digits}) {
    EXPECT_THAT(ParseMessageSid(text),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr("is not a message SID")))
        << text;
  }
}

TEST(ValuesTest, SplitsKeyAndValueAtTheFirstEquals) {
  EXPECT_THAT(ParseKeyValue("a=b"), IsOkAndHolds(Pair("a", "b")));
  EXPECT_THAT(ParseKeyValue("a="), IsOkAndHolds(Pair("a", "")));
  EXPECT_THAT(ParseKeyValue("a=b=c"), IsOkAndHolds(Pair("a", "b=c")));
  EXPECT_FALSE(ParseKeyValue("").ok());
  EXPECT_FALSE(ParseKeyValue("a").ok());
  EXPECT_FALSE(ParseKeyValue("=b").ok());
}

TEST(ValuesTest, TakesNumbersAboveZero) {
  EXPECT_THAT(ParsePositive("30003"), IsOkAndHolds(30003));
  for (const char* text : {"", "0", "-1", "x", "30003x", "99999999999"}) {
    EXPECT_FALSE(ParsePositive(text).ok()) << text;
  }
}

TEST(ValuesTest, TakesTimeoutsOfUpToADay) {
  EXPECT_THAT(ParseTimeout("250ms"), IsOkAndHolds(absl::Milliseconds(250)));
  EXPECT_THAT(ParseTimeout("1m30s"), IsOkAndHolds(absl::Seconds(90)));
  EXPECT_THAT(ParseTimeout("24h"), IsOkAndHolds(absl::Hours(24)));
  for (const char* text : {"", "5", "0s", "-1s", "25h", "inf", "soon"}) {
    EXPECT_FALSE(ParseTimeout(text).ok()) << text;
  }
}

TEST(ValuesTest, TakesSendTimesAbsoluteAndFromNow) {
  const absl::Time now = absl::FromUnixSeconds(1'000'000);

  EXPECT_THAT(ParseSendTime("1970-01-01T01:00:00+01:00", now),
              IsOkAndHolds(absl::UnixEpoch()));
  EXPECT_THAT(ParseSendTime("+90m", now),
              IsOkAndHolds(now + absl::Minutes(90)));
  for (const char* text : {"", "+", "90m", "tomorrow", "2030-01-31"}) {
    EXPECT_FALSE(ParseSendTime(text, now).ok()) << text;
  }
}

TEST(ValuesTest, TakesStatusesAsTwilioSpellsThem) {
  EXPECT_THAT(ParseStatus("delivered"),
              IsOkAndHolds(v1::MESSAGE_STATUS_DELIVERED));
  EXPECT_THAT(ParseStatus("Partially_Delivered"),
              IsOkAndHolds(v1::MESSAGE_STATUS_PARTIALLY_DELIVERED));
}

TEST(ValuesTest, NamesTheStatusesWhenOneIsUnknown) {
  for (const char* text : {"", "unspecified", "unknown", "deliverd"}) {
    EXPECT_THAT(ParseStatus(text), StatusIs(absl::StatusCode::kInvalidArgument,
                                            HasSubstr("accepted scheduled")))
        << text;
  }
}

}  // namespace
}  // namespace sidwatch
