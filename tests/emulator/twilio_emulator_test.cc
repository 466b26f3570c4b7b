#include "tests/emulator/twilio_emulator.h"

#include <curl/curl.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "server/send/curl_twilio_client.h"
#include "tests/emulator/form.h"
#include "tests/fakes/collecting_log_sink.h"
#include "tests/fakes/status_matchers.h"

namespace sidwatch {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::VariantWith;
using Json = nlohmann::json;

constexpr char kAccountSid[] = "AC00000000000000000000000000000001";
constexpr char kToken[] = "emulator-token";
constexpr char kService[] = "MG00000000000000000000000000000000";
constexpr char kPlain[] = "To=%2B15551234567&From=%2B15557654321&Body=Hi";

struct HttpAnswer {
  long status = 0;
  std::string body;
  std::string server;

  Json json() const { return Json::parse(body, nullptr, false); }
};

size_t Append(char* data, size_t size, size_t count, void* out) {
  static_cast<std::string*>(out)->append(data, size * count);
  return size * count;
}

// Where callbacks go: keeps them, answers what it was told to.
class CallbackReceiver {
 public:
  CallbackReceiver() {
    auto guard = HttpGuard::Start(
        {.workers = 8}, [](absl::string_view, absl::string_view) { return 0; },
        [this](const HttpRequest& request) { return Take(request); },
        Logger(sink_));
    EXPECT_THAT(guard, IsOk());
    guard_ = *std::move(guard);
  }
  ~CallbackReceiver() { guard_->Stop(); }

  std::string url() const {
    return absl::StrCat("http://", guard_->address(), "/twilio/status?ref=7");
  }

  // The next `count` answers have that status.
  void AnswerNext(int count, int status) {
    MutexLock lock(mu_);
    answers_.insert(answers_.end(), static_cast<size_t>(count), status);
  }

  std::vector<HttpRequest> WaitFor(size_t count) {
    MutexLock lock(mu_);
    while (requests_.size() < count) {
      if (!changed_.WaitFor(mu_, absl::Seconds(60))) break;
    }
    return requests_;
  }

  // Blocks until a callback with that status has come; the words until then.
  std::vector<std::string> WaitForStatus(const std::string& last) {
    MutexLock lock(mu_);
    for (;;) {
      std::vector<std::string> words = WordsLocked();
      if (std::find(words.begin(), words.end(), last) != words.end()) {
        return words;
      }
      if (!changed_.WaitFor(mu_, absl::Seconds(60))) return words;
    }
  }

 private:
  HttpResponse Take(const HttpRequest& request) {
    MutexLock lock(mu_);
    requests_.push_back(request);
    changed_.NotifyAll();
    if (answers_.empty()) return {.status = 204};
    const int status = answers_.front();
    answers_.erase(answers_.begin());
    return {.status = status};
  }

  std::vector<std::string> WordsLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    std::vector<std::string> words;
    for (const HttpRequest& request : requests_) {
      words.push_back(ParameterOf(DecodeForm(request.body), "MessageStatus"));
    }
    return words;
  }

  CollectingLogSink sink_;
  Mutex mu_;
  CondVar changed_;
  std::vector<HttpRequest> requests_ ABSL_GUARDED_BY(mu_);
  std::vector<int> answers_ ABSL_GUARDED_BY(mu_);
  std::unique_ptr<HttpGuard> guard_;
};

class TwilioEmulatorTest : public testing::Test {
 protected:
  explicit TwilioEmulatorTest(double speed = 50) {
    auto emulator = TwilioEmulator::Start(
        {.account_sid = kAccountSid, .auth_token = kToken, .speed = speed},
        Logger(sink_));
    EXPECT_THAT(emulator, IsOk());
    emulator_ = *std::move(emulator);
  }

