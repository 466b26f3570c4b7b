#ifndef SIDWATCH_SERVER_RPC_MESSAGE_QUERIES_H_
#define SIDWATCH_SERVER_RPC_MESSAGE_QUERIES_H_

#include <cstddef>

#include "absl/status/status.h"
#include "storage/store.h"

namespace sidwatch::v1 {
class BatchGetMessagesRequest;
class BatchGetMessagesResponse;
class GetMessageRequest;
class GetMessageResponse;
class ListMessagesRequest;
class ListMessagesResponse;
class ListStatusEventsRequest;
class ListStatusEventsResponse;
}  // namespace sidwatch::v1

namespace sidwatch {

// The reading rpcs, from request to response (tracking.proto says what each
// promises). Each blocks for a few short reads of the store: on the readers'
// executor, never on a gRPC thread.
//
// Errors: FIELD_INVALID, MESSAGE_UNKNOWN, RESPONSE_TOO_LARGE, the store's.

// A response is never larger: pages end early, batches are refused.
constexpr size_t kResponseBytesMax = size_t{4} * 1024 * 1024;

absl::Status GetMessage(const Store& store,
                        const v1::GetMessageRequest& request,
                        v1::GetMessageResponse& response);

absl::Status BatchGetMessages(const Store& store,
                              const v1::BatchGetMessagesRequest& request,
                              v1::BatchGetMessagesResponse& response);

absl::Status ListMessages(const Store& store,
                          const v1::ListMessagesRequest& request,
                          v1::ListMessagesResponse& response);

absl::Status ListStatusEvents(const Store& store,
                              const v1::ListStatusEventsRequest& request,
                              v1::ListStatusEventsResponse& response);

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_RPC_MESSAGE_QUERIES_H_
