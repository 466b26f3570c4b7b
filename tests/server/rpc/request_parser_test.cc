#include "server/rpc/request_parser.h"

#include <google/protobuf/text_format.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "base/error_detail.h"
#include "gmock/gmock.h"
#include "server/rpc/field_parser.h"
#include "sidwatch/v1/tracking.pb.h"
#include "tests/fakes/status_matchers.h"

namespace sidwatch {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

constexpr char kSid[] = "SM0123456789abcdef0123456789abcdef";
constexpr char kAccount[] = "AC0123456789abcdef0123456789abcdef";

template <typename Proto>
Proto FromText(const std::string& text) {
  Proto proto;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &proto))
      << text;
  return proto;
}

// The field that a refusal names; "" if it names none or there was none.
std::string FieldOf(const absl::Status& status) {
  const ErrorDetail detail = DetailOf(status);
  return detail.fields.empty() ? "" : detail.fields.front().first;
}

v1::WatchStatusRequest WatchRequest(const std::string& text) {
  return FromText<v1::WatchStatusRequest>(text);
}

TEST(RequestParserTest, WatchDefaultsToEverythingFromASnapshot) {
  const auto options = ParseWatchRequest({});

  ASSERT_THAT(options, IsOk());
  EXPECT_TRUE(std::get<MessageFilter>(options->selection).empty());
  EXPECT_EQ(options->start, WatchStart::kSnapshot);
  EXPECT_EQ(options->progress_interval, absl::Seconds(10));
}

TEST(RequestParserTest, WatchTakesEachSidOnce) {
  const auto options = ParseWatchRequest(WatchRequest(
      absl::StrCat("message_sids: '", kSid, "' message_sids: '", kSid, "'")));

  ASSERT_THAT(options, IsOk());
  EXPECT_THAT(std::get<MessageSids>(options->selection).sids,
              ElementsAre(*MessageSid::Parse(kSid)));
}

TEST(RequestParserTest, WatchTakesAThousandSidsAndNoMore) {
  v1::WatchStatusRequest request;
  for (int i = 0; i < 1000; ++i) {
    request.add_message_sids(
        absl::StrCat("SM", absl::Hex(i, absl::kZeroPad16), "0000000000000000"));
  }
  const auto options = ParseWatchRequest(request);
  ASSERT_THAT(options, IsOk());
  EXPECT_THAT(std::get<MessageSids>(options->selection).sids, SizeIs(1000));

  request.add_message_sids(kSid);
  EXPECT_EQ(FieldOf(ParseWatchRequest(request).status()), "message_sids");
}

TEST(RequestParserTest, WatchClampsTheProgressInterval) {
  const struct {
    const char* text;
    absl::Duration interval;
  } kCases[] = {
      {"", absl::Seconds(10)},
      {"progress_interval {}", absl::Seconds(1)},
      {"progress_interval { seconds: -5 }", absl::Seconds(1)},
      {"progress_interval { seconds: 2 nanos: 500000000 }",
       absl::Milliseconds(2500)},
      {"progress_interval { seconds: 3600 }", absl::Seconds(60)},
  };
  for (const auto& c : kCases) {
    const auto options = ParseWatchRequest(WatchRequest(c.text));
    ASSERT_THAT(options, IsOk()) << c.text;
    EXPECT_EQ(options->progress_interval, c.interval) << c.text;
  }
}

