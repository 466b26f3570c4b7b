#include "tests/client/fake_tracking_server.h"

#include <cstdlib>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/cli/records.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace sidwatch {
namespace {

constexpr int64_t kCreateSeconds = 1'700'000'000;

grpc::Status NoHandler() {
  return grpc::Status(grpc::StatusCode::UNIMPLEMENTED, "no handler is set");
}

std::string Word(v1::MessageStatus status) {
  return absl::AsciiStrToLower(
      v1::MessageStatus_Name(status).substr(sizeof("MESSAGE_STATUS_") - 1));
}

bool Final(v1::MessageStatus status) {
  return StatusColour(status) != Colour::kOpen;
}

}  // namespace

void FakeTrackingServer::Start(
    std::shared_ptr<grpc::ServerCredentials> credentials) {
  grpc::ServerBuilder builder;
  builder.AddListeningPort(absl::StrCat("127.0.0.1:", port_),
                           std::move(credentials), &port_);
  builder.RegisterService(&tracking_);
  builder.RegisterService(&health_);
  server_ = builder.BuildAndStart();
  if (server_ == nullptr) std::abort();
}

void FakeTrackingServer::Stop() {
  if (server_ == nullptr) return;
  server_->Shutdown(std::chrono::system_clock::now());
  server_->Wait();
  server_.reset();
}

std::string FakeTrackingServer::target() const {
  return absl::StrCat("127.0.0.1:", port_);
}

std::vector<std::string> FakeTrackingServer::authorizations() const {
  MutexLock lock(mu_);
  return authorizations_;
}

std::vector<std::string> FakeTrackingServer::peers() const {
  MutexLock lock(mu_);
  return peers_;
}

void FakeTrackingServer::Note(const grpc::ServerContext& context) {
  const auto found = context.client_metadata().find("authorization");
  MutexLock lock(mu_);
  peers_.push_back(context.peer());
  authorizations_.push_back(
      found == context.client_metadata().end()
          ? ""
          : std::string(found->second.data(), found->second.size()));
}

grpc::Status FakeTrackingServer::Tracking::SendTracked(
    grpc::ServerContext* context, const v1::SendTrackedRequest* request,
    v1::SendTrackedResponse* response) {
  owner_.Note(*context);
  return owner_.on_send ? owner_.on_send(*request, response) : NoHandler();
}

grpc::Status FakeTrackingServer::Tracking::GetMessage(
    grpc::ServerContext* context, const v1::GetMessageRequest* request,
    v1::GetMessageResponse* response) {
  owner_.Note(*context);
  return owner_.on_get ? owner_.on_get(*request, response) : NoHandler();
}

grpc::Status FakeTrackingServer::Tracking::ListMessages(
    grpc::ServerContext* context, const v1::ListMessagesRequest* request,
    v1::ListMessagesResponse* response) {
  owner_.Note(*context);
  return owner_.on_list ? owner_.on_list(*request, response) : NoHandler();
}

grpc::Status FakeTrackingServer::Tracking::WatchStatus(
    grpc::ServerContext* context, const v1::WatchStatusRequest* request,
    WatchWriter* writer) {
  owner_.Note(*context);
  return owner_.on_watch ? owner_.on_watch(*request, context, writer)
                         : NoHandler();
}

grpc::Status FakeTrackingServer::Health::Check(
    grpc::ServerContext* /*context*/,
    const grpc::health::v1::HealthCheckRequest* request,
    grpc::health::v1::HealthCheckResponse* response) {
  response->set_status(
      owner_.serving(request->service())
          ? grpc::health::v1::HealthCheckResponse::SERVING
          : grpc::health::v1::HealthCheckResponse::NOT_SERVING);
  return grpc::Status::OK;
}

grpc::Status ErrorWith(grpc::StatusCode code, const std::string& message,
                       const ErrorDetail& detail) {
  google::rpc::Status status;
  status.set_code(code);
  status.set_message(message);
  google::rpc::ErrorInfo info;
  info.set_reason(detail.reason);
  info.set_domain("sidwatch");
  info.mutable_metadata()->insert(detail.metadata.begin(),
                                  detail.metadata.end());
  status.add_details()->PackFrom(info);
  google::rpc::BadRequest bad_request;
  for (const auto& [field, problem] : detail.fields) {
    auto* violation = bad_request.add_field_violations();
    violation->set_field(field);
    violation->set_description(problem);
  }
  if (!detail.fields.empty()) status.add_details()->PackFrom(bad_request);
  if (detail.retry_delay) {
    google::rpc::RetryInfo retry;
    retry.mutable_retry_delay()->set_nanos(static_cast<int>(
        absl::ToInt64Nanoseconds(*detail.retry_delay % absl::Seconds(1))));
    retry.mutable_retry_delay()->set_seconds(
        absl::ToInt64Seconds(*detail.retry_delay));
    status.add_details()->PackFrom(retry);
  }
  return grpc::Status(code, message, status.SerializeAsString());
}

v1::Message MakeMessage(const std::string& sid, v1::MessageStatus status) {
  v1::Message message;
  message.set_message_sid(sid);
  message.set_request_id("request-1");
  message.set_from("+15550001111");
  message.set_to("+15552223333");
  message.set_status(status);
  message.set_status_text(Word(status));
  message.set_final(Final(status));
  message.mutable_create_time()->set_seconds(kCreateSeconds);
  message.mutable_update_time()->set_seconds(kCreateSeconds);
  return message;
}

v1::StatusEvent MakeEvent(const std::string& sid, v1::MessageStatus status,
                          int64_t sequence) {
  v1::StatusEvent event;
  event.set_sequence(sequence);
  event.set_message_sid(sid);
  event.set_status(status);
  event.set_status_text(Word(status));
  event.set_source(v1::EVENT_SOURCE_CALLBACK);
  event.set_effective(true);
  event.set_message_status(status);
  event.set_final(Final(status));
  event.mutable_receive_time()->set_seconds(kCreateSeconds + sequence);
  return event;
}

v1::WatchStatusResponse Created(int token) {
  v1::WatchStatusResponse response;
  response.set_resume_token(absl::StrCat("t", token));
  response.mutable_created();
  return response;
}

v1::WatchStatusResponse EventResponse(const v1::StatusEvent& event) {
  v1::WatchStatusResponse response;
  response.set_resume_token(absl::StrCat("t", event.sequence()));
  *response.mutable_event() = event;
  return response;
}

v1::WatchStatusResponse Ended(v1::WatchEndReason reason, int token) {
  v1::WatchStatusResponse response;
  response.set_resume_token(absl::StrCat("t", token));
  response.mutable_ended()->set_reason(reason);
  return response;
}

}  // namespace sidwatch
