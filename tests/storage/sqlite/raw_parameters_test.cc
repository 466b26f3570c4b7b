#include "storage/sqlite/raw_parameters.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/status_matchers.h"

namespace sidwatch {
namespace {

using testing::UnorderedElementsAreArray;

StatusEvent FailedEvent() {
  StatusEvent event;
  event.message_sid = *MessageSid::Parse("SM" + std::string(32, 'a'));
  event.account_sid = "AC" + std::string(32, '1');
  event.status = StatusText::Parse("failed");
  event.error_code = 30003;
  return event;
}

Message ItsMessage() {
  Message message;
  message.from = "+1555";
  message.to = "+1666";
  message.messaging_service_sid = "MG" + std::string(32, '2');
  return message;
}

// Exactly what Twilio sends for such an event.
Parameters UsualParameters() {
  const std::string sid = "SM" + std::string(32, 'a');
  return {{"ErrorCode", "30003"},
          {"SmsSid", sid},
          {"SmsStatus", "failed"},
          {"MessageStatus", "failed"},
          {"To", "+1666"},
          {"MessagingServiceSid", "MG" + std::string(32, '2')},
          {"MessageSid", sid},
          {"AccountSid", "AC" + std::string(32, '1')},
          {"From", "+1555"},
          {"ApiVersion", "2010-04-01"}};
}

TEST(RawParametersTest, StoresTheUsualOnesAsOneInteger) {
  const EncodedParameters encoded =
      EncodeParameters(UsualParameters(), FailedEvent(), ItsMessage());

  EXPECT_EQ(encoded.rest, "");
  // What stands in files that exist: all but SmsMessageSid.
  EXPECT_EQ(encoded.implied, 0b111'1111'1011u);
}

struct ParameterCase {
  const char* name;
  Parameters parameters;
};

TEST(RawParametersTest, GivesBackWhatItTook) {
  const std::string sid = "SM" + std::string(32, 'a');
  const ParameterCase cases[] = {
      {"none", {}},
      {"the usual", UsualParameters()},
      {"unknown names", {{"RawDlrDoneDate", "2401011200"}, {"X", ""}}},
      {"one twice", {{"From", "+1555"}, {"From", "+1555"}}},
      {"two values", {{"From", "+1555"}, {"From", "+1777"}}},
      {"digits in upper case", {{"MessageSid", "SM" + std::string(32, 'A')}}},
      {"status in upper case", {{"MessageStatus", "FAILED"}}},
      {"another alias", {{"SmsSid", "SM" + std::string(32, 'b')}}},
      {"code in other words", {{"ErrorCode", "030003"}, {"ErrorCode", ""}}},
      {"name in other case", {{"from", "+1555"}}},
      {"empty name", {{"", ""}, {"", "x"}}},
      {"odd bytes", {{"a&b=c%", std::string("\0\xff&=%", 5)}}},
      {"inbound", {{"SmsMessageSid", sid}, {"Body", "hi & bye"}}},
  };
  for (const ParameterCase& test : cases) {
    SCOPED_TRACE(test.name);
    const EncodedParameters encoded =
        EncodeParameters(test.parameters, FailedEvent(), ItsMessage());
    const auto decoded = DecodeParameters(encoded, FailedEvent(), ItsMessage());
    ASSERT_THAT(decoded, IsOk());
    EXPECT_THAT(*decoded, UnorderedElementsAreArray(test.parameters));
    EXPECT_THAT(FromBlob(ToBlob(encoded)), IsOkAndHolds(encoded));
  }
}

// The message's columns may be filled in later: what was empty stays empty.
TEST(RawParametersTest, NeverImpliesAnEmptyValue) {
  Message bare;
  const Parameters parameters = {{"From", ""}, {"To", ""}};
  const EncodedParameters encoded =
      EncodeParameters(parameters, FailedEvent(), bare);

  const auto decoded = DecodeParameters(encoded, FailedEvent(), ItsMessage());

  EXPECT_EQ(encoded.implied, 0u);
  EXPECT_THAT(decoded, IsOkAndHolds(parameters));
}

TEST(RawParametersTest, RefusesABlobItDidNotWrite) {
  for (const char* blob : {"", "7", "&a=b", "x&a=b", "-1&a=b"}) {
    EXPECT_THAT(FromBlob(blob), StatusIs(absl::StatusCode::kDataLoss)) << blob;
  }
}

}  // namespace
}  // namespace sidwatch
