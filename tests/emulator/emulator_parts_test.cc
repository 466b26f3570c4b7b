#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/emulator/callback_poster.h"
#include "tests/emulator/connection_overrides.h"
#include "tests/emulator/create_rules.h"
#include "tests/emulator/faults.h"
#include "tests/emulator/form.h"
#include "tests/emulator/life_cycle.h"
#include "tests/fakes/status_matchers.h"

namespace sidwatch {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);
constexpr char kService[] = "MG00000000000000000000000000000000";

std::string WordsOf(const std::vector<LifeStep>& plan) {
  std::string words;
  for (const LifeStep& step : plan) words += step.status + " ";
  return words;
}

TEST(TwilioSignatureTest, EqualsTheExampleOfTwiliosDocumentation) {
  EXPECT_EQ(
      TwilioSignature("12345", "https://example.com/myapp.php?foo=1&bar=2",
                      {{"Digits", "1234"},
                       {"To", "+18005551212"},
                       {"From", "+14158675310"},
                       {"Caller", "+14158675310"},
                       {"CallSid", "CA1234567890ABCDE"}}),
      "L/OH5YylLD5NRKLltdqwSvS0BnU=");
}

TEST(FormTest, DecodesAsFormParsersDo) {
  EXPECT_THAT(DecodeForm("a=1+2&b=%C3%BC%2B&a=&c&=x&d=1=2&e=%zz%4"),
              ElementsAre(Pair("a", "1 2"), Pair("b", "ü+"), Pair("a", ""),
                          Pair("c", ""), Pair("", "x"), Pair("d", "1=2"),
                          Pair("e", "%zz%4")));
}

TEST(FormTest, ReadsBackWhatItWrote) {
  const Parameters parameters = {{"From", "whatsapp:+1"}, {"ü", "a&b=c d\n"}};

  EXPECT_EQ(DecodeForm(EncodeForm(parameters)), parameters);
}

TEST(FaultsTest, ReadsEveryKey) {
  const auto faults = ParseFaults(
      R"({"delay_ms":5,"reorder":1,"duplicate":0.5,"drop":0,"bad_signature":1,
          "reply_429":1,"reply_5xx":1,"hang":1,"accept_then_drop":1,
          "callback_before_reply":1,"error_codes":{"30003":0.25}})");

  ASSERT_THAT(faults, IsOk());
  EXPECT_EQ(faults->delay, absl::Milliseconds(5));
  EXPECT_EQ(faults->duplicate, 0.5);
  EXPECT_THAT(faults->error_codes, ElementsAre(Pair(30003, 0.25)));
  EXPECT_THAT(ParseFaults(FaultsJson(*faults)), IsOk());
}

TEST(FaultsTest, NamesTheKeyThatIsWrong) {
  const struct {
    const char* json;
    const char* named;
  } rows[] = {
      {R"({"dropp":1})", "dropp"},
      {R"({"drop":1.5})", "drop"},
      {R"({"drop":-1})", "drop"},
      {R"({"drop":"1"})", "drop"},
      {R"({"drop":null})", "drop"},
      {R"({"delay_ms":-1})", "delay_ms"},
      {R"({"error_codes":[]})", "error_codes"},
      {R"({"error_codes":{"x":1}})", "error_codes"},
      {R"({"error_codes":{"30003":2}})", "error_codes.30003"},
      {R"({"error_codes":{"1":0.6,"2":0.6}})", "error_codes"},
      {"[]", "object"},
      {"", "object"},
      {"{", "object"},
  };
  for (const auto& row : rows) {
    EXPECT_THAT(
        ParseFaults(row.json),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(row.named)))
        << row.json;
  }
}

TEST(FaultDiceTest, RatesOfZeroAndOneAreNeverAndAlways) {
  FaultDice dice({.drop = 1, .error_codes = {{30003, 1.0}}}, 1);

  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(dice.Happens(&Faults::drop));
    ASSERT_FALSE(dice.Happens(&Faults::reorder));
    ASSERT_EQ(dice.DrawErrorCode(), 30003);
  }
}

TEST(ConnectionOverridesTest, ReadsWhatIsInRangeAndKeepsTheDefaults) {
  const ConnectionOverrides all = ParseConnectionOverrides(
      "rc=5&rp=all&ct=100&rt=200&tt=300&sni=y&e=dublin");
  EXPECT_EQ(all.retries, 5);
  EXPECT_TRUE(all.retry_4xx && all.retry_5xx && all.retry_connect &&
              all.retry_read);
  EXPECT_EQ(all.connect_timeout, absl::Milliseconds(100));
  EXPECT_EQ(all.total_time, absl::Milliseconds(300));

  const ConnectionOverrides some =
      ParseConnectionOverrides("rc=6&rp=4xx,rt&ct=99&rt=x");
  EXPECT_EQ(some.retries, 1);
  EXPECT_TRUE(some.retry_4xx && some.retry_read);
  EXPECT_FALSE(some.retry_connect || some.retry_5xx);
  EXPECT_EQ(some.connect_timeout, absl::Seconds(5));
  EXPECT_EQ(SplitFragment("http://a/?b#c#d").url, "http://a/?b");
}

