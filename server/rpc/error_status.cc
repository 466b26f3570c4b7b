#include "server/rpc/error_status.h"

#include <grpcpp/support/status.h>

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/error_detail.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "server/rpc/utf8.h"

namespace sidwatch {
namespace {

constexpr size_t kMessageBytesMax = 512;  // stands in the headers twice
constexpr size_t kValueBytesMax = 256;
constexpr size_t kViolationsMax = 16;
constexpr size_t kViolationBytesMax = 2048;  // all together

// DATA_LOSS is the store's word for "stop and recover"; for the caller that
// is an outage like any other.
absl::StatusCode CallerCode(absl::StatusCode code) {
  return code == absl::StatusCode::kDataLoss ? absl::StatusCode::kUnavailable
                                             : code;
}

std::string ReasonByCode(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kInvalidArgument:
      return "FIELD_INVALID";
    case absl::StatusCode::kNotFound:
      return "MESSAGE_UNKNOWN";
    case absl::StatusCode::kUnavailable:
      return "STORE_UNAVAILABLE";
    case absl::StatusCode::kResourceExhausted:
      return "STORE_FULL";
    default:
      return absl::StatusCodeToString(code);
  }
}

google::rpc::BadRequest MakeBadRequest(const ErrorDetail& detail) {
  google::rpc::BadRequest bad_request;
  size_t bytes = 0;
  for (const auto& [field, problem] : detail.fields) {
    google::rpc::BadRequest::FieldViolation violation;
    violation.set_field(ToValidUtf8(field, kValueBytesMax));
    violation.set_description(ToValidUtf8(problem, kValueBytesMax));
    bytes += violation.ByteSizeLong();
    if (bad_request.field_violations_size() == kViolationsMax ||
        bytes > kViolationBytesMax) {
      break;
    }
    *bad_request.add_field_violations() = std::move(violation);
  }
  return bad_request;
}

google::rpc::ErrorInfo MakeErrorInfo(absl::StatusCode code,
                                     const ErrorDetail& detail,
                                     size_t violations_shown) {
  google::rpc::ErrorInfo info;
  info.set_reason(detail.reason.empty() ? ReasonByCode(code) : detail.reason);
  info.set_domain("sidwatch");
  for (const auto& [key, value] : detail.metadata) {
    (*info.mutable_metadata())[ToValidUtf8(key, kValueBytesMax)] =
        ToValidUtf8(value, kValueBytesMax);
  }
  if (violations_shown < detail.fields.size()) {
    (*info.mutable_metadata())["violations_omitted"] =
        absl::StrCat(detail.fields.size() - violations_shown);
  }
  return info;
}

google::rpc::RetryInfo MakeRetryInfo(absl::Duration delay) {
  const int64_t nanos =
      absl::ToInt64Nanoseconds(std::max(delay, absl::ZeroDuration()));
  constexpr int64_t kNanosPerSecond = 1'000'000'000;
  google::rpc::RetryInfo info;
  info.mutable_retry_delay()->set_seconds(nanos / kNanosPerSecond);
  info.mutable_retry_delay()->set_nanos(
      static_cast<int32_t>(nanos % kNanosPerSecond));
  return info;
}

}  // namespace

google::rpc::Status ToRpcStatus(const absl::Status& status) {
  google::rpc::Status out;
  if (status.ok()) return out;
  const absl::StatusCode code = CallerCode(status.code());
  const ErrorDetail detail = DetailOf(status);
  const google::rpc::BadRequest bad_request = MakeBadRequest(detail);
  out.set_code(static_cast<int32_t>(code));
  out.set_message(ToValidUtf8(status.message(), kMessageBytesMax));
  out.add_details()->PackFrom(MakeErrorInfo(
      code, detail, static_cast<size_t>(bad_request.field_violations_size())));
  if (!detail.fields.empty()) out.add_details()->PackFrom(bad_request);
  if (detail.retry_delay) {
    out.add_details()->PackFrom(MakeRetryInfo(*detail.retry_delay));
  }
  return out;
}

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const google::rpc::Status rpc = ToRpcStatus(status);
  return grpc::Status(static_cast<grpc::StatusCode>(rpc.code()), rpc.message(),
                      rpc.SerializeAsString());
}

}  // namespace sidwatch
