#include "client/error_decoding.h"

#include <grpcpp/support/status.h>

#include <string>

#include "base/error_detail.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace sidwatch {
namespace {

constexpr char kDomain[] = "sidwatch";

void ReadErrorInfo(const google::rpc::ErrorInfo& info, ErrorDetail& detail) {
  if (info.domain() != kDomain) return;
  detail.reason = info.reason();
  detail.metadata.insert(info.metadata().begin(), info.metadata().end());
}

void ReadBadRequest(const google::rpc::BadRequest& bad, ErrorDetail& detail) {
  for (const auto& violation : bad.field_violations()) {
    detail.fields.emplace_back(violation.field(), violation.description());
  }
}

void ReadRetryInfo(const google::rpc::RetryInfo& retry, ErrorDetail& detail) {
  detail.retry_delay = absl::Seconds(retry.retry_delay().seconds()) +
                       absl::Nanoseconds(retry.retry_delay().nanos());
}

ErrorDetail ReadDetails(const google::rpc::Status& status) {
  ErrorDetail detail;
  google::rpc::ErrorInfo info;
  google::rpc::BadRequest bad_request;
  google::rpc::RetryInfo retry;
  for (const auto& any : status.details()) {
    if (any.UnpackTo(&info)) ReadErrorInfo(info, detail);
    if (any.UnpackTo(&bad_request)) ReadBadRequest(bad_request, detail);
    if (any.UnpackTo(&retry)) ReadRetryInfo(retry, detail);
  }
  return detail;
}

}  // namespace

absl::Status StatusFromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  // The numbers are gRPC's own.
  const auto code = static_cast<absl::StatusCode>(status.error_code());
  google::rpc::Status details;
  if (status.error_details().empty() ||
      !details.ParseFromString(status.error_details())) {
    return absl::Status(code, status.error_message());
  }
  return DetailedError(code, status.error_message(), ReadDetails(details));
}

}  // namespace sidwatch
