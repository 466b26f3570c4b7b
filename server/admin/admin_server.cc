#include "server/admin/admin_server.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/admin/prometheus.h"

namespace sidwatch {
namespace {

constexpr absl::string_view kPaths[] = {"/livez", "/readyz", "/startupz",
                                        "/metrics"};

int Admit(absl::string_view method, absl::string_view path) {
  for (const absl::string_view known : kPaths) {
    if (path == known) return method == "GET" ? 0 : 405;
  }
  return 404;
}

HttpResponse Probe(const std::vector<HealthCheck>& checks) {
  bool all_ok = true;
  nlohmann::ordered_json details = nlohmann::ordered_json::object();
  for (const HealthCheck& check : checks) {
    const absl::Status status = check.check();
    all_ok = all_ok && status.ok();
    details[check.name] = status.ok() ? "ok" : std::string(status.message());
  }
  const nlohmann::ordered_json body = {{"ok", all_ok}, {"checks", details}};
  return {.status = all_ok ? 200 : 503,
          .content_type = "application/json",
          .body = body.dump(-1, ' ', /*ensure_ascii=*/false,
                            nlohmann::json::error_handler_t::replace) +
                  "\n",
          .headers = {{"Cache-Control", "no-store"}}};
}

HttpGuard::Options GuardOptions(const std::string& listen) {
  HttpGuard::Options options;
  options.listen = listen;
  options.workers = 4;
  options.body_max_bytes = 0;
  options.connections_max = 64;
  options.keep_alive = absl::Seconds(60);  // Scrapers come every 15 s.
  options.allow = "GET";
  return options;
}

}  // namespace

absl::StatusOr<std::unique_ptr<AdminServer>> AdminServer::Start(
    Options options, const Store& store, const Counters& counters, Logger log) {
  std::unique_ptr<AdminServer> server(
      new AdminServer(std::move(options), store, counters));
  auto guard = HttpGuard::Start(
      GuardOptions(server->options_.listen), Admit,
      [admin = server.get()](const HttpRequest& request) {
        return admin->Handle(request);
      },
      log);
  if (!guard.ok()) return guard.status();
  server->guard_ = *std::move(guard);
  return server;
}

AdminServer::AdminServer(Options options, const Store& store,
                         const Counters& counters)
    : options_(std::move(options)), store_(store), counters_(counters) {}

AdminServer::~AdminServer() = default;

HttpResponse AdminServer::Handle(const HttpRequest& request) const {
  const absl::string_view path = request.path();
  if (path == "/livez") return Probe(options_.live);
  if (path == "/readyz") return Probe(options_.ready);
  if (path == "/startupz") return Probe({});
  return Metrics();
}

HttpResponse AdminServer::Metrics() const {
  // Without its gauges when the store cannot be read: the counters still tell
  // what is going on.
  const absl::StatusOr<StoreStats> stats = store_.Stats();
  return {.status = 200,
          .content_type = "text/plain; version=0.0.4; charset=utf-8",
          .body = MetricsText(counters_, stats.ok() ? &*stats : nullptr,
                              options_.version)};
}

}  // namespace sidwatch
