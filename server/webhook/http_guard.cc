#include "server/webhook/http_guard.h"

#include <httplib.h>

#include <algorithm>
#include <array>
#include <exception>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "base/executor.h"
#include "server/webhook/http_connection.h"
#include "server/webhook/parking_loop.h"

namespace sidwatch {
namespace {

absl::Duration Now() { return Clock::Real().Monotonic(); }

// Methods that httplib dispatches; it answers 400 to any other.
bool IsKnownMethod(absl::string_view method) {
  constexpr std::array<absl::string_view, 7> kMethods = {
      "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
  return std::find(kMethods.begin(), kMethods.end(), method) != kMethods.end();
}

// One request on its way through httplib.
struct Exchange {
  const HttpGuard::Handler& handler;
  const HttpRequest& request;
  const ParkingLoop& loop;
  bool refused = false;  // the answer is a 4xx
  bool close = false;    // the connection ends with this answer
  bool drop = false;     // … or without one
};

// What httplib reads from and writes to: memory. The peer's own bytes were
// read, checked and taken apart by RequestReader; httplib gets a head of our
// making that holds only what it may act upon. So nothing of the peer's
// reaches the parts of 0.11.4 that are known to be unsafe: percent-decoding of
// header values, Range, gzip, multipart, forms of at most 8 KiB, a REMOTE_ADDR
// header that shadows the real one, chunked bodies without a limit.
class AnswerStream final : public httplib::Stream {
 public:
  explicit AnswerStream(const Exchange& exchange)
      : head_(absl::StrCat(exchange.request.method, " / HTTP/1.1\r\n",
                           exchange.close ? "Connection: close\r\n" : "",
                           "\r\n")) {}

  bool is_readable() const override { return read_ < head_.size(); }
  bool is_writable() const override { return true; }

  ssize_t read(char* data, size_t size) override {
    const size_t taken = std::min(size, head_.size() - read_);
    std::copy_n(head_.data() + read_, taken, data);
    read_ += taken;
    return static_cast<ssize_t>(taken);
  }

  ssize_t write(const char* data, size_t size) override {
    answer_.append(data, size);
    return static_cast<ssize_t>(size);
  }

  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  socket_t socket() const override { return INVALID_SOCKET; }

  const std::string& answer() const { return answer_; }

 private:
  const std::string head_;
  size_t read_ = 0;
  std::string answer_;
};

// httplib without its sockets and threads: it runs one exchange at a time on
// each of our workers.
class AnswerServer final : public httplib::Server {
 public:
  AnswerServer() {
    set_pre_routing_handler(
        [](const httplib::Request&, httplib::Response& answer) {
          Fill(*current_, answer);
          return HandlerResponse::Handled;
        });
    set_post_routing_handler(
        [](const httplib::Request&, httplib::Response& answer) {
          Finish(*current_, answer);
        });
    // Its own would tell the peer what was thrown.
    set_exception_handler([](const httplib::Request&, httplib::Response& answer,
                             std::exception_ptr) { answer.status = 500; });
  }

  // Runs the handler and returns the bytes of its answer. Sets
  // `exchange.close` when the handler wants it.
  std::string Answer(Exchange& exchange) {
    AnswerStream stream(exchange);
    bool closed = false;
    current_ = &exchange;
    process_request(stream, /*close_connection=*/false, closed,
                    /*setup_request=*/nullptr);
    current_ = nullptr;
    return stream.answer();
  }

 private:
  static void Fill(Exchange& exchange, httplib::Response& answer) {
    HttpResponse response = exchange.handler(exchange.request);
    answer.status = response.status;
    exchange.refused = response.status >= 400 && response.status < 500;
    for (auto& [name, value] : response.headers) {
      answer.headers.emplace(std::move(name), std::move(value));
    }
    if (!response.body.empty()) {
      answer.set_content(response.body, response.content_type);
    }
    // At the connection limit somebody else gets the place of a stranger, who
    // could hold it for ever by one request on the heels of another.
    exchange.close = exchange.close || response.close ||
                     (exchange.refused && exchange.loop.full());
    exchange.drop = response.drop;
  }

  static void Finish(const Exchange& exchange, httplib::Response& answer) {
    answer.headers.erase("Keep-Alive");  // speaks of httplib's own limits
    if (answer.status == 204) answer.headers.erase("Content-Length");
    answer.headers.emplace(
        "Date", absl::FormatTime("%a, %d %b %Y %H:%M:%S GMT",
                                 Clock::Real().Now(), absl::UTCTimeZone()));
    if (exchange.close) {
      answer.headers.erase("Connection");
      answer.headers.emplace("Connection", "close");
    }
  }

  // httplib hands its handlers nothing of ours but its own request.
  static thread_local Exchange* current_;
};

thread_local Exchange* AnswerServer::current_ = nullptr;

ParkingLoop::Options LoopOptions(HttpGuard::Options options,
                                 HttpGuard::Admit admit) {
  return {
      .listen = std::move(options.listen),
      .connections_max = options.connections_max,
      .request_timeout = options.request_timeout,
      .keep_alive = options.keep_alive,
      .allow = std::move(options.allow),
      .rules = {.head = {.header_max_bytes = options.header_max_bytes,
                         .line_max_bytes = options.line_max_bytes,
                         .headers_max = options.headers_max},
                .body_max_bytes = options.body_max_bytes,
                .admit =
                    [admit = std::move(admit)](absl::string_view method,
                                               absl::string_view path) {
                      const int status = admit(method, path);
                      if (status != 0) return status;
                      return IsKnownMethod(method) ? 0 : 405;
                    }},
      .on_refused = std::move(options.on_refused),
  };
}

}  // namespace

class HttpGuard::Impl {
 public:
  Impl(const Options& options, Handler handler)
      : request_timeout_(options.request_timeout),
        handler_(std::move(handler)),
        // Every connection is in the queue at most once: it never fills.
        workers_("http-worker", options.workers, options.connections_max) {}

