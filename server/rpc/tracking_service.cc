#include "server/rpc/tracking_service.h"

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <chrono>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/error_detail.h"
#include "server/rpc/conversion.h"
#include "server/rpc/error_status.h"
#include "server/rpc/message_queries.h"
#include "server/rpc/request_parser.h"
#include "server/rpc/send_reactor.h"
#include "server/rpc/watch_reactor.h"
#include "server/rpc/watch_registry.h"
#include "sidwatch/v1/tracking.grpc.pb.h"

namespace sidwatch {
namespace {

absl::Status Draining() {
  return DetailedError(absl::StatusCode::kUnavailable,
                       "this server is going away: nothing was sent, try again "
                       "elsewhere or in a moment",
                       {.reason = "DRAINING"});
}

absl::Status QueueFull() {
  return DetailedError(
      absl::StatusCode::kResourceExhausted,
      "too many reads wait here already: try again in a moment",
      {.reason = "QUEUE_FULL"});
}

absl::Status NotYet(absl::string_view rpc) {
  return absl::UnimplementedError(
      absl::StrCat("this version of sidwatch has no ", rpc, " yet"));
}

// How long the caller still waits.
absl::Duration TimeLeft(const grpc::CallbackServerContext& call) {
  const auto deadline = call.deadline();
  if (deadline == std::chrono::system_clock::time_point::max()) {
    return absl::InfiniteDuration();
  }
  return absl::FromChrono(deadline - std::chrono::system_clock::now());
}

grpc::ServerUnaryReactor* FinishUnary(grpc::CallbackServerContext* call,
                                      const absl::Status& status) {
  grpc::ServerUnaryReactor* reactor = call->DefaultReactor();
  reactor->Finish(ToGrpcStatus(status));
  return reactor;
}

// A batch that is refused as a whole.
class RefusedBatch final
    : public grpc::ServerBidiReactor<v1::SendTrackedBatchRequest,
                                     v1::SendTrackedBatchResponse> {
 public:
  explicit RefusedBatch(const absl::Status& status) {
    Finish(ToGrpcStatus(status));
  }
  void OnDone() override { delete this; }
};

}  // namespace

class TrackingService::Impl final
    : public v1::TrackingService::CallbackService {
 public:
  Impl(const Options& options, const Parts& parts)
      : parts_(parts),
        registry_({.streams_max = options.watch_streams_max,
                   .streams_per_connection_max =
                       options.watch_streams_per_connection_max,
                   .stall_timeout = options.watch_stall_timeout},
                  parts.timers, parts.clock, parts.counters),
        watches_{.watch = {.store = parts.store,
                           .tail = parts.tail,
                           .readers = parts.readers,
                           .timers = parts.timers,
                           .clock = parts.clock,
                           .buffer_max_bytes = options.watch_buffer_bytes},
                 .registry = registry_,
                 .counters = parts.counters,
                 .max_age = options.watch_max_age,
                 .stall_timeout = options.watch_stall_timeout} {}

  WatchRegistry& registry() { return registry_; }
  void StartDraining() { draining_ = true; }

  grpc::ServerUnaryReactor* SendTracked(
      grpc::CallbackServerContext* call, const v1::SendTrackedRequest* request,
      v1::SendTrackedResponse* response) override {
    if (draining_) return FinishUnary(call, Draining());
    auto parsed = ParseSendRequest(*request);
    if (!parsed.ok()) return FinishUnary(call, parsed.status());
    return StartSend(parts_.sender, *std::move(parsed), TimeLeft(*call),
                     *response);
  }

  grpc::ServerWriteReactor<v1::WatchStatusResponse>* WatchStatus(
      grpc::CallbackServerContext* call,
      const v1::WatchStatusRequest* request) override {
    auto options = ParseWatchRequest(*request);
    if (!options.ok()) return RefuseWatch(options.status());
    return StartWatch(watches_, call, *std::move(options));
  }

  grpc::ServerUnaryReactor* GetMessage(
      grpc::CallbackServerContext* call, const v1::GetMessageRequest* request,
      v1::GetMessageResponse* response) override {
    return Read(call, [this, request, response] {
      return sidwatch::GetMessage(parts_.store, *request, *response);
    });
  }

  grpc::ServerUnaryReactor* BatchGetMessages(
      grpc::CallbackServerContext* call,
      const v1::BatchGetMessagesRequest* request,
      v1::BatchGetMessagesResponse* response) override {
    return Read(call, [this, request, response] {
      return sidwatch::BatchGetMessages(parts_.store, *request, *response);
    });
  }

  grpc::ServerUnaryReactor* ListMessages(
      grpc::CallbackServerContext* call, const v1::ListMessagesRequest* request,
      v1::ListMessagesResponse* response) override {
    return Read(call, [this, request, response] {
      return sidwatch::ListMessages(parts_.store, *request, *response);
    });
  }

  grpc::ServerUnaryReactor* ListStatusEvents(
      grpc::CallbackServerContext* call,
      const v1::ListStatusEventsRequest* request,
      v1::ListStatusEventsResponse* response) override {
    return Read(call, [this, request, response] {
      return sidwatch::ListStatusEvents(parts_.store, *request, *response);
    });
  }

  grpc::ServerBidiReactor<v1::SendTrackedBatchRequest,
                          v1::SendTrackedBatchResponse>*
  SendTrackedBatch(grpc::CallbackServerContext* /*call*/) override {
    return new RefusedBatch(NotYet("SendTrackedBatch"));
  }

  grpc::ServerUnaryReactor* CancelMessage(grpc::CallbackServerContext* call,
                                          const v1::CancelMessageRequest*,
                                          v1::CancelMessageResponse*) override {
    return FinishUnary(call, NotYet("CancelMessage"));
  }

  grpc::ServerUnaryReactor* ReportOutcome(grpc::CallbackServerContext* call,
                                          const v1::ReportOutcomeRequest*,
                                          v1::ReportOutcomeResponse*) override {
    return FinishUnary(call, NotYet("ReportOutcome"));
  }

  grpc::ServerUnaryReactor* RedactMessage(grpc::CallbackServerContext* call,
                                          const v1::RedactMessageRequest*,
                                          v1::RedactMessageResponse*) override {
    return FinishUnary(call, NotYet("RedactMessage"));
  }

  grpc::ServerUnaryReactor* EraseMessage(grpc::CallbackServerContext* call,
                                         const v1::EraseMessageRequest*,
                                         v1::EraseMessageResponse*) override {
    return FinishUnary(call, NotYet("EraseMessage"));
  }

  grpc::ServerUnaryReactor* GetDeliveryStats(
      grpc::CallbackServerContext* call, const v1::GetDeliveryStatsRequest*,
      v1::GetDeliveryStatsResponse*) override {
    return FinishUnary(call, NotYet("GetDeliveryStats"));
  }

 private:
  // Runs `query` on a reader and ends the call with what it returns. Request
  // and response live until then.
  template <typename Query>
  grpc::ServerUnaryReactor* Read(grpc::CallbackServerContext* call,
                                 Query query) {
    grpc::ServerUnaryReactor* reactor = call->DefaultReactor();
    const bool taken =
        parts_.readers.TrySubmit([call, reactor, query = std::move(query)] {
          const absl::Status status =
              call->IsCancelled() ? absl::CancelledError("the client went away")
                                  : query();
          reactor->Finish(ToGrpcStatus(status));
        });
    if (!taken) reactor->Finish(ToGrpcStatus(QueueFull()));
    return reactor;
  }

  const Parts parts_;
  WatchRegistry registry_;
  const WatchReactorContext watches_;
  std::atomic<bool> draining_{false};
};

TrackingService::TrackingService(Options options, const Parts& parts)
    : impl_(std::make_unique<Impl>(options, parts)) {}

TrackingService::~TrackingService() = default;

grpc::Service& TrackingService::grpc_service() { return *impl_; }

void TrackingService::StartDraining(absl::Duration spread) {
  impl_->StartDraining();
  impl_->registry().EndAll(WatchEndReason::kDraining, spread);
}

bool TrackingService::WaitForWatches(absl::Duration timeout) {
  return impl_->registry().WaitUntilEmpty(timeout);
}

}  // namespace sidwatch
