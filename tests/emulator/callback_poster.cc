#include "tests/emulator/callback_poster.h"

#include <curl/curl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/ids.h"
#include "tests/emulator/form.h"

namespace sidwatch {
namespace {

constexpr char kUserAgent[] = "twilio-emulator/0.1";
// Before the second attempt, doubled for each one after it.
constexpr absl::Duration kRetryDelay = absl::Milliseconds(100);

long Milliseconds(absl::Duration duration) {
  return std::max(1L, static_cast<long>(absl::ToInt64Milliseconds(duration)));
}

size_t Discard(char*, size_t size, size_t count, void*) { return size * count; }

int StopIfAsked(void* stopping, curl_off_t, curl_off_t, curl_off_t,
                curl_off_t) {
  return static_cast<std::atomic<bool>*>(stopping)->load() ? 1 : 0;
}

void InitCurl() {
  static const CURLcode initialized = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (initialized != CURLE_OK) std::abort();
}

struct FreeHeaders {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

}  // namespace

std::string TwilioSignature(const std::string& auth_token,
                            const std::string& url,
                            const Parameters& parameters) {
  Parameters sorted = parameters;
  std::sort(sorted.begin(), sorted.end());
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  std::string text = url;
  for (const auto& [name, value] : sorted) absl::StrAppend(&text, name, value);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(EVP_sha1(), auth_token.data(), static_cast<int>(auth_token.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest,
       &size);
  return absl::Base64Escape(
      absl::string_view(reinterpret_cast<const char*>(digest), size));
}

// An easy handle; it keeps its connection for the next callback.
class CallbackPoster::Connection {
 public:
  Connection() : easy_(curl_easy_init()) {
    if (easy_ == nullptr) std::abort();
  }
  ~Connection() { curl_easy_cleanup(easy_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  CURL* easy() const { return easy_; }

 private:
  CURL* const easy_;
};

// One callback on its way.
struct CallbackPoster::Work {
  Callback callback;
  std::string url;  // without its fragment
  ConnectionOverrides overrides;
  std::string form;
  std::string signature;
  std::string idempotency_token;  // the same for each attempt
  absl::Duration begin_time;      // monotonic
  int attempt = 1;
};

struct CallbackPoster::Answer {
  long http_status = 0;
  std::string problem;
  bool connected = false;

  bool good() const { return http_status >= 200 && http_status < 300; }
  bool ToBeRetried(const ConnectionOverrides& overrides) const {
    if (!connected) return overrides.retry_connect;
    if (http_status == 0) return overrides.retry_read;
    if (http_status >= 500) return overrides.retry_5xx;
    return http_status >= 400 && overrides.retry_4xx;
  }
};

CallbackPoster::CallbackPoster(Options options, TimerQueue& timers,
                               Clock& clock)
    : options_(std::move(options)),
      timers_(timers),
      clock_(clock),
      threads_("callbacks", options_.threads, options_.queue_max) {
  InitCurl();
}

CallbackPoster::~CallbackPoster() { Stop(); }

void CallbackPoster::Post(Callback callback) {
  auto work = std::make_shared<Work>();
  SplitUrl split = SplitFragment(callback.url);
  work->url = std::move(split.url);
  work->overrides = ParseConnectionOverrides(split.fragment);
  work->form = EncodeForm(callback.parameters);
  work->signature = TwilioSignature(
      callback.bad_signature ? options_.auth_token + "?" : options_.auth_token,
      work->url, callback.parameters);
  work->idempotency_token = MakeUuidV7(clock_.Now());
  work->begin_time = clock_.Monotonic();
  work->callback = std::move(callback);
  Submit(work);
}

void CallbackPoster::Submit(const WorkPtr& work) {
  if (threads_.TrySubmit([this, work] { Attempt(work); })) return;
  Note(*work, {.problem = "lost: too many callbacks wait"});
  if (work->callback.on_done) work->callback.on_done();
}

void CallbackPoster::Attempt(const WorkPtr& work) {
  if (stopping_) return;
  const absl::Duration time_left =
      work->overrides.total_time - (clock_.Monotonic() - work->begin_time);
  const Answer answer = Exchange(*work, time_left);
  Note(*work, answer);
  const absl::Duration delay = kRetryDelay * (1 << (work->attempt - 1));
  if (!answer.good() && answer.ToBeRetried(work->overrides) &&
      work->attempt <= work->overrides.retries &&
      clock_.Monotonic() - work->begin_time + delay <
          work->overrides.total_time) {
    ++work->attempt;
    timers_.RunAfter(delay, [this, work] { Submit(work); });
    return;
  }
  if (work->callback.on_done) work->callback.on_done();
}

CallbackPoster::Answer CallbackPoster::Exchange(const Work& work,
                                                absl::Duration time_left) {
  std::unique_ptr<Connection> connection = TakeConnection();
  CURL* const easy = connection->easy();
  curl_easy_reset(easy);
  curl_slist* first = curl_slist_append(
      nullptr, absl::StrCat("X-Twilio-Signature: ", work.signature).c_str());
  curl_slist_append(first, absl::StrCat("I-Twilio-Idempotency-Token: ",
                                        work.idempotency_token)
                               .c_str());
  curl_slist_append(
      first, "Content-Type: application/x-www-form-urlencoded; charset=UTF-8");
  curl_slist_append(first, "X-Home-Region: us1");
  curl_slist_append(first, "Expect:");
  const std::unique_ptr<curl_slist, FreeHeaders> headers(first);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_URL, work.url.c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_1_1});
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(easy, CURLOPT_USERAGENT, kUserAgent);
  curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                   static_cast<curl_off_t>(work.form.size()));
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, work.form.c_str());
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                   Milliseconds(work.overrides.connect_timeout));
  curl_easy_setopt(
      easy, CURLOPT_TIMEOUT_MS,
      Milliseconds(std::min(time_left, work.overrides.connect_timeout +
                                           work.overrides.read_timeout)));
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Discard);
  curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, &StopIfAsked);
  curl_easy_setopt(easy, CURLOPT_XFERINFODATA, &stopping_);
  Answer answer;
  const CURLcode code = curl_easy_perform(easy);
  if (code != CURLE_OK) answer.problem = curl_easy_strerror(code);
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &answer.http_status);
  curl_off_t until_request = 0;
  curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &until_request);
  answer.connected = code == CURLE_OK || until_request > 0;
  ReturnConnection(std::move(connection));
  return answer;
}

void CallbackPoster::Note(const Work& work, const Answer& answer) {
  MutexLock lock(mu_);
  if (records_.size() >= options_.records_max) records_.pop_front();
  records_.push_back({.time = clock_.Now(),
                      .url = work.url,
                      .parameters = work.callback.parameters,
                      .attempt = work.attempt,
                      .bad_signature = work.callback.bad_signature,
                      .http_status = answer.http_status,
                      .problem = answer.problem});
}

std::vector<CallbackPoster::Record> CallbackPoster::records() const {
  MutexLock lock(mu_);
  return {records_.begin(), records_.end()};
}

std::unique_ptr<CallbackPoster::Connection> CallbackPoster::TakeConnection() {
  MutexLock lock(mu_);
  if (idle_.empty()) return std::make_unique<Connection>();
  std::unique_ptr<Connection> connection = std::move(idle_.back());
  idle_.pop_back();
  return connection;
}

void CallbackPoster::ReturnConnection(std::unique_ptr<Connection> connection) {
  MutexLock lock(mu_);
  idle_.push_back(std::move(connection));  // one a thread at most
}

void CallbackPoster::Stop() {
  stopping_ = true;
  threads_.Shutdown();
}

}  // namespace sidwatch