TEST(RequestParserTest, WatchRefusesWhatIsWrongByItsField) {
  const std::string sid = absl::StrCat("message_sids: '", kSid, "' ");
  const struct {
    std::string text;
    const char* field;
  } kCases[] = {
      {sid + sid + "message_sids: 'SM1'", "message_sids[2]"},
      {"message_sids: ''", "message_sids[0]"},
      {sid + "request_ids: 'a'", "request_ids"},
      {sid + "filter {}", "filter"},
      {"request_ids: 'a' filter {}", "filter"},
      {"request_ids: ''", "request_ids[0]"},
      {absl::StrCat("request_ids: '", std::string(129, 'x'), "'"),
       "request_ids[0]"},
      {"request_ids: 'a' account_sid: 'AC1'", "account_sid"},
      {absl::StrCat(sid, "account_sid: '", kAccount, "'"), "account_sid"},
      {"resume_token: 'x' start: WATCH_START_SNAPSHOT", "start"},
      {"start: 77", "start"},
      {"progress_interval { seconds: -9223372036854775808 }",
       "progress_interval"},
      {"progress_interval { nanos: 1000000000 }", "progress_interval"},
      {"filter { account_sids: 'AC1' }", "filter.account_sids[0]"},
      {"filter { account_sids: '' }", "filter.account_sids[0]"},
      {"filter { statuses: MESSAGE_STATUS_UNSPECIFIED }", "filter.statuses[0]"},
      {"filter { statuses: MESSAGE_STATUS_SENT statuses: 99 }",
       "filter.statuses[1]"},
      {"filter { labels { key: '' value: 'x' } }", "filter.labels"},
      {"filter { senders: '' }", "filter.senders[0]"},
      {"filter { create_time_from { nanos: -1 } }", "filter.create_time_from"},
      {"filter { create_time_to { seconds: 999999999999 } }",
       "filter.create_time_to"},
  };
  for (const auto& c : kCases) {
    const auto options = ParseWatchRequest(WatchRequest(c.text));
    EXPECT_THAT(options, StatusIs(absl::StatusCode::kInvalidArgument))
        << c.text;
    EXPECT_EQ(FieldOf(options.status()), c.field) << c.text;
    EXPECT_THAT(options, HasReason("FIELD_INVALID")) << c.text;
  }
}

TEST(RequestParserTest, FilterTakesEveryCondition) {
  const auto filter = ParseFilter(
      "filter", FromText<v1::MessageFilter>(absl::StrCat(
                    "account_sids: 'AC0123456789ABCDEF0123456789ABCDEF' "
                    "statuses: MESSAGE_STATUS_READ labels { key: 'k' value: "
                    "'v' } senders: '+1' recipients: '+2' error_codes: 30003 "
                    "direction: 'inbound' final_only: true create_time_from { "
                    "seconds: 1 } create_time_to { seconds: 2 }")));

  ASSERT_THAT(filter, IsOk());
  EXPECT_EQ(*filter,
            (MessageFilter{.account_sids = {kAccount},
                           .statuses = {{.status = MessageStatus::kRead}},
                           .labels = {{"k", "v"}},
                           .senders = {"+1"},
                           .recipients = {"+2"},
                           .error_codes = {30003},
                           .direction = "inbound",
                           .final_only = true,
                           .create_time_from = absl::FromUnixSeconds(1),
                           .create_time_to = absl::FromUnixSeconds(2)}));
}

TEST(RequestParserTest, FilterRefusesTooManyOrTooLongLabels) {
  v1::MessageFilter many;
  for (int i = 0; i < 17; ++i) (*many.mutable_labels())[absl::StrCat(i)] = "";
  v1::MessageFilter long_key;
  (*long_key.mutable_labels())[std::string(64, 'k')] = "";
  v1::MessageFilter long_value;
  (*long_value.mutable_labels())["k"] = std::string(257, 'v');

  EXPECT_EQ(FieldOf(ParseFilter("f", many).status()), "f.labels");
  EXPECT_EQ(FieldOf(ParseFilter("f", long_key).status()), "f.labels");
  EXPECT_EQ(FieldOf(ParseFilter("f", long_value).status()), "f.labels[k]");
}

TEST(RequestParserTest, GetMessageNeedsOneKey) {
  const struct {
    std::string text;
    const char* field;
  } kCases[] = {
      {"", "message_sid"},
      {"message_sid: ''", "message_sid"},
      {"message_sid: 'XX'", "message_sid"},
      {"request_id: ''", "request_id"},
      {"request_id: 'a' account_sid: 'x'", "account_sid"},
  };
  for (const auto& c : kCases) {
    const auto selection =
        ParseSelection(FromText<v1::GetMessageRequest>(c.text));
    EXPECT_EQ(FieldOf(selection.status()), c.field) << c.text;
  }
}

