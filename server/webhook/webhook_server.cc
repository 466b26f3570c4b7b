#include "server/webhook/webhook_server.h"

#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/mutex.h"
#include "server/webhook/form_parameters.h"
#include "server/webhook/http_guard.h"
#include "server/webhook/limited_warning.h"
#include "server/webhook/public_url.h"
#include "server/webhook/request_validator.h"
#include "server/webhook/status_callback.h"

namespace sidwatch {
namespace {

constexpr absl::string_view kMethods = "GET, POST";

// How one request ended, for the label `outcome`.
struct Answer {
  HttpResponse response;
  absl::string_view outcome;
};

// A request that may be Twilio's, with its parameters.
struct Candidate {
  SignedBody body_kind = SignedBody::kNone;
  Parameters parameters;  // of the form, or of the query of a GET
};

absl::string_view RefusalOutcome(int status) {
  switch (status) {
    case 404:
      return "unknown_path";
    case 405:
      return "wrong_method";
    case 408:
      return "too_slow";
    case 413:
      return "body_too_large";
    case 431:
      return "head_too_large";
    default:
      return "malformed_http";
  }
}

bool IsPlain(absl::string_view content_encoding) {
  return content_encoding.empty() ||
         absl::EqualsIgnoreCase(content_encoding, "identity");
}

absl::Status CheckOptions(const WebhookServer::Options& options) {
  if (!IsAccountSid(options.account_sid)) {
    return absl::InvalidArgumentError(
        "twilio-account-sid is no AccountSid: AC followed by 32 hex digits");
  }
  if (options.auth_tokens.empty()) {
    return absl::InvalidArgumentError(
        "twilio-auth-token is missing: no callback could be verified");
  }
  return absl::OkStatus();
}

HttpGuard::Options GuardOptions(const WebhookServer::Options& options) {
  HttpGuard::Options guard;
  guard.listen = options.listen;
  guard.workers = options.workers;
  guard.body_max_bytes = options.body_max_bytes;
  guard.header_max_bytes = options.header_max_bytes;
  guard.connections_max = options.connections_max;
  guard.request_timeout = options.request_timeout;
  guard.keep_alive = options.keep_alive;
  guard.allow = std::string(kMethods);
  return guard;
}

}  // namespace

class WebhookServer::Impl {
 public:
  Impl(Options options, PublicUrl public_url, Append append, Clock& clock,
       Logger log, Counters& counters)
      : options_(std::move(options)),
        account_sid_(absl::StrCat(
            "AC", absl::AsciiStrToLower(options_.account_sid.substr(2)))),
        public_url_(std::move(public_url)),
        append_(std::move(append)),
        clock_(clock),
        log_(log),
        counters_(counters),
        refused_warning_(log,
                         "refused a request that is not provably Twilio's; if "
                         "it is, compare public-url and the auth token with "
                         "Twilio's (sidwatch verify tells what differs)"),
        malformed_warning_(log, "a signed request is no status callback"),
        unavailable_warning_(log, "a callback could not be stored"),
        secondary_warning_(log,
                           "Twilio signs with the secondary auth token: make "
                           "it the primary one here too",
                           absl::Hours(1)) {
    SetAuthTokens(options_.auth_tokens);
  }

  absl::Status Start() {
    HttpGuard::Options guard_options = GuardOptions(options_);
    guard_options.on_refused = [this](int status) {
      Count("none", RefusalOutcome(status));
    };
    absl::StatusOr<std::unique_ptr<HttpGuard>> guard = HttpGuard::Start(
        std::move(guard_options),
        [this](absl::string_view method, absl::string_view path) {
          return Admit(method, path);
        },
        [this](const HttpRequest& request) { return Handle(request); }, log_,
        &counters_.webhook_connections);
    if (!guard.ok()) return guard.status();
    guard_ = *std::move(guard);
    return absl::OkStatus();
  }

  void SetAuthTokens(const std::vector<std::string>& auth_tokens) {
    auto validator = std::make_shared<const RequestValidator>(auth_tokens);
    MutexLock lock(mu_);
    validator_ = std::move(validator);
  }

  HttpGuard& guard() { return *guard_; }

 private:
  int Admit(absl::string_view method, absl::string_view path) const {
    // TODO(#4): kInboundRoute and kEventsRoute, when they are served.
    if (public_url_.RouteOf(path) != kStatusRoute) return 404;
    return method == "POST" || method == "GET" ? 0 : 405;
  }

  HttpResponse Handle(const HttpRequest& request) {
    const absl::Duration began = clock_.Monotonic();
    Answer answer = Take(request);
    counters_.webhook_duration_seconds.Observe(clock_.Monotonic() - began);
    Count("status", answer.outcome);
    return std::move(answer.response);
  }

  // CONTRACT 6, in its order.
  Answer Take(const HttpRequest& request) {
    std::optional<Candidate> candidate = ReadCandidate(request);
    if (!candidate.has_value()) return Refuse("content", request);
    if (request.header_count("X-Twilio-Signature") > 1) {
      return Refuse("repeated", request);
    }
    const RequestValidator::Verdict verdict = Validate(request, *candidate);
    if (!verdict.genuine()) return Refuse(FaultWord(verdict.fault), request);
    if (verdict.token_index > 0) {
      secondary_warning_.Warn(clock_.Monotonic(), {});
    }
    if (AccountSidOf(candidate->parameters) != account_sid_) {
      return Refuse("account", request);
    }
    StatusCallback callback =
        candidate->body_kind == SignedBody::kNone
            ? FromGet(std::move(candidate->parameters))
            : FromPost(std::move(candidate->parameters), request.query());
    absl::StatusOr<AppendWrite> write = ParseStatusCallback(
        std::move(callback), clock_.Now(), options_.store_body);
    if (!write.ok()) return Malformed(write.status());
    return Store(*std::move(write), options_.commit_wait - request.queued);
  }

