#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "sqlite3.h"
#include "tests/storage/sqlite/failing_vfs.h"
#include "tests/storage/sqlite/sqlite_store_fixture.h"

// What is told to be stored is stored, whichever call of the disk fails.

namespace sidwatch {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

using Call = FailingVfs::Call;

TEST_F(SqliteStoreTest, SyncsTheLogAtEachCommit) {
  FailingVfs vfs;
  const auto store = Open({.disk_floor_bytes = 0, .vfs = vfs.name()});
  for (int i = 1; i <= 5; ++i) {
    const size_t before = vfs.calls(Call::kSync);
    ASSERT_THAT(AppendTo(**store, Callback(SidOf(i), "sent")), IsOk());
    EXPECT_GT(vfs.calls(Call::kSync), before);
  }
}

TEST_F(SqliteStoreTest, WritesNothingMoreAfterAFailedSync) {
  FailingVfs vfs;
  auto store = Open({.disk_floor_bytes = 0, .vfs = vfs.name()});
  ASSERT_THAT(AppendTo(**store, Callback(SidOf(1), "sent")), IsOk());

  vfs.FailNth(Call::kSync, 1, SQLITE_IOERR_FSYNC);

  const auto lost = StatusIs(absl::StatusCode::kDataLoss);
  EXPECT_THAT(AppendTo(**store, Callback(SidOf(2), "sent")), lost);
  // The disk is well again, but what it holds is not known.
  EXPECT_THAT(AppendTo(**store, Callback(SidOf(3), "sent")), lost);
  EXPECT_THAT((*store)->Writable(), lost);
  (*store)->Maintain(/*idle=*/true);
  EXPECT_THAT(sink_.lines(), testing::Contains(HasSubstr("store broken")));
  store->reset();
  store = Open();
  EXPECT_THAT(AppendTo(**store, Callback(SidOf(3), "sent")), IsOk());
}

TEST_F(SqliteStoreTest, WritesNothingMoreAfterACheckpointsFailedSync) {
  FailingVfs vfs;
  const auto store = Open({.disk_floor_bytes = 0, .vfs = vfs.name()});
  ASSERT_THAT(AppendTo(**store, Callback(SidOf(1), "sent")), IsOk());
  vfs.FailNth(Call::kSync, 1, SQLITE_IOERR_FSYNC);

  (*store)->Maintain(/*idle=*/true);

  EXPECT_THAT((*store)->Writable(), StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(SqliteStoreTest, ReadsOnWhileNothingCanBeWritten) {
  FailingVfs vfs;
  const auto store = Open({.disk_floor_bytes = 0, .vfs = vfs.name()});
  ASSERT_THAT(AppendTo(**store, Callback(SidOf(1), "sent")), IsOk());
  vfs.FailNth(Call::kSync, 1, SQLITE_IOERR_FSYNC);
  ASSERT_FALSE(AppendTo(**store, Callback(SidOf(2), "sent")).ok());

  const auto page = (*store)->ReadAfter(0, MessageFilter(), {});

  ASSERT_THAT(page, IsOk());
  EXPECT_THAT(page->events, SizeIs(1));
}

TEST_F(SqliteStoreTest, StoresAgainOnceAFullDiskHasRoom) {
  FailingVfs vfs;
  const auto store = Open({.disk_floor_bytes = 0, .vfs = vfs.name()});
  vfs.FailNth(Call::kWrite, 1, SQLITE_FULL);

  EXPECT_THAT(
      AppendTo(**store, Callback(SidOf(1), "sent")),
      StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("full")));

  EXPECT_THAT((*store)->Writable(), IsOk());
  EXPECT_THAT(AppendTo(**store, Callback(SidOf(1), "sent")), IsOk());
  EXPECT_EQ((*store)->Position()->last_sequence, 1);
}

struct FaultCase {
  const char* name;
  Call call;
  int code;
};

const FaultCase kFaults[] = {
    {"sync fails", Call::kSync, SQLITE_IOERR_FSYNC},
    {"write fails", Call::kWrite, SQLITE_IOERR_WRITE},
    {"disk full", Call::kWrite, SQLITE_FULL},
    {"read fails", Call::kRead, SQLITE_IOERR_READ},
    {"truncate fails", Call::kTruncate, SQLITE_IOERR_TRUNCATE},
    {"shared memory full", Call::kShmMap, SQLITE_IOERR_SHMSIZE},
};

// What the store said it had stored, over one working life of it.
struct Life {
  std::vector<MessageSid> events;
  std::vector<std::string> requests;
};

constexpr int kRounds = 2;

Life Live(Store& store) {
  Life life;
  for (int i = 1; i <= kRounds; ++i) {
    const std::string id = absl::StrCat("r", i);
    std::vector<absl::StatusOr<WriteResult>> results;
    // In one commit: an event of its own, and a whole send.
    const absl::Status committed =
        CommitTo(store,
                 {Callback(SidOf(i), "sent"), Request(id),
                  SettleWrite{.reference = "ref-" + id,
                              .outcome = Created(SidOf(100 + i))}},
                 &results);
    if (committed.ok()) {
      if (results[0].ok()) life.events.push_back(SidOf(i));
      if (results[2].ok()) life.events.push_back(SidOf(100 + i));
      if (results[1].ok()) life.requests.push_back(id);
    }
    store.Maintain(/*idle=*/i % 2 == 0);
    (void)store.ReadAfter(0, MessageFilter(), {});
  }
  return life;
}

void ExpectStored(const Store& store, const Life& life) {
  const auto sids = store.ReadSelection(MessageSids{life.events});
  ASSERT_THAT(sids, IsOk());
  EXPECT_THAT(sids->unknown, testing::IsEmpty());
  const auto requests = store.ReadSelection(RequestIds{life.requests, ""});
  ASSERT_THAT(requests, IsOk());
  EXPECT_THAT(requests->unknown, testing::IsEmpty());
  const auto page = store.ReadAfter(0, MessageFilter(), {});
  ASSERT_THAT(page, IsOk());
  EXPECT_GE(page->events.size(), life.events.size());
  int64_t last = 0;
  for (const auto& event : page->events) {
    EXPECT_GT(event->sequence, last);
    last = event->sequence;
  }
}

// Fails the first such call, then the second, until none is left to fail. Each
// time on a fresh copy of an empty store, for making one takes most calls.
void FailEachCall(const FaultCase& fault, const std::string& empty_store) {
  size_t nth = 0;
  bool failed = true;
  while (failed) {
    ++nth;
    SCOPED_TRACE(absl::StrCat(fault.name, ", call ", nth));
    const TemporaryFolder folder;
    CollectingLogSink sink;
    FailingVfs vfs;
    SqliteStore::Options options = {.path = folder.File("store.db"),
                                    .disk_floor_bytes = 0,
                                    .readers = 1,
                                    .vfs = vfs.name()};
    std::filesystem::copy_file(empty_store, options.path);
    Life life;
    vfs.FailNth(fault.call, nth, fault.code);
    {
      const auto store =
          SqliteStore::Open(options, Clock::Real(), Logger(sink));
      if (store.ok()) life = Live(**store);
      failed = vfs.failed();
      if (!failed) {
        EXPECT_THAT(life.events, SizeIs(2 * kRounds));
      }
    }
    vfs.Heal();
    const auto store = SqliteStore::Open(options, Clock::Real(), Logger(sink));
    ASSERT_THAT(store, IsOk());
    ExpectStored(**store, life);
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GT(nth, 1u) << fault.name << " was never called";
}

TEST(DiskFailureTest, NeverSaysStoredOfWhatIsNotWhicheverCallFails) {
  const TemporaryFolder folder;
  const std::string empty_store = folder.File("empty.db");
  ASSERT_THAT(SqliteStore::Migrate({.path = empty_store}), IsOk());
  for (const FaultCase& fault : kFaults) FailEachCall(fault, empty_store);
}

TEST(DiskFailureTest, MakesAStoreWholeOrNotWhicheverCallFails) {
  for (const Call call : {Call::kSync, Call::kWrite}) {
    for (size_t nth = 1; nth < 1000; ++nth) {
      SCOPED_TRACE(nth);
      const TemporaryFolder folder;
      FailingVfs vfs;
      vfs.FailNth(call, nth, SQLITE_IOERR_WRITE);
      const std::string path = folder.File("store.db");
      const absl::Status made =
          SqliteStore::Migrate({.path = path, .vfs = vfs.name()}).status();
      if (!vfs.failed()) {
        EXPECT_THAT(made, IsOk());
        break;
      }
      vfs.Heal();
      ASSERT_THAT(SqliteStore::Migrate({.path = path}), IsOk());
    }
  }
}

// A small disk of its own, where the machine allows one.
class SmallDisk {
 public:
  SmallDisk() {
    mounted_ = mount("tmpfs", folder_.path().c_str(), "tmpfs", 0,
                     "size=8m,mode=0700") == 0;
    problem_ = mounted_ ? "" : strerror(errno);
  }
  ~SmallDisk() {
    if (mounted_) umount(folder_.path().c_str());
  }

  const std::string& problem() const { return problem_; }
  std::string File(absl::string_view name) const { return folder_.File(name); }

 private:
  TemporaryFolder folder_;
  bool mounted_ = false;
  std::string problem_;
};

AppendWrite BigCallback(int number) {
  AppendWrite write = Callback(SidOf(number), "sent");
  write.body = std::string(60'000, 'x');
  return write;
}

TEST_F(SqliteStoreTest, OutlivesAFullDisk) {
  const SmallDisk disk;
  if (!disk.problem().empty()) {
    GTEST_SKIP() << "no disk of its own: " << disk.problem();
  }
  std::ofstream(disk.File("filler")) << std::string(4 << 20, 'x');
  auto store = Open({.path = disk.File("store.db"), .disk_floor_bytes = 0});
  ASSERT_THAT(store, IsOk());
  absl::Status stored;
  int number = 0;
  while (stored.ok() && number < 200) {
    stored = AppendTo(**store, BigCallback(++number));
    (*store)->Maintain(/*idle=*/true);
  }
  EXPECT_THAT(stored, StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ((*store)->Position()->last_sequence, number - 1);

  ASSERT_EQ(unlink(disk.File("filler").c_str()), 0);

  EXPECT_THAT(AppendTo(**store, BigCallback(number)), IsOk());
  store->reset();
  store = Open({.path = disk.File("store.db"), .disk_floor_bytes = 0});
  EXPECT_EQ((*store)->Position()->last_sequence, number);
}

TEST_F(SqliteStoreTest, TheFloorSpeaksBeforeTheDiskIsFull) {
  const SmallDisk disk;
  if (!disk.problem().empty()) {
    GTEST_SKIP() << "no disk of its own: " << disk.problem();
  }
  const auto store =
      Open({.path = disk.File("store.db"), .disk_floor_bytes = 4 << 20});
  ASSERT_THAT(CommitTo(**store, {Request("r1")}), IsOk());
  ASSERT_THAT((*store)->Writable(), IsOk());
  std::ofstream(disk.File("filler")) << std::string(5 << 20, 'x');

  EXPECT_THAT((*store)->Writable(),
              StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(AppendTo(**store, Callback(SidOf(1), "sent")),
              StatusIs(absl::StatusCode::kResourceExhausted));
  std::vector<absl::StatusOr<WriteResult>> results;
  ASSERT_THAT(CommitTo(**store,
                       {SettleWrite{.reference = "ref-r1",
                                    .outcome = Created(SidOf(2))}},
                       &results),
              IsOk());
  EXPECT_THAT(results[0], IsOk());

  ASSERT_EQ(unlink(disk.File("filler").c_str()), 0);
  EXPECT_THAT((*store)->Writable(), IsOk());
}

}  // namespace
}  // namespace sidwatch
