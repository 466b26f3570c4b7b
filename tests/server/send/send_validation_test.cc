#include "server/send/send_validation.h"

#include <functional>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/error_detail.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/status_matchers.h"

namespace sidwatch {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;
using testing::SizeIs;

constexpr absl::string_view kHex = "0123456789abcdef0123456789ABCDEF";
const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

SendRequest GoodRequest() {
  return {.request_id = "order-1",
          .to = "+15551234567",
          .from = "+15557654321",
          .body = "Hello"};
}

std::string Sid(absl::string_view prefix) { return absl::StrCat(prefix, kHex); }

using Change = std::function<void(SendRequest&)>;
struct GoodRow {
  const char* name;
  Change change;
};

TEST(ValidateSendRequestTest, TakesWhatTwilioTakes) {
  const GoodRow rows[] = {
      {"plain", [](SendRequest&) {}},
      {"longest request_id",
       [](SendRequest& r) { r.request_id = std::string(128, 'x'); }},
      {"request_id beyond ASCII", [](SendRequest& r) { r.request_id = "ü-1"; }},
      {"shortest number", [](SendRequest& r) { r.to = "+1234567"; }},
      {"longest number", [](SendRequest& r) { r.to = "+123456789012345"; }},
      {"WhatsApp", [](SendRequest& r) { r.to = "whatsapp:+15551234567"; }},
      {"WhatsApp user id", [](SendRequest& r) { r.to = "whatsapp:US.13491"; }},
      {"Messenger", [](SendRequest& r) { r.to = "messenger:42"; }},
      {"RCS", [](SendRequest& r) { r.from = "rcs:brand_agent"; }},
      {"short code", [](SendRequest& r) { r.from = "12345"; }},
      {"sender name",
       [](SendRequest& r) {
         r.from = "My Shop & Co";
         r.from.resize(11);
       }},
      {"service as sender", [](SendRequest& r) { r.from = Sid("MG"); }},
      {"service alone",
       [](SendRequest& r) {
         r.from = "";
         r.messaging_service_sid = Sid("MG");
       }},
      {"both senders",
       [](SendRequest& r) { r.messaging_service_sid = Sid("MG"); }},
      {"account", [](SendRequest& r) { r.account_sid = Sid("AC"); }},
      {"longest body", [](SendRequest& r) { r.body = std::string(1600, 'x'); }},
      {"longest body of four bytes each",
       [](SendRequest& r) {
         r.body = "";
         for (int i = 0; i < 1600; ++i) r.body += "\xF0\x9F\x98\x80";
       }},
      {"media alone",
       [](SendRequest& r) {
         r.body = "";
         r.media_urls.assign(10, "https://example.com/cat.jpg?a=b");
       }},
      {"media by http",
       [](SendRequest& r) { r.media_urls = {"HTTP://example.com"}; }},
      {"content",
       [](SendRequest& r) {
         r.body = "";
         r.content_sid = Sid("HX");
         r.content_variables = {{"1", "a"}};
       }},
      {"scheduled",
       [](SendRequest& r) {
         r.messaging_service_sid = Sid("MG");
         r.send_at = kNow;
       }},
      {"shortest validity",
       [](SendRequest& r) { r.validity_period = absl::Seconds(1); }},
      {"longest validity",
       [](SendRequest& r) { r.validity_period = absl::Seconds(36000); }},
      {"most labels",
       [](SendRequest& r) {
         for (int i = 0; i < 16; ++i) {
           r.labels[absl::StrCat(i, std::string(60, 'k'))] =
               std::string(256, 'v');
         }
       }},
      {"empty label value", [](SendRequest& r) { r.labels["k"] = ""; }},
      {"extra",
       [](SendRequest& r) {
         r.extra_parameters = {{"MaxPrice", "1"}, {"TrafficType", "free"}};
       }},
  };
  for (const GoodRow& row : rows) {
    SCOPED_TRACE(row.name);
    SendRequest request = GoodRequest();
    row.change(request);

    EXPECT_THAT(ValidateSendRequest(request), IsOk());
  }
}

struct BadRow {
  const char* name;
  Change change;
  const char* field;
  const char* problem;
};

void ExpectRefused(const BadRow& row) {
  SCOPED_TRACE(row.name);
  SendRequest request = GoodRequest();
  row.change(request);

  const absl::Status status = ValidateSendRequest(request);

  EXPECT_THAT(status, AllOf(StatusIs(absl::StatusCode::kInvalidArgument),
                            HasReason("FIELD_INVALID")));
  EXPECT_THAT(DetailOf(status).fields,
              ElementsAre(Pair(row.field, HasSubstr(row.problem))));
}

TEST(ValidateSendRequestTest, RefusesBadAddressesNamingTheField) {
  const BadRow rows[] = {
      {"no request_id", [](SendRequest& r) { r.request_id = ""; }, "request_id",
       "missing"},
      {"long request_id",
       [](SendRequest& r) { r.request_id = std::string(129, 'x'); },
       "request_id", "129 characters"},
      {"control character", [](SendRequest& r) { r.request_id = "a\nb"; },
       "request_id", "cannot be printed"},
      {"C1 control character",
       [](SendRequest& r) { r.request_id = "\xC2\x85"; }, "request_id",
       "cannot be printed"},
      {"request_id not UTF-8", [](SendRequest& r) { r.request_id = "\xFF"; },
       "request_id", "UTF-8"},
      {"account", [](SendRequest& r) { r.account_sid = "AC1"; }, "account_sid",
       "32 hex digits"},
      {"no to", [](SendRequest& r) { r.to = ""; }, "to", "missing"},
      {"no plus", [](SendRequest& r) { r.to = "15551234567"; }, "to",
       "neither"},
      {"zero", [](SendRequest& r) { r.to = "+0123456789"; }, "to", "neither"},
      {"too short", [](SendRequest& r) { r.to = "+123456"; }, "to", "neither"},
      {"too long", [](SendRequest& r) { r.to = "+1234567890123456"; }, "to",
       "neither"},
      {"letters", [](SendRequest& r) { r.to = "+1555CALLNOW"; }, "to",
       "neither"},
      {"two numbers",
       [](SendRequest& r) { r.to = "+15551234567,+15551234568"; }, "to",
       "neither"},
      {"empty channel", [](SendRequest& r) { r.to = "whatsapp:"; }, "to",
       "neither"},
      {"space in channel", [](SendRequest& r) { r.to = "whatsapp:+1 555"; },
       "to", "neither"},
      {"unknown channel", [](SendRequest& r) { r.to = "pigeon:1"; }, "to",
       "neither"},
      {"no sender", [](SendRequest& r) { r.from = ""; }, "from",
       "messaging_service_sid"},
      {"long sender name", [](SendRequest& r) { r.from = "abcdefghijkl"; },
       "from", "neither"},
      {"odd sender name", [](SendRequest& r) { r.from = "shop!"; }, "from",
       "neither"},
      {"long short code", [](SendRequest& r) { r.from = "123456789"; }, "from",
       "neither"},
      {"service", [](SendRequest& r) { r.messaging_service_sid = "MG12"; },
       "messaging_service_sid", "32 hex digits"},
  };
  for (const BadRow& row : rows) ExpectRefused(row);
}

TEST(ValidateSendRequestTest, RefusesBadContentNamingTheField) {
  const BadRow rows[] = {
      {"nothing", [](SendRequest& r) { r.body = ""; }, "body", "media_urls"},
      {"long body", [](SendRequest& r) { r.body = std::string(1601, 'x'); },
       "body", "1601 characters; at most 1600"},
      {"overlong UTF-8", [](SendRequest& r) { r.body = "\xC0\x80"; }, "body",
       "UTF-8"},
      {"surrogate", [](SendRequest& r) { r.body = "\xED\xA0\x80"; }, "body",
       "UTF-8"},
      {"beyond Unicode", [](SendRequest& r) { r.body = "\xF4\x90\x80\x80"; },
       "body", "UTF-8"},
      {"truncated UTF-8", [](SendRequest& r) { r.body = "a\xE2\x82"; }, "body",
       "UTF-8"},
      {"NUL", [](SendRequest& r) { r.body = std::string("a\0b", 3); }, "body",
       "NUL"},
      {"eleven media",
       [](SendRequest& r) { r.media_urls.assign(11, "https://example.com/"); },
       "media_urls", "11 entries"},
      {"ftp", [](SendRequest& r) { r.media_urls = {"ftp://example.com/"}; },
       "media_urls[0]", "http"},
      {"no host", [](SendRequest& r) { r.media_urls = {"https:///x"}; },
       "media_urls[0]", "http"},
      {"space", [](SendRequest& r) { r.media_urls = {"https://e.com/a b"}; },
       "media_urls[0]", "http"},
      {"content", [](SendRequest& r) { r.content_sid = "HX1"; }, "content_sid",
       "32 hex digits"},
      {"variables alone",
       [](SendRequest& r) { r.content_variables["1"] = "a"; },
       "content_variables", "content_sid"},
      {"huge variables",
       [](SendRequest& r) {
         r.content_sid = Sid("HX");
         r.content_variables["1"] = std::string(17000, 'x');
       },
       "content_variables", "17001 bytes"},
      {"scheduled without service", [](SendRequest& r) { r.send_at = kNow; },
       "send_at", "messaging_service_sid"},
      {"no validity",
       [](SendRequest& r) { r.validity_period = absl::ZeroDuration(); },
       "validity_period", "36000"},
      {"long validity",
       [](SendRequest& r) { r.validity_period = absl::Seconds(36001); },
       "validity_period", "36000"},
      {"part of a second",
       [](SendRequest& r) { r.validity_period = absl::Milliseconds(1500); },
       "validity_period", "whole"},
      {"endless validity",
       [](SendRequest& r) { r.validity_period = absl::InfiniteDuration(); },
       "validity_period", "36000"},
      {"seventeen labels",
       [](SendRequest& r) {
         for (int i = 0; i < 17; ++i) r.labels[absl::StrCat(i)] = "v";
       },
       "labels", "17 entries"},
      {"empty key", [](SendRequest& r) { r.labels[""] = "v"; }, "labels",
       "empty"},
      {"long key", [](SendRequest& r) { r.labels[std::string(64, 'k')] = "v"; },
       "labels", "64 characters"},
      {"long value",
       [](SendRequest& r) { r.labels["k"] = std::string(257, 'v'); },
       "labels[k]", "257 characters"},
      {"bad name", [](SendRequest& r) { r.extra_parameters["a b"] = "1"; },
       "extra_parameters", "no parameter"},
  };
  for (const BadRow& row : rows) ExpectRefused(row);
}

TEST(ValidateSendRequestTest, RefusesParametersThatAFieldCoversInAnyCase) {
  for (const char* name : {"StatusCallback",
                           "To",
                           "From",
                           "MessagingServiceSid",
                           "Body",
                           "MediaUrl",
                           "ContentSid",
                           "ContentVariables",
                           "SendAt",
                           "ScheduleType",
                           "ValidityPeriod",
                           "ProvideFeedback",
                           "SmartEncoded",
                           "ShortenUrls",
                           "ForceDelivery",
                           "SendAsMms",
                           "Attempt",
                           "ApplicationSid",
                           "ContentRetention",
                           "AddressRetention",
                           "RiskCheck",
                           "PersistentAction",
                           "Tags",
                           "statuscallback",
                           "STATUSCALLBACK",
                           "mediaurl"}) {
    SCOPED_TRACE(name);
    SendRequest request = GoodRequest();
    request.extra_parameters[name] = "x";

    EXPECT_THAT(DetailOf(ValidateSendRequest(request)).fields,
                ElementsAre(Pair("extra_parameters", testing::_)));
    EXPECT_THAT(ValidateSendRequest(request), HasReason("FIELD_INVALID"));
  }
}

TEST(ValidateSendRequestTest, NamesEveryWrongFieldButAtMostSixteen) {
  SendRequest request = GoodRequest();
  request.to = "nobody";
  request.from = "#";
  for (int i = 0; i < 10; ++i) request.media_urls.emplace_back("x");
  for (int i = 0; i < 10; ++i) {
    request.labels[absl::StrCat(i)] = std::string(300, 'v');
  }

  EXPECT_THAT(DetailOf(ValidateSendRequest(request)).fields, SizeIs(16));
}

TEST(ValidateSendRequestTest, RepeatsNoPersonalData) {
  SendRequest request = GoodRequest();
  request.to = "4915112345";
  request.body = std::string(1601, 'Q');

  EXPECT_THAT(std::string(ValidateSendRequest(request).message()),
              AllOf(Not(HasSubstr("4915112345")), Not(HasSubstr("QQ"))));
}

TEST(ValidateSendAtTest, TakesMoreThanFiveMinutesUpToThirtyFiveDays) {
  const struct {
    const char* name;
    absl::Duration ahead;
    bool good;
  } rows[] = {
      {"past", absl::Seconds(-1), false},
      {"now", absl::ZeroDuration(), false},
      {"300 s", absl::Seconds(300), false},
      {"just more", absl::Seconds(301), true},
      {"35 days", absl::Hours(24 * 35), true},
      {"just beyond", absl::Hours(24 * 35) + absl::Seconds(1), false},
      {"never", absl::InfiniteDuration(), false},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    SendRequest request = GoodRequest();
    request.send_at = kNow + row.ahead;

    EXPECT_EQ(ValidateSendAt(request, kNow).ok(), row.good);
  }
  EXPECT_THAT(ValidateSendAt(GoodRequest(), kNow), IsOk());
}

}  // namespace
}  // namespace sidwatch
