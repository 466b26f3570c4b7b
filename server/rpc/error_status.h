#ifndef SIDWATCH_SERVER_RPC_ERROR_STATUS_H_
#define SIDWATCH_SERVER_RPC_ERROR_STATUS_H_

#include "absl/status/status.h"

namespace google::rpc {
class Status;
}  // namespace google::rpc
namespace grpc {
class Status;
}  // namespace grpc

namespace sidwatch {

// Says a status of ours in google.rpc's words (CONTRACT section 5): ErrorInfo
// with our domain, BadRequest for wrong fields, RetryInfo where a wait is
// known. A status without a reason gets one by its code: what a store says is
// STORE_UNAVAILABLE or STORE_FULL.
//
// Everything is valid UTF-8 and fits into the 8 KiB of headers that gRPC's
// clients take: long texts are cut, and after 16 violations, or when there is
// no more room, ErrorInfo's metadata says how many are left out
// (violations_omitted).
google::rpc::Status ToRpcStatus(const absl::Status& status);

// The same as what a call ends with; the details travel serialized.
grpc::Status ToGrpcStatus(const absl::Status& status);

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_RPC_ERROR_STATUS_H_
