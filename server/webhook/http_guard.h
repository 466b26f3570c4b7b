#ifndef SIDWATCH_SERVER_WEBHOOK_HTTP_GUARD_H_
#define SIDWATCH_SERVER_WEBHOOK_HTTP_GUARD_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/counters.h"
#include "base/log.h"

namespace sidwatch {

// One HTTP request, whole, as it came over the wire.
struct HttpRequest {
  std::string method;  // as sent, upper case
  std::string target;  // raw request target, undecoded, with its query
  // As sent, in order; names are compared without regard to case.
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;            // raw, chunks joined
  std::string remote_address;  // of the TCP peer, for logs

  // The target up to the first '?', and what follows it.
  absl::string_view path() const;
  absl::string_view query() const;
  // The value of the first header of that name, "" when there is none.
  absl::string_view header(absl::string_view name) const;
  size_t header_count(absl::string_view name) const;
};

// One answer. Content-Length and Date are the guard's.
struct HttpResponse {
  int status = 204;
  std::string content_type;  // none when the body is empty
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  bool close = false;  // say "Connection: close" and close after it
};

// An HTTP/1.1 server that a stranger may talk to: cpp-httplib with the limits
// and deadlines that it has not.
//
// Idle connections are parked in one epoll and cost a descriptor each, no
// thread. When bytes arrive a worker takes the connection, reads the head
// under a byte budget, refuses what it must before httplib sees it, and hands
// the rest to httplib. One absolute deadline covers a request from its first
// byte to its answer, so that a peer that drips bytes is cut off. At the
// connection limit the connection that has waited longest without a whole
// request is closed in favour of the new one.
//
// Answered here, before the handler (CONTRACT 6, in this order): 431 header
// block, line, target or count too large; 400 malformed, two lengths, a length
// with chunking; then what `admit` says (404, 405); 413 body over the limit;
// 408 for a peer too slow to finish. Each of these closes the connection.
//
// Threads: one for parking and accepting, `workers` that run the handler.
// Thread safety: all methods may be called from any thread.
class HttpGuard {
 public:
  struct Options {
    std::string listen = "127.0.0.1:0";  // address:port, [v6]:port
    size_t workers = 64;
    size_t body_max_bytes = 64 * 1024;
    size_t header_max_bytes = 16 * 1024;
    size_t line_max_bytes = 8 * 1024;  // a header line, the request target
    size_t headers_max = 100;
    size_t connections_max = 256;
    absl::Duration request_timeout = absl::Seconds(10);
    absl::Duration keep_alive = absl::Seconds(5);  // of an idle connection
  };

  // Looks at the request line alone; 0 lets it pass, else the status to answer
  // with (404, 405). `path` is the raw target up to '?'. Runs on a worker.
  using Admit =
      std::function<int(absl::string_view method, absl::string_view path)>;

  // Answers a whole request. Runs on a worker and may block it. Must not
  // throw.
  using Handler = std::function<HttpResponse(const HttpRequest&)>;

  // Binds, listens and starts its threads; serves when it returns.
  // `connections`, when given, holds the number of open connections and
  // outlives the guard. Errors: one sentence naming the address
  // (ALREADY_EXISTS for a port in use, INVALID_ARGUMENT for a malformed
  // address, else UNAVAILABLE).
  static absl::StatusOr<std::unique_ptr<HttpGuard>> Start(
      Options options, Admit admit, Handler handler, Logger log,
      Gauge* connections = nullptr);

  // Stop().
  ~HttpGuard();
  HttpGuard(const HttpGuard&) = delete;
  HttpGuard& operator=(const HttpGuard&) = delete;

  // The real address, "127.0.0.1:8080".
  std::string address() const;

  // False once the accepting thread has ended or not come round for 5 s.
  bool alive() const;

  // Closes the listener and all parked connections, answers the requests in
  // hand, joins the threads. Returns within `request_timeout` and the time the
  // handler takes. Idempotent.
  void Stop();

 private:
  class Impl;  // The only place that sees httplib.
  explicit HttpGuard(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_WEBHOOK_HTTP_GUARD_H_
