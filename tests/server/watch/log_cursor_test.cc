#include "server/watch/log_cursor.h"

#include <memory>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sidwatch {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Heard = LogCursor::Heard;

LogCursor::EventPtr Event(int64_t sequence) {
  StatusEvent event;
  event.sequence = sequence;
  return std::make_shared<const StatusEvent>(std::move(event));
}

std::vector<int64_t> Ahead(LogCursor& log) {
  std::vector<int64_t> sequences;
  for (const auto& event : log.TakeAhead()) {
    sequences.push_back(event->sequence);
  }
  return sequences;
}

// At the place where a watch takes up the log.
LogCursor At(int64_t cursor, int64_t position) {
  LogCursor log;
  log.StartAt(cursor, position);
  log.Follow();
  return log;
}

TEST(LogCursorTest, KeepsAheadWhatIsHeardDuringASnapshot) {
  LogCursor log;
  log.StartAt(10, 10);

  EXPECT_EQ(log.Hear(Event(12), true), Heard::kLater);
  log.Follow();

  EXPECT_THAT(Ahead(log), ElementsAre(12));
}

TEST(LogCursorTest, IsLiveAtOnceWhereNothingIsToBeRead) {
  LogCursor log = At(10, 10);

  EXPECT_TRUE(log.live());
  EXPECT_EQ(log.Hear(Event(12), true), Heard::kNext);
  EXPECT_EQ(log.cursor(), 12);
}

TEST(LogCursorTest, IsBehindUntilPagesReachTheOpeningsEnd) {
  LogCursor log = At(0, 10);

  log.MoveTo(9);
  EXPECT_FALSE(log.live());
  log.MoveTo(10);
  EXPECT_TRUE(log.live());
}

TEST(LogCursorTest, KeepsAheadWhatIsHeardBeforeItStarts) {
  LogCursor log;
  log.Hear(Event(11), true);
  log.Hear(Event(13), true);

  log.StartAt(11, 11);
  log.Follow();

  EXPECT_TRUE(log.live());
  EXPECT_THAT(Ahead(log), ElementsAre(13));
  EXPECT_EQ(log.cursor(), 13);
}

TEST(LogCursorTest, APageAndWhatWasHeardMeanwhileJoinWithoutRepeats) {
  LogCursor log = At(0, 10);
  log.Hear(Event(11), true);
  log.Hear(Event(12), true);

  log.MoveTo(11);

  EXPECT_THAT(Ahead(log), ElementsAre(12));
  EXPECT_EQ(log.Hear(Event(12), true), Heard::kOld);
  EXPECT_EQ(log.bytes(), 0u);
}

TEST(LogCursorTest, WithoutRoomItIsBehindFromThereOn) {
  LogCursor log = At(10, 10);

  EXPECT_EQ(log.Hear(Event(15), false), Heard::kLater);

  EXPECT_FALSE(log.live());
  EXPECT_EQ(log.cursor(), 14);  // nothing before was meant for it
  log.MoveTo(15);
  EXPECT_TRUE(log.live());
}

TEST(LogCursorTest, WithoutRoomAheadItDropsAllAndStartsAnew) {
  LogCursor log = At(0, 10);
  log.Hear(Event(11), true);
  log.Hear(Event(12), false);
  log.Hear(Event(13), true);

  log.MoveTo(11);
  EXPECT_FALSE(log.live());
  log.MoveTo(12);
  EXPECT_TRUE(log.live());
  EXPECT_THAT(Ahead(log), ElementsAre(13));
}

TEST(LogCursorTest, WhatTheTailLostComesFromTheLog) {
  LogCursor log = At(10, 10);

  log.Miss(20);

  EXPECT_FALSE(log.live());
  EXPECT_EQ(log.cursor(), 10);
  EXPECT_THAT(Ahead(log), IsEmpty());
}

}  // namespace
}  // namespace sidwatch