  HttpAnswer Call(const std::string& method, const std::string& target,
                  const std::string& body = "", const char* token = kToken) {
    HttpAnswer answer;
    std::string headers;
    CURL* easy = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_URL, (emulator_->url() + target).c_str());
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method.c_str());
    curl_easy_setopt(easy, CURLOPT_USERNAME, kAccountSid);
    curl_easy_setopt(easy, CURLOPT_PASSWORD, token);
    if (method == "POST") {
      curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, body.c_str());
    }
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Append);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &answer.body);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &Append);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, &headers);
    curl_easy_perform(easy);
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &answer.status);
    curl_easy_cleanup(easy);
    if (absl::StrContains(headers, "Server: twilio-emulator")) {
      answer.server = "twilio-emulator";
    }
    return answer;
  }

  static std::string Messages(const std::string& rest = ".json") {
    return absl::StrCat("/2010-04-01/Accounts/", kAccountSid, "/Messages",
                        rest);
  }
  HttpAnswer Create(const std::string& form) {
    return Call("POST", Messages(), form);
  }
  HttpAnswer CreateWithCallback(const std::string& more = "",
                                const std::string& fragment = "") {
    return Create(absl::StrCat(
        kPlain, more, "&",
        EncodeForm({{"StatusCallback", receiver_.url() + fragment}})));
  }
  static std::string SidOf(const HttpAnswer& answer) {
    return answer.json()["sid"].get<std::string>();
  }
  void SetFaults(const std::string& json) {
    EXPECT_EQ(Call("POST", "/emulator/faults", json).status, 200);
  }

  CollectingLogSink sink_;
  CallbackReceiver receiver_;
  std::unique_ptr<TwilioEmulator> emulator_;
};

TEST_F(TwilioEmulatorTest, CreatedMessageLooksLikeTwilios) {
  const HttpAnswer answer = Create(kPlain);

  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(answer.server, "twilio-emulator");
  const Json json = answer.json();
  EXPECT_EQ(json["status"], "queued");
  EXPECT_EQ(json["to"], "+15551234567");
  EXPECT_EQ(json["num_segments"], "1");
  EXPECT_EQ(json["uri"], Messages("/" + SidOf(answer) + ".json"));
  EXPECT_TRUE(json["error_code"].is_null());
  EXPECT_EQ(Create(std::string(kPlain) + "&MediaUrl=https://a/")
                .json()["sid"]
                .get<std::string>()
                .substr(0, 2),
            "MM");
}

TEST_F(TwilioEmulatorTest, OurOwnClientReadsItsAnswers) {
  Counters counters;
  auto client =
      CurlTwilioClient::Make({.base_url = emulator_->url()},
                             {.user = kAccountSid, .secret = kToken}, counters);
  ASSERT_THAT(client, IsOk());

  EXPECT_THAT((*client)->CreateMessage(kAccountSid, DecodeForm(kPlain)),
              VariantWith<TwilioMessage>(testing::_));
  (*client)->SetCredentials({.user = kAccountSid, .secret = "wrong"});
  const CreateResult refused =
      (*client)->CreateMessage(kAccountSid, DecodeForm(kPlain));
  ASSERT_TRUE(std::holds_alternative<TwilioRefusal>(refused));
  EXPECT_EQ(std::get<TwilioRefusal>(refused).code, 20003);
}

TEST_F(TwilioEmulatorTest, WrongCredentialsGetTwiliosError) {
  const HttpAnswer answer = Call("POST", Messages(), kPlain, "wrong");

  EXPECT_EQ(answer.status, 401);
  EXPECT_EQ(answer.json()["code"], 20003);
  EXPECT_EQ(answer.json()["status"], 401);
  EXPECT_THAT(emulator_->messages(), IsEmpty());
}

TEST_F(TwilioEmulatorTest, RefusedCreateMakesNoMessage) {
  const HttpAnswer answer = Create("To=%2B15005550001&From=12345&Body=x");

  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.json()["code"], 21211);
  EXPECT_EQ(answer.json()["more_info"],
            "https://www.twilio.com/docs/errors/21211");
  EXPECT_THAT(emulator_->messages(), IsEmpty());
}

TEST_F(TwilioEmulatorTest, TellsOfSentAndDeliveredWithoutAService) {
  const std::string sid = SidOf(CreateWithCallback("", "#rc=5&rp=all"));

  EXPECT_THAT(receiver_.WaitForStatus("delivered"),
              ElementsAre("sent", "delivered"));
  EXPECT_EQ(Call("GET", Messages("/" + sid + ".json")).json()["status"],
            "delivered");
}

