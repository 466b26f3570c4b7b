#include "storage/sqlite/store_file.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/storage/sqlite/sqlite_store_fixture.h"

namespace sidwatch {
namespace {

using testing::AllOf;
using testing::HasSubstr;

mode_t ModeOf(const std::string& path) {
  struct stat info = {};
  EXPECT_EQ(stat(path.c_str(), &info), 0) << path;
  return info.st_mode & 0777;
}

TEST_F(SqliteStoreTest, MakesItsFilesForItsUserAlone) {
  const std::string path = folder_.File("deep/er/store.db");
  const auto store = Open({.path = path, .disk_floor_bytes = 0});
  ASSERT_THAT(store, IsOk());
  ASSERT_THAT(AppendTo(**store, Callback(SidOf(1), "sent")), IsOk());

  for (const char* suffix : {"", "-wal", "-shm", ".lock"}) {
    EXPECT_EQ(ModeOf(path + suffix), 0600u) << suffix;
  }
  EXPECT_EQ(ModeOf(folder_.File("deep")), 0700u);
  EXPECT_EQ(ModeOf(folder_.File("deep/er")), 0700u);
}

TEST_F(SqliteStoreTest, LeavesTheRightsOfWhatExistsAlone) {
  std::ofstream(path_).close();
  chmod(path_.c_str(), 0640);
  chmod(folder_.path().c_str(), 0750);

  ASSERT_THAT(Open(), IsOk());

  EXPECT_EQ(ModeOf(path_), 0640u);
  EXPECT_EQ(ModeOf(folder_.path()), 0750u);
}

TEST_F(SqliteStoreTest, RefusesASecondOpener) {
  const auto first = Open();

  const auto second = Open();

  EXPECT_THAT(second,
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr(path_),
                             HasSubstr(absl::StrCat("process ", getpid())))));
  EXPECT_THAT(SqliteStore::Migrate({.path = path_}),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(AppendTo(**first, Callback(SidOf(1), "sent")), IsOk());
}

TEST_F(SqliteStoreTest, KnowsAStoreByAnyOfItsNames) {
  const auto first = Open();
  const std::string link = folder_.File("link.db");
  std::filesystem::create_symlink(path_, link);

  EXPECT_THAT(Open({.path = link, .disk_floor_bytes = 0}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr(link), HasSubstr("in use"))));
}

TEST_F(SqliteStoreTest, MeasuresTheFilesBehindALink) {
  const TemporaryFolder elsewhere;
  const std::string link = elsewhere.File("link.db");
  std::filesystem::create_symlink(path_, link);

  const auto store = Open({.path = link, .disk_floor_bytes = 0});

  ASSERT_THAT(store, IsOk());
  ASSERT_THAT(AppendTo(**store, Callback(SidOf(1), "sent")), IsOk());
  EXPECT_GT((*store)->Stats()->wal_bytes, 0);
}

TEST_F(SqliteStoreTest, OpensAgainOnceTheFirstIsClosed) {
  ASSERT_THAT(Open(), IsOk());

  EXPECT_THAT(Open(), IsOk());
}

// The child's answer is its exit status.
TEST_F(SqliteStoreTest, RefusesASecondProcessAtOnce) {
  const auto first = Open();
  const pid_t child = fork();
  if (child == 0) {
    const absl::Time begin = absl::Now();
    const bool refused =
        Open().status().code() == absl::StatusCode::kFailedPrecondition;
    _exit(refused && absl::Now() - begin < absl::Seconds(1) ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);

  EXPECT_EQ(status, 0);
}

TEST_F(SqliteStoreTest, OpensAfterAProcessThatWasKilled) {
  const pid_t child = fork();
  if (child == 0) {
    const auto store = Open();
    const bool stored = AppendTo(**store, Callback(SidOf(1), "sent")).ok();
    _exit(stored ? 0 : 1);  // Without closing anything, as a kill -9 would.
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);

  const auto store = Open();

  ASSERT_THAT(store, IsOk());
  EXPECT_EQ((*store)->Position()->last_sequence, 1);
}

struct PathCase {
  const char* name;
  std::string path;
  const char* says;
};

TEST_F(SqliteStoreTest, SaysInOneSentenceWhichFileItCannotOpen) {
  std::ofstream(folder_.File("file")).close();
  const PathCase cases[] = {
      {"a folder", folder_.path(), "Is a directory"},
      {"a file as folder", folder_.File("file/store.db"), "Not a directory"},
      {"a system folder", "/proc/sidwatch/store.db", "/proc/sidwatch"},
      {"a name too long", folder_.File(std::string(300, 'x')), "too long"},
  };
  for (const PathCase& test : cases) {
    SCOPED_TRACE(test.name);
    const auto store = Open({.path = test.path, .disk_floor_bytes = 0});
    ASSERT_FALSE(store.ok());
    EXPECT_THAT(std::string(store.status().message()), HasSubstr(test.says));
  }
}

TEST_F(SqliteStoreTest, RefusesAnEmptyPath) {
  EXPECT_THAT(SqliteStore::Open({}, Clock::Real(), Logger(sink_)),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(SqliteStoreTest, SaysThatItLacksTheRightToWrite) {
  if (geteuid() == 0) GTEST_SKIP() << "root may write everything";
  ASSERT_THAT(Open(), IsOk());
  chmod(path_.c_str(), 0400);

  EXPECT_THAT(Open(),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr(path_)));
}

TEST(StoreFileTest, TellsTheFreeSpaceAndSizes) {
  const TemporaryFolder folder;
  std::ofstream(folder.File("five")) << "12345";

  EXPECT_GT(*FreeBytes(folder.File("any.db")), 0u);
  EXPECT_THAT(FreeBytes("/no/such/folder/x.db"),
              StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(FileSizeBytes(folder.File("five")), 5);
  EXPECT_EQ(FileSizeBytes(folder.File("none")), 0);
}

}  // namespace
}  // namespace sidwatch
