#include "server/webhook/status_callback.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/status_matchers.h"

namespace sidwatch {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;

constexpr char kSid[] = "SM1342fe1b2c904d1ab04f0fc7a58abca9";
constexpr char kAccount[] = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

Parameters Form(const Parameters& more = {}) {
  Parameters form = {{"MessageSid", kSid},
                     {"MessageStatus", "sent"},
                     {"AccountSid", kAccount}};
  form.insert(form.end(), more.begin(), more.end());
  return form;
}

absl::StatusOr<AppendWrite> Parse(Parameters form, bool store_body = false) {
  return ParseStatusCallback({.parameters = std::move(form)}, kNow, store_body);
}

TEST(StatusCallbackTest, FillsWhatItSays) {
  const Parameters form =
      Form({{"From", "whatsapp:+15017250604"},
            {"To", "+15558675310"},
            {"ErrorCode", "30003"},
            {"ErrorMessage", "unreachable"},
            {"MessagingServiceSid", "MG1342fe1b2c904d1ab04f0fc7a58abca9"},
            {"NumSegments", "2"},
            {"NumMedia", "0"},
            {"New", "thing"}});

  const auto write = ParseStatusCallback(
      {.parameters = form, .reference = "abc"}, kNow, /*store_body=*/false);

  ASSERT_THAT(write, IsOk());
  EXPECT_EQ(write->event.message_sid.ToString(), kSid);
  EXPECT_EQ(write->event.account_sid, kAccount);
  EXPECT_EQ(write->event.status.status, MessageStatus::kSent);
  EXPECT_EQ(write->event.error_code, 30003);
  EXPECT_EQ(write->event.source, EventSource::kCallback);
  EXPECT_EQ(write->event.receive_time, kNow);
  EXPECT_EQ(write->event.from, "whatsapp:+15017250604");
  EXPECT_EQ(write->event.to, "+15558675310");
  EXPECT_EQ(write->event.parameters, form);
  EXPECT_EQ(write->reference, "abc");
  EXPECT_EQ(write->error_message, "unreachable");
  EXPECT_EQ(write->messaging_service_sid, "MG1342fe1b2c904d1ab04f0fc7a58abca9");
  EXPECT_EQ(write->num_segments, 2);
  EXPECT_EQ(write->num_media, 0);
  EXPECT_EQ(write->origin, Origin::kAdopted);
}

TEST(StatusCallbackTest, ReadsErrorCodesAsTwilioMeansThem) {
  const std::vector<std::pair<const char*, std::optional<int>>> rows = {
      {"30003", 30003},     {"", std::nullopt},
      {"0", std::nullopt},  {"00", std::nullopt},
      {"-1", std::nullopt}, {"abc", std::nullopt},
      {"030003", 30003},    {"99999999999", std::nullopt},
  };
  for (const auto& [text, code] : rows) {
    SCOPED_TRACE(text);
    const auto write = Parse(Form({{"ErrorCode", text}}));
    ASSERT_THAT(write, IsOk());
    EXPECT_EQ(write->event.error_code, code);
  }
}

TEST(StatusCallbackTest, KeepsUnknownStatusesInLowerCase) {
  const auto write = Parse({{"MessageSid", kSid}, {"MessageStatus", "Melted"}});

  ASSERT_THAT(write, IsOk());
  EXPECT_EQ(write->event.status.ToString(), "melted");
}

TEST(StatusCallbackTest, FallsBackToTheOldAliases) {
  const auto write = Parse({{"SmsSid", "MM1342FE1B2C904D1AB04F0FC7A58ABCA9"},
                            {"SmsStatus", "delivered"}});

  ASSERT_THAT(write, IsOk());
  EXPECT_EQ(write->event.message_sid.ToString(),
            "MM1342fe1b2c904d1ab04f0fc7a58abca9");
  EXPECT_EQ(write->event.status.status, MessageStatus::kDelivered);
}

TEST(StatusCallbackTest, RefusesWhatIsNoStatusCallback) {
  const std::string nul(1, '\0');
  const std::vector<std::pair<Parameters, const char*>> rows = {
      {{}, "MessageStatus is missing"},
      {{{"MessageSid", kSid}}, "MessageStatus is missing"},
      {{{"MessageSid", kSid}, {"MessageStatus", ""}}, "MessageStatus"},
      {{{"MessageSid", kSid}, {"MessageStatus", std::string(65, 'a')}},
       "64 characters"},
      {{{"MessageStatus", "sent"}}, "MessageSid is malformed"},
      {{{"MessageSid", "SM12"}, {"MessageStatus", "sent"}}, "MessageSid"},
      {{{"MessageSid", "sm1342fe1b2c904d1ab04f0fc7a58abca9"},
        {"MessageStatus", "sent"}},
       "MessageSid"},
      {Form({{"New", nul}}), "NUL"},
      {Form({{nul, "x"}}), "NUL"},
      {Form({{"MessageStatus", "x" + nul}}), "NUL"},
  };
  for (const auto& [form, error] : rows) {
    EXPECT_THAT(Parse(form),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(error)));
  }
  EXPECT_THAT(ParseStatusCallback({.parameters = Form(), .reference = nul},
                                  kNow, false),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(StatusCallbackTest, DropsMessageTextUnlessItIsToBeKept) {
  const Parameters form = Form({{"Body", "secret"}, {"ButtonText", "yes"}});

  const auto dropped = Parse(form, /*store_body=*/false);
  const auto kept = Parse(form, /*store_body=*/true);

  ASSERT_THAT(dropped, IsOk());
  ASSERT_THAT(kept, IsOk());
  EXPECT_EQ(dropped->event.parameters, Form());
  EXPECT_EQ(dropped->body, "");
  EXPECT_EQ(kept->event.parameters, form);
  EXPECT_EQ(kept->body, "secret");
}

TEST(StatusCallbackTest, LeavesOversizedAndMisshapenValuesAmongTheRaw) {
  const std::string long_text(2000, '1');
  const Parameters form = Form({{"From", long_text},
                                {"To", long_text},
                                {"ErrorMessage", long_text},
                                {"MessagingServiceSid", "MG12"},
                                {"NumSegments", "-1"},
                                {"NumMedia", "x"}});

  const auto write = ParseStatusCallback(
      {.parameters = form, .reference = long_text}, kNow, false);

  ASSERT_THAT(write, IsOk());
  EXPECT_EQ(write->event.from, "");
  EXPECT_EQ(write->event.to, "");
  EXPECT_EQ(write->error_message, "");
  EXPECT_EQ(write->messaging_service_sid, "");
  EXPECT_EQ(write->num_segments, std::nullopt);
  EXPECT_EQ(write->num_media, std::nullopt);
  EXPECT_EQ(write->reference, "");
  EXPECT_EQ(write->event.parameters, form);
}

TEST(StatusCallbackTest, TakesTheReferenceFromTheQuery) {
  const StatusCallback post = FromPost(Form(), "x=1&ref=a%2Fb&ref=c");
  const StatusCallback without = FromPost(Form({{"ref", "form"}}), "");
  const StatusCallback get =
      FromGet({{"ref", "abc"}, {"MessageStatus", "sent"}});

  EXPECT_EQ(post.reference, "a/b");
  EXPECT_EQ(post.parameters, Form());
  EXPECT_EQ(without.reference, "");
  EXPECT_EQ(get.reference, "abc");
  EXPECT_THAT(get.parameters, ElementsAre(Pair("MessageStatus", "sent")));
}

TEST(StatusCallbackTest, NormalizesTheAccountSid) {
  EXPECT_EQ(
      AccountSidOf({{"AccountSid", "ACAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}}),
      kAccount);
  EXPECT_EQ(AccountSidOf({{"AccountSid", "ACx"}}), "");
  EXPECT_EQ(AccountSidOf({}), "");
}

}  // namespace
}  // namespace sidwatch
