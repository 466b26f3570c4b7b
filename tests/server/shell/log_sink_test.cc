#include "server/log_sink.h"

#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/collecting_log_sink.h"

namespace sidwatch {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const absl::Time kTime = absl::FromUnixMillis(1714564800123);

std::string Text(const std::vector<LogField>& fields) {
  return FormatTextLine(kTime, LogLevel::kInfo, "sent", fields);
}

TEST(LogSinkTest, WritesKeysAndValuesAsText) {
  EXPECT_EQ(Text({{"message_sid", "SM0a"}, {"sequence", 7}}),
            "2024-05-01T12:00:00.123Z info sent message_sid=SM0a sequence=7");
}

TEST(LogSinkTest, WritesTheSameKeysAsJson) {
  const auto json = nlohmann::json::parse(FormatJsonLine(
      kTime, LogLevel::kError, "sent", {{"message_sid", "SM0a"}}));

  EXPECT_EQ(json, nlohmann::json({{"time", "2024-05-01T12:00:00.123Z"},
                                  {"level", "error"},
                                  {"message", "sent"},
                                  {"message_sid", "SM0a"}}));
}

TEST(LogSinkTest, EscapesWhatCouldForgeALineOrAKey) {
  struct Row {
    std::string value;
    std::string written;
  };
  const Row rows[] = {
      {"", "k=\"\""},
      {"two words", "k=\"two words\""},
      {"a=b", "k=\"a=b\""},
      {"say \"hi\"", "k=\"say \\\"hi\\\"\""},
      {"back\\slash", "k=\"back\\\\slash\""},
      {"x\n2024 info forged", "k=\"x\\n2024 info forged\""},
      {"x\r\ty", "k=\"x\\r\\ty\""},
      {std::string("nul\0", 4), "k=\"nul\\x00\""},
      {"\x1b[2J", "k=\"\\x1b[2J\""},
      {"\x7f", "k=\"\\x7f\""},
      {"…67", "k=\"…67\""},
      {"é😀", "k=\"é😀\""},
      {"\xc2\x9b", "k=\"\\xc2\\x9b\""},           // C1 control
      {"\xe2\x80\xae", "k=\"\\xe2\\x80\\xae\""},  // right-to-left
      {"\xe2\x80\xa8", "k=\"\\xe2\\x80\\xa8\""},  // line separator
      {"\xff\xc3", "k=\"\\xff\\xc3\""},           // not UTF-8
      {"\xe2\x82", "k=\"\\xe2\\x82\""},           // cut short
      {"{} %v %n", "k=\"{} %v %n\""},
  };
  for (const Row& row : rows) {
    EXPECT_THAT(Text({{"k", row.value}}), HasSubstr(" sent " + row.written));
  }
}

TEST(LogSinkTest, JsonIsAsciiOnOneLineWhateverTheBytes) {
  const std::string line = FormatJsonLine(
      kTime, LogLevel::kInfo, "sent", {{"k", "a\nb\xff\xe2\x80\xa8\x1b\"}"}});

  EXPECT_THAT(line, Not(HasSubstr("\n")));
  for (const char c : line) EXPECT_GE(c, ' ');
  EXPECT_EQ(nlohmann::json::parse(line)["k"], "a\nb\uFFFD\xe2\x80\xa8\x1b\"}");
}

// What a sink writes to a file in its lifetime.
class SinkOutput {
 public:
  SinkOutput() : file_(std::tmpfile()) {}
  ~SinkOutput() { std::fclose(file_); }

  std::FILE* file() const { return file_; }
  std::string text() const {
    std::rewind(file_);
    std::string text(4096, '\0');
    text.resize(std::fread(text.data(), 1, text.size(), file_));
    return text;
  }

 private:
  std::FILE* file_;
};

TEST(LogSinkTest, WritesOneLineEachAndAllOfThemBeforeItEnds) {
  const SinkOutput output;
  {
    SpdlogSink sink({.out = output.file()});
    Logger(sink).Info("{} first %v", {{"k", "{0} %d"}});
    Logger(sink).Warning("second");
  }
  EXPECT_THAT(output.text(),
              AllOf(HasSubstr("Z info {} first %v k=\"{0} %d\"\n"),
                    HasSubstr("Z warning second\n")));
}

TEST(LogSinkTest, DropsWhatIsBelowItsLevel) {
  const SinkOutput output;
  {
    SpdlogSink sink({.level = LogLevelOf("warning"), .out = output.file()});
    Logger(sink).Debug("quiet");
    Logger(sink).Info("quiet");
    Logger(sink).Error("loud");
  }
  EXPECT_THAT(output.text(),
              AllOf(HasSubstr("error loud"), Not(HasSubstr("quiet"))));
}

TEST(LogSinkTest, WritesJsonWhenAsked) {
  const SinkOutput output;
  {
    SpdlogSink sink({.json = true, .out = output.file()});
    Logger(sink).Info("sent", {{"message_sid", "SM0a"}});
  }
  EXPECT_EQ(nlohmann::json::parse(output.text())["message_sid"], "SM0a");
}

TEST(LogSinkTest, FlushWaitsForWhatWasWritten) {
  const SinkOutput output;
  SpdlogSink sink({.out = output.file()});
  for (int i = 0; i < 100; ++i) Logger(sink).Info("line", {{"i", i}});

  sink.Flush();

  EXPECT_THAT(output.text(), HasSubstr("line i=99\n"));
}

TEST(LogSinkTest, AStartHoldsItsLinesBackUntilItHasSucceeded) {
  CollectingLogSink lines;
  StartLogSink sink(lines);

  Logger(sink).Info("opened");
  Logger(sink).Warning("careful");
  EXPECT_THAT(lines.lines(), ElementsAre("careful"));

  sink.Release();
  Logger(sink).Info("serving");
  EXPECT_THAT(lines.lines(), ElementsAre("careful", "opened", "serving"));
}

}  // namespace
}  // namespace sidwatch
