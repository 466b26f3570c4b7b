#ifndef SIDWATCH_SERVER_WEBHOOK_WEBHOOK_SERVER_H_
#define SIDWATCH_SERVER_WEBHOOK_WEBHOOK_SERVER_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/counters.h"
#include "base/log.h"
#include "storage/group_commit.h"
#include "storage/store.h"

namespace sidwatch {

// The webhook port: takes in what Twilio tells us (CONTRACT 6).
//
// A status callback goes one way: HttpGuard (limits, deadlines, routes) →
// RequestValidator (is it Twilio's?) → ParseStatusCallback (what does it say?)
// → append, which returns after the commit → 204. Nothing is answered 2xx
// before that. Whatever may pass later is answered 503, so that Twilio tries
// again; whatever is not provably Twilio's gets one and the same 403, changes
// nothing and is only counted.
//
// Threads: those of HttpGuard; a worker waits for the commit of its callback.
// Thread safety: all methods may be called from any thread.
class WebhookServer {
 public:
  struct Options {
    std::string listen = "127.0.0.1:0";
    std::string public_url;                // as PublicUrl takes it
    std::string account_sid;               // ours
    std::vector<std::string> auth_tokens;  // any of them verifies
    bool store_body = false;
    size_t workers = 64;
    // The settings webhook-max-body … webhook-keep-alive.
    size_t body_max_bytes = 64 * 1024;
    size_t header_max_bytes = 16 * 1024;
    size_t connections_max = 256;
    absl::Duration request_timeout = absl::Seconds(10);
    absl::Duration keep_alive = absl::Seconds(5);
    // From a whole request until it is stored: then 503 (CONTRACT 6).
    absl::Duration commit_wait = absl::Seconds(3);
  };

  // Stores one report and returns once it is durable, with an error when it is
  // not after `wait`.
  using Append = std::function<absl::StatusOr<AppendResult>(
      AppendWrite write, absl::Duration wait)>;

  // Listens and serves when it returns. All but the sink of `log` is named by
  // reference; each outlives the server. Errors: INVALID_ARGUMENT (public URL,
  // account SID, no token), those of HttpGuard::Start.
  static absl::StatusOr<std::unique_ptr<WebhookServer>> Start(
      Options options, GroupCommit& commit, Clock& clock, Logger log,
      Counters& counters);

  // The same over any way to store; the load test answers without.
  static absl::StatusOr<std::unique_ptr<WebhookServer>> Start(
      Options options, Append append, Clock& clock, Logger log,
      Counters& counters);

  // Stop().
  ~WebhookServer();
  WebhookServer(const WebhookServer&) = delete;
  WebhookServer& operator=(const WebhookServer&) = delete;

  // Takes effect with the next request.
  void SetAuthTokens(const std::vector<std::string>& auth_tokens);

  // The real address, "127.0.0.1:8080".
  std::string address() const;

  // See HttpGuard::alive.
  bool alive() const;

  // Closes the listener and idle connections, answers what is in hand. See
  // HttpGuard::Stop. Idempotent.
  void Stop();

 private:
  class Impl;  // Keeps the guard and its types out of this header.
  explicit WebhookServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_WEBHOOK_WEBHOOK_SERVER_H_
