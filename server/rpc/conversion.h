#ifndef SIDWATCH_SERVER_RPC_CONVERSION_H_
#define SIDWATCH_SERVER_RPC_CONVERSION_H_

#include <string>

#include "absl/time/time.h"
#include "server/watch/watch_options.h"
#include "storage/message.h"
#include "storage/reservation.h"
#include "storage/status_event.h"

namespace google::protobuf {
class Duration;
class Timestamp;
}  // namespace google::protobuf
namespace sidwatch::v1 {
class Message;
class StatusEvent;
class WatchStatusResponse;
}  // namespace sidwatch::v1

namespace sidwatch {

// Our types in the words of tracking.proto. The other direction, which can
// fail, is request_parser. Text that came from outside is made valid UTF-8:
// one bad byte would spoil the whole response.

v1::Message ToProto(const Message& message);
v1::StatusEvent ToProto(const StatusEvent& event);

// Fills `response`, whose memory is used again.
void FillResponse(const WatchOutput& output, v1::WatchStatusResponse& response);

google::protobuf::Timestamp ToTimestamp(absl::Time time);
google::protobuf::Duration ToDurationProto(absl::Duration duration);

// In plain words what the status of a message without a SID means and what to
// do; "" for one with a SID.
std::string ExplainReservation(const Message& message, ReservationState state);

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_RPC_CONVERSION_H_
