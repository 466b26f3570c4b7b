#include "client/tracking_client.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/error_detail.h"
#include "base/ids.h"
#include "client/connection.h"
#include "client/error_decoding.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "sidwatch/v1/tracking.grpc.pb.h"

namespace sidwatch {
namespace {

absl::Status WithRequestId(const absl::Status& status,
                           const std::string& request_id) {
  ErrorDetail detail = DetailOf(status);
  detail.metadata["request_id"] = request_id;
  return DetailedError(status.code(), status.message(), detail);
}

absl::Status OutcomeUnknown(const absl::Status& status) {
  return DetailedError(
      absl::StatusCode::kUnavailable,
      absl::StrCat("whether the message was sent is not known: ",
                   status.message()),
      {.reason = "SEND_OUTCOME_UNKNOWN"});
}

}  // namespace

class TrackingClient::Impl {
 public:
  explicit Impl(std::shared_ptr<Connection> connection)
      : connection_(std::move(connection)),
        tracking_(v1::TrackingService::NewStub(connection_->calls())),
        health_(grpc::health::v1::Health::NewStub(connection_->calls())) {}

  // Makes a call that changes nothing, `rpc` being the stub's method.
  template <typename Stub, typename Request, typename Response>
  absl::StatusOr<Response> Read(Stub& stub,
                                grpc::Status (Stub::*rpc)(grpc::ClientContext*,
                                                          const Request&,
                                                          Response*),
                                const Request& request) {
    const absl::Time deadline = absl::Now() + options().read_timeout;
    Backoff backoff(options().retry);
    for (int attempt = 1;; ++attempt) {
      Response response;
      const absl::Status status =
          Attempt(stub, rpc, request, &response, deadline);
      if (status.ok()) return response;
      if (attempt >= options().retry.attempts_max || !MayRetryRead(status) ||
          !WaitBefore(deadline, backoff, status)) {
        return status;
      }
    }
  }

  absl::StatusOr<v1::SendTrackedResponse> Send(
      const v1::SendTrackedRequest& request);

  v1::TrackingService::Stub& tracking() { return *tracking_; }
  grpc::health::v1::Health::Stub& health() { return *health_; }
  const std::shared_ptr<Connection>& connection() { return connection_; }

 private:
  const TrackingClientOptions& options() { return connection_->options(); }

  template <typename Stub, typename Request, typename Response>
  absl::Status Attempt(Stub& stub,
                       grpc::Status (Stub::*rpc)(grpc::ClientContext*,
                                                 const Request&, Response*),
                       const Request& request, Response* response,
                       absl::Time deadline) {
    grpc::ClientContext context;
    absl::Status status = connection_->Authorize(context);
    if (status.ok()) status = connection_->WaitForCalls(deadline);
    if (!status.ok()) return status;
    context.set_deadline(absl::ToChronoTime(deadline));
    return StatusFromGrpc((stub.*rpc)(&context, request, response));
  }

  // Sleeps before the next attempt. Returns false, at once, when there is no
  // time left for one.
  static bool WaitBefore(absl::Time deadline, Backoff& backoff,
                         const absl::Status& status) {
    const absl::Duration wait = backoff.Next(DetailOf(status).retry_delay);
    if (absl::Now() + wait >= deadline) return false;
    absl::SleepFor(wait);
    return true;
  }

  const std::shared_ptr<Connection> connection_;
  const std::unique_ptr<v1::TrackingService::Stub> tracking_;
  const std::unique_ptr<grpc::health::v1::Health::Stub> health_;
};

absl::StatusOr<v1::SendTrackedResponse> TrackingClient::Impl::Send(
    const v1::SendTrackedRequest& request) {
  const absl::Time deadline = absl::Now() + options().send_timeout;
  Backoff backoff(options().retry);
  bool may_be_taken = false;  // an attempt reached the server, no answer came
  for (int attempt = 1;; ++attempt) {
    v1::SendTrackedResponse response;
    const absl::Status status =
        Attempt(tracking(), &v1::TrackingService::Stub::SendTracked, request,
                &response, deadline);
    if (status.ok()) return response;
    may_be_taken = may_be_taken || IsUnanswered(status);
    if (attempt < options().retry.attempts_max && MayRetrySend(status) &&
        WaitBefore(deadline, backoff, status)) {
      continue;
    }
    return may_be_taken && !TellsOutcome(status) ? OutcomeUnknown(status)
                                                 : status;
  }
}

TrackingClient::TrackingClient(std::unique_ptr<Impl> impl)
    : impl_(std::move(impl)) {}

TrackingClient::~TrackingClient() = default;

absl::StatusOr<std::unique_ptr<TrackingClient>> TrackingClient::Make(
    TrackingClientOptions options) {
  auto connection = Connection::Make(std::move(options));
  if (!connection.ok()) return connection.status();
  return std::unique_ptr<TrackingClient>(
      new TrackingClient(std::make_unique<Impl>(*std::move(connection))));
}

absl::StatusOr<v1::SendTrackedResponse> TrackingClient::SendTracked(
    v1::SendTrackedRequest request) {
  if (request.request_id().empty()) {
    request.set_request_id(MakeUuidV7(absl::Now()));
  }
  auto response = impl_->Send(request);
  if (response.ok()) return response;
  return WithRequestId(response.status(), request.request_id());
}

absl::StatusOr<v1::GetMessageResponse> TrackingClient::GetMessage(
    const v1::GetMessageRequest& request) {
  return impl_->Read(impl_->tracking(), &v1::TrackingService::Stub::GetMessage,
                     request);
}

absl::StatusOr<v1::BatchGetMessagesResponse> TrackingClient::BatchGetMessages(
    const v1::BatchGetMessagesRequest& request) {
  return impl_->Read(impl_->tracking(),
                     &v1::TrackingService::Stub::BatchGetMessages, request);
}

absl::StatusOr<v1::ListMessagesResponse> TrackingClient::ListMessages(
    const v1::ListMessagesRequest& request) {
  return impl_->Read(impl_->tracking(),
                     &v1::TrackingService::Stub::ListMessages, request);
}

absl::StatusOr<v1::ListStatusEventsResponse> TrackingClient::ListStatusEvents(
    const v1::ListStatusEventsRequest& request) {
  return impl_->Read(impl_->tracking(),
                     &v1::TrackingService::Stub::ListStatusEvents, request);
}

std::unique_ptr<StatusWatch> TrackingClient::WatchStatus(
    v1::WatchStatusRequest request, StatusWatchOptions options) {
  return std::unique_ptr<StatusWatch>(new StatusWatch(
      impl_->connection(), std::move(request), std::move(options)));
}

absl::StatusOr<bool> TrackingClient::CheckHealth(absl::string_view service) {
  grpc::health::v1::HealthCheckRequest request;
  request.set_service(std::string(service));
  const auto response = impl_->Read(
      impl_->health(), &grpc::health::v1::Health::Stub::Check, request);
  if (!response.ok()) return response.status();
  return response->status() == grpc::health::v1::HealthCheckResponse::SERVING;
}

}  // namespace sidwatch
