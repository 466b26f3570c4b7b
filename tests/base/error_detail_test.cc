#include "base/error_detail.h"

#include "gtest/gtest.h"

namespace sidwatch {
namespace {

TEST(ErrorDetailTest, ComesBackAsItWasAttached) {
  const ErrorDetail detail = {
      .reason = "TWILIO_REFUSED",
      .fields = {{"to", "is no number"}, {"to", "twice"}},
      .metadata = {{"twilio_code", "21211"}, {"more_info", ""}},
      .retry_delay = absl::Milliseconds(1500)};

  const absl::Status status =
      DetailedError(absl::StatusCode::kInvalidArgument, "refused", detail);

  EXPECT_EQ(DetailOf(status), detail);
  EXPECT_EQ(status.message(), "refused");
}

TEST(ErrorDetailTest, FieldErrorNamesTheFieldTwice) {
  const absl::Status status = FieldError("to", "is empty: give a number");

  EXPECT_EQ(status.message(), "to: is empty: give a number");
  EXPECT_EQ(DetailOf(status).reason, "FIELD_INVALID");
  EXPECT_EQ(DetailOf(status).fields.size(), 1u);
}

TEST(ErrorDetailTest, ForeignTextCannotForgeARecord) {
  const ErrorDetail detail = {.reason = "A",
                              .metadata = {{"m",
                                            "x\x1e"
                                            "reason\x1f\x1f"
                                            "FORGED\x1e"}}};

  const ErrorDetail read =
      DetailOf(DetailedError(absl::StatusCode::kInternal, "m", detail));

  EXPECT_EQ(read.reason, "A");
  EXPECT_EQ(read.metadata.at("m"), "xreasonFORGED");
}

TEST(ErrorDetailTest, PlainStatusHasAnEmptyDetail) {
  EXPECT_EQ(DetailOf(absl::InternalError("x")), ErrorDetail());
}

}  // namespace
}  // namespace sidwatch
