#include "server/send/twilio_json.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/status_matchers.h"

namespace sidwatch {
namespace {

using testing::Optional;

constexpr char kSid[] = "SMded05904ccb347238880ca9264e8fe1c";

TEST(ParseTwilioMessageTest, ReadsAMessageAsTwilioWritesIt) {
  const auto message = ParseTwilioMessage(
      R"({"account_sid":"AC0","api_version":"2010-04-01","body":"testing",
          "date_created":"Fri, 24 May 2019 17:44:46 +0000","date_sent":null,
          "date_updated":"Fri, 24 May 2019 17:44:50 +0000",
          "direction":"outbound-api","error_code":30003,
          "error_message":"gone","from":"+12019235161",
          "messaging_service_sid":"MG1","num_media":"2","num_segments":"3",
          "price":"-0.00750","sid":"SMded05904ccb347238880ca9264e8fe1c",
          "status":"undelivered","subresource_uris":{"media":"/x"},
          "to":"+18182008801","new_field":[1,{"a":[]}]})");

  ASSERT_THAT(message, IsOk());
  EXPECT_EQ(message->message_sid.ToString(), kSid);
  EXPECT_EQ(message->status, StatusText::Parse("undelivered"));
  EXPECT_THAT(message->error_code, Optional(30003));
  EXPECT_EQ(message->error_message, "gone");
  EXPECT_EQ(message->from, "+12019235161");
  EXPECT_EQ(message->messaging_service_sid, "MG1");
  EXPECT_THAT(message->num_media, Optional(2));
  EXPECT_THAT(message->num_segments, Optional(3));
  EXPECT_THAT(message->date_updated,
              Optional(absl::FromUnixSeconds(1558719890)));
}

TEST(ParseTwilioMessageTest, TakesAFieldOfAnotherTypeForAbsent) {
  const auto message = ParseTwilioMessage(
      absl::StrCat(R"({"sid":")", kSid,
                   R"(","status":7,"from":null,"to":[],"error_code":"30003",
          "num_media":99999999999,"num_segments":1.5,
          "date_created":"yesterday","error_message":{}})"));

  ASSERT_THAT(message, IsOk());
  EXPECT_EQ(message->status, StatusText::Parse("accepted"));
  EXPECT_EQ(message->from, "");
  EXPECT_THAT(message->error_code, Optional(30003));
  EXPECT_EQ(message->num_media, std::nullopt);
  EXPECT_EQ(message->num_segments, std::nullopt);
  EXPECT_EQ(message->date_created, std::nullopt);
}

TEST(ParseTwilioMessageTest, KeepsAStatusItDoesNotKnow) {
  const auto message = ParseTwilioMessage(
      absl::StrCat(R"({"sid":")", kSid, R"(","status":"teleported"})"));

  ASSERT_THAT(message, IsOk());
  EXPECT_EQ(message->status.ToString(), "teleported");
}

TEST(ParseTwilioMessageTest, RefusesWhatNamesNoMessage) {
  const struct {
    const char* name;
    std::string text;
  } rows[] = {
      {"nothing", ""},
      {"HTML", "<html></html>"},
      {"a list", "[]"},
      {"null", "null"},
      {"no sid", "{}"},
      {"sid of another kind",
       R"({"sid":"CA0123456789abcdef0123456789abcdef"})"},
      {"sid as a number", R"({"sid":12})"},
      {"short sid", R"({"sid":"SM01"})"},
      {"truncated", absl::StrCat(R"({"sid":")", kSid, R"(")")},
      {"two values", absl::StrCat(R"({"sid":")", kSid, R"("}{})")},
      {"not UTF-8", absl::StrCat(R"({"sid":")", kSid, "\",\"body\":\"\xFF\"}")},
      {"300 000 levels", std::string(300'000, '[')},
      {"300 000 closed levels",
       std::string(300'000, '[') + std::string(300'000, ']')},
      {"300 000 levels in a member",
       absl::StrCat(R"({"a":)", std::string(300'000, '['),
                    std::string(300'000, ']'), "}")},
      {"too large", std::string(5 * 1024 * 1024, ' ')},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    EXPECT_THAT(ParseTwilioMessage(row.text),
                StatusIs(absl::StatusCode::kInvalidArgument));
  }
}

TEST(ParseTwilioErrorTest, ReadsTwiliosErrorBody) {
  const auto error = ParseTwilioError(
      R"({"code":21211,"message":"bad 'To'","more_info":"https://t/21211",
          "status":400})");

  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->code, 21211);
  EXPECT_EQ(error->message, "bad 'To'");
  EXPECT_EQ(error->more_info, "https://t/21211");
}

TEST(ParseTwilioErrorTest, ShortensTextBetweenCharacters) {
  std::string long_text;
  for (int i = 0; i < 400; ++i) long_text += "€";

  const auto error =
      ParseTwilioError(absl::StrCat(R"({"code":1,"message":")", long_text,
                                    R"(","more_info":")", long_text, R"("})"));

  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->message, long_text.substr(0, 498));
  EXPECT_EQ(error->more_info, "");
}

TEST(ParseTwilioErrorTest, TakesAnythingElseForNoErrorBody) {
  for (const char* text :
       {"", "<html>", "{}", "[21211]", R"({"code":null})", R"({"code":"x"})",
        R"({"code":-1})", R"({"code":1e300})"}) {
    SCOPED_TRACE(text);
    EXPECT_FALSE(ParseTwilioError(text).has_value());
  }
}

TEST(JsonObjectTextTest, EscapesAndNeverThrows) {
  EXPECT_EQ(JsonObjectText({}), "{}");
  EXPECT_EQ(JsonObjectText({{"1", "a\"\n"}}), R"({"1":"a\"\n"})");
  EXPECT_EQ(JsonObjectText({{"1", "\xFF"}}), "{\"1\":\"\xEF\xBF\xBD\"}");
}

}  // namespace
}  // namespace sidwatch
