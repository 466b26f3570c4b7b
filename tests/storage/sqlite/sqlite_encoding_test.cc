#include "storage/sqlite/sqlite_encoding.h"

#include <limits>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/fakes/status_matchers.h"

namespace sidwatch {
namespace {

TEST(MessageFoldEncodingTest, RoundTripsEveryStatusAndCount) {
  for (int status = 0; status <= static_cast<int>(MessageStatus::kRead);
       ++status) {
    for (const int64_t sequence : {0, 1, 2, 8000, 1 << 20}) {
      const MessageFold fold = {.status = static_cast<MessageStatus>(status),
                                .seen = SeenBit(MessageStatus::kRead) | 1u,
                                .message_sequence = sequence};
      EXPECT_EQ(UnpackMessageFold(PackMessageFold(fold)), fold);
    }
  }
}

// A fold that grew by a byte would move its row, and in time split its page.
TEST(MessageFoldEncodingTest, TakesFourBytesForAnyOrdinaryMessage) {
  constexpr int64_t kThreeBytesMax = (1 << 23) - 1;
  for (const int64_t sequence : {0, 1, 100, 8000}) {
    for (const MessageStatus status :
         {MessageStatus::kUnknown, MessageStatus::kRead}) {
      const int64_t packed = PackMessageFold(
          {.status = status, .seen = 0x3fff, .message_sequence = sequence});
      EXPECT_GT(packed, kThreeBytesMax);
      EXPECT_LE(packed, std::numeric_limits<int32_t>::max());
    }
  }
}

TEST(EventFoldEncodingTest, RoundTrips) {
  for (int source = 1; source <= static_cast<int>(EventSource::kLocal);
       ++source) {
    for (const bool effective : {false, true}) {
      const EventFold fold = {.status = MessageStatus::kSent,
                              .source = static_cast<EventSource>(source),
                              .effective = effective,
                              .message_status = MessageStatus::kRead};
      EXPECT_EQ(UnpackEventFold(PackEventFold(fold)), fold);
    }
  }
}

// What stands in files that exist: these never change.
TEST(EncodingTest, KeepsItsLayout) {
  EXPECT_EQ(PackMessageFold({.status = MessageStatus::kDelivered,
                             .seen = SeenBit(MessageStatus::kDelivered) |
                                     SeenBit(MessageStatus::kSent),
                             .message_sequence = 2}),
            ((2 + 32) << 18) | (12 << 14) | (1 << 12) | (1 << 6));
  EXPECT_EQ(PackEventFold({.status = MessageStatus::kSent,
                           .source = EventSource::kCallback,
                           .effective = true,
                           .message_status = MessageStatus::kDelivered}),
            6 | (1 << 4) | (1 << 7) | (12 << 8));
  EXPECT_EQ(EncodeForm({{"a", "b"}, {"c&", "=%"}}), "a=b&c%26=%3D%25");
}

struct NumberCase {
  std::string address;
  bool is_integer;
};

TEST(NumberEncodingTest, TakesOnlyNumbersThatReadBackTheSame) {
  const NumberCase cases[] = {
      {"+15551234567", true},
      {"+1", true},
      {"+99999999999999", true},
      {"", false},
      {"+", false},
      {"+999999999999999", false},
      {"+0155", false},
      {"15551", false},
      {"+1555x", false},
      {"+ 1555", false},
      {"++1", false},
      {"whatsapp:+1555", false},
  };
  for (const NumberCase& test : cases) {
    SCOPED_TRACE(test.address);
    const auto number = NumberToInteger(test.address);
    ASSERT_EQ(number.has_value(), test.is_integer);
    if (number) {
      EXPECT_EQ(IntegerToNumber(*number), test.address);
    }
  }
}

TEST(FormEncodingTest, KeepsEveryByte) {
  std::string all;
  for (int c = 0; c < 256; ++c) all.push_back(static_cast<char>(c));
  const std::vector<Parameters> cases = {{},
                                         {{"", ""}},
                                         {{"", "x"}, {"y", ""}},
                                         {{"a", "1"}, {"a", "1"}, {"a", "2"}},
                                         {{all, all}},
                                         {{"%41", "&=&="}}};
  for (const Parameters& parameters : cases) {
    EXPECT_THAT(DecodeForm(EncodeForm(parameters)), IsOkAndHolds(parameters));
  }
}

TEST(FormEncodingTest, RefusesWhatItDidNotWrite) {
  for (const char* form : {"a", "a=b&", "&", "a=%", "a=%4", "a=%zz", "%=1"}) {
    EXPECT_THAT(DecodeForm(form), StatusIs(absl::StatusCode::kDataLoss))
        << form;
  }
}

}  // namespace
}  // namespace sidwatch
