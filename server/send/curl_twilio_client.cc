#include "server/send/curl_twilio_client.h"

#include <curl/curl.h>

#include <cstdlib>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "server/send/twilio_json.h"

namespace sidwatch {
namespace {

constexpr char kUserAgent[] = "sidwatch/0.1";
// How long an idle connection may have been idle when it is used again.
constexpr long kIdleSecondsMax = 15;

// Only once in a process, and before any other thread of libcurl's.
void InitCurl() {
  static const CURLcode initialized = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (initialized != CURLE_OK) std::abort();
}

struct CurlFree {
  void operator()(void* memory) const { curl_free(memory); }
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using CurlString = std::unique_ptr<char, CurlFree>;

struct UrlParts {
  std::string scheme;
  std::string host;
  bool has_more = false;  // userinfo, query or fragment
};

// Nothing in it when `url` is no URL.
UrlParts ParseUrl(const std::string& url) {
  const std::unique_ptr<CURLU, CurlFree> parsed(curl_url());
  UrlParts parts;
  if (!parsed ||
      curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) {
    return parts;
  }
  const auto part = [&](CURLUPart which) {
    char* text = nullptr;
    if (curl_url_get(parsed.get(), which, &text, 0) != CURLUE_OK)
      text = nullptr;
    const CurlString owned(text);
    return std::string(text ? text : "");
  };
  parts.scheme = part(CURLUPART_SCHEME);
  parts.host = part(CURLUPART_HOST);
  parts.has_more =
      !part(CURLUPART_USER).empty() || !part(CURLUPART_PASSWORD).empty() ||
      !part(CURLUPART_QUERY).empty() || !part(CURLUPART_FRAGMENT).empty();
  return parts;
}

bool IsLoopback(absl::string_view host) {
  return host == "localhost" || host == "[::1]" || host == "::1" ||
         (absl::StartsWith(host, "127.") &&
          host.find_first_not_of("0123456789.") == absl::string_view::npos);
}

std::string ProxyOfEnvironment() {
  for (const char* name : {"HTTPS_PROXY", "https_proxy"}) {
    const char* proxy = std::getenv(name);
    if (proxy != nullptr && *proxy != '\0') return proxy;
  }
  return "";
}

void AppendEscaped(std::string& out, absl::string_view text) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
        (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' ||
        c == '~') {
      out.push_back(c);
    } else {
      out.push_back('%');
      out.push_back(kDigits[byte >> 4]);
      out.push_back(kDigits[byte & 15]);
    }
  }
}

std::string FormOf(const Parameters& parameters) {
  std::string form;
  for (const auto& [name, value] : parameters) {
    if (!form.empty()) form.push_back('&');
    AppendEscaped(form, name);
    form.push_back('=');
    AppendEscaped(form, value);
  }
  return form;
}

long Milliseconds(absl::Duration duration) {
  return static_cast<long>(absl::ToInt64Milliseconds(duration));
}

}  // namespace

// What came of one exchange.
struct CurlTwilioClient::Reply {
  CURLcode code = CURLE_OK;
  bool begun = false;  // the request may have begun to leave
  long http_status = 0;
  std::string body;
  size_t body_max_bytes = 0;
  bool too_large = false;
  std::optional<absl::Duration> retry_after;
};

