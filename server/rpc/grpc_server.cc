#include "server/rpc/grpc_server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <utility>

#include "absl/memory/memory.h"
#include "server/rpc/connection_acceptor.h"
#include "server/rpc/grpc_log.h"
#include "server/rpc/poller_ping.h"

namespace sidwatch {
namespace {

constexpr int kMessageBytesMax = 4 * 1024 * 1024;
constexpr absl::Duration kConnectionAge = absl::Minutes(30);
// Reflection is a synchronous service: each open call of it holds a thread.
constexpr int kReflectionThreadsMax = 16;
constexpr char kServiceName[] = "sidwatch.v1.TrackingService";

// As gRPC takes it: the largest int stands for "for ever".
int Milliseconds(absl::Duration duration) {
  return static_cast<int>(std::min<int64_t>(absl::ToInt64Milliseconds(duration),
                                            std::numeric_limits<int>::max()));
}

void SetLimits(const GrpcServer::Options& options,
               grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(kMessageBytesMax);
  builder.SetMaxSendMessageSize(kMessageBytesMax);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS,
                             options.streams_per_connection_max);
  builder.SetResourceQuota(
      grpc::ResourceQuota("sidwatch").SetMaxThreads(kReflectionThreadsMax));
  using Option = grpc::ServerBuilder::SyncServerOption;
  builder.SetSyncServerOption(Option::NUM_CQS, 1);
  builder.SetSyncServerOption(Option::MIN_POLLERS, 1);
  builder.SetSyncServerOption(Option::MAX_POLLERS, 2);
}

// Dead peers are found within a minute and a half; clients may ping as often
// as every 20 s, where gRPC's default would cut them off for it.
void SetKeepalive(const GrpcServer::Options& options,
                  grpc::ServerBuilder& builder) {
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 60'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(
      GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 20'000);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS,
                             Milliseconds(kConnectionAge));
  // A watch may begin when its connection is about to end, and would be cut
  // without `ended`: the grace is longer than any watch lives.
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS,
                             Milliseconds(options.watch_max_age * 1.5));
}

}  // namespace

class GrpcServer::Impl {
 public:
  Impl(std::unique_ptr<ConnectionAcceptor> acceptor, Logger logger)
      : log_route_(logger), acceptor_(std::move(acceptor)) {}
  ~Impl() { Shutdown(absl::ZeroDuration()); }

  absl::Status Serve(const Options& options, grpc::Service& service,
                     TimerQueue& timers, Clock& clock);
  void Shutdown(absl::Duration grace);
  void SetServing(bool serving);
  bool alive() const;
  std::string address() const { return acceptor_->address(); }

 private:
  const GrpcLogRoute log_route_;
  const std::unique_ptr<ConnectionAcceptor> acceptor_;
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> hand_over_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<PollerPing> ping_;
};

absl::Status GrpcServer::Impl::Serve(const Options& options,
                                     grpc::Service& service, TimerQueue& timers,
                                     Clock& clock) {
  // Both speak to builders made from now on.
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  grpc::ServerBuilder builder;
  SetLimits(options, builder);
  SetKeepalive(options, builder);
  builder.RegisterService(&service);
  hand_over_ = builder.experimental().AddExternalConnectionAcceptor(
      grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD,
      grpc::InsecureServerCredentials());
  server_ = builder.BuildAndStart();
  if (server_ == nullptr) {
    return absl::UnavailableError("the gRPC server could not be started");
  }
  SetServing(false);
  ping_ = std::make_unique<PollerPing>(server_->InProcessChannel({}), timers,
                                       clock);
  acceptor_->Start([this](int fd) {
    grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters
        connection;
    connection.fd = fd;
    hand_over_->HandleNewConnection(&connection);
  });
  return absl::OkStatus();
}

void GrpcServer::Impl::SetServing(bool serving) {
  auto* const health = server_->GetHealthCheckService();
  health->SetServingStatus("", serving);
  health->SetServingStatus(kServiceName, serving);
}

bool GrpcServer::Impl::alive() const {
  return acceptor_->alive() && ping_->alive();
}

void GrpcServer::Impl::Shutdown(absl::Duration grace) {
  acceptor_->Stop();
  if (ping_ != nullptr) ping_->Stop();
  if (server_ != nullptr) {
    server_->Shutdown(std::chrono::system_clock::now() +
                      absl::ToChronoMicroseconds(grace));
  }
}

absl::StatusOr<std::unique_ptr<GrpcServer>> GrpcServer::Start(
    const Options& options, grpc::Service& service, TimerQueue& timers,
    Clock& clock, Logger logger, Counters& counters) {
  auto acceptor = ConnectionAcceptor::Listen(
      options.listen, options.connections_max, clock, logger, counters);
  if (!acceptor.ok()) return acceptor.status();
  auto impl = std::make_unique<Impl>(*std::move(acceptor), logger);
  if (absl::Status started = impl->Serve(options, service, timers, clock);
      !started.ok()) {
    return started;
  }
  return absl::WrapUnique(new GrpcServer(std::move(impl)));
}

GrpcServer::GrpcServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

GrpcServer::~GrpcServer() = default;

std::string GrpcServer::address() const { return impl_->address(); }

void GrpcServer::SetServing(bool serving) { impl_->SetServing(serving); }

bool GrpcServer::alive() const { return impl_->alive(); }

void GrpcServer::Shutdown(absl::Duration grace) { impl_->Shutdown(grace); }

}  // namespace sidwatch
