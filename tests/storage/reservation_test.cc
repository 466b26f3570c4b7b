#include "storage/reservation.h"

#include "gtest/gtest.h"

namespace sidwatch {
namespace {

struct UnsentCase {
  ReservationState state;
  const char* word;
  bool final;
};

TEST(DescribeUnsentTest, SaysHowARequestWithoutASidStands) {
  const UnsentCase cases[] = {
      {ReservationState::kReserved, "send_unknown", false},
      {ReservationState::kSendUnknown, "send_unknown", false},
      {ReservationState::kNotSent, "not_sent", true},
      {ReservationState::kRefused, "refused", true},
  };
  for (const UnsentCase& test : cases) {
    SCOPED_TRACE(test.word);
    Message message;
    DescribeUnsent({.state = test.state}, message);
    EXPECT_EQ(message.status.status, MessageStatus::kUnknown);
    EXPECT_EQ(message.status.ToString(), test.word);
    EXPECT_EQ(message.final, test.final);
    EXPECT_EQ(message.error_code, std::nullopt);
  }
}

TEST(DescribeUnsentTest, GivesTheRefusalsReason) {
  Message message;

  DescribeUnsent({.state = ReservationState::kRefused,
                  .refusal = Refusal{.twilio_code = 21211, .message = "bad"}},
                 message);

  EXPECT_EQ(message.error_code, 21211);
  EXPECT_EQ(message.error_message, "bad");
}

TEST(DescribeUnsentTest, LeavesAMessageWithASidAlone) {
  Message message;
  message.message_sid = *MessageSid::Parse("SM" + std::string(32, '1'));
  message.status = StatusText::Parse("delivered");

  DescribeUnsent({.state = ReservationState::kSent}, message);

  EXPECT_EQ(message.status.status, MessageStatus::kDelivered);
}

}  // namespace
}  // namespace sidwatch