// An easy handle; it keeps its connection for the next call.
class CurlTwilioClient::Handle {
 public:
  Handle() : easy_(curl_easy_init()) {
    if (easy_ == nullptr) std::abort();
  }
  ~Handle() { curl_easy_cleanup(easy_); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  void Configure(const Options& options, bool loopback,
                 const std::string& proxy);
  void Authenticate(const TwilioCredentials& credentials);
  Reply Post(const std::string& url, const std::string& form,
             size_t body_max_bytes);

 private:
  template <typename T>
  void Set(CURLoption option, T value) {
    // Fails only for options that this libcurl was built without.
    if (curl_easy_setopt(easy_, option, value) != CURLE_OK) std::abort();
  }

  static int OnConnected(void* reply, char*, char*, int, int);
  static size_t OnBody(char* data, size_t size, size_t count, void* reply);

  CURL* const easy_;
};

void CurlTwilioClient::Handle::Configure(const Options& options, bool loopback,
                                         const std::string& proxy) {
  curl_easy_reset(easy_);  // Keeps connections and the DNS cache.
  Set(CURLOPT_NOSIGNAL, 1L);
  Set(CURLOPT_PROTOCOLS_STR, loopback ? "http,https" : "https");
  Set(CURLOPT_FOLLOWLOCATION, 0L);
  Set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  Set(CURLOPT_PROXY, proxy.c_str());
  Set(CURLOPT_TIMEOUT_MS, Milliseconds(options.timeout));
  Set(CURLOPT_CONNECTTIMEOUT_MS, Milliseconds(options.connect_timeout));
  Set(CURLOPT_MAXAGE_CONN, kIdleSecondsMax);
  Set(CURLOPT_MAXCONNECTS, 1L);
  Set(CURLOPT_TCP_KEEPALIVE, 1L);
  Set(CURLOPT_USERAGENT, kUserAgent);
}

void CurlTwilioClient::Handle::Authenticate(
    const TwilioCredentials& credentials) {
  Set(CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
  Set(CURLOPT_USERNAME, credentials.user.c_str());
  Set(CURLOPT_PASSWORD, credentials.secret.c_str());
}

CurlTwilioClient::Reply CurlTwilioClient::Handle::Post(const std::string& url,
                                                       const std::string& form,
                                                       size_t body_max_bytes) {
  Reply reply;
  reply.body_max_bytes = body_max_bytes;
  curl_slist* first = curl_slist_append(nullptr, "Accept: application/json");
  // No "Expect: 100-continue": it costs a round trip and a second state.
  curl_slist_append(first, "Expect:");
  const std::unique_ptr<curl_slist, CurlFree> headers(first);
  Set(CURLOPT_URL, url.c_str());
  Set(CURLOPT_HTTPHEADER, headers.get());
  Set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(form.size()));
  Set(CURLOPT_POSTFIELDS, form.c_str());
  Set(CURLOPT_PREREQFUNCTION, &OnConnected);
  Set(CURLOPT_PREREQDATA, &reply);
  Set(CURLOPT_WRITEFUNCTION, &OnBody);
  Set(CURLOPT_WRITEDATA, &reply);
  reply.code = curl_easy_perform(easy_);
  curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &reply.http_status);
  curl_off_t retry_after_seconds = 0;
  curl_easy_getinfo(easy_, CURLINFO_RETRY_AFTER, &retry_after_seconds);
  if (retry_after_seconds > 0) {
    reply.retry_after =
        absl::Seconds(static_cast<int64_t>(retry_after_seconds));
  }
  return reply;
}

// Called with the connection ready, TLS included, before the first byte of
// each attempt. libcurl starts a second attempt by itself when a kept
// connection dies without a reply; Twilio may have read the first.
int CurlTwilioClient::Handle::OnConnected(void* reply, char*, char*, int, int) {
  auto& state = *static_cast<Reply*>(reply);
  if (state.begun) return CURL_PREREQFUNC_ABORT;
  state.begun = true;
  return CURL_PREREQFUNC_OK;
}

size_t CurlTwilioClient::Handle::OnBody(char* data, size_t size, size_t count,
                                        void* reply) {
  auto& state = *static_cast<Reply*>(reply);
  const size_t bytes = size * count;
  if (state.body.size() + bytes > state.body_max_bytes) {
    state.too_large = true;
    return 0;  // Ends the transfer.
  }
  state.body.append(data, bytes);
  return bytes;
}

absl::StatusOr<std::unique_ptr<CurlTwilioClient>> CurlTwilioClient::Make(
    Options options, TwilioCredentials credentials, Counters& counters) {
  InitCurl();
  options.base_url = std::string(absl::StripSuffix(
      TwilioBaseUrl(options.base_url, options.region, options.edge), "/"));
  const UrlParts parts = ParseUrl(options.base_url);
  if (parts.host.empty() || parts.has_more ||
      (parts.scheme != "https" && parts.scheme != "http")) {
    return absl::InvalidArgumentError(
        "twilio-base-url: is no URL like https://api.twilio.com");
  }
  if (parts.scheme == "http" && !IsLoopback(parts.host)) {
    return absl::InvalidArgumentError(
        "twilio-base-url: plain http is for a loopback address only; use "
        "https");
  }
  return std::unique_ptr<CurlTwilioClient>(new CurlTwilioClient(
      std::move(options), std::move(credentials), counters));
}