TEST_F(TwilioEmulatorTest, CallbackIsSignedOverTheUrlWithoutItsFragment) {
  CreateWithCallback("", "#rc=5&rp=all");

  const HttpRequest callback = receiver_.WaitFor(1).at(0);
  EXPECT_EQ(callback.target, "/twilio/status?ref=7");
  EXPECT_EQ(
      callback.header("X-Twilio-Signature"),
      TwilioSignature(kToken, receiver_.url(), DecodeForm(callback.body)));
  EXPECT_THAT(std::string(callback.header("User-Agent")),
              HasSubstr("emulator"));
}

TEST_F(TwilioEmulatorTest, ServiceChoosesItsSenderAfterTheReply) {
  const HttpAnswer answer = Create(
      absl::StrCat("To=%2B15551234567&Body=x&MessagingServiceSid=", kService,
                   "&", EncodeForm({{"StatusCallback", receiver_.url()}})));

  EXPECT_EQ(answer.json()["status"], "accepted");
  EXPECT_TRUE(answer.json()["from"].is_null());
  EXPECT_EQ(answer.json()["num_segments"], "0");
  EXPECT_THAT(receiver_.WaitForStatus("delivered"),
              ElementsAre("queued", "sent", "delivered"));
}

TEST_F(TwilioEmulatorTest, ScheduledMessageCanBeCancelledOnce) {
  const std::string send_at = absl::FormatTime(
      "%Y-%m-%dT%H:%M:%SZ", Clock::Real().Now() + absl::Hours(24),
      absl::UTCTimeZone());
  const HttpAnswer answer = Create(
      absl::StrCat("To=%2B15551234567&Body=x&MessagingServiceSid=", kService,
                   "&ScheduleType=fixed&SendAt=", send_at, "&",
                   EncodeForm({{"StatusCallback", receiver_.url()}})));
  const std::string target = Messages("/" + SidOf(answer) + ".json");
  EXPECT_EQ(answer.json()["status"], "scheduled");

  EXPECT_EQ(Call("POST", target, "Status=canceled").json()["status"],
            "canceled");
  EXPECT_EQ(Call("POST", target, "Status=canceled").json()["code"], 30409);
  EXPECT_THAT(receiver_.WaitForStatus("canceled"), ElementsAre("canceled"));
}

TEST_F(TwilioEmulatorTest, RedactsDeletesAndTakesFeedback) {
  const std::string sid = SidOf(CreateWithCallback("&ProvideFeedback=true"));
  const std::string target = Messages("/" + sid + ".json");
  receiver_.WaitForStatus("delivered");

  EXPECT_EQ(Call("POST", target, "Body=x").status, 400);
  EXPECT_EQ(Call("POST", target, "Body=").json()["body"], "");
  EXPECT_EQ(
      Call("POST", Messages("/" + sid + "/Feedback.json"), "Outcome=confirmed")
          .json()["outcome"],
      "confirmed");
  EXPECT_EQ(
      Call("POST", Messages("/" + sid + "/Feedback.json"), "Outcome=x").status,
      400);
  EXPECT_EQ(Call("DELETE", target).status, 204);
  EXPECT_EQ(Call("GET", target).json()["code"], 20404);
  // It was made nevertheless.
  EXPECT_THAT(Call("GET", "/emulator/messages").json()["messages"], SizeIs(1));
}

TEST_F(TwilioEmulatorTest, UnfinishedMessageCannotBeDeleted) {
  const std::string send_at = absl::FormatTime(
      "%Y-%m-%dT%H:%M:%SZ", Clock::Real().Now() + absl::Hours(24),
      absl::UTCTimeZone());
  const std::string sid = SidOf(Create(
      absl::StrCat("To=%2B15551234567&Body=x&MessagingServiceSid=", kService,
                   "&ScheduleType=fixed&SendAt=", send_at)));

  EXPECT_EQ(Call("DELETE", Messages("/" + sid + ".json")).json()["code"],
            20009);
}

