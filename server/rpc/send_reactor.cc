#include "server/rpc/send_reactor.h"

#include <grpcpp/support/server_callback.h>

#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "server/rpc/conversion.h"
#include "server/rpc/error_status.h"
#include "sidwatch/v1/tracking.pb.h"

namespace sidwatch {
namespace {

// A call that either the sender or its caller's leaving ends first.
class PendingSend {
 public:
  PendingSend(grpc::ServerUnaryReactor* reactor,
              v1::SendTrackedResponse& response)
      : response_(response), reactor_(reactor) {}

  void Finish(const absl::StatusOr<SendResult>& result) {
    MutexLock lock(mu_);
    if (reactor_ == nullptr) return;
    if (result.ok()) {
      *response_.mutable_message() = ToProto(result->message);
      response_.set_replayed(result->replayed);
    }
    std::exchange(reactor_, nullptr)->Finish(ToGrpcStatus(result.status()));
  }

 private:
  Mutex mu_;
  // Both are gRPC's, and gone soon after Finish.
  v1::SendTrackedResponse& response_ ABSL_GUARDED_BY(mu_);
  grpc::ServerUnaryReactor* reactor_ ABSL_GUARDED_BY(mu_);
};

class SendReactor final : public grpc::ServerUnaryReactor {
 public:
  explicit SendReactor(v1::SendTrackedResponse& response)
      : pending_(std::make_shared<PendingSend>(this, response)) {}

  std::shared_ptr<PendingSend> pending() { return pending_; }

  void OnCancel() override {
    pending_->Finish(absl::CancelledError(
        "the caller left; what was begun goes on, the request_id tells"));
  }
  void OnDone() override { delete this; }

 private:
  const std::shared_ptr<PendingSend> pending_;
};

}  // namespace

grpc::ServerUnaryReactor* StartSend(MessageSender& sender, SendRequest request,
                                    absl::Duration time_left,
                                    v1::SendTrackedResponse& response) {
  auto* const reactor = new SendReactor(response);  // freed in OnDone
  sender.Send(
      std::move(request), time_left,
      [pending = reactor->pending()](const absl::StatusOr<SendResult>& result) {
        pending->Finish(result);
      });
  return reactor;
}

}  // namespace sidwatch
