#include "server/webhook/public_url.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/status_matchers.h"

namespace sidwatch {
namespace {

using ::testing::HasSubstr;

TEST(PublicUrlTest, GivesTheUrlThatTwilioCalled) {
  struct Row {
    const char* base;
    const char* target;
    const char* url;
    const char* route;
  };
  const std::vector<Row> rows = {
      {"https://a.example", "/twilio/status", "https://a.example/twilio/status",
       "/twilio/status"},
      {"https://a.example/", "/twilio/status?ref=%41&b",
       "https://a.example/twilio/status?ref=%41&b", "/twilio/status"},
      {"https://a.example#rc=2", "/twilio/events",
       "https://a.example/twilio/events", "/twilio/events"},
      {"https://u:p@a.example:8443", "/twilio/inbound",
       "https://u:p@a.example:8443/twilio/inbound", "/twilio/inbound"},
      // The ingress cuts the path off …
      {"https://a.example/x/y/", "/twilio/status",
       "https://a.example/x/y/twilio/status", "/twilio/status"},
      // … or passes it on.
      {"https://a.example/x/y", "/x/y/twilio/status?q",
       "https://a.example/x/y/twilio/status?q", "/twilio/status"},
      {"https://a.example/twilio", "/twilio/twilio/status",
       "https://a.example/twilio/twilio/status", "/twilio/status"},
      {"https://a.example/twilio", "/twilio/status",
       "https://a.example/twilio/twilio/status", "/twilio/status"},
      // Neither goes on with one of our routes.
      {"https://a.example/x", "/x/status", "https://a.example/x/x/status", ""},
      {"https://a.example/x", "/x/x/twilio/status",
       "https://a.example/x/x/x/twilio/status", ""},
      {"https://a.example/x", "/xtwilio/status",
       "https://a.example/x/xtwilio/status", ""},
      {"http://localhost:8080", "/twilio//status",
       "http://localhost:8080/twilio//status", ""},
      {"http://[::1]:8080", "/twilio/status/",
       "http://[::1]:8080/twilio/status/", ""},
      {"http://127.0.0.1", "/%74wilio/status",
       "http://127.0.0.1/%74wilio/status", ""},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(std::string(row.base) + " " + row.target);
    const auto url = PublicUrl::Parse(row.base);
    ASSERT_THAT(url, IsOk());
    const absl::string_view target = row.target;
    EXPECT_EQ(url->UrlOf(target), row.url);
    EXPECT_EQ(url->RouteOf(target.substr(0, target.find('?'))), row.route);
  }
}

TEST(PublicUrlTest, RefusesWhatTwilioCouldNotCall) {
  struct Row {
    const char* text;
    const char* error;
  };
  const std::vector<Row> rows = {
      {"", "no URL"},
      {"sms.example.com", "no URL"},
      {"https://", "no URL"},
      {"https:///x", "no URL"},
      {"https://a b.example", "no URL"},
      {"ftp://a.example", "https://"},
      {"http://a.example", "loopback"},
      {"http://localhost.example.com", "loopback"},
      {"http://127.example.com", "loopback"},
      {"https://a.example?x=1", "query"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.text);
    EXPECT_THAT(PublicUrl::Parse(row.text),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         AllOf(HasSubstr("public-url"), HasSubstr(row.error))));
  }
}

}  // namespace
}  // namespace sidwatch
