#include "server/send/send_request.h"

#include <functional>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sidwatch {
namespace {

using testing::ElementsAre;
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
TEST(DigestOfTest, DiffersForEveryFieldButTheRequestId) {
  const Change changes[] = {
      [](SendRequest&) {},
      [](SendRequest& r) { r.account_sid = Sid("AC"); },
      [](SendRequest& r) { r.to = "+15551234568"; },
      [](SendRequest& r) { r.from = "12345"; },
      [](SendRequest& r) { r.messaging_service_sid = Sid("MG"); },
      [](SendRequest& r) { r.body = "Hello!"; },
      [](SendRequest& r) {
        r.media_urls = {"https://a/", "https://b/"};
      },
      [](SendRequest& r) {
        r.media_urls = {"https://b/", "https://a/"};
      },
      [](SendRequest& r) { r.media_urls = {"https://a/https://b/"}; },
      [](SendRequest& r) { r.content_sid = Sid("HX"); },
      [](SendRequest& r) {
        r.content_variables = {{"1", "2"}};
      },
      [](SendRequest& r) {
        r.content_variables = {{"12", ""}};
      },
      [](SendRequest& r) {
        r.labels = {{"1", "2"}};
      },
      [](SendRequest& r) {
        r.extra_parameters = {{"1", "2"}};
      },
      [](SendRequest& r) { r.send_at = kNow; },
      [](SendRequest& r) { r.send_at = kNow + absl::Nanoseconds(1); },
      [](SendRequest& r) { r.validity_period = absl::Seconds(1); },
      [](SendRequest& r) { r.validity_period = absl::Seconds(10); },
  };
  std::set<std::string> digests;
  for (const Change& change : changes) {
    SendRequest request = GoodRequest();
    change(request);
    digests.insert(DigestOf(request));
  }
  SendRequest renamed = GoodRequest();
  renamed.request_id = "order-2";

  EXPECT_THAT(digests, SizeIs(std::size(changes)));
  EXPECT_EQ(DigestOf(renamed), DigestOf(GoodRequest()));
  EXPECT_THAT(DigestOf(renamed), SizeIs(32));
}

TEST(CreateParametersTest, WritesEveryFieldInTwiliosWords) {
  SendRequest request = GoodRequest();
  request.messaging_service_sid = "MG1";
  request.media_urls = {"https://a/", "https://b/"};
  request.content_sid = "HX1";
  request.content_variables = {{"1", "a \"b\""}, {"2", "ü"}};
  request.send_at = kNow + absl::Milliseconds(999);
  request.validity_period = absl::Seconds(60);
  request.extra_parameters = {{"MaxPrice", ""}};

  EXPECT_THAT(
      CreateParameters(request),
      ElementsAre(
          Pair("To", "+15551234567"), Pair("From", "+15557654321"),
          Pair("MessagingServiceSid", "MG1"), Pair("Body", "Hello"),
          Pair("MediaUrl", "https://a/"), Pair("MediaUrl", "https://b/"),
          Pair("ContentSid", "HX1"),
          Pair("ContentVariables", "{\"1\":\"a \\\"b\\\"\",\"2\":\"ü\"}"),
          Pair("ScheduleType", "fixed"), Pair("SendAt", "2023-11-14T22:13:20Z"),
          Pair("ValidityPeriod", "60"), Pair("MaxPrice", "")));
}

TEST(CreateParametersTest, LeavesOutWhatIsNotSet) {
  EXPECT_THAT(CreateParameters(GoodRequest()),
              ElementsAre(Pair("To", "+15551234567"),
                          Pair("From", "+15557654321"), Pair("Body", "Hello")));
}

}  // namespace
}  // namespace sidwatch
