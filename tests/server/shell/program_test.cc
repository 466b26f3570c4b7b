#include "tests/e2e/program.h"

#include <httplib.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/help_text.h"
#include "tests/server/shell/signed_callback.h"
#include "tests/server/shell/temp_folder.h"

namespace sidwatch {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

// sidwatchd as its users start it.
class ProgramTest : public testing::Test {
 protected:
  std::map<std::string, std::string> environment() const {
    return {{"TWILIO_ACCOUNT_SID", kAccount},
            {"TWILIO_AUTH_TOKEN", "token"},
            {"SIDWATCH_PUBLIC_URL", kPublicUrl},
            {"SIDWATCH_STORAGE",
             absl::StrCat("sqlite:", folder_.path("sidwatch.db"))},
            {"SIDWATCH_GRPC_LISTEN", "127.0.0.1:0"},
            {"SIDWATCH_WEBHOOK_LISTEN", "127.0.0.1:0"},
            {"SIDWATCH_ADMIN_LISTEN", "127.0.0.1:0"},
            {"SIDWATCH_TWILIO_BASE_URL", "http://127.0.0.1:1"},
            {"SIDWATCH_LOG_LEVEL", "warning"},
            {"SIDWATCH_DRAIN_TIMEOUT", "1s"}};
  }

  Program::Finished Run(std::vector<std::string> arguments) const {
    return Program::Run("sidwatchd", std::move(arguments), environment());
  }

  std::unique_ptr<Program> Serve(std::vector<std::string> arguments) const {
    auto program =
        Program::Serve("sidwatchd", std::move(arguments), environment());
    return program.ok() ? *std::move(program) : nullptr;
  }

  const TempFolder folder_;
};

TEST_F(ProgramTest, PrintsHelpAndVersion) {
  EXPECT_EQ(Run({"--help"}).output, HelpText());
  EXPECT_EQ(Run({"--help"}).exit_status, 0);
  EXPECT_EQ(Run({"--version"}).output, VersionText());
  EXPECT_EQ(Run({"--version"}).exit_status, 0);
}

TEST_F(ProgramTest, ChecksTheConfigWithoutTouchingTheStore) {
  const auto finished = Run({"check-config"});

  EXPECT_EQ(finished.output, "the settings are good\n");
  EXPECT_EQ(finished.exit_status, 0);
  EXPECT_FALSE(std::filesystem::exists(folder_.path("sidwatch.db")));
}

TEST_F(ProgramTest, EndsWithTwoForWhatCheckConfigFinds) {
  const std::string open_token = folder_.Write("token", "token");
  std::filesystem::permissions(open_token, std::filesystem::perms::others_read,
                               std::filesystem::perm_options::add);
  struct Row {
    std::vector<std::string> arguments;
    std::string sentence;
  };
  const Row rows[] = {
      {{"--grpc-lisen=x"}, "there is no flag --grpc-lisen; the nearest is"},
      {{"--log-level=x"}, "--log-level \"x\" is none of"},
      {{"--retention=1d"}, "--retention is not in this version yet"},
      {{"--twilio-auth-token-file=/none"}, "the secret file /none cannot be"},
      {{"--twilio-auth-token-file", open_token}, "may be read by everybody"},
      {{"--config=/none"}, "the config file /none cannot be read"}};

  for (const Row& row : rows) {
    for (const char* command : {"check-config", "serve"}) {
      std::vector<std::string> arguments = row.arguments;
      arguments.emplace_back(command);
      const auto finished = Run(arguments);
      EXPECT_EQ(finished.exit_status, 2) << row.sentence;
      EXPECT_THAT(finished.output, MatchesRegex("sidwatchd: [^\n]+\n"));
      EXPECT_THAT(finished.output, HasSubstr(row.sentence));
    }
  }
}

TEST_F(ProgramTest, EndsWithOneForWhatOnlyTheStartShows) {
  const auto server = Serve({});
  ASSERT_NE(server, nullptr);
  const std::string other =
      absl::StrCat("--storage=sqlite:", folder_.path("other.db"));
  folder_.Write("file", "");
  const std::vector<std::string> rows[] = {
      {},  // the same store
      {other, "--grpc-listen", server->address("grpc")},
      {other, "--webhook-listen", server->address("webhook")},
      {other, "--admin-listen", server->address("admin")},
      {other, "--webhook-listen=203.0.113.1:0"},  // not of this machine
      {other, "--ready-fd=60000"},  // wrong by its code, but not in the config
      {absl::StrCat("--storage=sqlite:", folder_.path("file/sidwatch.db"))}};

  for (const std::vector<std::string>& arguments : rows) {
    const auto finished = Run(arguments);
    EXPECT_EQ(finished.exit_status, 1) << finished.output;
    EXPECT_THAT(finished.output, MatchesRegex("sidwatchd: [^\n]+\n"));
  }
}

TEST_F(ProgramTest, MakesAndMigratesTheStore) {
  const std::string path = folder_.path("sidwatch.db");

  EXPECT_THAT(Run({"migrate"}).output,
              HasSubstr(path + " made with schema version "));
  const auto again = Run({"migrate"});
  EXPECT_THAT(again.output, HasSubstr(path + " has schema version "));
  EXPECT_EQ(again.exit_status, 0);
}

TEST_F(ProgramTest, WillNotMigrateAStoreThatIsServed) {
  const auto server = Serve({});
  ASSERT_NE(server, nullptr);

  const auto finished = Run({"migrate"});

  EXPECT_EQ(finished.exit_status, 1);
  EXPECT_THAT(finished.output, MatchesRegex("sidwatchd: [^\n]+\n"));
}

TEST_F(ProgramTest, DrainsOnTheFirstSignal) {
  const auto server = Serve({});
  ASSERT_NE(server, nullptr);

  server->Terminate();

  EXPECT_EQ(server->Wait(), 0);
}

TEST_F(ProgramTest, EndsWithOneOnTheSecondSignal) {
  const auto server = Serve({"--drain-timeout=1h"});
  ASSERT_NE(server, nullptr);

  httplib::Client admin("http://" + server->address("admin"));

  server->Terminate();
  while (admin.Get("/readyz")->status != 503) {
  }
  server->Terminate();

  EXPECT_EQ(server->Wait(), 1);
}

TEST_F(ProgramTest, EndsWithOneWhenTheStoreBreaks) {
  // Inherited: a write beyond the limit is an error then, and no signal.
  std::signal(SIGXFSZ, SIG_IGN);
  const auto server = Serve({});
  ASSERT_NE(server, nullptr);
  pid_t pid = 0;
  std::ifstream(folder_.path("sidwatch.db.lock")) >> pid;
  ASSERT_GT(pid, 0);

  // Every write to a file fails from here on, as on a dying disk.
  const rlimit no_bytes = {0, 0};
  ASSERT_EQ(prlimit(pid, RLIMIT_FSIZE, &no_bytes, nullptr), 0);
  const int status = PostCallback(server->address("webhook"), "token");

  EXPECT_EQ(status, 503);
  EXPECT_EQ(server->Wait(), 1);
}

}  // namespace
}  // namespace sidwatch
