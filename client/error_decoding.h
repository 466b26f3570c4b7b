#ifndef SIDWATCH_CLIENT_ERROR_DECODING_H_
#define SIDWATCH_CLIENT_ERROR_DECODING_H_

#include "absl/status/status.h"

namespace grpc {
class Status;
}

namespace sidwatch {

// What a call ended with, as a status of ours.
//
// The google.rpc details that came in `grpc-status-details-bin` are attached
// and read back with DetailOf (base/error_detail.h): ErrorInfo's reason and
// metadata, BadRequest's fields, RetryInfo's delay. Details that cannot be
// read, or that another domain than "sidwatch" made, are left out: the code
// and the sentence always stay.
absl::Status StatusFromGrpc(const grpc::Status& status);

}  // namespace sidwatch

#endif  // SIDWATCH_CLIENT_ERROR_DECODING_H_
