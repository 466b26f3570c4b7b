#include "base/ids.h"

#include "absl/strings/escaping.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sidwatch {
namespace {

TEST(IdsTest, UuidHasVersionSevenAndVariantTwo) {
  const std::string uuid = MakeUuidV7(absl::FromUnixSeconds(1'700'000'000));

  EXPECT_THAT(uuid, testing::MatchesRegex(
                        "[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}"
                        "-[0-9a-f]{12}"));
}

TEST(IdsTest, UuidsSortByTime) {
  const absl::Time now = absl::FromUnixSeconds(1'700'000'000);

  EXPECT_LT(MakeUuidV7(now), MakeUuidV7(now + absl::Milliseconds(1)));
  EXPECT_NE(MakeUuidV7(now), MakeUuidV7(now));
}

TEST(IdsTest, RandomHexHasTwoDigitsAByte) {
  EXPECT_THAT(RandomHex(16), testing::MatchesRegex("[0-9a-f]{32}"));
  EXPECT_NE(RandomHex(16), RandomHex(16));
}

// The example of FIPS 180-4.
TEST(IdsTest, Sha256OfAbc) {
  EXPECT_EQ(absl::BytesToHexString(Sha256("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace sidwatch