CurlTwilioClient::CurlTwilioClient(Options options,
                                   TwilioCredentials credentials,
                                   Counters& counters)
    : options_(std::move(options)),
      loopback_(IsLoopback(ParseUrl(options_.base_url).host)),
      proxy_(loopback_ ? "" : ProxyOfEnvironment()),
      counters_(counters),
      credentials_(std::move(credentials)) {}

CurlTwilioClient::~CurlTwilioClient() = default;

void CurlTwilioClient::SetCredentials(TwilioCredentials credentials) {
  MutexLock lock(mu_);
  credentials_ = std::move(credentials);
}

TwilioCredentials CurlTwilioClient::credentials() const {
  MutexLock lock(mu_);
  return credentials_;
}

std::unique_ptr<CurlTwilioClient::Handle> CurlTwilioClient::TakeHandle() {
  {
    MutexLock lock(mu_);
    if (!idle_.empty()) {
      // The one used last: its connection is the most likely to live.
      std::unique_ptr<Handle> handle = std::move(idle_.back());
      idle_.pop_back();
      return handle;
    }
  }
  return std::make_unique<Handle>();
}

void CurlTwilioClient::ReturnHandle(std::unique_ptr<Handle> handle) {
  MutexLock lock(mu_);
  if (idle_.size() < options_.idle_connections_max) {
    idle_.push_back(std::move(handle));
  }
}

CurlTwilioClient::Reply CurlTwilioClient::Post(const std::string& url,
                                               const std::string& form) {
  std::unique_ptr<Handle> handle = TakeHandle();
  handle->Configure(options_, loopback_, proxy_);
  handle->Authenticate(credentials());
  Reply reply = handle->Post(url, form, options_.reply_max_bytes);
  ReturnHandle(std::move(handle));
  return reply;
}

CreateResult CurlTwilioClient::CreateMessage(const std::string& account_sid,
                                             const Parameters& parameters) {
  const Reply reply =
      Post(absl::StrCat(options_.base_url, "/2010-04-01/Accounts/", account_sid,
                        "/Messages.json"),
           FormOf(parameters));
  counters_.twilio_requests_total.Add(
      {"create", reply.http_status == 0 ? std::string("none")
                                        : absl::StrCat(reply.http_status)});
  return ReadReply(reply);
}

CreateResult CurlTwilioClient::ReadReply(const Reply& reply) const {
  const char* problem = reply.code == CURLE_ABORTED_BY_CALLBACK
                            ? "the connection died"
                            : curl_easy_strerror(reply.code);
  if (!reply.begun) {
    return NotSent{
        absl::StrCat("no connection to ", options_.base_url, ": ", problem)};
  }
  const long status = reply.http_status;
  // A refusal is one from its status line on, whatever becomes of its body.
  // But for 408: whoever says that may have passed on what it read.
  if (status >= 400 && status < 500 && status != 408) {
    TwilioRefusal refusal = {.http_status = static_cast<int>(status),
                             .message = absl::StrCat("HTTP ", status),
                             .retry_after = reply.retry_after};
    if (const auto error = ParseTwilioError(reply.body)) {
      refusal.code = error->code;
      refusal.message = error->message;
      refusal.more_info = error->more_info;
    }
    return refusal;
  }
  if (status >= 200 && status < 300) {
    absl::StatusOr<TwilioMessage> message = ParseTwilioMessage(reply.body);
    if (message.ok()) return *std::move(message);
    if (reply.code == CURLE_OK) {
      return OutcomeUnknown{std::string(message.status().message())};
    }
  }
  if (reply.too_large) return OutcomeUnknown{"Twilio's reply is too large"};
  if (reply.code != CURLE_OK) {
    return OutcomeUnknown{absl::StrCat("no reply from Twilio: ", problem)};
  }
  return OutcomeUnknown{absl::StrCat("Twilio answered HTTP ", status)};
}

std::string TwilioBaseUrl(absl::string_view base_url, absl::string_view region,
                          absl::string_view edge) {
  if (region.empty() && edge.empty()) return std::string(base_url);
  const UrlParts parts = ParseUrl(std::string(base_url));
  if (parts.host != "api.twilio.com") return std::string(base_url);
  std::string host = "api.";
  if (!edge.empty()) absl::StrAppend(&host, edge, ".");
  absl::StrAppend(&host, region.empty() ? "us1" : region, ".twilio.com");
  return absl::StrCat(parts.scheme, "://", host);
}

}  // namespace sidwatch
