#include "server/webhook/request_validator.h"

#include <fstream>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "server/webhook/form_parameters.h"
#include "server/webhook/signed_url.h"
#include "tests/fakes/status_matchers.h"

namespace sidwatch {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;

constexpr absl::string_view kUrl = "https://example.com/myapp.php?foo=1&bar=2";
constexpr absl::string_view kSignature = "L/OH5YylLD5NRKLltdqwSvS0BnU=";

// The worked example of Twilio's documentation, "Security".
Parameters ExampleForm() {
  return {{"Digits", "1234"},
          {"To", "+18005551212"},
          {"From", "+14158675310"},
          {"Caller", "+14158675310"},
          {"CallSid", "CA1234567890ABCDE"}};
}

json ReadVectors(const char* key = "vectors") {
  std::ifstream file(SIDWATCH_TEST_DATA "/signature_vectors.json");
  return json::parse(file)[key];
}

Parameters ParametersOf(const json& pairs) {
  Parameters parameters;
  for (const json& pair : pairs) {
    parameters.emplace_back(pair[0].get<std::string>(),
                            pair[1].get<std::string>());
  }
  return parameters;
}

std::string TextOf(const json& value) {
  return value.is_string() ? value.get<std::string>() : "";
}

RequestValidator::Verdict VerdictOf(const json& vector) {
  const std::string url = vector["url"];
  const std::string body = vector["body"];
  const std::string signature = TextOf(vector["signature"]);
  const Parameters form = ParametersOf(vector["params"]);
  const RequestValidator validator({vector["auth_token"].get<std::string>()});
  return validator.Validate(
      {.url = url,
       .body_kind = SignedBodyOf(vector["method"].get<std::string>(),
                                 TextOf(vector["content_type"])),
       .body = body,
       .form = &form,
       .signature = signature});
}

TEST(RequestValidatorTest, GivesTheVerdictOfTwilioOnAllVectors) {
  const json vectors = ReadVectors();
  ASSERT_EQ(vectors.size(), 144);
  for (const json& vector : vectors) {
    EXPECT_EQ(VerdictOf(vector).genuine(), vector["valid"].get<bool>())
        << vector["name"];
  }
}

TEST(RequestValidatorTest, SignsExactVectorsAsTwilioDoes) {
  const json vectors = ReadVectors();
  for (const json& vector : vectors) {
    if (!vector["exact"].get<bool>()) continue;
    EXPECT_EQ(SignatureOf(vector["auth_token"].get<std::string>(),
                          vector["url"].get<std::string>(),
                          ParametersOf(vector["params"])),
              vector["signature"].get<std::string>())
        << vector["name"];
  }
}

TEST(RequestValidatorTest, FollowsTheDocumentedRulesFromTheConfiguredUrl) {
  const json rules = ReadVectors("documented_rules");
  ASSERT_EQ(rules.size(), 4);
  for (const json& rule : rules) {
    const std::string url = rule["configured_url"];
    const std::string signature = rule["signature"];
    const Parameters form = ParametersOf(rule["params"]);
    const RequestValidator validator({rule["auth_token"].get<std::string>()});
    EXPECT_TRUE(
        validator.Validate({.url = url, .form = &form, .signature = signature})
            .genuine())
        << rule["name"];
  }
}

TEST(RequestValidatorTest, ReadsTheVectorsFormsAsTheirSenderMeantThem) {
  const json vectors = ReadVectors();
  for (const json& vector : vectors) {
    if (SignedBodyOf(vector["method"].get<std::string>(),
                     TextOf(vector["content_type"])) != SignedBody::kForm) {
      continue;
    }
    EXPECT_THAT(ParseForm(vector["body"].get<std::string>()),
                IsOkAndHolds(ParametersOf(vector["params"])))
        << vector["name"];
  }
}

TEST(RequestValidatorTest, TellsWhichTokenVerified) {
  const Parameters form = ExampleForm();
  const SignedRequest request = {
      .url = kUrl, .form = &form, .signature = kSignature};

  EXPECT_EQ(RequestValidator({"12345", "other"}).Validate(request).token_index,
            0);
  EXPECT_EQ(RequestValidator({"other", "12345"}).Validate(request).token_index,
            1);
  EXPECT_EQ(RequestValidator({"other"}).Validate(request).fault,
            SignatureFault::kMismatch);
  EXPECT_EQ(RequestValidator({}).Validate(request).fault,
            SignatureFault::kMismatch);
}

TEST(RequestValidatorTest, NamesTheFault) {
  struct Row {
    const char* name;
    SignedBody body_kind;
    std::string signature;
    SignatureFault fault;
    const char* word;
  };
  const std::string good(kSignature);
  const std::vector<Row> rows = {
      {"good", SignedBody::kForm, good, SignatureFault::kNone, "none"},
      {"none", SignedBody::kForm, "", SignatureFault::kMissing, "missing"},
      {"short", SignedBody::kForm, good.substr(1), SignatureFault::kMalformed,
       "malformed"},
      {"long", SignedBody::kForm, good + "=", SignatureFault::kMalformed,
       "malformed"},
      {"unpadded", SignedBody::kForm, std::string(28, 'a'),
       SignatureFault::kMalformed, "malformed"},
      {"other case", SignedBody::kForm, "l" + good.substr(1),
       SignatureFault::kMismatch, "mismatch"},
      {"as GET", SignedBody::kNone, good, SignatureFault::kMismatch,
       "mismatch"},
      {"as JSON", SignedBody::kJson, good, SignatureFault::kBodyHash,
       "body_hash"},
      {"as text", SignedBody::kUnverifiable, good,
       SignatureFault::kUnverifiable, "content"},
  };
  const RequestValidator validator({"12345"});
  const Parameters form = ExampleForm();
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    const auto verdict = validator.Validate({.url = kUrl,
                                             .body_kind = row.body_kind,
                                             .form = &form,
                                             .signature = row.signature});
    EXPECT_EQ(verdict.fault, row.fault);
    EXPECT_EQ(FaultWord(verdict.fault), row.word);
  }
}

