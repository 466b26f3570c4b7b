#include "storage/sqlite/sqlite_store.h"

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "SQLiteCpp/Database.h"
#include "SQLiteCpp/Statement.h"
#include "absl/strings/str_cat.h"
#include "base/ids.h"
#include "tests/storage/sqlite/sqlite_store_fixture.h"

namespace sidwatch {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::SizeIs;

constexpr uint64_t kMoreThanAnyDisk = std::numeric_limits<uint64_t>::max();

TEST_F(SqliteStoreTest, BelowTheDiskFloorOnlySettlesSends) {
  ASSERT_THAT(CommitTo(**Open(), {Request("r1")}), IsOk());
  const auto store = Open({.disk_floor_bytes = kMoreThanAnyDisk});
  std::vector<absl::StatusOr<WriteResult>> results;

  ASSERT_THAT(CommitTo(**store,
                       {Request("r2"), Callback(SidOf(2), "sent"),
                        SettleWrite{.reference = "ref-r1",
                                    .outcome = Created(SidOf(1))}},
                       &results),
              IsOk());

  EXPECT_THAT(results[0], StatusIs(absl::StatusCode::kResourceExhausted,
                                   HasSubstr("disk-floor")));
  EXPECT_THAT(results[1], StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(results[2], IsOk());
  EXPECT_THAT((*store)->Writable(),
              StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ((*store)->Position()->last_sequence, 1);
}

TEST_F(SqliteStoreTest, IsWritableAboveTheFloor) {
  EXPECT_THAT((*Open({.disk_floor_bytes = 1}))->Writable(), IsOk());
}

TEST_F(SqliteStoreTest, OneBadWriteDoesNotFailItsNeighbours) {
  const auto store = Open();
  std::vector<Write> writes;
  for (int i = 1; i <= 50; ++i) {
    writes.emplace_back(Callback(SidOf(i), "sent"));
    // Every second one has the reference of the one before.
    ReserveWrite request = Request(absl::StrCat("r", i));
    request.reservation.reference = absl::StrCat("ref-", i / 2);
    writes.emplace_back(std::move(request));
  }
  std::vector<absl::StatusOr<WriteResult>> results;

  ASSERT_THAT(CommitTo(**store, writes, &results), IsOk());

  int refused = 0;
  for (size_t i = 0; i < results.size(); i += 2) {
    EXPECT_THAT(results[i], IsOk());
    EXPECT_EQ(std::get<AppendResult>(*results[i]).sequence,
              static_cast<int64_t>(i) / 2 + 1);
    if (!results[i + 1].ok()) ++refused;
  }
  EXPECT_EQ(refused, 24);
  EXPECT_EQ((*store)->Position()->last_sequence, 50);
}

// The counters are the store's: erasing the newest rows frees no number.
TEST_F(SqliteStoreTest, NeverGivesASequenceTwice) {
  ASSERT_THAT(AppendTo(**Open(), Callback(SidOf(1), "sent")), IsOk());
  {
    SQLite::Database database(path_, SQLite::OPEN_READWRITE);
    database.exec("DELETE FROM events; DELETE FROM messages");
  }
  const auto store = Open();

  ASSERT_THAT(AppendTo(**store, Callback(SidOf(2), "sent")), IsOk());

  const auto page = (*store)->ReadAfter(0, MessageFilter(), {});
  ASSERT_THAT(page->events, SizeIs(1));
  EXPECT_EQ(page->events[0]->sequence, 2);
}

TEST_F(SqliteStoreTest, SaysWhenARowCannotBeRead) {
  ASSERT_THAT(AppendTo(**Open(), Callback(SidOf(1), "sent")), IsOk());
  {
    SQLite::Database database(path_, SQLite::OPEN_READWRITE);
    database.exec("UPDATE messages SET message_sid = zeroblob(17)");
  }
  const auto store = Open();

  EXPECT_THAT((*store)->ReadAfter(0, MessageFilter(), {}),
              StatusIs(absl::StatusCode::kDataLoss));
  // One damaged message does not stop the others.
  EXPECT_THAT(AppendTo(**store, Callback(SidOf(2), "sent")), IsOk());
  EXPECT_THAT((*store)->Writable(), IsOk());
}

TEST_F(SqliteStoreTest, SaysOnceThatItOpenedAndWhatItFound) {
  ASSERT_THAT(CommitTo(**Open(), {Request("r1")}), IsOk());
  const auto store = Open();

  EXPECT_THAT(sink_.lines(),
              Contains(AllOf(HasSubstr("store opened"), HasSubstr(path_),
                             HasSubstr("sends_interrupted=1"))));
}

// Bodies of 60 KB: 15 pages a message.
std::vector<Write> BigBatch(int& number) {
  std::vector<Write> writes;
  for (int i = 0; i < 100; ++i) {
    AppendWrite write = Callback(SidOf(++number), "sent");
    write.body = std::string(60'000, 'x');
    writes.emplace_back(std::move(write));
  }
  return writes;
}

TEST_F(SqliteStoreTest, TheLogStaysSmallThoughTheQueueNeverEmpties) {
  const auto store = Open();
  int number = 0;
  int64_t wal_max = 0;
  for (int i = 0; i < 20; ++i) {
    ASSERT_THAT(CommitTo(**store, BigBatch(number)), IsOk());
    (*store)->Maintain(/*idle=*/false);
    wal_max = std::max(wal_max, (*store)->Stats()->wal_bytes);
  }

  EXPECT_LT(wal_max, 16 << 20);  // of 120 MB written
}

TEST_F(SqliteStoreTest, EmptiesALogThatAReaderHadPinned) {
  const auto store = Open();
  int number = 0;
  ASSERT_THAT(CommitTo(**store, BigBatch(number)), IsOk());
  SQLite::Database pinned(path_);
  pinned.exec("BEGIN");
  ASSERT_EQ(pinned.execAndGet("SELECT count(*) FROM events").getInt(), 100);
  for (int i = 0; i < 12; ++i) {
    ASSERT_THAT(CommitTo(**store, BigBatch(number)), IsOk());
    (*store)->Maintain(/*idle=*/false);
  }
  ASSERT_GT((*store)->Stats()->wal_bytes, 64 << 20);

  pinned.exec("COMMIT");
  ASSERT_THAT(CommitTo(**store, BigBatch(number)), IsOk());
  (*store)->Maintain(/*idle=*/false);

  EXPECT_EQ((*store)->Stats()->wal_bytes, 0);
  EXPECT_EQ((*store)->Position()->last_sequence, number);
}

TEST_F(SqliteStoreTest, CheckpointsWhateverThereIsWhenIdle) {
  const auto store = Open();
  ASSERT_THAT(AppendTo(**store, Callback(SidOf(1), "sent")), IsOk());
  const int64_t before = (*store)->Stats()->size_bytes;
  AppendWrite big = Callback(SidOf(2), "sent");
  big.body = std::string(200'000, 'x');
  ASSERT_THAT(AppendTo(**store, big), IsOk());
  (*store)->Maintain(/*idle=*/false);
  EXPECT_EQ((*store)->Stats()->size_bytes, before);

  (*store)->Maintain(/*idle=*/true);

  EXPECT_GT((*store)->Stats()->size_bytes, before);
}

// Digits in no order, as Twilio's are.
MessageSid ScatteredSid(int number) {
  const std::string digest = Sha256(absl::StrCat(number));
  return *MessageSid::FromBlob("S" + digest.substr(0, 16));
}

TEST_F(SqliteStoreTest, KeepsEventsSmall) {
  const auto store = Open();
  constexpr int kMessages = 3000;
  for (const char* status : {"queued", "sent", "delivered"}) {
    for (int first = 0; first < kMessages; first += 1000) {
      std::vector<Write> writes;
      for (int i = first; i < first + 1000; ++i) {
        writes.emplace_back(Callback(ScatteredSid(i), status, 1));
      }
      ASSERT_THAT(CommitTo(**store, writes), IsOk());
    }
  }
  (*store)->Maintain(/*idle=*/true);

  EXPECT_LT((*store)->Stats()->size_bytes / (3 * kMessages), 75);
}

}  // namespace
}  // namespace sidwatch