  // None when no signature could vouch for the content.
  static std::optional<Candidate> ReadCandidate(const HttpRequest& request) {
    Candidate candidate;
    candidate.body_kind =
        SignedBodyOf(request.method, request.header("Content-Type"));
    const bool is_get = candidate.body_kind == SignedBody::kNone;
    // A status callback is a form; JSON comes to another route.
    if (!is_get && candidate.body_kind != SignedBody::kForm) {
      return std::nullopt;
    }
    if (!IsPlain(request.header("Content-Encoding")) ||
        request.header_count("Content-Encoding") > 1 ||
        request.header_count("Content-Type") > 1 ||
        (is_get && !request.body.empty())) {
      return std::nullopt;
    }
    absl::StatusOr<Parameters> parameters =
        ParseForm(is_get ? request.query() : request.body);
    if (!parameters.ok()) return std::nullopt;
    candidate.parameters = *std::move(parameters);
    return candidate;
  }

  RequestValidator::Verdict Validate(const HttpRequest& request,
                                     const Candidate& candidate) {
    std::shared_ptr<const RequestValidator> validator;
    {
      MutexLock lock(mu_);
      validator = validator_;
    }
    const std::string url = public_url_.UrlOf(request.target);
    return validator->Validate(
        {.url = url,
         .body_kind = candidate.body_kind,
         .body = request.body,
         .form = &candidate.parameters,
         .signature = request.header("X-Twilio-Signature")});
  }

  // Every cause looks the same from outside.
  Answer Refuse(absl::string_view cause, const HttpRequest& request) {
    counters_.signature_failures_total.Add({std::string(cause)});
    refused_warning_.Warn(
        clock_.Monotonic(),
        {{"cause", cause}, {"remote_address", request.remote_address}});
    return {{.status = 403}, "refused"};
  }

  Answer Malformed(const absl::Status& status) {
    malformed_warning_.Warn(clock_.Monotonic(), {{"error", status.message()}});
    return {{.status = 400,
             .content_type = "text/plain",
             .body = absl::StrCat(status.message(), "\n")},
            "no_callback"};
  }

  Answer Store(AppendWrite write, absl::Duration wait) {
    const std::string message_sid = write.event.message_sid.ToString();
    if (wait <= absl::ZeroDuration()) {
      return Unavailable(message_sid, "waited too long for a worker");
    }
    const absl::StatusOr<AppendResult> stored = append_(std::move(write), wait);
    if (!stored.ok()) {
      return Unavailable(message_sid, stored.status().message());
    }
    return {HttpResponse(), stored->duplicate ? "repeat" : "stored"};
  }

  Answer Unavailable(absl::string_view message_sid, absl::string_view error) {
    unavailable_warning_.Warn(clock_.Monotonic(),
                              {{"message_sid", message_sid}, {"error", error}});
    // Never 429: Twilio would take it for a refusal.
    return {{.status = 503, .headers = {{"Retry-After", "1"}}, .close = true},
            "unavailable"};
  }

  void Count(absl::string_view route, absl::string_view outcome) {
    counters_.webhook_requests_total.Add(
        {std::string(route), std::string(outcome)});
  }

  const Options options_;
  const std::string account_sid_;  // digits in lower case
  const PublicUrl public_url_;
  const Append append_;
  Clock& clock_;
  const Logger log_;
  Counters& counters_;

  LimitedWarning refused_warning_;
  LimitedWarning malformed_warning_;
  LimitedWarning unavailable_warning_;
  LimitedWarning secondary_warning_;

  Mutex mu_;
  std::shared_ptr<const RequestValidator> validator_ ABSL_GUARDED_BY(mu_);

  std::unique_ptr<HttpGuard> guard_;  // Last: it uses everything above.
};

absl::StatusOr<std::unique_ptr<WebhookServer>> WebhookServer::Start(
    Options options, GroupCommit& commit, Clock& clock, Logger log,
    Counters& counters) {
  return Start(
      std::move(options),
      [&commit](AppendWrite write, absl::Duration wait) {
        return commit.Append(std::move(write), wait);
      },
      clock, log, counters);
}

absl::StatusOr<std::unique_ptr<WebhookServer>> WebhookServer::Start(
    Options options, Append append, Clock& clock, Logger log,
    Counters& counters) {
  absl::StatusOr<PublicUrl> public_url = PublicUrl::Parse(options.public_url);
  if (!public_url.ok()) return public_url.status();
  if (absl::Status checked = CheckOptions(options); !checked.ok()) {
    return checked;
  }
  auto impl = std::make_unique<Impl>(std::move(options), *std::move(public_url),
                                     std::move(append), clock, log, counters);
  if (absl::Status started = impl->Start(); !started.ok()) return started;
  return std::unique_ptr<WebhookServer>(new WebhookServer(std::move(impl)));
}

WebhookServer::WebhookServer(std::unique_ptr<Impl> impl)
    : impl_(std::move(impl)) {}

WebhookServer::~WebhookServer() = default;

void WebhookServer::SetAuthTokens(const std::vector<std::string>& auth_tokens) {
  impl_->SetAuthTokens(auth_tokens);
}

std::string WebhookServer::address() const { return impl_->guard().address(); }

bool WebhookServer::alive() const { return impl_->guard().alive(); }

void WebhookServer::Stop() { impl_->guard().Stop(); }

}  // namespace sidwatch
