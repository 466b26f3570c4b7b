#include "base/counters.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sidwatch {
namespace {

using testing::ElementsAre;
using testing::Pair;

TEST(CountersTest, LabeledCounterKeepsCombinationsApart) {
  LabeledCounter counter({"route", "outcome"});

  counter.Add({"status", "stored"});
  counter.Add({"status", "stored"}, 2);
  counter.Add({"status", "forbidden"});

  EXPECT_THAT(counter.values(),
              ElementsAre(Pair(ElementsAre("status", "forbidden"), 1),
                          Pair(ElementsAre("status", "stored"), 3)));
}

TEST(CountersTest, LabeledCounterIsBounded) {
  LabeledCounter counter({"status"});

  for (int i = 0; i < 1000; ++i) counter.Add({absl::StrCat("word", i)});

  EXPECT_EQ(counter.values().size(), LabeledCounter::kCombinationsMax + 1);
  EXPECT_EQ(counter.values().at({"other"}),
            1000 - LabeledCounter::kCombinationsMax);
}

TEST(CountersTest, HistogramCountsByUpperBound) {
  Histogram histogram({1, 2});

  for (const double value : {0.5, 1.0, 1.5, 9.0}) histogram.Observe(value);

  const Histogram::Snapshot snapshot = histogram.snapshot();
  EXPECT_THAT(snapshot.counts, ElementsAre(2, 1, 1));
  EXPECT_EQ(snapshot.count, 4u);
  EXPECT_DOUBLE_EQ(snapshot.sum, 12.0);
}

}  // namespace
}  // namespace sidwatch
