#ifndef SIDWATCH_CLIENT_CONNECTION_H_
#define SIDWATCH_CLIENT_CONNECTION_H_

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/tracking_client.h"

namespace grpc {
class Channel;
class ClientContext;
}  // namespace grpc

namespace sidwatch {

// The two channels to one server, and what every call on them carries.
// Internal to the library; shared by a client and its watches, which may
// outlive it.
//
// Thread safety: immutable after construction, share freely.
class Connection {
 public:
  // Errors as TrackingClient::Make.
  static absl::StatusOr<std::shared_ptr<Connection>> Make(
      TrackingClientOptions options);

  const std::shared_ptr<grpc::Channel>& calls() const { return calls_; }
  const std::shared_ptr<grpc::Channel>& watches() const { return watches_; }
  const TrackingClientOptions& options() const { return options_; }

  // Waits until the channel for calls is connected. Errors: UNAVAILABLE
  // `SERVER_UNREACHABLE` when a try failed, `connect_timeout` passed, or
  // `deadline` did.
  absl::Status WaitForCalls(absl::Time deadline) const;

  // Puts the caller's credentials into `context`. Errors: UNAUTHENTICATED
  // when the token's file cannot be read.
  absl::Status Authorize(grpc::ClientContext& context) const;

 private:
  explicit Connection(TrackingClientOptions options)
      : options_(std::move(options)) {}

  const TrackingClientOptions options_;
  std::shared_ptr<grpc::Channel> calls_;
  std::shared_ptr<grpc::Channel> watches_;
};

}  // namespace sidwatch

#endif  // SIDWATCH_CLIENT_CONNECTION_H_
