#include "server/send/curl_twilio_client.h"

#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/status_matchers.h"
#include "tests/server/send/raw_http_server.h"

namespace sidwatch {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using testing::Optional;
using testing::Pair;
using testing::SizeIs;
using testing::StartsWith;
using testing::VariantWith;
using Then = RawHttpServer::Answer::Then;

constexpr char kAccountSid[] = "AC0123456789abcdef0123456789abcdef";
constexpr char kSid[] = "SM0123456789abcdef0123456789abcdef";
constexpr char kSecret[] = "the-auth-token";

std::string CreatedReply() {
  return RawHttpServer::Reply(
      "HTTP/1.1 201 Created",
      absl::StrCat(R"({"sid":")", kSid, R"(","status":"queued"})"));
}

class CurlTwilioClientTest : public testing::Test {
 protected:
  std::unique_ptr<CurlTwilioClient> MakeClient(
      const std::string& base_url, absl::Duration timeout = absl::Seconds(60)) {
    CurlTwilioClient::Options options;
    options.base_url = base_url;
    options.timeout = timeout;
    options.reply_max_bytes = 10'000;
    auto client = CurlTwilioClient::Make(
        options, {.user = kAccountSid, .secret = kSecret}, counters_);
    EXPECT_THAT(client, IsOk());
    return *std::move(client);
  }

  CreateResult Create(CurlTwilioClient& client) {
    return client.CreateMessage(
        kAccountSid, {{"To", "+15551234567"}, {"Body", "a b&c=ü\n"}});
  }

  // What a client makes of one answer.
  CreateResult CreateAgainst(RawHttpServer::Answer answer,
                             absl::Duration timeout = absl::Seconds(60)) {
    RawHttpServer server({std::move(answer)});
    return Create(*MakeClient(server.url(), timeout));
  }

