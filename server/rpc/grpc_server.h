#ifndef SIDWATCH_SERVER_RPC_GRPC_SERVER_H_
#define SIDWATCH_SERVER_RPC_GRPC_SERVER_H_

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/counters.h"
#include "base/log.h"
#include "base/timer_queue.h"

namespace grpc {
class Service;
}  // namespace grpc

namespace sidwatch {

// The gRPC port: our service, grpc.health.v1 and reflection, behind our own
// acceptor and with the limits of CONTRACT section 12.
//
// Threads: gRPC's own, the acceptor's, and a few for reflection. Only one
// server at a time should be given a logger: gRPC has one log for the process.
// Thread safety: all methods may be called from any thread.
class GrpcServer {
 public:
  struct Options {
    std::string listen = "127.0.0.1:50051";  // the setting grpc-listen
    size_t connections_max = 2000;           // grpc-max-connections
    int streams_per_connection_max = 2000;
    // Connections outlive every watch that begins on them.
    absl::Duration watch_max_age = absl::Minutes(20);
  };

  // Listens and serves `service`; health says NOT_SERVING until SetServing.
  // What is given outlives it.
  //
  // TODO(#6): credentials; until then the connections are not encrypted.
  //
  // Errors, one sentence each: INVALID_ARGUMENT (no such address),
  // ALREADY_EXISTS (in use), PERMISSION_DENIED, UNAVAILABLE.
  static absl::StatusOr<std::unique_ptr<GrpcServer>> Start(
      const Options& options, grpc::Service& service, TimerQueue& timers,
      Clock& clock, Logger logger, Counters& counters);
  // Shutdown without delay.
  ~GrpcServer();
  GrpcServer(const GrpcServer&) = delete;
  GrpcServer& operator=(const GrpcServer&) = delete;

  // Where it really listens: "127.0.0.1:50051", "unix:/path".
  std::string address() const;

  // What grpc.health.v1 answers, for "" and for our service.
  void SetServing(bool serving);

  // False when the acceptor or gRPC's threads have stood still for 10 s.
  bool alive() const;

  // Takes no more connections, waits until the calls in hand are through, and
  // cancels what is left after `grace`. Blocks until every reactor is gone.
  // Idempotent.
  void Shutdown(absl::Duration grace);

 private:
  class Impl;
  explicit GrpcServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_RPC_GRPC_SERVER_H_
