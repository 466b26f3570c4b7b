#include "tests/emulator/twilio_emulator.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/clock.h"
#include "base/ids.h"
#include "nlohmann/json.hpp"
#include "tests/emulator/form.h"
#include "tests/emulator/message_list.h"

namespace sidwatch {
namespace {

using Json = nlohmann::json;

constexpr char kServer[] = "twilio-emulator/0.1";
constexpr size_t kWorkers = 128;
constexpr size_t kHangingMax = 100;  // beyond it the connection is dropped
constexpr absl::Duration kHangTime = absl::Seconds(65);
constexpr absl::Duration kCallbackWaitMax = absl::Seconds(20);

HttpResponse JsonReply(int status, std::string body) {
  return {.status = status,
          .content_type = "application/json",
          .body = std::move(body)};
}

HttpResponse ErrorReply(const ApiError& error) {
  return JsonReply(error.http_status, ApiErrorJson(error));
}

HttpResponse NotFound() {
  return ErrorReply({.http_status = 404,
                     .code = 20404,
                     .message = "The requested resource was not found"});
}

HttpResponse MethodNotAllowed() {
  return ErrorReply(
      {.http_status = 405, .code = 20004, .message = "Method not allowed"});
}

std::string MessagesJson(const std::vector<EmulatedMessage>& messages) {
  std::string json = "{\"messages\":[";
  for (size_t i = 0; i < messages.size(); ++i) {
    absl::StrAppend(&json, i == 0 ? "" : ",", MessageJson(messages[i]));
  }
  return json + "]}";
}

std::string CallbacksJson(const std::vector<CallbackPoster::Record>& records) {
  Json list = Json::array();
  for (const CallbackPoster::Record& record : records) {
    Json parameters = Json::object();
    for (const auto& [name, value] : record.parameters) {
      parameters[name] = value;
    }
    list.push_back({{"time", absl::FormatTime(absl::RFC3339_full, record.time,
                                              absl::UTCTimeZone())},
                    {"url", record.url},
                    {"parameters", std::move(parameters)},
                    {"attempt", record.attempt},
                    {"bad_signature", record.bad_signature},
                    {"http_status", record.http_status},
                    {"problem", record.problem}});
  }
  return Json({{"callbacks", std::move(list)}})
      .dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

absl::StatusOr<std::unique_ptr<TwilioEmulator>> TwilioEmulator::Start(
    Options options, Logger log) {
  HttpGuard::Options http;
  http.listen = options.listen;
  http.workers = kWorkers;
  http.connections_max = 1024;
  http.request_timeout = absl::Seconds(120);
  http.keep_alive = absl::Seconds(60);
  std::unique_ptr<TwilioEmulator> emulator(
      new TwilioEmulator(std::move(options)));
  auto guard = HttpGuard::Start(
      std::move(http), [](absl::string_view, absl::string_view) { return 0; },
      [self = emulator.get()](const HttpRequest& request) {
        return self->Handle(request);
      },
      log);
  if (!guard.ok()) return guard.status();
  emulator->guard_ = *std::move(guard);
  return emulator;
}

TwilioEmulator::TwilioEmulator(Options options)
    : options_(std::move(options)),
      book_(options_.messages_max),
      dice_(options_.faults, options_.seed),
      timers_(Clock::Real()),
      poster_({.auth_token = options_.auth_token,
               .threads = options_.callback_threads},
              timers_, Clock::Real()),
      lives_({.speed = options_.speed}, book_, dice_, timers_, poster_) {}

TwilioEmulator::~TwilioEmulator() { Stop(); }

void TwilioEmulator::Stop() {
  {
    MutexLock lock(mu_);
    stopping_ = true;
    changed_.NotifyAll();
  }
  if (guard_) guard_->Stop();
  timers_.Shutdown();
  poster_.Stop();
}

HttpResponse TwilioEmulator::Handle(const HttpRequest& request) {
  HttpResponse response = absl::StartsWith(request.path(), "/emulator/")
                              ? HandleOwn(request)
                              : HandleApi(request);
  response.headers.emplace_back("Server", kServer);
  response.headers.emplace_back("Twilio-Request-Id",
                                absl::StrCat("RQ", RandomHex(16)));
  return response;
}

// What Twilio has not: control and insight for tests.
HttpResponse TwilioEmulator::HandleOwn(const HttpRequest& request) {
  const absl::string_view path = request.path();
  const bool get = request.method == "GET";
  if (path == "/emulator/messages" && get) {
    return JsonReply(200, MessagesJson(book_.All()));
  }
  if (path == "/emulator/callbacks" && get) {
    return JsonReply(200, CallbacksJson(poster_.records()));
  }
  if (path == "/emulator/faults" && get) {
    return JsonReply(200, FaultsJson(dice_.faults()));
  }
  if (path == "/emulator/faults" && request.method == "POST") {
    return ReplaceFaults(request);
  }
  return NotFound();
}

HttpResponse TwilioEmulator::ReplaceFaults(const HttpRequest& request) {
  absl::StatusOr<Faults> faults = ParseFaults(request.body);
  if (!faults.ok()) {
    return JsonReply(400,
                     Json({{"message", std::string(faults.status().message())}})
                         .dump(-1, ' ', false, Json::error_handler_t::replace));
  }
  dice_.Set(*std::move(faults));
  return JsonReply(200, FaultsJson(dice_.faults()));
}

HttpResponse TwilioEmulator::HandleApi(const HttpRequest& request) {
  absl::string_view path = request.path();
  if (!absl::ConsumePrefix(&path, "/2010-04-01/Accounts/")) return NotFound();
  if (!IsAuthorized(request)) {
    HttpResponse response = ErrorReply(
        {.http_status = 401, .code = 20003, .message = "Authenticate"});
    response.headers.emplace_back("WWW-Authenticate",
                                  "Basic realm=\"Twilio API\"");
    return response;
  }
  if (dice_.Happens(&Faults::reply_429)) {
    return ErrorReply(
        {.http_status = 429, .code = 20429, .message = "Too Many Requests"});
  }
  if (dice_.Happens(&Faults::hang)) return Hang();
  if (dice_.Happens(&Faults::reply_5xx)) {
    return ErrorReply(
        {.http_status = 503, .code = 20503, .message = "Service unavailable"});
  }
  if (!absl::ConsumePrefix(&path, options_.account_sid)) return NotFound();
  if (path == "/Messages.json") {
    if (request.method == "POST") return Create(request);
    return request.method == "GET" ? List(request) : MethodNotAllowed();
  }
  if (!absl::ConsumePrefix(&path, "/Messages/")) return NotFound();
  return HandleMessage(request, path.substr(0, 34),
                       path.substr(std::min<size_t>(34, path.size())));
}

HttpResponse TwilioEmulator::HandleMessage(const HttpRequest& request,
                                           absl::string_view sid_text,
                                           absl::string_view rest) {
  const std::string sid(sid_text);
  const std::optional<EmulatedMessage> message = book_.Find(sid);
  if (!message) return NotFound();
  if (rest == "/Feedback.json") {
    if (request.method != "POST") return MethodNotAllowed();
    return Feedback(*message, DecodeForm(request.body));
  }
  if (rest != ".json") return NotFound();
  if (request.method == "GET") return JsonReply(200, MessageJson(*message));
  if (request.method == "POST") return Update(sid, DecodeForm(request.body));
  if (request.method == "DELETE") return Delete(sid);
  return MethodNotAllowed();
}

bool TwilioEmulator::IsAuthorized(const HttpRequest& request) const {
  absl::string_view header = request.header("Authorization");
  std::string given;
  if (!absl::ConsumePrefix(&header, "Basic ") ||
      !absl::Base64Unescape(header, &given)) {
    return false;
  }
  return given ==
             absl::StrCat(options_.account_sid, ":", options_.auth_token) ||
         (!options_.api_key_sid.empty() &&
          given ==
              absl::StrCat(options_.api_key_sid, ":", options_.api_key_secret));
}

HttpResponse TwilioEmulator::Create(const HttpRequest& request) {
  const Parameters form = DecodeForm(request.body);
  if (const auto error = CheckCreate(form, Clock::Real().Now())) {
    return ErrorReply(*error);
  }
  if (!lives_.HasRoom()) {
    return ErrorReply({.http_status = 429,
                       .code = 20429,
                       .message = "twilio-emulator: too many messages wait"});
  }
  const EmulatedMessage message = MakeMessage(form);
  book_.Add(message);
  if (dice_.Happens(&Faults::callback_before_reply)) {
    BeginAndWaitForCallback(message);
  } else {
    lives_.Begin(message);
  }
  if (dice_.Happens(&Faults::accept_then_drop)) return {.drop = true};
  return JsonReply(201, MessageJson(message));
}

EmulatedMessage TwilioEmulator::MakeMessage(const Parameters& form) const {
  EmulatedMessage message;
  for (const auto& [name, value] : form) {
    message.num_media += name == "MediaUrl" ? 1 : 0;
  }
  message.sid =
      absl::StrCat(message.num_media > 0 ? "MM" : "SM", RandomHex(16));
  message.account_sid = options_.account_sid;
  message.from = ParameterOf(form, "From");
  message.to = ParameterOf(form, "To");
  message.body = ParameterOf(form, "Body");
  message.messaging_service_sid = ParameterOf(form, "MessagingServiceSid");
  if (message.messaging_service_sid.empty() &&
      absl::StartsWith(message.from, "MG") && message.from.size() == 34) {
    message.messaging_service_sid = message.from;
    message.from.clear();
  }
  message.status_callback = ParameterOf(form, "StatusCallback");
  message.provide_feedback = ParameterOf(form, "ProvideFeedback") == "true";
  message.send_at = ParseIsoTime(ParameterOf(form, "SendAt"));
  message.status = message.messaging_service_sid.empty() ? "queued"
                   : message.send_at                     ? "scheduled"
                                                         : "accepted";
  message.date_created = Clock::Real().Now();
  message.date_updated = message.date_created;
  return message;
}

void TwilioEmulator::BeginAndWaitForCallback(const EmulatedMessage& message) {
  // Outlives this call: the callback may be answered after we gave up.
  const auto told = std::make_shared<bool>(false);
  lives_.Begin(message, [this, told] {
    MutexLock lock(mu_);
    *told = true;
    changed_.NotifyAll();
  });
  Clock& clock = Clock::Real();
  const absl::Duration deadline = clock.Monotonic() + kCallbackWaitMax;
  MutexLock lock(mu_);
  while (!*told && !stopping_ && clock.Monotonic() < deadline) {
    clock.WaitUntil(changed_, mu_, deadline);
  }
}

HttpResponse TwilioEmulator::Hang() {
  Clock& clock = Clock::Real();
  const absl::Duration deadline = clock.Monotonic() + kHangTime;
  MutexLock lock(mu_);
  if (hanging_ < kHangingMax) {
    ++hanging_;
    while (!stopping_ && clock.Monotonic() < deadline) {
      clock.WaitUntil(changed_, mu_, deadline);
    }
    --hanging_;
  }
  return {.drop = true};
}

HttpResponse TwilioEmulator::List(const HttpRequest& request) const {
  return JsonReply(200, ListMessages(book_, options_.account_sid,
                                     DecodeForm(request.query())));
}

HttpResponse TwilioEmulator::Update(const std::string& sid,
                                    const Parameters& form) {
  if (ParameterOf(form, "Status") == "canceled") return Cancel(sid);
  if (!HasParameter(form, "Body") || !ParameterOf(form, "Body").empty()) {
    return ErrorReply({.code = 20001,
                       .message = "Only an empty Body or Status=canceled can "
                                  "be set"});
  }
  const auto redacted = book_.Change(sid, [](EmulatedMessage& message) {
    message.body.clear();
    message.date_updated = Clock::Real().Now();
  });
  return redacted ? JsonReply(200, MessageJson(*redacted)) : NotFound();
}

HttpResponse TwilioEmulator::Cancel(const std::string& sid) {
  bool canceled = false;
  const auto message = book_.Change(sid, [&](EmulatedMessage& changed) {
    if (changed.status != "scheduled") return;
    changed.status = "canceled";
    changed.date_updated = Clock::Real().Now();
    canceled = true;
  });
  if (!message) return NotFound();
  if (!canceled) {
    return ErrorReply({.http_status = 409,
                       .code = 30409,
                       .message = "The message can no longer be canceled"});
  }
  lives_.Tell(*message);
  return JsonReply(200, MessageJson(*message));
}

HttpResponse TwilioEmulator::Delete(const std::string& sid) {
  const auto message = book_.Change(sid, [](EmulatedMessage& changed) {
    changed.deleted = IsFinalWord(changed.status);
  });
  if (!message) return NotFound();
  if (!message->deleted) {
    return ErrorReply({.http_status = 409,
                       .code = 20009,
                       .message = "The message is not finished yet"});
  }
  return {.status = 204};
}

HttpResponse TwilioEmulator::Feedback(const EmulatedMessage& message,
                                      const Parameters& form) const {
  const std::string outcome = ParameterOf(form, "Outcome");
  if (outcome != "confirmed" && outcome != "unconfirmed") {
    return ErrorReply(
        {.code = 20001, .message = "Outcome must be confirmed or unconfirmed"});
  }
  if (!message.provide_feedback) {
    return ErrorReply({.code = 20001,
                       .message = "The message was sent without "
                                  "ProvideFeedback"});
  }
  const std::string now = DateText(Clock::Real().Now());
  return JsonReply(
      200,
      Json({{"account_sid", message.account_sid},
            {"message_sid", message.sid},
            {"outcome", outcome},
            {"date_created", now},
            {"date_updated", now},
            {"uri", absl::StrCat("/2010-04-01/Accounts/", message.account_sid,
                                 "/Messages/", message.sid, "/Feedback.json")}})
          .dump());
}

}  // namespace sidwatch
