#include "tests/server/rpc/rpc_stack.h"

#include <chrono>
#include <utility>

#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "tests/fakes/status_matchers.h"

namespace sidwatch {
namespace {

std::unique_ptr<SqliteStore> OpenStore(const std::string& path, Logger logger) {
  auto store = SqliteStore::Open({.path = path}, Clock::Real(), logger);
  EXPECT_THAT(store, IsOk());
  return *std::move(store);
}

template <typename T>
T DetailIn(const grpc::Status& status) {
  google::rpc::Status rpc;
  T detail;
  if (rpc.ParseFromString(status.error_details())) {
    for (const auto& any : rpc.details()) {
      if (any.UnpackTo(&detail)) break;
    }
  }
  return detail;
}

}  // namespace

RpcStack::RpcStack(Options options)
    : sqlite_(OpenStore(folder_.path() + "/store.db", Logger(sink_))),
      store_(*sqlite_),
      readers_("readers", 2, options.readers_queue_max),
      log_(store_, &tail_, Clock::Real(), counters_, {}),
      sender_({.public_url = "https://sms.example.com",
               .account_sid = kTestAccount,
               .default_from = "+15550001",
               .concurrency = 4},
              log_, twilio_, timers_, Clock::Real(), Logger(sink_), counters_),
      service_(options.service, {.store = store_,
                                 .tail = tail_,
                                 .sender = sender_,
                                 .readers = readers_,
                                 .timers = timers_,
                                 .clock = Clock::Real(),
                                 .counters = counters_}) {
  auto server =
      GrpcServer::Start({.listen = "127.0.0.1:0"}, service_.grpc_service(),
                        timers_, Clock::Real(), Logger(sink_), counters_);
  EXPECT_THAT(server, IsOk());
  server_ = *std::move(server);
  stub_ = Connect();
}

RpcStack::~RpcStack() {
  twilio_.Release();
  server_->Shutdown(absl::ZeroDuration());
  sender_.Stop();
  readers_.Shutdown();
  log_.Stop();
  timers_.Shutdown();
}

std::unique_ptr<v1::TrackingService::Stub> RpcStack::Connect() const {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return v1::TrackingService::NewStub(grpc::CreateCustomChannel(
      server_->address(), grpc::InsecureChannelCredentials(), arguments));
}

AppendResult RpcStack::Append(const MessageSid& sid, absl::string_view status,
                              Parameters parameters, std::string body) {
  const auto result =
      log_.Append({.event = {.message_sid = sid,
                             .account_sid = kTestAccount,
                             .status = StatusText::Parse(status),
                             .receive_time = absl::Now(),
                             .parameters = std::move(parameters),
                             .from = "+15550001",
                             .to = "+15550002"},
                   .body = std::move(body)},
                  absl::InfiniteDuration());
  EXPECT_THAT(result, IsOk());
  return *result;
}

void RpcStack::AppendMessages(int count) {
  for (int i = 1; i <= count; ++i) Append(FakeTwilioClient::Sid(i), "sent");
}

grpc::Status RpcStack::Send(const std::string& request_id,
                            v1::SendTrackedResponse* response) {
  v1::SendTrackedRequest request;
  request.set_request_id(request_id);
  request.set_to("+15550002");
  request.set_body("hello");
  v1::SendTrackedResponse ignored;
  TestCall call;
  return stub().SendTracked(&call, request,
                            response != nullptr ? response : &ignored);
}

TestCall::TestCall() {
  set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
}

std::string ReasonOf(const grpc::Status& status) {
  return DetailIn<google::rpc::ErrorInfo>(status).reason();
}

std::string FieldOf(const grpc::Status& status) {
  const auto bad = DetailIn<google::rpc::BadRequest>(status);
  return bad.field_violations().empty() ? "" : bad.field_violations(0).field();
}

TestWatch::TestWatch(v1::TrackingService::Stub& stub,
                     const v1::WatchStatusRequest& request)
    : reader_(stub.WatchStatus(&call_, request)) {}

TestWatch::~TestWatch() {
  if (finished_) return;
  Cancel();
  Finish();
}

v1::WatchStatusResponse TestWatch::Next() {
  v1::WatchStatusResponse response;
  if (!reader_->Read(&response)) response.Clear();
  return response;
}

v1::WatchStatusResponse TestWatch::NextNews() {
  v1::WatchStatusResponse response = Next();
  while (response.has_progress()) response = Next();
  return response;
}

grpc::Status TestWatch::Finish() {
  v1::WatchStatusResponse ignored;
  while (reader_->Read(&ignored)) {
  }
  finished_ = true;
  return reader_->Finish();
}

}  // namespace sidwatch
