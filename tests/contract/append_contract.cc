#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "tests/contract/store_contract.h"

// Events and the messages they fold into.

namespace sidwatch {
namespace {

using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;
using testing::UnorderedElementsAre;

TEST_P(StoreContract, AdoptsAMessageItDidNotSend) {
  AppendWrite write = Callback(SidOf(1), "sent", 5);
  write.messaging_service_sid = "MG00000000000000000000000000000001";
  write.body = "hello";
  write.num_segments = 2;
  write.num_media = 0;

  const AppendResult result = Append(write);

  EXPECT_EQ(result.sequence, 1);
  const Message message = Get(SidOf(1));
  EXPECT_EQ(message.origin, Origin::kAdopted);
  EXPECT_EQ(message.account_sid, kAccount);
  EXPECT_EQ(message.messaging_service_sid, write.messaging_service_sid);
  EXPECT_EQ(message.from, "+15550001111");
  EXPECT_EQ(message.to, "+15550002222");
  EXPECT_EQ(message.body, "hello");
  EXPECT_EQ(message.num_segments, 2);
  EXPECT_EQ(message.num_media, 0);
  EXPECT_EQ(message.create_time, At(5));
  EXPECT_EQ(message.update_time, At(5));
}

TEST_P(StoreContract, KeepsWhatAnEventSays) {
  AppendWrite write = Failure(SidOf(1), "undelivered", 30003);
  write.event.provider_time = At(-60) + absl::Microseconds(7);
  write.event.receive_time = At(2) + absl::Microseconds(3);
  write.event.source = EventSource::kEventStream;

  Append(write);

  const std::vector<StatusEvent> log = Log();
  ASSERT_THAT(log, SizeIs(1));
  EXPECT_EQ(log[0].status.status, MessageStatus::kUndelivered);
  EXPECT_EQ(log[0].error_code, 30003);
  EXPECT_EQ(log[0].source, EventSource::kEventStream);
  EXPECT_EQ(log[0].receive_time, write.event.receive_time);
  EXPECT_EQ(log[0].provider_time, write.event.provider_time);
  EXPECT_TRUE(log[0].effective);
  EXPECT_TRUE(log[0].final);
  EXPECT_EQ(Get(SidOf(1)).error_message, "error 30003");
}

TEST_P(StoreContract, HandsOnWhatReadersFindLater) {
  Append(Callback(SidOf(1), "queued"));
  std::vector<StatusEvent> live = {*committed().events.at(0)};
  AppendWrite late = Callback(SidOf(1), "new-word");
  late.event.receive_time += absl::Nanoseconds(1);  // finer than is kept
  Append(late);
  live.push_back(*committed().events.at(0));

  const std::vector<StatusEvent> log = Log();

  ASSERT_THAT(log, SizeIs(2));
  for (size_t i = 0; i < log.size(); ++i) {
    EXPECT_EQ(log[i].sequence, live[i].sequence);
    EXPECT_EQ(log[i].message_sequence, live[i].message_sequence);
    EXPECT_EQ(log[i].message_sid, live[i].message_sid);
    EXPECT_EQ(log[i].status, live[i].status);
    EXPECT_EQ(log[i].message_status, live[i].message_status);
    EXPECT_EQ(log[i].effective, live[i].effective);
    EXPECT_EQ(log[i].receive_time, live[i].receive_time);
    EXPECT_EQ(log[i].message_create_time, live[i].message_create_time);
    EXPECT_EQ(log[i].from, live[i].from);
  }
}

TEST_P(StoreContract, NumbersRiseWithoutAHoleInAMessage) {
  for (const char* status : {"queued", "sent", "delivered"}) {
    Append(Callback(SidOf(1), status));
    Append(Callback(SidOf(2), status));
  }

  int64_t last = 0;
  std::vector<int64_t> numbers;
  for (const StatusEvent& event : Log()) {
    EXPECT_GT(event.sequence, last);
    last = event.sequence;
    if (event.message_sid == SidOf(1)) {
      numbers.push_back(event.message_sequence);
    }
  }
  EXPECT_THAT(numbers, ElementsAre(1, 2, 3));
  EXPECT_EQ(Get(SidOf(1)).message_sequence, 3);
  EXPECT_EQ(Get(SidOf(1)).last_sequence, last - 1);
}

TEST_P(StoreContract, StoresARepeatOnce) {
  const AppendResult first = Append(Callback(SidOf(1), "sent"));
  AppendWrite again = Callback(SidOf(1), "sent", 9);
  again.event.error_code = 0;  // as absent
  again.event.source = EventSource::kLookup;

  const AppendResult repeat = Append(again);

  EXPECT_TRUE(repeat.duplicate);
  EXPECT_EQ(repeat.sequence, first.sequence);
  EXPECT_THAT(committed().events, IsEmpty());
  EXPECT_THAT(Log(), SizeIs(1));
}

TEST_P(StoreContract, StoresARepeatWithinOneCommitOnce) {
  const auto results =
      Commit({Callback(SidOf(1), "sent"), Callback(SidOf(1), "sent"),
              Callback(SidOf(1), "delivered")});

  EXPECT_THAT(committed().events, SizeIs(2));
  EXPECT_FALSE(std::get<AppendResult>(*results[0]).duplicate);
  EXPECT_TRUE(std::get<AppendResult>(*results[1]).duplicate);
  EXPECT_EQ(std::get<AppendResult>(*results[1]).sequence, 1);
}

TEST_P(StoreContract, TellsEventsApartByStatusCodeSidAndAccount) {
  Append(Failure(SidOf(1), "undelivered", 30003));

  EXPECT_FALSE(Append(Failure(SidOf(1), "undelivered", 30005)).duplicate);
  EXPECT_FALSE(Append(Callback(SidOf(1), "undelivered")).duplicate);
  EXPECT_FALSE(Append(Failure(SidOf(1), "failed", 30003)).duplicate);
  EXPECT_FALSE(Append(Failure(SidOf(2), "undelivered", 30003)).duplicate);
  AppendWrite elsewhere = Failure(SidOf(1), "undelivered", 30003);
  elsewhere.event.account_sid = std::string(kOtherAccount);
  EXPECT_FALSE(Append(elsewhere).duplicate);
}

TEST_P(StoreContract, TellsMmFromSmWithTheSameDigits) {
  const MessageSid mm =
      *MessageSid::Parse("MM" + SidOf(1).ToString().substr(2));
  Append(Callback(SidOf(1), "sent"));

  EXPECT_FALSE(Append(Callback(mm, "sent")).duplicate);

  EXPECT_NE(Get(mm).message_id, Get(SidOf(1)).message_id);
}

TEST_P(StoreContract, KeepsWordsItDoesNotKnow) {
  Append(Callback(SidOf(1), "teleported"));
  Append(Callback(SidOf(1), "beamed"));
  EXPECT_TRUE(Append(Callback(SidOf(1), "teleported")).duplicate);

  const std::vector<StatusEvent> log = Log();
  ASSERT_THAT(log, SizeIs(2));
  EXPECT_EQ(log[0].status.ToString(), "teleported");
  EXPECT_EQ(log[1].status.ToString(), "beamed");
  EXPECT_EQ(log[1].message_status.ToString(), "teleported");
  EXPECT_EQ(Get(SidOf(1)).status.ToString(), "teleported");
}

TEST_P(StoreContract, KeepsALateLowerStatusWithoutEffect) {
  Append(Callback(SidOf(1), "delivered"));

  const AppendResult late = Append(Callback(SidOf(1), "sent"));

  EXPECT_TRUE(late.out_of_order);
  EXPECT_FALSE(late.conflict);
  const std::vector<StatusEvent> log = Log();
  EXPECT_FALSE(log.at(1).effective);
  EXPECT_EQ(log.at(1).message_status.status, MessageStatus::kDelivered);
  EXPECT_TRUE(log.at(1).final);
  EXPECT_EQ(Get(SidOf(1)).status.status, MessageStatus::kDelivered);
}

TEST_P(StoreContract, CountsTwoFinalStatusesAsAConflict) {
  Append(Callback(SidOf(1), "delivered"));

  EXPECT_TRUE(Append(Failure(SidOf(1), "failed", 30008)).conflict);

  EXPECT_EQ(Get(SidOf(1)).status.status, MessageStatus::kDelivered);
}

TEST_P(StoreContract, GivesTheFirstTimeOfEachStatus) {
  Append(Callback(SidOf(1), "sent", 20));
  Append(Callback(SidOf(1), "queued", 30));
  Append(Failure(SidOf(1), "undelivered", 1));
  AppendWrite later = Failure(SidOf(1), "undelivered", 2);
  later.event.receive_time = At(40);
  Append(later);

  const Message message = Get(SidOf(1));
  EXPECT_THAT(message.status_times,
              UnorderedElementsAre(Pair("sent", At(20)), Pair("queued", At(30)),
                                   Pair("undelivered", At(0))));
  EXPECT_EQ(message.update_time, At(40));
}

TEST_P(StoreContract, KeepsLocalEventsApartFromReports) {
  Append(Callback(SidOf(1), "sent"));
  AppendWrite local = Callback(SidOf(1), "sent");
  local.event.source = EventSource::kLocal;
  local.event.note = "redacted";

  EXPECT_FALSE(Append(local).duplicate);
  EXPECT_FALSE(Append(local).duplicate);

  const std::vector<StatusEvent> log = Log();
  ASSERT_THAT(log, SizeIs(3));
  EXPECT_EQ(log[2].note, "redacted");
  EXPECT_FALSE(log[2].effective);
  EXPECT_EQ(log[2].message_status.status, MessageStatus::kSent);
  EXPECT_THAT(Get(SidOf(1)).status_times, SizeIs(1));
}

TEST_P(StoreContract, FillsInWhatLaterReportsSay) {
  AppendWrite bare = Callback(SidOf(1), "queued");
  bare.event.from.clear();
  bare.event.to.clear();
  Append(bare);
  AppendWrite more = Callback(SidOf(1), "sent");
  more.num_segments = 3;
  Append(more);
  AppendWrite other = Callback(SidOf(1), "delivered");
  other.event.from = "+15559999999";
  Append(other);

  const Message message = Get(SidOf(1));
  EXPECT_EQ(message.from, "+15550001111");
  EXPECT_EQ(message.num_segments, 3);
  EXPECT_EQ(Log().at(0).from, "+15550001111");
}

struct AddressCase {
  const char* name;
  std::string address;
};

TEST_P(StoreContract, KeepsAddressesOfEveryKind) {
  const AddressCase cases[] = {
      {"number", "+15551234567"},
      {"longest number", "+999999999999999"},
      {"short code", "12345"},
      {"leading zero", "+0123"},
      {"sender name", "ACME Shop"},
      {"channel", "whatsapp:+15551234567"},
      {"plus alone", "+"},
      {"one digit", "+7"},
      {"beyond UTF-8", "\xff\xfe"},
      {"very long", std::string(300, '9')},
      {"blank", " "},
      {"a NUL", std::string("a\0b", 3)},
  };
  int number = 0;
  for (const AddressCase& test : cases) {
    SCOPED_TRACE(test.name);
    AppendWrite write = Callback(SidOf(++number), "sent");
    write.event.to = test.address;
    Append(write);
    EXPECT_EQ(Get(SidOf(number)).to, test.address);
  }
}

TEST_P(StoreContract, GivesBackRawParametersAsAMultiset) {
  AppendWrite write = Failure(SidOf(1), "undelivered", 30003);
  write.messaging_service_sid = "MG00000000000000000000000000000001";
  write.event.parameters = {
      {"RawDlrDoneDate", "2401011200"},
      {"MessageSid", SidOf(1).ToString()},
      {"SmsSid", SidOf(1).ToString()},
      {"MessageStatus", "undelivered"},
      {"SmsStatus", "undelivered"},
      {"ErrorCode", "30003"},
      {"AccountSid", std::string(kAccount)},
      {"From", "+15550001111"},
      {"From", "+15550001111"},
      {"To", "+1 (555) 000-2222"},
      {"ApiVersion", "2010-04-01"},
      {"MessagingServiceSid", write.messaging_service_sid},
      {"Empty", ""},
      {"", "no name"},
      {"a=b&c", "%25&=\xff\n"},
  };
  Append(write);
  AppendWrite later = Callback(SidOf(1), "delivered");
  later.event.from = "whatsapp:+15550001111";
  Append(later);

  const std::vector<StatusEvent> log =
      Log(MessageFilter(), {.include_parameters = true});

  EXPECT_THAT(log.at(0).parameters,
              testing::UnorderedElementsAreArray(write.event.parameters));
  EXPECT_THAT(Log().at(0).parameters, IsEmpty());
}

TEST_P(StoreContract, HandsEventsOnWithoutTheirParameters) {
  AppendWrite write = Callback(SidOf(1), "sent");
  write.event.parameters = {{"MessageStatus", "sent"}, {"X", "y"}};

  Append(write);

  EXPECT_THAT(committed().events.at(0)->parameters, IsEmpty());
}

TEST_P(StoreContract, FoldsEveryOrderToTheSameMessage) {
  // A life with a failure told twice, and every report repeated once.
  const std::vector<AppendWrite> life = {
      Callback(SidOf(0), "queued"), Callback(SidOf(0), "sent"),
      Failure(SidOf(0), "undelivered", 30003),
      Failure(SidOf(0), "undelivered", 30005), Callback(SidOf(0), "odd-word")};
  std::vector<size_t> order = {0, 1, 2, 3, 4};
  int number = 0;
  do {
    ++number;
    std::vector<Write> writes;
    for (int round = 0; round < 2; ++round) {
      for (const size_t i : order) {
        AppendWrite write = life[i];
        write.event.message_sid = SidOf(number);
        writes.push_back(std::move(write));
      }
    }
    Commit(std::move(writes));
    ASSERT_EQ(committed().events.size(), life.size());
    const Message message = Get(SidOf(number));
    ASSERT_EQ(message.status.status, MessageStatus::kUndelivered);
    ASSERT_EQ(message.error_code, 30005);
    ASSERT_EQ(message.error_message, "error 30005");
    ASSERT_EQ(message.message_sequence, 5);
    ASSERT_TRUE(message.final);
  } while (std::next_permutation(order.begin(), order.end()));
  EXPECT_EQ(number, 120);
}

TEST_P(StoreContract, CountsOpenMessages) {
  Append(Callback(SidOf(1), "queued"));
  Append(Callback(SidOf(2), "sent"));
  Append(Callback(SidOf(3), "delivered"));
  Reserve(Request("r1"));
  EXPECT_EQ(store().Stats()->messages_open, 2);

  Append(Callback(SidOf(2), "delivered"));
  Append(Callback(SidOf(2), "queued"));

  EXPECT_EQ(store().Stats()->messages_open, 1);
  Reopen();
  EXPECT_EQ(store().Stats()->messages_open, 1);
}

TEST_P(StoreContract, KeepsEverythingOverARestart) {
  Append(Callback(SidOf(1), "queued", 1));
  Append(Failure(SidOf(1), "failed", 30001));
  const auto before = store().Position();
  const Message message = Get(SidOf(1));

  Reopen();

  const auto after = store().Position();
  EXPECT_EQ(after->identity, before->identity);
  EXPECT_EQ(after->last_sequence, 2);
  EXPECT_EQ(after->trimmed_sequence, 0);
  EXPECT_THAT(after->identity, SizeIs(16));
  EXPECT_EQ(Get(SidOf(1)).status_times, message.status_times);
  EXPECT_THAT(Log(), SizeIs(2));
  EXPECT_EQ(Append(Callback(SidOf(2), "sent")).sequence, 3);
  EXPECT_TRUE(Append(Callback(SidOf(1), "queued")).duplicate);
}

}  // namespace
}  // namespace sidwatch
