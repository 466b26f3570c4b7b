#include "storage/message_status.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sidwatch {
namespace {

// CONTRACT 4.1, lowest first.
const std::vector<std::string> kOrder = {
    "accepted", "scheduled",           "queued",   "receiving", "sending",
    "sent",     "partially_delivered", "canceled", "failed",    "undelivered",
    "received", "delivered",           "read"};

TEST(StatusTextTest, KnowsEveryWordInEitherCase) {
  for (const std::string& word : kOrder) {
    const StatusText status = StatusText::Parse(word);
    EXPECT_NE(status.status, MessageStatus::kUnknown) << word;
    EXPECT_EQ(status.ToString(), word);
    EXPECT_EQ(status.unknown_word, "");
  }
  EXPECT_EQ(StatusText::Parse("DELIVERED").status, MessageStatus::kDelivered);
}

TEST(StatusTextTest, KeepsWordsItDoesNotKnow) {
  for (const char* word : {"teleported", "", " sent", "sent ", "delivered!"}) {
    const StatusText status = StatusText::Parse(word);
    EXPECT_EQ(status.status, MessageStatus::kUnknown) << word;
    EXPECT_EQ(status.ToString(), word);
  }
  EXPECT_EQ(StatusText::Parse("NeW").ToString(), "new");
}

TEST(StatusTextTest, HasTheContractsOneStrictOrder) {
  for (size_t i = 1; i < kOrder.size(); ++i) {
    EXPECT_LT(StatusText::Parse(kOrder[i - 1]), StatusText::Parse(kOrder[i]))
        << kOrder[i];
  }
  EXPECT_LT(StatusText::Parse("zzz"), StatusText::Parse("accepted"));
  EXPECT_LT(StatusText::Parse("abc"), StatusText::Parse("abd"));
  EXPECT_LT(StatusText::Parse("z"), StatusText::Parse("\xc3\xa9"));
}

TEST(StatusTextTest, KnowsWhichAreFinal) {
  const std::vector<std::string> final = {
      "canceled", "failed", "undelivered", "received", "delivered", "read"};
  for (const std::string& word : kOrder) {
    const bool expected = testing::Value(final, testing::Contains(word));
    EXPECT_EQ(IsFinal(StatusText::Parse(word).status), expected) << word;
  }
  EXPECT_FALSE(IsFinal(MessageStatus::kUnknown));
}

}  // namespace
}  // namespace sidwatch
