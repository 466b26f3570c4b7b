#include "server/rpc/conversion.h"

#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "sidwatch/v1/tracking.pb.h"

namespace sidwatch {
namespace {

using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

constexpr char kSid[] = "SM0123456789abcdef0123456789abcdef";
const absl::Time kTime = absl::FromUnixNanos(1'700'000'000'123'456'789);

Message SomeMessage() {
  return {.message_sid = *MessageSid::Parse(kSid),
          .request_id = "r-1",
          .account_sid = "AC1",
          .from = "+15550001",
          .to = "+15550002",
          .num_segments = 2,
          .status = {.status = MessageStatus::kDelivered},
          .final = true,
          .last_sequence = 42,
          .labels = {{"team", "blue"}},
          .create_time = kTime,
          .update_time = kTime,
          .status_times = {{"sent", kTime}},
          .origin = Origin::kSentHere};
}

TEST(ConversionTest, WritesAMessage) {
  const v1::Message proto = ToProto(SomeMessage());

  EXPECT_EQ(proto.message_sid(), kSid);
  EXPECT_EQ(proto.status(), v1::MESSAGE_STATUS_DELIVERED);
  EXPECT_EQ(proto.status_text(), "delivered");
  EXPECT_EQ(proto.origin(), v1::ORIGIN_SENT_HERE);
  EXPECT_EQ(proto.num_segments(), 2);
  EXPECT_FALSE(proto.has_num_media());
  EXPECT_FALSE(proto.has_error_code());
  EXPECT_EQ(proto.create_time().seconds(), 1'700'000'000);
  EXPECT_EQ(proto.create_time().nanos(), 123'456'789);
  EXPECT_EQ(proto.status_times().at("sent").seconds(), 1'700'000'000);
  EXPECT_THAT(proto.labels(), UnorderedElementsAre(Pair("team", "blue")));
}

TEST(ConversionTest, TellsNoErrorFromErrorZero) {
  Message message = SomeMessage();
  message.error_code = 0;

  EXPECT_TRUE(ToProto(message).has_error_code());
}

TEST(ConversionTest, NamesEveryStatusAsTwilioDoes) {
  for (int i = static_cast<int>(MessageStatus::kAccepted);
       i <= static_cast<int>(MessageStatus::kRead); ++i) {
    Message message;
    message.status.status = static_cast<MessageStatus>(i);

    const v1::Message proto = ToProto(message);

    EXPECT_EQ(v1::MessageStatus_Name(proto.status()),
              absl::StrCat("MESSAGE_STATUS_",
                           absl::AsciiStrToUpper(proto.status_text())));
  }
}

TEST(ConversionTest, KeepsTheWordOfAnUnknownStatus) {
  Message message;
  message.status = StatusText::Parse("teleported");

  const v1::Message proto = ToProto(message);

  EXPECT_EQ(proto.status(), v1::MESSAGE_STATUS_UNKNOWN);
  EXPECT_EQ(proto.status_text(), "teleported");
}

TEST(ConversionTest, NamesEverySource) {
  const std::pair<EventSource, v1::EventSource> kCases[] = {
      {EventSource::kCallback, v1::EVENT_SOURCE_CALLBACK},
      {EventSource::kSendReply, v1::EVENT_SOURCE_SEND_REPLY},
      {EventSource::kLookup, v1::EVENT_SOURCE_LOOKUP},
      {EventSource::kEventStream, v1::EVENT_SOURCE_EVENT_STREAM},
      {EventSource::kInbound, v1::EVENT_SOURCE_INBOUND},
      {EventSource::kLocal, v1::EVENT_SOURCE_LOCAL},
  };
  for (const auto& [source, proto] : kCases) {
    EXPECT_EQ(ToProto(StatusEvent{.source = source}).source(), proto);
  }
}

TEST(ConversionTest, MakesOutsideTextValidAndJoinsRepeatedNames) {
  const v1::StatusEvent proto = ToProto(
      StatusEvent{.parameters = {{"A", "1"}, {"B", "\xFF"}, {"A", "2"}}});

  EXPECT_THAT(proto.parameters(),
              UnorderedElementsAre(Pair("A", "1\n2"), Pair("B", "\uFFFD")));
  v1::StatusEvent parsed;
  EXPECT_TRUE(parsed.ParseFromString(proto.SerializeAsString()));
}

TEST(ConversionTest, WritesEachKindOfWatchOutput) {
  using Update = v1::WatchStatusResponse::UpdateCase;
  const std::pair<WatchItem, Update> kCases[] = {
      {WatchCreated{.progress_interval = absl::Milliseconds(1500),
                    .unknown_message_sids = {kSid}},
       Update::kCreated},
      {std::make_shared<const Message>(SomeMessage()),
       Update::kSnapshotMessage},
      {WatchSnapshotDone{}, Update::kSnapshotDone},
      {std::make_shared<const StatusEvent>(), Update::kEvent},
      {WatchProgress{}, Update::kProgress},
      {WatchEnded{WatchEndReason::kDraining}, Update::kEnded},
  };
  v1::WatchStatusResponse response;
  for (const auto& [item, update] : kCases) {
    FillResponse({.item = item, .resume_token = "t"}, response);

    EXPECT_EQ(response.update_case(), update);
    EXPECT_EQ(response.resume_token(), "t");
  }
  EXPECT_EQ(response.ended().reason(), v1::WATCH_END_REASON_DRAINING);
}

TEST(ConversionTest, ExplainsASendWithoutASid) {
  const std::pair<ReservationState, const char*> kCases[] = {
      {ReservationState::kReserved, "right now"},
      {ReservationState::kSendUnknown, "may or may not"},
      {ReservationState::kNotSent, "new request_id"},
      {ReservationState::kRefused, "refused this message (error 21211: bad)"},
  };
  const Message message{.error_code = 21211, .error_message = "bad"};
  for (const auto& [state, text] : kCases) {
    EXPECT_THAT(ExplainReservation(message, state), HasSubstr(text));
  }
}

TEST(ConversionTest, HasNothingToExplainAboutAMessageWithASid) {
  EXPECT_EQ(ExplainReservation(SomeMessage(), ReservationState::kSent), "");
}

}  // namespace
}  // namespace sidwatch