TEST_F(TwilioEmulatorTest, ListsNewestFirstInPagesForthAndBack) {
  std::vector<std::string> sids;
  for (int i = 0; i < 5; ++i) sids.push_back(SidOf(Create(kPlain)));
  Create("To=%2B15550000000&From=12345&Body=other");

  std::vector<std::string> listed;
  std::string target = Messages(".json?To=%2B15551234567&PageSize=2");
  std::string last;
  while (!target.empty()) {
    const Json page = Call("GET", target).json();
    for (const Json& message : page["messages"]) {
      listed.push_back(message["sid"].get<std::string>());
    }
    last = target;
    target = page["next_page_uri"].is_null()
                 ? ""
                 : page["next_page_uri"].get<std::string>();
  }

  EXPECT_THAT(listed, ElementsAre(sids[4], sids[3], sids[2], sids[1], sids[0]));
  const Json back =
      Call("GET", Call("GET", last).json()["previous_page_uri"]).json();
  EXPECT_EQ(back["messages"][0]["sid"], sids[2]);
  EXPECT_EQ(back["messages"][1]["sid"], sids[1]);
}

TEST_F(TwilioEmulatorTest, ListsByTheDaySent) {
  CreateWithCallback();
  receiver_.WaitForStatus("delivered");
  const auto count = [&](const std::string& query) {
    return Call("GET", Messages(".json?" + query)).json()["messages"].size();
  };

  EXPECT_EQ(count("DateSent%3E=2008-01-02"), 1u);
  EXPECT_EQ(count("DateSent%3C=2008-01-02"), 0u);
  EXPECT_EQ(count("DateSent=2008-01-02"), 0u);
}

// --- Faults.

TEST_F(TwilioEmulatorTest, UnknownFaultIsRefusedByNameAndChangesNothing) {
  SetFaults(R"({"drop":1})");

  const HttpAnswer answer = Call("POST", "/emulator/faults", R"({"dorp":1})");

  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.body, HasSubstr("dorp"));
  EXPECT_EQ(Call("GET", "/emulator/faults").json()["drop"], 1.0);
}

TEST_F(TwilioEmulatorTest, FaultsThatDoNothingMakeNoMessage) {
  const struct {
    const char* faults;
    long status;
  } rows[] = {{R"({"reply_429":1})", 429}, {R"({"reply_5xx":1})", 503}};
  for (const auto& row : rows) {
    SetFaults(row.faults);
    EXPECT_EQ(Create(kPlain).status, row.status);
  }
  EXPECT_THAT(emulator_->messages(), IsEmpty());
}

TEST_F(TwilioEmulatorTest, HangGivesNoAnswer) {
  Counters counters;
  SetFaults(R"({"hang":1})");
  auto client = CurlTwilioClient::Make(
      {.base_url = emulator_->url(), .timeout = absl::Milliseconds(200)},
      {.user = kAccountSid, .secret = kToken}, counters);

  EXPECT_THAT((*client)->CreateMessage(kAccountSid, DecodeForm(kPlain)),
              VariantWith<OutcomeUnknown>(testing::_));
  EXPECT_THAT(emulator_->messages(), IsEmpty());
}

TEST_F(TwilioEmulatorTest, AcceptThenDropMakesTheMessageAndTellsOfIt) {
  SetFaults(R"({"accept_then_drop":1})");

  EXPECT_EQ(CreateWithCallback().status, 0);

  EXPECT_THAT(emulator_->messages(), SizeIs(1));
  EXPECT_THAT(receiver_.WaitForStatus("delivered"),
              ElementsAre("sent", "delivered"));
}

TEST_F(TwilioEmulatorTest, CallbackBeforeReplyComesBeforeTheReply) {
  SetFaults(R"({"callback_before_reply":1})");

  EXPECT_EQ(CreateWithCallback().json()["status"], "queued");

  ASSERT_THAT(emulator_->callbacks(), testing::Not(IsEmpty()));
  EXPECT_EQ(emulator_->callbacks()[0].http_status, 204);
}

TEST_F(TwilioEmulatorTest, ReorderedCallbacksTellTheFinalOneFirst) {
  SetFaults(R"({"reorder":1})");
  CreateWithCallback();

  EXPECT_THAT(receiver_.WaitForStatus("sent"),
              ElementsAre("delivered", "sent"));
}

