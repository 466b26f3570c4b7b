#ifndef SIDWATCH_SERVER_ADMIN_ADMIN_SERVER_H_
#define SIDWATCH_SERVER_ADMIN_ADMIN_SERVER_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/counters.h"
#include "base/log.h"
#include "server/webhook/http_guard.h"
#include "storage/store.h"

namespace sidwatch {

// One question of a probe: OK, or what is wrong. Quick; any thread.
struct HealthCheck {
  std::string name;
  std::function<absl::Status()> check;
};

// The admin port: probes for Kubernetes, metrics for Prometheus. Read-only.
//
//   /livez     200 while the event loops turn, else 503: restart me. Asks no
//              dependency, so that a full disk does not make it a restart loop.
//   /readyz    200 while a callback would be stored and no drain has begun.
//   /startupz  200 once everything serves, which this port's answering means.
//   /metrics   Prometheus' text format.
//
// The probes answer JSON: {"ok":false,"checks":{"store":"…what is wrong…"}}.
// Other paths get 404, other methods 405.
//
// Threads: the guard's parking thread and four workers of its own, so that no
// probe waits behind a webhook.
class AdminServer {
 public:
  struct Options {
    std::string listen;
    std::string version;             // for build_info
    std::vector<HealthCheck> live;   // of /livez
    std::vector<HealthCheck> ready;  // of /readyz
  };

  // Listens and serves. `store` and `counters` and what the checks use outlive
  // it. Errors: those of HttpGuard::Start.
  static absl::StatusOr<std::unique_ptr<AdminServer>> Start(
      Options options, const Store& store, const Counters& counters,
      Logger log);
  // Stop().
  ~AdminServer();
  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;

  std::string address() const { return guard_->address(); }

  // Finishes the requests in hand and closes the port. Idempotent.
  void Stop() { guard_->Stop(); }

 private:
  AdminServer(Options options, const Store& store, const Counters& counters);
  HttpResponse Handle(const HttpRequest& request) const;
  HttpResponse Metrics() const;

  const Options options_;
  const Store& store_;
  const Counters& counters_;
  std::unique_ptr<HttpGuard> guard_;  // Last: its workers use the others.
};

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_ADMIN_ADMIN_SERVER_H_
