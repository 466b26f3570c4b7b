#include "server/watch/final_tracker.h"

#include "gtest/gtest.h"
#include "tests/server/watch/watch_client.h"

namespace sidwatch {
namespace {

Message State(int sid, const std::string& status) {
  const StatusText text = StatusText::Parse(status);
  return {
      .message_sid = Sid(sid), .status = text, .final = IsFinal(text.status)};
}

StatusEvent Event(int64_t sequence, int sid, const std::string& status,
                  const std::string& request_id = "") {
  const StatusText text = StatusText::Parse(status);
  return {.sequence = sequence,
          .message_sid = Sid(sid),
          .status = text,
          .message_status = text,
          .final = IsFinal(text.status),
          .request_id = request_id};
}

TEST(FinalTrackerTest, WaitsForEveryMessageOfTheList) {
  FinalTracker tracker(Sids({1, 2}), false);

  tracker.TakeEvent(Event(1, 1, "delivered"));
  EXPECT_FALSE(tracker.all_final());
  tracker.TakeEvent(Event(2, 2, "sent"));
  EXPECT_FALSE(tracker.all_final());
  tracker.TakeEvent(Event(3, 2, "undelivered"));
  EXPECT_TRUE(tracker.all_final());
}

TEST(FinalTrackerTest, WaitsForOnesThatNobodyKnows) {
  FinalTracker tracker(Sids({1, 2}), false);

  tracker.TakeState(State(1, "failed"));

  EXPECT_FALSE(tracker.all_final());
}

TEST(FinalTrackerTest, EventsBeforeTheStateOpenNothingAgain) {
  FinalTracker tracker(Sids({1}), false);
  tracker.TakeState(State(1, "delivered"));
  tracker.set_position(5);

  tracker.TakeEvent(Event(4, 1, "queued"));

  EXPECT_TRUE(tracker.all_final());
}

TEST(FinalTrackerTest, AwaitedReadsKeepDeliveredOpen) {
  FinalTracker tracker(Sids({1, 2}), true);

  tracker.TakeEvent(Event(1, 1, "delivered"));
  tracker.TakeEvent(Event(2, 2, "failed"));
  EXPECT_FALSE(tracker.all_final());
  tracker.TakeEvent(Event(3, 1, "read"));
  EXPECT_TRUE(tracker.all_final());
}

TEST(FinalTrackerTest, DeliveredAfterUndeliveredAwaitsItsRead) {
  FinalTracker tracker(Sids({1, 2}), true);

  tracker.TakeEvent(Event(1, 1, "undelivered"));
  tracker.TakeEvent(Event(2, 1, "delivered"));
  tracker.TakeEvent(Event(3, 2, "failed"));

  EXPECT_FALSE(tracker.all_final());
}

TEST(FinalTrackerTest, FollowsRequestIdsAndTakesRefusedOnesForFinal) {
  FinalTracker tracker(Requests({"a", "b"}), false);
  Message refused = {.request_id = "a", .final = true};
  refused.status.unknown_word = "refused";

  tracker.TakeState(refused);
  EXPECT_FALSE(tracker.all_final());
  tracker.TakeEvent(Event(1, 7, "delivered", "b"));
  EXPECT_TRUE(tracker.all_final());
}

}  // namespace
}  // namespace sidwatch
