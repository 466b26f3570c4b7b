#ifndef SIDWATCH_SERVER_WEBHOOK_HTTP_GUARD_H_
#define SIDWATCH_SERVER_WEBHOOK_HTTP_GUARD_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/counters.h"
#include "base/log.h"
#include "server/webhook/http_message.h"

namespace sidwatch {

// An HTTP/1.1 server that a stranger may talk to: cpp-httplib with the limits
// and deadlines that it has not.
//
// Connections wait in one epoll until a whole request has come, head and body,
// and cost a descriptor and what was read of it until then: a peer that drips
// bytes never holds a worker. A worker then runs the handler and lets httplib
// make the answer. One absolute deadline covers a request from its first byte
// to its answer; a refusal (4xx) is sent only as far as the peer has room for
// it, so that strangers who do not read cannot take the workers. At the
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
    std::string allow;  // the Allow header of a 405, "GET, POST"
    // Told of each request that was answered here and never reached the
    // handler, with its status. Must be quick. Any thread.
    std::function<void(int status)> on_refused;
  };

  // Looks at the request line alone; 0 lets it pass, else the status to answer
  // with (404, 405). `path` is the raw target up to '?'. Runs on the parking
  // thread: must be quick. A method httplib does not know gets 405 after it.
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

  // Takes in who has connected, closes the listener and all idle connections,
  // gives requests that have begun to arrive a second, answers those in hand
  // with "Connection: close", joins the threads. Returns within that second,
  // `request_timeout` for a peer that does not read, and the time the handler
  // takes. Idempotent.
  void Stop();

 private:
  class Impl;  // The only place that sees httplib.
  explicit HttpGuard(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_WEBHOOK_HTTP_GUARD_H_
