#include "server/rpc/page_token.h"

#include <limits>
#include <string>

#include "gtest/gtest.h"
#include "sidwatch/v1/tracking.pb.h"
#include "tests/fakes/status_matchers.h"

namespace sidwatch {
namespace {

v1::MessageFilter FilterWithLabels(std::initializer_list<const char*> keys) {
  v1::MessageFilter filter;
  for (const char* key : keys) (*filter.mutable_labels())[key] = "x";
  return filter;
}

TEST(PageTokenTest, GivesThePositionBack) {
  for (const int64_t position : {int64_t{1}, int64_t{255}, int64_t{1} << 40,
                                 std::numeric_limits<int64_t>::max()}) {
    const std::string token = MakePageToken(position, {});
    EXPECT_THAT(ParsePageToken(token, {}), IsOkAndHolds(position));
  }
}

TEST(PageTokenTest, BelongsToItsFilterWhateverTheOrderOfItsMaps) {
  const auto filter = FilterWithLabels({"a", "b", "c", "d", "e"});
  const std::string token = MakePageToken(7, filter);

  EXPECT_THAT(
      ParsePageToken(token, FilterWithLabels({"e", "d", "c", "b", "a"})),
      IsOkAndHolds(7));
  EXPECT_THAT(ParsePageToken(token, FilterWithLabels({"a"})),
              HasReason("FIELD_INVALID"));
}

TEST(PageTokenTest, RefusesWhatIsDamaged) {
  const std::string token = MakePageToken(7, {});
  for (size_t i = 0; i < token.size(); ++i) {
    std::string damaged = token;
    damaged[i] = damaged[i] == 'B' ? 'C' : 'B';
    EXPECT_THAT(ParsePageToken(damaged, {}),
                StatusIs(absl::StatusCode::kInvalidArgument))
        << i;
  }
  for (const char* text : {"x", "AAAA", "!!!!"}) {
    EXPECT_THAT(ParsePageToken(text, {}), HasReason("FIELD_INVALID")) << text;
  }
}

}  // namespace
}  // namespace sidwatch