TEST(RequestValidatorTest, RejectsWhatWasChangedAfterSigning) {
  const RequestValidator validator({"12345"});
  const std::vector<Parameters> changed = {
      {{"Digits", "1235"}}, {{"digits", "1234"}}, {{"Digits", "1234 "}}};
  for (const Parameters& first : changed) {
    Parameters form = ExampleForm();
    form[0] = first[0];
    EXPECT_FALSE(
        validator
            .Validate({.url = kUrl, .form = &form, .signature = kSignature})
            .genuine());
  }
  Parameters more = ExampleForm();
  more.emplace_back("New", "");
  EXPECT_FALSE(
      validator.Validate({.url = kUrl, .form = &more, .signature = kSignature})
          .genuine());
}

TEST(RequestValidatorTest, ChoosesByMediaTypeAlone) {
  EXPECT_EQ(SignedBodyOf("GET", "text/plain"), SignedBody::kNone);
  EXPECT_EQ(SignedBodyOf("POST", " Application/X-WWW-Form-URLencoded ;x"),
            SignedBody::kForm);
  EXPECT_EQ(SignedBodyOf("POST", "application/json; charset=utf-8"),
            SignedBody::kJson);
  for (const char* type : {"", "multipart/form-data; boundary=x", "text/plain",
                           "application/x-www-form-urlencodedx"}) {
    EXPECT_EQ(SignedBodyOf("POST", type), SignedBody::kUnverifiable) << type;
  }
}

TEST(RequestValidatorTest, SignsRightHoweverManyKeysAThreadHasUsed) {
  std::vector<HmacSha1Key> keys;
  std::vector<std::string> signatures;
  for (int i = 0; i < 10; ++i) {
    keys.emplace_back(std::string(static_cast<size_t>(i), 'k'));
    signatures.push_back(keys.back().Sign("a", "b"));
  }
  EXPECT_EQ(std::set<std::string>(signatures.begin(), signatures.end()).size(),
            10);

  for (int round = 0; round < 2; ++round) {
    for (size_t i = 0; i < keys.size(); ++i) {
      EXPECT_EQ(keys[i].Sign("", "ab"), signatures[i]);
    }
  }
  std::thread other([&] { EXPECT_EQ(keys[3].Sign("ab", ""), signatures[3]); });
  other.join();
}

std::vector<std::string> AllOf(absl::string_view url) {
  SignedUrlCandidates candidates(url);
  std::vector<std::string> all;
  while (auto candidate = candidates.Next()) all.push_back(*candidate);
  return all;
}

TEST(SignedUrlTest, GivesEverySpellingOnce) {
  EXPECT_THAT(
      AllOf("https://a.example/x?b=1#rc=2"),
      ElementsAre("https://a.example/x?b=1", "https://a.example:443/x?b=1"));
  EXPECT_THAT(AllOf("http://[::1]:8080/x"),
              ElementsAre("http://[::1]/x", "http://[::1]:8080/x"));
}

TEST(SignedUrlTest, NormalizesAfterTheRawSpellings) {
  EXPECT_THAT(AllOf("HTTPS://A.example:443/X?q=O'B+c&e&q="),
              ElementsAre("HTTPS://A.example/X?q=O'B+c&e&q=",
                          "HTTPS://A.example:443/X?q=O'B+c&e&q=",
                          "https://a.example/X?q=O%27B+c&e&q=",
                          "https://a.example:443/X?q=O%27B+c&e&q=",
                          "https://a.example/X?q=O'B%20c&q=&e=",
                          "https://a.example:443/X?q=O'B%20c&q=&e="));
}

TEST(SignedUrlTest, TriesWithoutUserinfoFirst) {
  EXPECT_THAT(
      AllOf("https://u:p@a.example:1/"),
      ElementsAre("https://a.example/", "https://a.example:1/",
                  "https://u:p@a.example/", "https://u:p@a.example:1/"));
}

TEST(SignedUrlTest, KeepsWhatIsNoUrl) {
  EXPECT_THAT(AllOf("no url"), ElementsAre("no url"));
  EXPECT_THAT(AllOf(""), ElementsAre(""));
}

TEST(SignedUrlTest, LeavesAQueryOfStrangersAlone) {
  std::string query;
  for (int i = 0; i < 200; ++i) query += "a+b&";

  EXPECT_THAT(AllOf("https://a.example/?" + query), testing::SizeIs(2));
}

}  // namespace
}  // namespace sidwatch
