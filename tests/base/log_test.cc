#include "base/log.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/collecting_log_sink.h"

namespace sidwatch {
namespace {

TEST(LogTest, FieldsTakeTextAndNumbers) {
  CollectingLogSink sink;
  const Logger log(sink);

  log.Info("stored", {{"message_sid", "SM1"}, {"sequence", 7}});

  EXPECT_THAT(sink.lines(),
              testing::ElementsAre("stored message_sid=SM1 sequence=7"));
}

TEST(LogTest, MaskNumberShowsTwoCharactersAtMost) {
  EXPECT_EQ(MaskNumber("+15551234567"), "…67");
  EXPECT_EQ(MaskNumber("whatsapp:+15551234567"), "…67");
  EXPECT_EQ(MaskNumber("1234"), "…");
  EXPECT_EQ(MaskNumber(""), "");
}

}  // namespace
}  // namespace sidwatch