TEST(CheckCreateTest, AnswersAsTwilioDoes) {
  const struct {
    const char* form;
    int code;  // 0: taken
  } rows[] = {
      {"To=%2B15551234567&From=%2B15557654321&Body=x", 0},
      {"To=%2B15551234567&From=%2B15005550006&Body=x", 0},
      {"To=whatsapp:1&From=12345&MediaUrl=https://a/", 0},
      {"From=%2B15557654321&Body=x", 21604},
      {"To=5551234567&From=%2B15557654321&Body=x", 21211},
      {"To=%2B15005550001&From=%2B15557654321&Body=x", 21211},
      {"To=%2B15005550002&From=%2B15557654321&Body=x", 21612},
      {"To=%2B15005550003&From=%2B15557654321&Body=x", 21408},
      {"To=%2B15005550004&From=%2B15557654321&Body=x", 21610},
      {"To=%2B15005550009&From=%2B15557654321&Body=x", 21614},
      {"To=%2B15551234567&Body=x", 21603},
      {"To=%2B15551234567&From=%2B15005550001&Body=x", 21212},
      {"To=%2B15551234567&From=%2B15005550007&Body=x", 21606},
      {"To=%2B15551234567&From=%2B15005550008&Body=x", 21611},
      {"To=%2B15551234567&From=%2B15005550123&Body=x", 21606},
      {"To=%2B15551234567&From=!!&Body=x", 21212},
      {"To=%2B15551234567&MessagingServiceSid=MG1&Body=x", 21701},
      {"To=%2B15551234567&From=12345", 21619},
      {"To=%2B15551234567&From=12345&MediaUrl=ftp://a", 21620},
      {"To=%2B15551234567&From=12345&ContentSid=HX1", 21655},
      {"To=%2B15551234567&From=12345&Body=x&ContentVariables={}", 21654},
      {"To=%2B15551234567&From=12345&Body=x&StatusCallback=x", 21609},
      {"To=%2B15551234567&From=12345&Body=x&StatusCallback=http://", 21609},
      {"To=%2B15551234567&From=12345&Body=x&StatusCallback=http://a_b/", 21609},
      {"To=%2B15551234567&From=12345&Body=x"
       "&StatusCallback=http://u_1:p@a:1/t_2%3Fr_3%23rc=5",
       0},
      {"To=%2B15551234567&From=12345&Body=x&ValidityPeriod=0", 21624},
      {"To=%2B15551234567&From=12345&Body=x&ScheduleType=fixed", 35111},
      {"To=%2B15551234567&From=12345&Body=x&ScheduleType=fixed"
       "&SendAt=2023-11-14T23:13:20Z",
       35118},
  };
  for (const auto& row : rows) {
    const auto error = CheckCreate(DecodeForm(row.form), kNow);
    EXPECT_EQ(error ? error->code : 0, row.code) << row.form;
  }
}

TEST(CheckCreateTest, ChecksSizesAndTheWindowOfSendAt) {
  const std::string base = "To=%2B15551234567&Body=";
  const std::string service =
      base + "x&ScheduleType=fixed&MessagingServiceSid=" + kService +
      "&SendAt=";
  std::string media = base + "&From=12345";
  for (int i = 0; i < 11; ++i) media += "&MediaUrl=https://a/";
  const auto code = [](const std::string& form) {
    const auto error = CheckCreate(DecodeForm(form), kNow);
    return error ? error->code : 0;
  };

  EXPECT_EQ(code(base + std::string(1601, 'x') + "&From=12345"), 21617);
  EXPECT_EQ(code(media), 21623);
  EXPECT_EQ(code(service + "2023-11-14T22:13:30Z"), 35114);
  EXPECT_EQ(code(service + "2023-12-24T22:13:30Z"), 35114);
  EXPECT_EQ(code(service + "tomorrow"), 35115);
  EXPECT_EQ(code(service + "2023-11-14T23:13:20Z"), 0);
}

TEST(PlanLifeTest, FollowsTwiliosOrder) {
  const auto plan = [](const char* status, const char* to, int error_code) {
    EmulatedMessage message;
    message.status = status;
    message.to = to;
    return WordsOf(PlanLife(message, error_code));
  };

  EXPECT_EQ(plan("queued", "+1", 0), "sent delivered ");
  EXPECT_EQ(plan("accepted", "+1", 0), "queued sent delivered ");
  EXPECT_EQ(plan("scheduled", "+1", 0), "queued sent delivered ");
  EXPECT_EQ(plan("queued", "whatsapp:+1", 0), "sent delivered read ");
  EXPECT_EQ(plan("queued", "+1", 30003), "sent undelivered ");
  EXPECT_EQ(plan("queued", "+1", 30001), "failed ");
}

TEST(CallbackParametersTest, SpeakTwiliosWords) {
  EmulatedMessage message;
  message.sid = "SM1";
  message.account_sid = "AC1";
  message.from = "+2";
  message.to = "+1";
  message.status = "undelivered";
  message.error_code = 30003;
  message.date_updated = kNow;

  EXPECT_THAT(
      CallbackParameters(message),
      ElementsAre(Pair("SmsSid", "SM1"), Pair("SmsStatus", "undelivered"),
                  Pair("MessageStatus", "undelivered"), Pair("To", "+1"),
                  Pair("MessageSid", "SM1"), Pair("AccountSid", "AC1"),
                  Pair("From", "+2"), Pair("ErrorCode", "30003"),
                  Pair("RawDlrDoneDate", "2311142213"),
                  Pair("ApiVersion", "2010-04-01")));
}

}  // namespace
}  // namespace sidwatch
