#ifndef SIDWATCH_TESTS_CLIENT_FAKE_TRACKING_SERVER_H_
#define SIDWATCH_TESTS_CLIENT_FAKE_TRACKING_SERVER_H_

#include <grpcpp/grpcpp.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/error_detail.h"
#include "base/mutex.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "sidwatch/v1/tracking.grpc.pb.h"

namespace sidwatch {

// A tracking service that answers as the test says, over a real socket.
//
// Set the handlers before the first call. They run on gRPC's threads.
class FakeTrackingServer {
 public:
  using WatchWriter = grpc::ServerWriter<v1::WatchStatusResponse>;

  std::function<grpc::Status(const v1::SendTrackedRequest&,
                             v1::SendTrackedResponse*)>
      on_send;
  std::function<grpc::Status(const v1::GetMessageRequest&,
                             v1::GetMessageResponse*)>
      on_get;
  std::function<grpc::Status(const v1::ListMessagesRequest&,
                             v1::ListMessagesResponse*)>
      on_list;
  std::function<grpc::Status(const v1::WatchStatusRequest&,
                             grpc::ServerContext*, WatchWriter*)>
      on_watch;
  // Whether the service named so serves.
  std::function<bool(const std::string&)> serving = [](const std::string&) {
    return true;
  };

  FakeTrackingServer() : tracking_(*this), health_(*this) {}
  ~FakeTrackingServer() { Stop(); }

  // Listens on a free port, or again on the one it had.
  void Start(std::shared_ptr<grpc::ServerCredentials> credentials =
                 grpc::InsecureServerCredentials());
  // Breaks every connection at once.
  void Stop();

  // host:port.
  std::string target() const;

  // What the calls so far carried as `authorization`, and where they came
  // from.
  std::vector<std::string> authorizations() const;
  std::vector<std::string> peers() const;

 private:
  class Tracking final : public v1::TrackingService::Service {
   public:
    explicit Tracking(FakeTrackingServer& owner) : owner_(owner) {}
    grpc::Status SendTracked(grpc::ServerContext* context,
                             const v1::SendTrackedRequest* request,
                             v1::SendTrackedResponse* response) override;
    grpc::Status GetMessage(grpc::ServerContext* context,
                            const v1::GetMessageRequest* request,
                            v1::GetMessageResponse* response) override;
    grpc::Status ListMessages(grpc::ServerContext* context,
                              const v1::ListMessagesRequest* request,
                              v1::ListMessagesResponse* response) override;
    grpc::Status WatchStatus(grpc::ServerContext* context,
                             const v1::WatchStatusRequest* request,
                             WatchWriter* writer) override;

   private:
    FakeTrackingServer& owner_;
  };

  class Health final : public grpc::health::v1::Health::Service {
   public:
    explicit Health(FakeTrackingServer& owner) : owner_(owner) {}
    grpc::Status Check(
        grpc::ServerContext* context,
        const grpc::health::v1::HealthCheckRequest* request,
        grpc::health::v1::HealthCheckResponse* response) override;

   private:
    FakeTrackingServer& owner_;
  };

  void Note(const grpc::ServerContext& context);

  Tracking tracking_;
  Health health_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;

  mutable Mutex mu_;
  std::vector<std::string> authorizations_ ABSL_GUARDED_BY(mu_);
  std::vector<std::string> peers_ ABSL_GUARDED_BY(mu_);
};

// An error with google.rpc details, as the real server makes them.
grpc::Status ErrorWith(grpc::StatusCode code, const std::string& message,
                       const ErrorDetail& detail);

inline constexpr char kTestSid[] = "SM0123456789abcdef0123456789abcdef";

// A message in that state. Times are fixed.
v1::Message MakeMessage(const std::string& sid, v1::MessageStatus status);
// Event number `sequence`, that many seconds after the message was made.
v1::StatusEvent MakeEvent(const std::string& sid, v1::MessageStatus status,
                          int64_t sequence);

// Responses of a watch; the token is "t<number>".
v1::WatchStatusResponse Created(int token);
v1::WatchStatusResponse EventResponse(const v1::StatusEvent& event);
v1::WatchStatusResponse Ended(v1::WatchEndReason reason, int token);

}  // namespace sidwatch

#endif  // SIDWATCH_TESTS_CLIENT_FAKE_TRACKING_SERVER_H_