TEST(RequestParserTest, ListStatusEventsTakesASidOrAFilter) {
  const auto both = ParseSelection(FromText<v1::ListStatusEventsRequest>(
      absl::StrCat("message_sid: '", kSid, "' filter {}")));
  const auto none = ParseSelection(v1::ListStatusEventsRequest());

  EXPECT_EQ(FieldOf(both.status()), "filter");
  ASSERT_THAT(none, IsOk());
  EXPECT_TRUE(std::get<MessageFilter>(*none).empty());
}

TEST(RequestParserTest, PageSizeHasADefaultAndAMaximum) {
  EXPECT_THAT(ParsePageSize(0), IsOkAndHolds(100u));
  EXPECT_THAT(ParsePageSize(1), IsOkAndHolds(1u));
  EXPECT_THAT(ParsePageSize(1000), IsOkAndHolds(1000u));
  EXPECT_EQ(FieldOf(ParsePageSize(1001).status()), "page_size");
  EXPECT_EQ(FieldOf(ParsePageSize(-1).status()), "page_size");
}

TEST(RequestParserTest, SendTakesWhatItCanSend) {
  const auto request = ParseSendRequest(FromText<v1::SendTrackedRequest>(
      "request_id: 'r' to: '+1' from: '+2' body: 'b' media_urls: 'https://m' "
      "content_sid: 'HX' content_variables { key: '1' value: 'v' } "
      "messaging_service_sid: 'MG' send_at { seconds: 5 } "
      "validity_period { seconds: 60 } labels { key: 'k' value: 'l' } "
      "extra_parameters { key: 'P' value: 'Q' }"));

  ASSERT_THAT(request, IsOk());
  EXPECT_EQ(request->request_id, "r");
  EXPECT_EQ(request->to, "+1");
  EXPECT_EQ(request->send_at, absl::FromUnixSeconds(5));
  EXPECT_EQ(request->validity_period, absl::Seconds(60));
  EXPECT_EQ(request->labels.at("k"), "l");
  EXPECT_EQ(request->content_variables.at("1"), "v");
  EXPECT_EQ(request->extra_parameters.at("P"), "Q");
}

TEST(RequestParserTest, SendNeverDropsAFieldItCannotSend) {
  const std::pair<const char*, const char*> kCases[] = {
      {"provide_feedback", "provide_feedback: false"},
      {"smart_encoded", "smart_encoded: true"},
      {"shorten_urls", "shorten_urls: true"},
      {"force_delivery", "force_delivery: true"},
      {"send_as_mms", "send_as_mms: true"},
      {"attempt", "attempt: 1"},
      {"application_sid", "application_sid: 'AP'"},
      {"content_retention", "content_retention: 'retain'"},
      {"address_retention", "address_retention: 'retain'"},
      {"risk_check", "risk_check: 'enable'"},
      {"persistent_actions", "persistent_actions: 'x'"},
      {"tags", "tags { key: 'a' value: 'b' }"},
  };
  for (const auto& [field, text] : kCases) {
    const auto request =
        ParseSendRequest(FromText<v1::SendTrackedRequest>(text));
    EXPECT_THAT(request, StatusIs(absl::StatusCode::kUnimplemented)) << field;
    EXPECT_EQ(FieldOf(request.status()), field);
  }
}

TEST(RequestParserTest, SendRefusesTimesThatAreNone) {
  const auto send_at = ParseSendRequest(
      FromText<v1::SendTrackedRequest>("send_at { nanos: 1000000000 }"));
  const auto validity = ParseSendRequest(FromText<v1::SendTrackedRequest>(
      "validity_period { seconds: 1 nanos: -1 }"));
  const auto account =
      ParseSendRequest(FromText<v1::SendTrackedRequest>("account_sid: 'SM'"));

  EXPECT_EQ(FieldOf(send_at.status()), "send_at");
  EXPECT_EQ(FieldOf(validity.status()), "validity_period");
  EXPECT_EQ(FieldOf(account.status()), "account_sid");
}

}  // namespace
}  // namespace sidwatch