  ~Impl() { Stop(); }

  absl::Status Start(Options options, Admit admit, Logger log,
                     Gauge* connections) {
    absl::StatusOr<std::unique_ptr<ParkingLoop>> loop = ParkingLoop::Start(
        LoopOptions(std::move(options), std::move(admit)),
        [this](ParkingLoop& parking, HttpConnection& connection) {
          Hand(parking, connection);
        },
        log, connections);
    if (!loop.ok()) return loop.status();
    loop_ = *std::move(loop);
    return absl::OkStatus();
  }

  // The loop first: what it still hands over must find the workers.
  void Stop() {
    if (loop_ != nullptr) loop_->Stop();
    workers_.Shutdown();
  }

  const ParkingLoop& loop() const { return *loop_; }

 private:
  void Hand(ParkingLoop& loop, HttpConnection& connection) {
    const bool queued = workers_.TrySubmit(
        [this, &loop, &connection] { Serve(loop, connection); });
    if (!queued) loop.Dismiss(connection, /*linger=*/false);
  }

  // Answers the connection's request, and the next ones as long as they are
  // there already and nobody else waits for a worker.
  void Serve(ParkingLoop& loop, HttpConnection& connection) {
    while (AnswerOne(loop, connection)) {
      switch (connection.Read(Now())) {
        case HttpConnection::Progress::kWhole:
          if (workers_.queued() > 0) return Hand(loop, connection);
          break;
        case HttpConnection::Progress::kWaiting:
          return loop.Park(connection);
        case HttpConnection::Progress::kRefused:
          return loop.Refuse(connection);
        case HttpConnection::Progress::kGone:
          return loop.Dismiss(connection, /*linger=*/false);
      }
    }
  }

  // Returns false when the connection is dismissed.
  bool AnswerOne(ParkingLoop& loop, HttpConnection& connection) {
    const absl::Duration deadline =
        connection.request_began() + request_timeout_;
    const RequestReader::Whole whole = connection.Take(Now());
    Exchange exchange{.handler = handler_,
                      .request = whole.request,
                      .loop = loop,
                      .close = !whole.keep_alive || loop.stopping()};
    const std::string answer = server_.Answer(exchange);
    // Whoever is refused may be anybody: if it does not read, no worker waits.
    const bool sent =
        !exchange.drop &&
        connection.Send(answer,
                        exchange.refused ? absl::ZeroDuration() : deadline);
    if (sent && !exchange.close) return true;
    // A peer that asked for the end sends nothing more that could harm it, and
    // one that does not read is not worth waiting for.
    loop.Dismiss(connection,
                 /*linger=*/sent && whole.keep_alive && !loop.stopping());
    return false;
  }

  const absl::Duration request_timeout_;
  const Handler handler_;
  AnswerServer server_;
  Executor workers_;
  std::unique_ptr<ParkingLoop> loop_;
};

absl::StatusOr<std::unique_ptr<HttpGuard>> HttpGuard::Start(
    Options options, Admit admit, Handler handler, Logger log,
    Gauge* connections) {
  auto impl = std::make_unique<Impl>(options, std::move(handler));
  const absl::Status started =
      impl->Start(std::move(options), std::move(admit), log, connections);
  if (!started.ok()) return started;
  return std::unique_ptr<HttpGuard>(new HttpGuard(std::move(impl)));
}

HttpGuard::HttpGuard(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpGuard::~HttpGuard() = default;

std::string HttpGuard::address() const { return impl_->loop().address(); }

bool HttpGuard::alive() const { return impl_->loop().alive(); }

void HttpGuard::Stop() { impl_->Stop(); }

}  // namespace sidwatch
