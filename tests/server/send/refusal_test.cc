#include "server/send/refusal.h"

#include "base/error_detail.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/status_matchers.h"

namespace sidwatch {
namespace {

using absl::StatusCode;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Optional;
using testing::Pair;

TEST(RefusalTest, EveryRefusalHasItsKindAndCode) {
  const struct {
    int http_status;
    int code;
    RefusalKind kind;
    StatusCode status;
  } rows[] = {
      {400, 21211, RefusalKind::kOfRequest, StatusCode::kInvalidArgument},
      {400, 21212, RefusalKind::kOfRequest, StatusCode::kInvalidArgument},
      {400, 21614, RefusalKind::kOfRequest, StatusCode::kInvalidArgument},
      {400, 21612, RefusalKind::kOfRequest, StatusCode::kInvalidArgument},
      {400, 21606, RefusalKind::kOfRequest, StatusCode::kInvalidArgument},
      {400, 21660, RefusalKind::kOfRequest, StatusCode::kInvalidArgument},
      {400, 21617, RefusalKind::kOfRequest, StatusCode::kInvalidArgument},
      {400, 21623, RefusalKind::kOfRequest, StatusCode::kInvalidArgument},
      {400, 35114, RefusalKind::kOfRequest, StatusCode::kInvalidArgument},
      {400, 99999, RefusalKind::kOfRequest, StatusCode::kInvalidArgument},
      {400, 0, RefusalKind::kOfRequest, StatusCode::kInvalidArgument},
      {413, 0, RefusalKind::kOfRequest, StatusCode::kInvalidArgument},
      {404, 0, RefusalKind::kOfRequest, StatusCode::kFailedPrecondition},
      {404, 20404, RefusalKind::kOfRequest, StatusCode::kFailedPrecondition},
      {400, 21408, RefusalKind::kOfRequest, StatusCode::kFailedPrecondition},
      {400, 21608, RefusalKind::kOfRequest, StatusCode::kFailedPrecondition},
      {400, 21609, RefusalKind::kOfRequest, StatusCode::kFailedPrecondition},
      {400, 21610, RefusalKind::kOfRequest, StatusCode::kFailedPrecondition},
      {404, 21701, RefusalKind::kOfRequest, StatusCode::kFailedPrecondition},
      {400, 21703, RefusalKind::kOfRequest, StatusCode::kFailedPrecondition},
      {400, 21705, RefusalKind::kOfRequest, StatusCode::kFailedPrecondition},
      {400, 35125, RefusalKind::kOfRequest, StatusCode::kResourceExhausted},
      {400, 14107, RefusalKind::kOfRequest, StatusCode::kResourceExhausted},
      {401, 20003, RefusalKind::kCredentials, StatusCode::kFailedPrecondition},
      {401, 0, RefusalKind::kCredentials, StatusCode::kFailedPrecondition},
      {403, 20005, RefusalKind::kCredentials, StatusCode::kFailedPrecondition},
      {403, 20008, RefusalKind::kCredentials, StatusCode::kFailedPrecondition},
      {403, 10001, RefusalKind::kOfAccount, StatusCode::kFailedPrecondition},
      {403, 0, RefusalKind::kOfAccount, StatusCode::kFailedPrecondition},
      {429, 20429, RefusalKind::kRateLimited, StatusCode::kResourceExhausted},
      {429, 0, RefusalKind::kRateLimited, StatusCode::kResourceExhausted},
      {429, 21611, RefusalKind::kQueueFull, StatusCode::kResourceExhausted},
      {400, 21611, RefusalKind::kQueueFull, StatusCode::kResourceExhausted},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(testing::Message() << row.http_status << " " << row.code);
    const TwilioRefusal refusal = {.http_status = row.http_status,
                                   .code = row.code};
    EXPECT_EQ(KindOf(refusal), row.kind);
    EXPECT_EQ(ToRefusal(refusal).code, row.status);
    if (row.kind != RefusalKind::kOfRequest) {
      EXPECT_EQ(ReleasedError(refusal).code(), row.status);
    }
  }
}

TEST(RefusalTest, StoredErrorCarriesTwiliosWords) {
  const absl::Status error = RefusedError(
      ToRefusal({.http_status = 400,
                 .code = 21211,
                 .message = "bad 'To'",
                 .more_info = "https://www.twilio.com/docs/errors/21211"}));

  EXPECT_THAT(error, AllOf(StatusIs(StatusCode::kInvalidArgument,
                                    HasSubstr("bad 'To' (21211)")),
                           HasReason("TWILIO_REFUSED")));
  EXPECT_THAT(
      DetailOf(error).metadata,
      ElementsAre(Pair("http_status", "400"),
                  Pair("more_info", "https://www.twilio.com/docs/errors/21211"),
                  Pair("twilio_code", "21211")));
}

TEST(RefusalTest, RateLimitTellsHowLongToWait) {
  const absl::Status known = ReleasedError(
      {.http_status = 429, .code = 20429, .retry_after = absl::Seconds(7)});
  const absl::Status unknown = ReleasedError({.http_status = 429});

  EXPECT_THAT(known, HasReason("RATE_LIMITED"));
  EXPECT_THAT(DetailOf(known).retry_delay, Optional(absl::Seconds(7)));
  EXPECT_THAT(DetailOf(unknown).retry_delay, Optional(absl::Seconds(3)));
}

TEST(RefusalTest, ReleasedErrorsHaveTheReasonOfTheirKind) {
  EXPECT_THAT(ReleasedError({.http_status = 401}),
              HasReason("TWILIO_CREDENTIALS"));
  EXPECT_THAT(ReleasedError({.http_status = 403}), HasReason("TWILIO_REFUSED"));
  EXPECT_THAT(ReleasedError({.http_status = 400, .code = 21611}),
              HasReason("TWILIO_REFUSED"));
}

}  // namespace
}  // namespace sidwatch