TEST_F(TwilioEmulatorTest, DuplicatedCallbacksComeTwice) {
  SetFaults(R"({"duplicate":1})");
  CreateWithCallback();

  EXPECT_THAT(receiver_.WaitFor(4), SizeIs(4));
}

TEST_F(TwilioEmulatorTest, DroppedCallbacksAreNotPosted) {
  SetFaults(R"({"drop":1})");
  const std::string target =
      Messages("/" + SidOf(CreateWithCallback()) + ".json");
  while (Call("GET", target).json()["status"] != "delivered") {
  }
  SetFaults("{}");
  CreateWithCallback();

  EXPECT_THAT(receiver_.WaitForStatus("delivered"),
              ElementsAre("sent", "delivered"));
  EXPECT_THAT(emulator_->callbacks(), SizeIs(testing::Le(2u)));
}

TEST_F(TwilioEmulatorTest, BadSignatureIsAnothers) {
  SetFaults(R"({"bad_signature":1})");
  CreateWithCallback();

  const HttpRequest callback = receiver_.WaitFor(1).at(0);
  EXPECT_NE(
      callback.header("X-Twilio-Signature"),
      TwilioSignature(kToken, receiver_.url(), DecodeForm(callback.body)));
}

TEST_F(TwilioEmulatorTest, ErrorCodesMakeMessagesEndBadly) {
  SetFaults(R"({"error_codes":{"30003":1}})");
  CreateWithCallback();

  EXPECT_THAT(receiver_.WaitForStatus("undelivered"),
              ElementsAre("sent", "undelivered"));
  EXPECT_EQ(ParameterOf(DecodeForm(receiver_.WaitFor(2)[1].body), "ErrorCode"),
            "30003");
}

// --- Connection overrides.

TEST_F(TwilioEmulatorTest, FailedCallbackIsRetriedAsTheFragmentAsks) {
  receiver_.AnswerNext(2, 503);
  CreateWithCallback("", "#rc=5&rp=all");

  receiver_.WaitForStatus("delivered");
  const std::vector<HttpRequest> requests = receiver_.WaitFor(4);

  ASSERT_GE(requests.size(), 4u);
  EXPECT_THAT(
      emulator_->callbacks(),
      Contains(AllOf(testing::Field(&CallbackPoster::Record::http_status, 503),
                     testing::Field(&CallbackPoster::Record::attempt, 1))));
}

TEST_F(TwilioEmulatorTest, FailedCallbackIsNotRetriedUnasked) {
  receiver_.AnswerNext(1, 503);
  const std::string unasked = SidOf(CreateWithCallback());
  receiver_.WaitForStatus("delivered");
  // Its two retries come later than one of the first would have.
  receiver_.AnswerNext(2, 503);
  CreateWithCallback("", "#rc=2&rp=5xx");
  receiver_.WaitFor(6);

  for (const CallbackPoster::Record& record : emulator_->callbacks()) {
    if (ParameterOf(record.parameters, "MessageSid") == unasked) {
      EXPECT_EQ(record.attempt, 1);
    }
  }
}

TEST_F(TwilioEmulatorTest, HundredsOfMessagesAreAllToldOf) {
  for (int i = 0; i < 300; ++i) CreateWithCallback();

  EXPECT_THAT(receiver_.WaitFor(600), SizeIs(600));
  EXPECT_THAT(emulator_->messages(), SizeIs(300));
}

TEST(TwilioEmulatorStopTest, StopsWithMessagesStillToCome) {
  CollectingLogSink sink;
  auto emulator = TwilioEmulator::Start(
      {.account_sid = kAccountSid, .auth_token = kToken}, Logger(sink));
  ASSERT_THAT(emulator, IsOk());
  Counters counters;
  auto client =
      CurlTwilioClient::Make({.base_url = (*emulator)->url()},
                             {.user = kAccountSid, .secret = kToken}, counters);
  Parameters form = DecodeForm(kPlain);
  form.emplace_back("StatusCallback", "http://127.0.0.1:1/");
  (*client)->CreateMessage(kAccountSid, form);

  (*emulator)->Stop();

  EXPECT_THAT((*emulator)->callbacks(), IsEmpty());
}

}  // namespace
}  // namespace sidwatch
