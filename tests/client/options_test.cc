#include "client/cli/options.h"

#include <stdlib.h>

#include <string>
#include <vector>

#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "tests/fakes/status_matchers.h"

namespace sidwatch {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using testing::UnorderedElementsAre;

constexpr char kSid[] = "SM0123456789abcdef0123456789abcdef";

// "{sid}" stands for a SID, "~" for a blank within an argument.
absl::StatusOr<CommandLine> Parse(const std::string& words) {
  const std::string line = absl::StrReplaceAll(words, {{"{sid}", kSid}});
  std::vector<std::string> arguments =
      absl::StrSplit(line, ' ', absl::SkipEmpty());
  arguments.insert(arguments.begin(), "sidwatch");
  std::vector<const char*> argv;
  for (std::string& argument : arguments) {
    argument = absl::StrReplaceAll(argument, {{"~", " "}});
    argv.push_back(argument.c_str());
  }
  return ParseCommandLine(static_cast<int>(argv.size()), argv.data());
}

template <typename T>
T ParseTo(const std::string& words) {
  const auto line = Parse(words);
  if (!line.ok()) {
    ADD_FAILURE() << line.status();
    return {};
  }
  if (!std::holds_alternative<T>(line->command)) {
    ADD_FAILURE() << "another command than was meant";
    return {};
  }
  return std::get<T>(line->command);
}

class OptionsTest : public testing::Test {
 protected:
  OptionsTest() {
    unsetenv("SIDWATCH_SERVER");
    unsetenv("SIDWATCH_TOKEN");
  }
};

TEST_F(OptionsTest, ReadsEveryFlagOfSend) {
  const SendCommand send = ParseTo<SendCommand>(
      "send --to +1555 --from +1666 --body Hello~you --media http://a/1 "
      "--media http://a/2 --label k=v --label l=w --param SmartEncoded=true "
      "--request-id order-7 --send-at 1970-01-01T00:01:00Z --watch");

  const v1::SendTrackedRequest& request = send.request;
  EXPECT_TRUE(send.watch);
  EXPECT_EQ(request.to(), "+1555");
  EXPECT_EQ(request.from(), "+1666");
  EXPECT_EQ(request.body(), "Hello you");
  EXPECT_EQ(request.request_id(), "order-7");
  EXPECT_EQ(request.send_at().seconds(), 60);
  EXPECT_THAT(request.media_urls(), ElementsAre("http://a/1", "http://a/2"));
  EXPECT_THAT(request.labels(),
              UnorderedElementsAre(Pair("k", "v"), Pair("l", "w")));
  EXPECT_THAT(request.extra_parameters(),
              ElementsAre(Pair("SmartEncoded", "true")));
}

TEST_F(OptionsTest, SendsThroughAServiceInsteadOfANumber) {
  EXPECT_EQ(ParseTo<SendCommand>("send --to +1 --service MG1 --body x")
                .request.messaging_service_sid(),
            "MG1");
}

TEST_F(OptionsTest, WatchesByEachWayOfChoosing) {
  EXPECT_THAT(ParseTo<WatchCommand>("watch {sid} {sid}").request.message_sids(),
              ElementsAre(kSid, kSid));
  EXPECT_THAT(ParseTo<WatchCommand>("watch --request-id a --request-id b")
                  .request.request_ids(),
              ElementsAre("a", "b"));
  EXPECT_THAT(
      ParseTo<WatchCommand>("watch --label k=v").request.filter().labels(),
      ElementsAre(Pair("k", "v")));
  EXPECT_FALSE(ParseTo<WatchCommand>("watch --all").request.has_filter());
}

TEST_F(OptionsTest, ReadsHowToWatch) {
  const WatchCommand since =
      ParseTo<WatchCommand>("watch {sid} --since beginning --keep-open");
  const WatchCommand until = ParseTo<WatchCommand>("watch {sid} --until-final");

  EXPECT_EQ(since.request.start(), v1::WATCH_START_BEGINNING);
  EXPECT_TRUE(since.request.keep_open());
  EXPECT_EQ(until.request.start(), v1::WATCH_START_SNAPSHOT);
  EXPECT_TRUE(until.until_final);
}

TEST_F(OptionsTest, GetsByEitherKey) {
  EXPECT_EQ(ParseTo<GetCommand>("get {sid}").request.message_sid(), kSid);
  EXPECT_EQ(ParseTo<GetCommand>("get --request-id a").request.request_id(),
            "a");
  EXPECT_EQ(ParseTo<HistoryCommand>("history {sid}").message_sid, kSid);
}

TEST_F(OptionsTest, ReadsTheFilterOfList) {
  const ListCommand list = ParseTo<ListCommand>(
      "list --status failed --status undelivered --label k=v --from +1 --to "
      "+2 --error-code 30003 --limit 7");

  EXPECT_EQ(list.limit, 7);
  EXPECT_THAT(
      list.filter.statuses(),
      ElementsAre(v1::MESSAGE_STATUS_FAILED, v1::MESSAGE_STATUS_UNDELIVERED));
  EXPECT_THAT(list.filter.labels(), ElementsAre(Pair("k", "v")));
  EXPECT_THAT(list.filter.senders(), ElementsAre("+1"));
  EXPECT_THAT(list.filter.recipients(), ElementsAre("+2"));
  EXPECT_THAT(list.filter.error_codes(), ElementsAre(30003));
}

TEST_F(OptionsTest, ListsFiftyUnlessAllAreWanted) {
  EXPECT_EQ(ParseTo<ListCommand>("list").limit, 50);
  EXPECT_EQ(ParseTo<ListCommand>("list --all").limit, 0);
}

TEST_F(OptionsTest, TakesCommonFlagsBeforeAndAfterTheCommand) {
  const auto before = Parse("--server a:1 --output json health");
  const auto after = Parse("health --server=a:1 --output=json --timeout 2s");

  ASSERT_THAT(before, IsOk());
  ASSERT_THAT(after, IsOk());
  EXPECT_EQ(before->client.server, "a:1");
  EXPECT_EQ(after->client.server, "a:1");
  EXPECT_EQ(before->output, OutputFormat::kJson);
  EXPECT_EQ(after->client.read_timeout, absl::Seconds(2));
  EXPECT_EQ(after->client.send_timeout, absl::Seconds(2));
}

TEST_F(OptionsTest, TakesTheServerFromFlagThenEnvironmentThenDefault) {
  EXPECT_EQ(Parse("health")->client.server, "127.0.0.1:50051");

  setenv("SIDWATCH_SERVER", "env:1", 1);

  EXPECT_EQ(Parse("health")->client.server, "env:1");
  EXPECT_EQ(Parse("health --server flag:1")->client.server, "flag:1");
}

TEST_F(OptionsTest, TakesTheTokenFromAFileThenTheEnvironment) {
  setenv("SIDWATCH_TOKEN", "secret", 1);

  EXPECT_EQ(Parse("health")->client.token, "secret");
  EXPECT_EQ(Parse("health --token-file /dev/null")->client.token, "");
  EXPECT_EQ(Parse("health --token-file /dev/null")->client.token_file,
            "/dev/null");
}

TEST_F(OptionsTest, ShowsHelpAndVersion) {
  EXPECT_THAT(ParseTo<ShowCommand>("--version").text, HasSubstr("sidwatch 0."));
  EXPECT_THAT(ParseTo<ShowCommand>("--help").text, HasSubstr("history"));
  EXPECT_THAT(ParseTo<ShowCommand>("send --help").text,
              HasSubstr("--request-id"));
}

struct BadRow {
  std::string words;
  std::string complaint;
};

TEST_F(OptionsTest, RefusesWrongUseSayingWhatIsWrong) {
  const std::vector<BadRow> rows = {
      {"", "say what to do"},
      {"sned --to +1", "did you mean send?"},
      {"frobnicate", "there is no command \"frobnicate\""},
      {"cancel {sid}", "there is no command \"cancel\""},
      {"send --body x", "--to"},
      {"send --to +1", "--body, --media or --param"},
      {"send --to +1 --body x --from +2 --service MG1", "--service"},
      {"send --to +1 --body x --label novalue", "KEY=VALUE"},
      {"send --to +1 --body x --label a=1 --label a=2", "given twice"},
      {"send --to +1 --body x --send-at soon", "--send-at"},
      {"send --to +1 --body x --tpyo", "--tpyo"},
      {"watch", "say what"},
      {"watch {sid} --all", "give one of"},
      {"watch SM1", "is not a message SID"},
      {"watch {sid} --since yesterday", "--since"},
      {"watch {sid} --keep-open --until-final", "--keep-open"},
      {"get", "SID"},
      {"get SM1", "is not a message SID"},
      {"get {sid} {sid}", "See: sidwatch get --help"},
      {"get {sid} --request-id a", "--request-id"},
      {"history", "SID"},
      {"list --status deliverd", "is not a status"},
      {"list --limit 0", "--limit"},
      {"list --limit 5 --all", "--all"},
      {"list --error-code x", "--error-code"},
      {"verify --url http://a", "--signature"},
      {"health --output xml", "--output"},
      {"health --timeout never", "--timeout"},
      {"health --tls-cert f", "--tls-key"},
  };
  for (const BadRow& row : rows) {
    EXPECT_THAT(Parse(row.words), StatusIs(absl::StatusCode::kInvalidArgument,
                                           HasSubstr(row.complaint)))
        << row.words;
  }
}

}  // namespace
}  // namespace sidwatch