  Counters counters_;
};

TEST_F(CurlTwilioClientTest, PostsTheFormWithBasicAuthAndReadsTheMessage) {
  RawHttpServer server({{CreatedReply()}});

  const CreateResult result = Create(*MakeClient(server.url()));

  ASSERT_TRUE(std::holds_alternative<TwilioMessage>(result));
  EXPECT_EQ(std::get<TwilioMessage>(result).message_sid.ToString(), kSid);
  ASSERT_THAT(server.requests(), SizeIs(1));
  const std::string request = server.requests()[0];
  EXPECT_THAT(request,
              StartsWith(absl::StrCat("POST /2010-04-01/Accounts/", kAccountSid,
                                      "/Messages.json HTTP/1.1\r\n")));
  EXPECT_THAT(
      request,
      AllOf(HasSubstr("Content-Type: application/x-www-form-urlencoded\r\n"),
            HasSubstr("User-Agent: sidwatch/"), Not(HasSubstr("Expect")),
            // AC0123…:the-auth-token
            HasSubstr("Authorization: Basic QUMwMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc"
                      "4OWFiY2RlZjp0aGUtYXV0aC10b2tlbg==\r\n"),
            HasSubstr("\r\n\r\nTo=%2B15551234567&Body=a%20b%26c%3D%C3%BC%0A")));
  EXPECT_THAT(counters_.twilio_requests_total.values(),
              Contains(Pair(testing::ElementsAre("create", "201"), 1)));
}

TEST_F(CurlTwilioClientTest, UsesNewCredentialsFromTheNextCallOn) {
  RawHttpServer server({{CreatedReply(), Then::kKeepOpen}});
  const auto client = MakeClient(server.url());
  Create(*client);

  client->SetCredentials({.user = "SK1", .secret = "other"});
  Create(*client);

  ASSERT_THAT(server.requests(), SizeIs(2));
  EXPECT_THAT(server.requests()[1],
              HasSubstr("Authorization: Basic U0sxOm90aGVy\r\n"));
}

TEST_F(CurlTwilioClientTest, RefusedConnectionIsNotSent) {
  ClosedPort port;

  EXPECT_THAT(Create(*MakeClient(port.url())),
              VariantWith<NotSent>(testing::_));
}

TEST_F(CurlTwilioClientTest, FailedTlsHandshakeIsNotSent) {
  RawHttpServer server({{CreatedReply()}});
  const std::string https = "https" + server.url().substr(4);

  EXPECT_THAT(Create(*MakeClient(https, absl::Milliseconds(300))),
              VariantWith<NotSent>(testing::_));
}

TEST_F(CurlTwilioClientTest, ReplyLostAtAnyByteIsUnknownUntilItIsWhole) {
  const std::string reply = CreatedReply();
  for (size_t bytes = 0; bytes < reply.size(); ++bytes) {
    for (const Then then : {Then::kClose, Then::kReset}) {
      SCOPED_TRACE(testing::Message() << bytes << " bytes");
      // A reset may overtake the bytes before it: either end is right then,
      // but never NotSent, which would send again.
      EXPECT_THAT(CreateAgainst({reply.substr(0, bytes), then}),
                  VariantWith<OutcomeUnknown>(testing::_));
    }
  }
}

TEST_F(CurlTwilioClientTest, StalledReplyIsUnknownAtAnyPart) {
  const std::string reply = CreatedReply();
  for (const size_t bytes : {size_t{0}, size_t{10}, reply.size() - 1}) {
    SCOPED_TRACE(testing::Message() << bytes << " bytes");
    EXPECT_THAT(CreateAgainst({reply.substr(0, bytes), Then::kStall},
                              absl::Milliseconds(200)),
                VariantWith<OutcomeUnknown>(testing::_));
  }
}

TEST_F(CurlTwilioClientTest, NeverRepeatsOverAKeptConnectionThatDies) {
  // libcurl alone would send the second request again, on a new connection.
  RawHttpServer server({{CreatedReply(), Then::kKeepOpen},
                        {"", Then::kClose},
                        {CreatedReply()}});
  const auto client = MakeClient(server.url());
  Create(*client);

  const CreateResult result = Create(*client);

  EXPECT_THAT(result, VariantWith<OutcomeUnknown>(testing::_));
  EXPECT_THAT(server.requests(), SizeIs(2));
}

TEST_F(CurlTwilioClientTest, RepliesThatNameNoMessageAreUnknown) {
  const struct {
    const char* name;
    std::string reply;
  } rows[] = {
      {"201 empty", RawHttpServer::Reply("HTTP/1.1 201 Created", "")},
      {"201 HTML", RawHttpServer::Reply("HTTP/1.1 201 Created", "<html>")},
      {"201 without sid",
       RawHttpServer::Reply("HTTP/1.1 201 Created", R"({"status":"queued"})")},
      {"201 too large",
       RawHttpServer::Reply("HTTP/1.1 201 Created", std::string(20'000, ' '))},
      {"204", "HTTP/1.1 204 No Content\r\n\r\n"},
      {"301", RawHttpServer::Reply("HTTP/1.1 301 Moved", "",
                                   "Location: http://127.0.0.1:1/\r\n")},
      {"304", "HTTP/1.1 304 Not Modified\r\n\r\n"},
      {"307", RawHttpServer::Reply("HTTP/1.1 307 Moved", "",
                                   "Location: http://127.0.0.1:1/\r\n")},
      {"408", RawHttpServer::Reply("HTTP/1.1 408 Timeout", "")},
      {"500", RawHttpServer::Reply("HTTP/1.1 500 Error", R"({"code":20500})")},
      {"503", RawHttpServer::Reply("HTTP/1.1 503 Busy", "<html>")},
      {"garbage", "\x16\x03\x01 what is this\r\n\r\n"},
      {"no HTTP", "hello"},
      {"status 0", "HTTP/1.1 000 \r\n\r\n"},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    EXPECT_THAT(CreateAgainst({row.reply}),
                VariantWith<OutcomeUnknown>(testing::_));
  }
}

TEST_F(CurlTwilioClientTest, FollowsNoRedirect) {
  RawHttpServer elsewhere({{CreatedReply()}});
  RawHttpServer server({{RawHttpServer::Reply(
      "HTTP/1.1 307 Moved", "",
      absl::StrCat("Location: ", elsewhere.url(), "/\r\n"))}});

  Create(*MakeClient(server.url()));

  EXPECT_THAT(elsewhere.requests(), SizeIs(0));
}

TEST_F(CurlTwilioClientTest, ReadsTwiliosRefusals) {
  const CreateResult result = CreateAgainst({RawHttpServer::Reply(
      "HTTP/1.1 400 Bad Request",
      R"({"code":21211,"message":"bad","more_info":"https://t","status":400})")});

  ASSERT_TRUE(std::holds_alternative<TwilioRefusal>(result));
  const auto& refusal = std::get<TwilioRefusal>(result);
  EXPECT_EQ(refusal.http_status, 400);
  EXPECT_EQ(refusal.code, 21211);
  EXPECT_EQ(refusal.message, "bad");
  EXPECT_EQ(refusal.more_info, "https://t");
}

TEST_F(CurlTwilioClientTest, ARefusalWithoutTwiliosJsonKeepsItsStatus) {
  for (const std::string& reply :
       {RawHttpServer::Reply("HTTP/1.1 403 Forbidden", "<html>no</html>"),
        RawHttpServer::Reply("HTTP/1.1 403 Forbidden", ""),
        RawHttpServer::Reply("HTTP/1.1 403 Forbidden",
                             std::string(20'000, 'x')),
        std::string(
            "HTTP/1.1 403 Forbidden\r\nContent-Length: 9\r\n\r\n{\"c")}) {
    const CreateResult result = CreateAgainst({reply});

    ASSERT_TRUE(std::holds_alternative<TwilioRefusal>(result)) << reply;
    EXPECT_EQ(std::get<TwilioRefusal>(result).http_status, 403);
    EXPECT_EQ(std::get<TwilioRefusal>(result).code, 0);
    EXPECT_EQ(std::get<TwilioRefusal>(result).message, "HTTP 403");
  }
}

TEST_F(CurlTwilioClientTest, ReadsRetryAfter) {
  const CreateResult result = CreateAgainst({RawHttpServer::Reply(
      "HTTP/1.1 429 Too Many", R"({"code":20429})", "Retry-After: 7\r\n")});

  ASSERT_TRUE(std::holds_alternative<TwilioRefusal>(result));
  EXPECT_THAT(std::get<TwilioRefusal>(result).retry_after,
              Optional(absl::Seconds(7)));
}

TEST_F(CurlTwilioClientTest, SecretsStandInNoProblem) {
  ClosedPort port;
  const CreateResult not_sent = Create(*MakeClient(port.url()));
  const CreateResult unknown = CreateAgainst({"", Then::kClose});

  for (const std::string& problem :
       {std::get<NotSent>(not_sent).problem,
        std::get<OutcomeUnknown>(unknown).problem}) {
    EXPECT_THAT(problem,
                AllOf(Not(HasSubstr(kSecret)), Not(HasSubstr("15551234567"))));
  }
}

TEST_F(CurlTwilioClientTest, BaseUrlIsCheckedWhenItIsMade) {
  const struct {
    const char* base_url;
    bool good;
  } rows[] = {
      {"https://api.twilio.com", true},
      {"https://api.twilio.com/", true},
      {"https://proxy.example/twilio", true},
      {"http://127.0.0.1:4010", true},
      {"http://localhost:4010", true},
      {"http://[::1]:4010", true},
      {"http://api.twilio.com", false},
      {"http://127.0.0.1.example.com", false},
      {"http://10.0.0.1", false},
      {"ftp://127.0.0.1", false},
      {"https://user:secret@api.twilio.com", false},
      {"https://:secret@api.twilio.com", false},
      {"https://api.twilio.com?x=1", false},
      {"api.twilio.com", false},
      {"", false},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.base_url);
    CurlTwilioClient::Options options;
    options.base_url = row.base_url;

    const auto client = CurlTwilioClient::Make(options, {}, counters_);

    EXPECT_EQ(client.ok(), row.good) << client.status();
  }
}

TEST(TwilioBaseUrlTest, PutsRegionAndEdgeIntoTwiliosHostAlone) {
  const struct {
    const char* base_url;
    const char* region;
    const char* edge;
    const char* expected;
  } rows[] = {
      {"https://api.twilio.com", "", "", "https://api.twilio.com"},
      {"https://api.twilio.com", "au1", "sydney",
       "https://api.sydney.au1.twilio.com"},
      {"https://api.twilio.com", "ie1", "", "https://api.ie1.twilio.com"},
      {"https://api.twilio.com", "", "dublin",
       "https://api.dublin.us1.twilio.com"},
      {"http://127.0.0.1:1", "au1", "sydney", "http://127.0.0.1:1"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(TwilioBaseUrl(row.base_url, row.region, row.edge), row.expected);
  }
}

}  // namespace
}  // namespace sidwatch
