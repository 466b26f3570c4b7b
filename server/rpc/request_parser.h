#ifndef SIDWATCH_SERVER_RPC_REQUEST_PARSER_H_
#define SIDWATCH_SERVER_RPC_REQUEST_PARSER_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/send/send_request.h"
#include "server/watch/watch_options.h"
#include "storage/selection.h"

namespace sidwatch::v1 {
class GetMessageRequest;
class ListStatusEventsRequest;
class MessageFilter;
class SendTrackedRequest;
class WatchStatusRequest;
}  // namespace sidwatch::v1

namespace sidwatch {

// Requests of tracking.proto as our types. SIDs are text only up to here.
//
// Errors of all: INVALID_ARGUMENT, FIELD_INVALID, naming the field by its path
// ("message_sids[3]", "filter.labels") and saying what it must look like.

// `field` is what stands before the names of the filter's own fields.
absl::StatusOr<MessageFilter> ParseFilter(absl::string_view field,
                                          const v1::MessageFilter& filter);

// The message that GetMessage is about: one SID or one request id.
absl::StatusOr<Selection> ParseSelection(const v1::GetMessageRequest& request);

// What ListStatusEvents is about: one SID or a filter.
absl::StatusOr<Selection> ParseSelection(
    const v1::ListStatusEventsRequest& request);

absl::StatusOr<WatchOptions> ParseWatchRequest(
    const v1::WatchStatusRequest& request);

// UNIMPLEMENTED, naming the field, when the request sets one that is not sent
// yet: never a message without it. What Twilio would refuse is the sender's
// to find.
absl::StatusOr<SendRequest> ParseSendRequest(
    const v1::SendTrackedRequest& request);

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_RPC_REQUEST_PARSER_H_
