#include "server/rpc/error_status.h"

#include <grpcpp/support/status.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "base/error_detail.h"
#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace sidwatch {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

// The first detail of that type; an empty one if there is none.
template <typename T>
T DetailIn(const google::rpc::Status& status) {
  T detail;
  for (const auto& any : status.details()) {
    if (any.UnpackTo(&detail)) return detail;
  }
  return detail;
}

google::rpc::Status Decode(const grpc::Status& status) {
  google::rpc::Status decoded;
  EXPECT_TRUE(decoded.ParseFromString(status.error_details()));
  return decoded;
}

TEST(ErrorStatusTest, OkStaysOkWithoutDetails) {
  const grpc::Status status = ToGrpcStatus(absl::OkStatus());

  EXPECT_TRUE(status.ok());
  EXPECT_EQ(status.error_details(), "");
}

TEST(ErrorStatusTest, KeepsCodeMessageAndReason) {
  const absl::Status status = DetailedError(
      absl::StatusCode::kFailedPrecondition, "no credit",
      {.reason = "TWILIO_REFUSED", .metadata = {{"twilio_code", "21610"}}});

  const grpc::Status grpc = ToGrpcStatus(status);

  EXPECT_EQ(grpc.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(grpc.error_message(), "no credit");
  const auto info = DetailIn<google::rpc::ErrorInfo>(Decode(grpc));
  EXPECT_EQ(info.reason(), "TWILIO_REFUSED");
  EXPECT_EQ(info.domain(), "sidwatch");
  EXPECT_THAT(info.metadata(),
              UnorderedElementsAre(Pair("twilio_code", "21610")));
}

TEST(ErrorStatusTest, NamesTheWrongField) {
  const auto rpc = ToRpcStatus(FieldError("message_sids[3]", "is no SID"));

  EXPECT_EQ(rpc.code(), static_cast<int>(grpc::StatusCode::INVALID_ARGUMENT));
  EXPECT_EQ(DetailIn<google::rpc::ErrorInfo>(rpc).reason(), "FIELD_INVALID");
  const auto bad = DetailIn<google::rpc::BadRequest>(rpc);
  ASSERT_EQ(bad.field_violations_size(), 1);
  EXPECT_EQ(bad.field_violations(0).field(), "message_sids[3]");
  EXPECT_EQ(bad.field_violations(0).description(), "is no SID");
}

TEST(ErrorStatusTest, SaysHowLongToWait) {
  const auto rpc = ToRpcStatus(DetailedError(
      absl::StatusCode::kResourceExhausted, "slow down",
      {.reason = "RATE_LIMITED", .retry_delay = absl::Milliseconds(1500)}));

  const auto retry = DetailIn<google::rpc::RetryInfo>(rpc);
  EXPECT_EQ(retry.retry_delay().seconds(), 1);
  EXPECT_EQ(retry.retry_delay().nanos(), 500'000'000);
}

TEST(ErrorStatusTest, GivesAReasonByCodeToAStatusWithoutOne) {
  const struct {
    absl::Status status;
    grpc::StatusCode code;
    const char* reason;
  } kCases[] = {
      {absl::InvalidArgumentError("x"), grpc::StatusCode::INVALID_ARGUMENT,
       "FIELD_INVALID"},
      {absl::NotFoundError("x"), grpc::StatusCode::NOT_FOUND,
       "MESSAGE_UNKNOWN"},
      {absl::UnavailableError("x"), grpc::StatusCode::UNAVAILABLE,
       "STORE_UNAVAILABLE"},
      {absl::DataLossError("x"), grpc::StatusCode::UNAVAILABLE,
       "STORE_UNAVAILABLE"},
      {absl::ResourceExhaustedError("x"), grpc::StatusCode::RESOURCE_EXHAUSTED,
       "STORE_FULL"},
      {absl::UnimplementedError("x"), grpc::StatusCode::UNIMPLEMENTED,
       "UNIMPLEMENTED"},
      {absl::CancelledError("x"), grpc::StatusCode::CANCELLED, "CANCELLED"},
  };
  for (const auto& c : kCases) {
    const grpc::Status grpc = ToGrpcStatus(c.status);
    EXPECT_EQ(grpc.error_code(), c.code) << c.status;
    EXPECT_EQ(DetailIn<google::rpc::ErrorInfo>(Decode(grpc)).reason(), c.reason)
        << c.status;
  }
}

TEST(ErrorStatusTest, ShowsSixteenViolationsAndCountsTheRest) {
  ErrorDetail detail{.reason = "FIELD_INVALID"};
  for (int i = 0; i < 20; ++i) {
    detail.fields.emplace_back(absl::StrCat("f", i), "bad");
  }

  const auto rpc = ToRpcStatus(
      DetailedError(absl::StatusCode::kInvalidArgument, "bad", detail));

  EXPECT_EQ(DetailIn<google::rpc::BadRequest>(rpc).field_violations_size(), 16);
  EXPECT_THAT(DetailIn<google::rpc::ErrorInfo>(rpc).metadata(),
              ElementsAre(Pair("violations_omitted", "4")));
}

TEST(ErrorStatusTest, FitsIntoHeadersWhateverComes) {
  ErrorDetail detail{.reason = "FIELD_INVALID",
                     .metadata = {{"more_info", std::string(5000, 'x')}}};
  for (int i = 0; i < 50; ++i) {
    detail.fields.emplace_back(std::string(400, 'f'), std::string(4000, 'd'));
  }

  const grpc::Status grpc = ToGrpcStatus(DetailedError(
      absl::StatusCode::kInvalidArgument, std::string(9000, 'm'), detail));

  EXPECT_LE(grpc.error_message().size() + grpc.error_details().size() * 4 / 3,
            size_t{6000});
}

TEST(ErrorStatusTest, IsValidUtf8) {
  const auto rpc = ToRpcStatus(DetailedError(
      absl::StatusCode::kInvalidArgument, "bad \xFF",
      {.reason = "TWILIO_REFUSED", .metadata = {{"more_info", "\xFE"}}}));

  EXPECT_EQ(rpc.message(), "bad \uFFFD");
  EXPECT_THAT(DetailIn<google::rpc::ErrorInfo>(rpc).metadata(),
              ElementsAre(Pair("more_info", "\uFFFD")));
}

}  // namespace
}  // namespace sidwatch
