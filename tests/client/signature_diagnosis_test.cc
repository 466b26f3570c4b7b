#include "client/cli/signature_diagnosis.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "server/webhook/request_validator.h"

namespace sidwatch {
namespace {

using testing::HasSubstr;

constexpr char kUrl[] = "https://sms.example.com/twilio/status?ref=7";
constexpr char kToken[] = "12345";
constexpr char kFormType[] = "application/x-www-form-urlencoded";

CapturedRequest Genuine() {
  return {.url = kUrl,
          .signature = SignatureOf(
              kToken, kUrl, {{"MessageSid", "SM1"}, {"MessageStatus", "sent"}}),
          .method = "POST",
          .content_type = kFormType,
          .body = "MessageStatus=sent&MessageSid=SM1",
          .auth_token = kToken};
}

CapturedRequest WithUrl(const std::string& url) {
  CapturedRequest request = Genuine();
  request.url = url;
  return request;
}

TEST(SignatureDiagnosisTest, BelievesTwiliosPublishedExample) {
  const Diagnosis diagnosis =
      Diagnose({.url = "https://example.com/myapp.php?foo=1&bar=2",
                .signature = "L/OH5YylLD5NRKLltdqwSvS0BnU=",
                .method = "POST",
                .content_type = kFormType,
                .body = "Digits=1234&To=%2B18005551212&From=%2B14158675310&"
                        "Caller=%2B14158675310&CallSid=CA1234567890ABCDE",
                .auth_token = "12345"});

  EXPECT_TRUE(diagnosis.genuine) << diagnosis.text;
}

// The same, but Twilio called it at `url`.
CapturedRequest SignedFor(const std::string& url) {
  CapturedRequest request = Genuine();
  request.signature = SignatureOf(
      kToken, url, {{"MessageSid", "SM1"}, {"MessageStatus", "sent"}});
  return request;
}

struct Row {
  std::string name;
  CapturedRequest request;
  std::string text;
};

std::vector<Row> WrongUrls() {
  return {
      {"http", WithUrl("http://sms.example.com/twilio/status?ref=7"),
       "fits with https://"},
      {"port", SignedFor("https://sms.example.com:8443/twilio/status?ref=7"),
       "fits with :8443"},
      {"slash", WithUrl("https://sms.example.com/twilio/status/?ref=7"),
       "fits without the trailing slash"},
      {"proxied", SignedFor("http://sms.example.com:3000/twilio/status?ref=7"),
       "fits with http:// and with :3000"},
      {"another query", WithUrl("https://sms.example.com/twilio/status?ref=8"),
       "Most likely the token is another one"},
      {"no URL", WithUrl("nonsense"), "Most likely the token is another one"},
      {"empty", WithUrl(""), "Most likely the token is another one"},
      {"only a port", WithUrl("http://:1"),
       "Most likely the token is another one"},
  };
}

std::vector<Row> WrongRests() {
  CapturedRequest newline = Genuine();
  newline.body += "\n";
  CapturedRequest altered = Genuine();
  altered.body = "MessageStatus=delivered&MessageSid=SM1";
  CapturedRequest blanks = Genuine();
  blanks.auth_token = " 12345\n";
  CapturedRequest other_token = Genuine();
  other_token.auth_token = "54321";
  CapturedRequest as_get = Genuine();
  as_get.method = "GET";
  CapturedRequest of_get = Genuine();
  of_get.signature = SignatureOf(kToken, kUrl, {});
  const CapturedRequest queryless =
      SignedFor("https://sms.example.com/twilio/status");
  CapturedRequest xml = Genuine();
  xml.content_type = "text/xml";
  xml.signature = SignatureOf("x", "y", {});
  CapturedRequest missing = Genuine();
  missing.signature = "";
  CapturedRequest short_one = Genuine();
  short_one.signature = "abc=";
  return {
      {"editor's line end", newline, "without the line end after the body"},
      {"altered", altered, "Most likely the token is another one"},
      {"blanks", blanks, "without the blanks around TWILIO_AUTH_TOKEN"},
      {"other token", other_token, "Most likely the token is another one"},
      {"as GET", as_get, "as a POST of application/x-www-form-urlencoded"},
      {"of a GET", of_get, "without the body (as for a GET)"},
      {"queryless", queryless, "fits without its query"},
      {"XML", xml, "no signature covers a body of this content type"},
      {"missing", missing, "there is no signature"},
      {"short", short_one, "28 characters of base64"},
  };
}

TEST(SignatureDiagnosisTest, NamesWhatIsWrongWithTheUrl) {
  for (const Row& row : WrongUrls()) {
    const Diagnosis diagnosis = Diagnose(row.request);

    EXPECT_FALSE(diagnosis.genuine) << row.name;
    EXPECT_THAT(diagnosis.text, HasSubstr(row.text)) << row.name;
  }
}

TEST(SignatureDiagnosisTest, NamesWhatIsWrongWithTheRest) {
  for (const Row& row : WrongRests()) {
    const Diagnosis diagnosis = Diagnose(row.request);

    EXPECT_FALSE(diagnosis.genuine) << row.name;
    EXPECT_THAT(diagnosis.text, HasSubstr(row.text)) << row.name;
  }
}

TEST(SignatureDiagnosisTest, TellsAJsonBodyThatWasChanged) {
  const std::string url =
      "https://sms.example.com/twilio/events?bodySHA256=" + BodyHash("[]");
  CapturedRequest request = {.url = url,
                             .signature = SignatureOf(kToken, url, {}),
                             .method = "POST",
                             .content_type = "application/json",
                             .body = "[]",
                             .auth_token = kToken};
  EXPECT_TRUE(Diagnose(request).genuine);

  request.body = "[]\n";
  EXPECT_THAT(Diagnose(request).text, HasSubstr("line end after the body"));

  request.body = "[1]";
  EXPECT_THAT(Diagnose(request).text, HasSubstr("not the one that bodySHA256"));
}

}  // namespace
}  // namespace sidwatch
