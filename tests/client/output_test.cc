#include <clocale>
#include <sstream>
#include <string>

#include "client/cli/life_view.h"
#include "client/cli/records.h"
#include "client/cli/table.h"
#include "client/cli/watch_run.h"
#include "gmock/gmock.h"
#include "tests/client/fake_tracking_server.h"

namespace sidwatch {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr char kOtherSid[] = "MM0123456789abcdef0123456789abcdef";

TEST(TableTest, LinesColumnsUp) {
  Table table({"A", "LONGER", "C"}, {});
  table.Add({{"one"}, {"x"}, {"end"}});
  table.Add({{"seven77"}, {""}, {""}});

  EXPECT_EQ(table.TakeLines(),
            "A        LONGER  C\n"
            "one      x       end\n"
            "seven77\n");
}

TEST(TableTest, KeepsItsWidthsAndHeaderAcrossPages) {
  Table table({"A", "B"}, {});
  table.Add({{"wide-one"}, {"x"}});
  table.TakeLines();
  table.Add({{"a"}, {"y"}});

  EXPECT_EQ(table.TakeLines(), "a         y\n");
  EXPECT_EQ(table.TakeLines(), "");
}

TEST(TableTest, CutsTheLastColumnToTheTerminal) {
  std::setlocale(LC_CTYPE, "C.UTF-8");
  Table table({"A", "B"}, {.width = 8});
  table.Add({{"abc"}, {"defghij"}});

  EXPECT_EQ(table.TakeLines(), "A    B\nabc  de…\n");
}

TEST(TableTest, LetsNoControlCharacterThrough) {
  Table table({"A"}, {});
  table.Add({{"\x1b[2J"}});

  EXPECT_THAT(table.TakeLines(), HasSubstr("\\x1b[2J"));
}

TEST(RecordsTest, WritesJsonWithTheProtosNames) {
  const std::string line =
      JsonLine(MakeMessage(kTestSid, v1::MESSAGE_STATUS_SENT));

  EXPECT_THAT(line, HasSubstr("\"message_sid\":\"SM0123"));
  EXPECT_THAT(line, HasSubstr("\"status\":\"MESSAGE_STATUS_SENT\""));
  EXPECT_THAT(line, HasSubstr("\"create_time\":\"2023-11-14T22:13:20Z\""));
  EXPECT_EQ(line.find('\n'), line.size() - 1);
}

TEST(RecordsTest, EscapesControlCharactersInJson) {
  v1::Message message;
  message.set_body("a\x1b[2J\n\x7f\xc2\x9b\u202e");

  EXPECT_EQ(JsonLine(message),
            "{\"body\":\"a\\u001b[2J\\n\\u007f\\u009b\\u202e\"}\n");
}

TEST(RecordsTest, WritesAsManyCsvFieldsAsColumns) {
  v1::Message message = MakeMessage(kTestSid, v1::MESSAGE_STATUS_SENT);
  message.set_body("a \"quoted\", text");
  (*message.mutable_labels())["b"] = "2";
  (*message.mutable_labels())["a"] = "1";

  EXPECT_EQ(CsvLine(message, {}),
            "SM0123456789abcdef0123456789abcdef,request-1,,,,+15550001111,"
            "+15552223333,\"a \"\"quoted\"\", text\",,,sent,false,,,,,"
            "2023-11-14T22:13:20.000Z,2023-11-14T22:13:20.000Z,a=1 b=2\n");
  EXPECT_THAT(MessageCsvHeader(), StartsWith("message_sid,request_id,"));
}

TEST(RecordsTest, KeepsControlCharactersOfCsvFromATerminal) {
  v1::Message message;
  message.set_body("\x1b[2J");

  EXPECT_THAT(CsvLine(message, {.terminal = true}), HasSubstr("\\x1b[2J"));
  EXPECT_THAT(CsvLine(message, {}), HasSubstr("\x1b[2J"));
}

TEST(RecordsTest, ShowsOnTheCardOnlyWhatIsKnown) {
  const std::string card =
      MessageCard(MakeMessage(kTestSid, v1::MESSAGE_STATUS_SENT), "", {});

  EXPECT_THAT(card, HasSubstr("status      sent\n"));
  EXPECT_THAT(card, Not(HasSubstr("error")));
  EXPECT_THAT(card, Not(HasSubstr("body")));
}

TEST(LifeViewTest, ShowsALineForEachStatusWithTheTimeSinceTheLast) {
  std::ostringstream out;
  LifeView view(out, {}, /*many=*/false);
  v1::StatusEvent queued = MakeEvent(kTestSid, v1::MESSAGE_STATUS_QUEUED, 1);
  queued.set_source(v1::EVENT_SOURCE_SEND_REPLY);

  view.Show(queued);
  view.Show(MakeEvent(kTestSid, v1::MESSAGE_STATUS_DELIVERED, 4));

  EXPECT_EQ(out.str(),
            "2023-11-14T22:13:21.000Z            queued       send reply\n"
            "2023-11-14T22:13:24.000Z    +3.00s  delivered\n");
}

TEST(LifeViewTest, MarksWhatCameLateOrAgain) {
  std::ostringstream out;
  LifeView view(out, {}, /*many=*/false);
  v1::StatusEvent late = MakeEvent(kTestSid, v1::MESSAGE_STATUS_SENT, 2);
  late.set_effective(false);
  late.set_message_status(v1::MESSAGE_STATUS_DELIVERED);
  v1::StatusEvent again = MakeEvent(kTestSid, v1::MESSAGE_STATUS_FAILED, 3);
  again.set_effective(false);
  again.set_error_code(30003);

  view.Show(late);
  view.Show(again);

  EXPECT_THAT(out.str(), HasSubstr("sent         late: it stays delivered\n"));
  EXPECT_THAT(out.str(), HasSubstr("failed       error 30003, again\n"));
}

TEST(LifeViewTest, NamesTheMessageWhenThereAreMany) {
  std::ostringstream out;
  LifeView view(out, {}, /*many=*/true);

  view.Show(MakeEvent(kTestSid, v1::MESSAGE_STATUS_SENT, 1));
  view.Show(MakeEvent(kOtherSid, v1::MESSAGE_STATUS_SENT, 5));

  EXPECT_THAT(out.str(), StartsWith(kTestSid));
  EXPECT_THAT(out.str(), HasSubstr(kOtherSid));
  EXPECT_THAT(out.str(), Not(HasSubstr("+4.00s")));
}

TEST(LifeViewTest, WritesEachKindOfCsvLineUnderItsHeader) {
  std::ostringstream out;
  LifeView view(out, {.format = OutputFormat::kCsv}, /*many=*/true);

  view.Show(MakeEvent(kTestSid, v1::MESSAGE_STATUS_SENT, 1));
  view.Show(MakeEvent(kTestSid, v1::MESSAGE_STATUS_DELIVERED, 2));

  EXPECT_EQ(out.str(),
            EventCsvHeader() +
                "1,0,SM0123456789abcdef0123456789abcdef,,sent,,callback,"
                "2023-11-14T22:13:21.000Z,true,false,,,,,\n"
                "2,0,SM0123456789abcdef0123456789abcdef,,delivered,,callback,"
                "2023-11-14T22:13:22.000Z,true,true,,,,,\n");
}

TEST(OutcomesTest, AreFinalWhenEveryMessageIs) {
  Outcomes outcomes;
  EXPECT_FALSE(outcomes.AllFinal());

  outcomes.Note(MakeMessage(kTestSid, v1::MESSAGE_STATUS_QUEUED));
  outcomes.Note(MakeMessage(kOtherSid, v1::MESSAGE_STATUS_DELIVERED));
  EXPECT_FALSE(outcomes.AllFinal());

  outcomes.Note(MakeEvent(kTestSid, v1::MESSAGE_STATUS_DELIVERED, 3));
  EXPECT_TRUE(outcomes.AllFinal());
  EXPECT_TRUE(outcomes.AllArrived());
}

TEST(OutcomesTest, HaveNotArrivedWhenOneFailed) {
  Outcomes outcomes;
  outcomes.Note(MakeEvent(kTestSid, v1::MESSAGE_STATUS_DELIVERED, 1));
  outcomes.Note(MakeEvent(kOtherSid, v1::MESSAGE_STATUS_UNDELIVERED, 2));

  EXPECT_TRUE(outcomes.AllFinal());
  EXPECT_FALSE(outcomes.AllArrived());
}

}  // namespace
}  // namespace sidwatch
