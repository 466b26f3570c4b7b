#include "server/secret_file.h"

#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/mutex.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/collecting_log_sink.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/status_matchers.h"
#include "tests/server/shell/temp_folder.h"

namespace sidwatch {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST(ReadSecretFileTest, ReadsWithoutTheNewlineAtTheEnd) {
  const TempFolder folder;
  for (const char* text : {"token", "token\n", "token\r\n", "token \n\n"}) {
    EXPECT_THAT(ReadSecretFile(folder.Write("t", text)), IsOkAndHolds("token"));
  }
}

TEST(ReadSecretFileTest, RefusesWhatIsNoSecretWithoutShowingIt) {
  struct Row {
    std::string text;
    std::string problem;
  };
  const Row rows[] = {
      {"", "is empty"},
      {"\n", "is empty"},
      {"hunter2\nhunter3", "holds more than one line or control characters"},
      {std::string("hunter2\0x", 9),
       "holds more than one line or control characters"},
      {std::string(4097, 'x'), "is larger than 4 KiB"}};
  const TempFolder folder;
  for (const Row& row : rows) {
    const std::string path = folder.Write("t", row.text);
    EXPECT_THAT(
        ReadSecretFile(path),
        StatusIs(absl::StatusCode::kInvalidArgument,
                 absl::StrCat("the secret file ", path, " ", row.problem)));
  }
}

TEST(ReadSecretFileTest, RefusesWhatEverybodyMayRead) {
  const TempFolder folder;
  const std::string path = folder.Write("t", "token");
  fs::permissions(path, fs::perms::others_read, fs::perm_options::add);

  EXPECT_THAT(
      ReadSecretFile(path),
      StatusIs(absl::StatusCode::kInvalidArgument,
               absl::StrCat("the secret file ", path,
                            " may be read by everybody (mode 0604): take "
                            "that away with chmod o-r")));
}

TEST(ReadSecretFileTest, RefusesWhatIsMissingOrNoFile) {
  const TempFolder folder;

  EXPECT_THAT(ReadSecretFile(folder.path("none")),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("cannot be read: No such file")));
  EXPECT_THAT(ReadSecretFile(folder.path("")),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("is not a regular file")));
}

TEST(LoadSecretsTest, NamesTheSettingOfTheFile) {
  Options options;
  options.twilio_auth_token.value = "token";
  options.twilio_api_key_secret.file = "/none";

  EXPECT_THAT(LoadSecrets(options),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "twilio-api-key-secret-file: the secret file /none "
                       "cannot be read: No such file or directory"));
}

// A token mounted as Kubernetes does: token -> ..data/token, and ..data -> a
// folder with the version, replaced by a rename.
class SecretWatchTest : public testing::Test {
 protected:
  SecretWatchTest() {
    Mount("v1", "first\n");
    fs::create_symlink("..data/token", folder_.path("token"));
    options_.twilio_auth_token.file = folder_.path("token");
    options_.twilio_auth_token_secondary.value = "fixed";
  }

  void Mount(const std::string& version, const std::string& token) {
    fs::create_directory(folder_.path(version));
    folder_.Write(version + "/token", token);
    Swap(version);
  }

  void Swap(const std::string& version) {
    fs::create_symlink(version, folder_.path("..tmp"));
    fs::rename(folder_.path("..tmp"), folder_.path("..data"));
  }

  std::unique_ptr<SecretWatch> Watch() {
    return std::make_unique<SecretWatch>(
        options_, *LoadSecrets(options_), timers_, executor_, Logger(log_),
        counters_, [this](const Secrets& secrets) { OnChange(secrets); });
  }

  void OnChange(const Secrets& secrets) {
    MutexLock lock(mu_);
    seen_.push_back(secrets);
    changed_.NotifyAll();
  }

  // Moves time on until `count` changes were told of.
  std::vector<Secrets> SeenAfter(size_t count) {
    MutexLock lock(mu_);
    while (seen_.size() < count) {
      clock_.Advance(absl::Milliseconds(250));
      changed_.WaitFor(mu_, absl::Milliseconds(5));
    }
    return seen_;
  }

  uint64_t failures() const {
    uint64_t sum = 0;
    for (const auto& [labels, value] :
         counters_.config_reload_failures_total.values()) {
      sum += value;
    }
    return sum;
  }

  const TempFolder folder_;
  Options options_;
  CollectingLogSink log_;
  Counters counters_;
  FakeClock clock_;
  TimerQueue timers_{clock_};
  Executor executor_{"upkeep", 1, 16};

  Mutex mu_;
  CondVar changed_;
  std::vector<Secrets> seen_ ABSL_GUARDED_BY(mu_);
};

TEST_F(SecretWatchTest, TellsOfALinkSwapOnce) {
  const auto watch = Watch();

  Mount("v2", "second\n");
  Mount("v3", "third\n");
  const auto seen = SeenAfter(1);

  EXPECT_EQ(seen.back(), (Secrets{"third", "fixed", ""}));
  EXPECT_EQ(failures(), 0u);
}

TEST_F(SecretWatchTest, KeepsTheLastGoodOneAndCountsABrokenOneOnce) {
  const auto watch = Watch();

  Mount("v2", "");
  while (failures() == 0) clock_.Advance(absl::Milliseconds(250));
  clock_.Advance(absl::Seconds(5));
  Mount("v3", "third");
  const auto seen = SeenAfter(1);

  EXPECT_THAT(seen, ElementsAre(Secrets{"third", "fixed", ""}));
  EXPECT_EQ(failures(), 1u);
  EXPECT_THAT(log_.lines().front(),
              HasSubstr("secret not reloaded, the last good one stays "
                        "setting=twilio-auth-token-file error=the secret "
                        "file"));
}

TEST_F(SecretWatchTest, RefusesOneThatEverybodyMayReadAtReloadToo) {
  const auto watch = Watch();

  fs::create_directory(folder_.path("v2"));
  fs::permissions(folder_.Write("v2/token", "second"), fs::perms::others_read,
                  fs::perm_options::add);
  Swap("v2");
  while (failures() == 0) clock_.Advance(absl::Milliseconds(250));

  EXPECT_THAT(log_.lines().back(), HasSubstr("may be read by everybody"));
}

TEST_F(SecretWatchTest, NeverLogsTheSecret) {
  const auto watch = Watch();

  Mount("v2", "hunter2");
  SeenAfter(1);

  for (const std::string& line : log_.lines()) {
    EXPECT_THAT(line, Not(HasSubstr("hunter2")));
  }
}

TEST_F(SecretWatchTest, TellsNothingAfterStop) {
  const auto watch = Watch();
  watch->Stop();

  Mount("v2", "second");
  clock_.Advance(absl::Seconds(10));
  timers_.Shutdown();
  executor_.Shutdown();

  MutexLock lock(mu_);
  EXPECT_THAT(seen_, ElementsAre());
}

}  // namespace
}  // namespace sidwatch
