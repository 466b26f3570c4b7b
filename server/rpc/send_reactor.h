#ifndef SIDWATCH_SERVER_RPC_SEND_REACTOR_H_
#define SIDWATCH_SERVER_RPC_SEND_REACTOR_H_

#include "absl/time/time.h"
#include "server/send/message_sender.h"
#include "server/send/send_request.h"

namespace grpc {
class ServerUnaryReactor;
}  // namespace grpc
namespace sidwatch::v1 {
class SendTrackedResponse;
}  // namespace sidwatch::v1

namespace sidwatch {

// Joins one SendTracked call to the sender.
//
// A caller that leaves, or whose deadline passes, gets CANCELLED at once, so
// that a drain need not wait for Twilio; the send itself goes on (CONTRACT
// 4.2). `response` lives until the call is done. Blocks nowhere. The reactor
// frees itself.
grpc::ServerUnaryReactor* StartSend(MessageSender& sender, SendRequest request,
                                    absl::Duration time_left,
                                    v1::SendTrackedResponse& response);

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_RPC_SEND_REACTOR_H_
