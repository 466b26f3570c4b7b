#include "server/help_text.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/option_schema.h"

namespace sidwatch {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(HelpTextTest, NamesEverySettingWithItsDefault) {
  const std::string help = HelpText();
  for (const SettingGroup& group : SettingGroups()) {
    EXPECT_THAT(help, HasSubstr(absl::StrCat("\n", group.title, ":\n")));
    for (const Setting& setting : group.settings) {
      const std::string name = setting.is_secret()
                                   ? setting.variable()
                                   : absl::StrCat("--", setting.name);
      EXPECT_THAT(help, HasSubstr(absl::StrCat("\n  ", name)));
      if (!setting.default_text.empty()) {
        EXPECT_THAT(help, HasSubstr(absl::StrCat("[", setting.default_text)));
      }
    }
  }
}

TEST(HelpTextTest, OffersNoFlagForASecret) {
  EXPECT_THAT(HelpText(), Not(HasSubstr("--twilio-auth-token ")));
}

TEST(HelpTextTest, FitsATerminal) {
  for (const absl::string_view line : absl::StrSplit(HelpText(), '\n')) {
    size_t columns = 0;
    for (const char c : line) columns += (c & 0xc0) == 0x80 ? 0 : 1;
    EXPECT_LE(columns, 79u) << line;
  }
}

TEST(HelpTextTest, TellsItsVersion) {
  EXPECT_EQ(VersionText(), absl::StrCat("sidwatchd ", ProgramVersion(), "\n"));
}

}  // namespace
}  // namespace sidwatch
