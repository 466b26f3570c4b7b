#include "server/options.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/option_schema.h"
#include "tests/fakes/status_matchers.h"
#include "tests/server/shell/temp_folder.h"

namespace sidwatch {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr char kAccount[] = "AC0123456789abcdef0123456789abcdef";

// The least that a start needs, less what the test itself gives.
Environment Minimal() {
  return {{"SIDWATCH_PUBLIC_URL", "https://sms.example.com"},
          {"TWILIO_ACCOUNT_SID", kAccount},
          {"TWILIO_AUTH_TOKEN", "token"}};
}

absl::StatusOr<Invocation> Parse(std::vector<std::string> arguments,
                                 const Environment& more = {}) {
  Environment environment = Minimal();
  for (const auto& [name, value] : more) environment[name] = value;
  return ParseInvocation(arguments, environment);
}

class OptionsTest : public testing::Test {
 protected:
  std::string Toml(const std::string& text) const {
    return folder_.Write("sidwatch.toml", text);
  }

  absl::StatusOr<Invocation> ParseToml(const std::string& text) const {
    return Parse({"--config", Toml(text)});
  }

  // The error for a file, with FILE for its path.
  std::string TomlError(const std::string& text) const {
    return absl::StrReplaceAll(ParseToml(text).status().message(),
                               {{folder_.path("sidwatch.toml"), "FILE"}});
  }

  const TempFolder folder_;
};

TEST_F(OptionsTest, TakesTheLastOfAFlagGivenTwice) {
  const auto invocation =
      Parse({"--grpc-max-connections=5", "serve", "--grpc-max-connections=6"});

  ASSERT_THAT(invocation, IsOk());
  EXPECT_EQ(invocation->options.grpc_max_connections, 6u);
}

TEST_F(OptionsTest, HasTheDefaultsOfTheContract) {
  const auto invocation = Parse({});

  ASSERT_THAT(invocation, IsOk());
  const Options& options = invocation->options;
  EXPECT_EQ(invocation->command, Command::kServe);
  EXPECT_EQ(options.grpc_listen, "127.0.0.1:50051");
  EXPECT_EQ(options.webhook_listen, "127.0.0.1:8080");
  EXPECT_EQ(options.admin_listen, "127.0.0.1:9090");
  EXPECT_EQ(options.storage_path, "sidwatch.db");
  EXPECT_EQ(options.twilio_base_url, "https://api.twilio.com");
  EXPECT_EQ(options.twilio_timeout, absl::Seconds(30));
  EXPECT_EQ(options.callback_overrides, "rc=5&rp=all");
  EXPECT_EQ(options.send_concurrency, 50u);
  EXPECT_EQ(options.store_body, "none");
  EXPECT_EQ(options.watch_max_streams, 20000u);
  EXPECT_EQ(options.watch_max_age, absl::Minutes(20));
  EXPECT_EQ(options.watch_buffer, 256u * 1024);
  EXPECT_EQ(options.watch_stall_timeout, absl::Seconds(30));
  EXPECT_EQ(options.webhook_max_body, 64u * 1024);
  EXPECT_EQ(options.webhook_max_header, 16u * 1024);
  EXPECT_EQ(options.webhook_max_connections, 256u);
  EXPECT_EQ(options.webhook_request_timeout, absl::Seconds(10));
  EXPECT_EQ(options.webhook_keep_alive, absl::Seconds(5));
  EXPECT_EQ(options.grpc_max_connections, 2000u);
  EXPECT_EQ(options.commit_queue, 10000u);
  EXPECT_EQ(options.disk_floor, 64u * 1024 * 1024);
  EXPECT_EQ(options.drain_timeout, absl::Seconds(25));
  EXPECT_EQ(options.log_level, "info");
  EXPECT_EQ(options.log_format, "");
  EXPECT_FALSE(options.insecure_grpc);
}

TEST_F(OptionsTest, EveryDefaultIsTakenByItsOwnReader) {
  for (const SettingGroup& group : SettingGroups()) {
    for (const Setting& setting : group.settings) {
      if (setting.default_text.empty()) continue;
      Options options;
      EXPECT_THAT(AssignSetting(setting, setting.default_text, options), IsOk())
          << setting.name;
    }
  }
}

TEST_F(OptionsTest, FlagWinsOverVariableOverFileOverDefault) {
  const std::string file = Toml(
      "grpc-listen = '127.0.0.1:3'\nwebhook_listen = '127.0.0.1:3'\n"
      "admin-listen = '127.0.0.1:3'\n");

  const auto invocation =
      Parse({"--config", file, "--grpc-listen", "127.0.0.1:1"},
            {{"SIDWATCH_GRPC_LISTEN", "127.0.0.1:2"},
             {"SIDWATCH_WEBHOOK_LISTEN", "127.0.0.1:2"}});

  ASSERT_THAT(invocation, IsOk());
  EXPECT_EQ(invocation->options.grpc_listen, "127.0.0.1:1");
  EXPECT_EQ(invocation->options.webhook_listen, "127.0.0.1:2");
  EXPECT_EQ(invocation->options.admin_listen, "127.0.0.1:3");
}

TEST_F(OptionsTest, OwnVariableWinsOverTwilios) {
  const auto invocation = Parse({}, {{"SIDWATCH_TWILIO_AUTH_TOKEN", "ours"},
                                     {"TWILIO_AUTH_TOKEN", "theirs"}});

  ASSERT_THAT(invocation, IsOk());
  EXPECT_EQ(invocation->options.twilio_auth_token.value, "ours");
}

TEST_F(OptionsTest, TakesNoNewlineForPartOfASecret) {
  const auto invocation = Parse({}, {{"TWILIO_AUTH_TOKEN", "token\n"}});

  ASSERT_THAT(invocation, IsOk());
  EXPECT_EQ(invocation->options.twilio_auth_token.value, "token");
}

TEST_F(OptionsTest, TokenFileByFlagWinsOverTokenInTheEnvironment) {
  const auto invocation = Parse({"--twilio-auth-token-file", "/run/token"});

  ASSERT_THAT(invocation, IsOk());
  EXPECT_EQ(invocation->options.twilio_auth_token.file, "/run/token");
  EXPECT_EQ(invocation->options.twilio_auth_token.value, "");
}

TEST_F(OptionsTest, ReadsTwiliosOwnVariables) {
  const auto invocation =
      Parse({}, {{"TWILIO_API_KEY", "SK0123456789ABCDEF0123456789abcdef"},
                 {"TWILIO_API_SECRET", "secret"},
                 {"TWILIO_REGION", "au1"},
                 {"TWILIO_EDGE", "sydney"}});

  ASSERT_THAT(invocation, IsOk());
  EXPECT_EQ(invocation->options.twilio_api_key_sid,
            "SK0123456789abcdef0123456789abcdef");
  EXPECT_EQ(invocation->options.twilio_api_key_secret.value, "secret");
  EXPECT_EQ(invocation->options.twilio_region, "au1");
  EXPECT_EQ(invocation->options.twilio_edge, "sydney");
}

TEST_F(OptionsTest, IgnoresVariablesNobodyKnows) {
  EXPECT_THAT(Parse({}, {{"SIDWATCH_SERVICE_HOST", "10.0.0.1"},
                         {"SIDWATCH_PORT_8080_TCP", "tcp://10.0.0.1:8080"}}),
              IsOk());
}

TEST_F(OptionsTest, TakesTomlTextNumbersAndBooleans) {
  const auto invocation = ParseToml(
      "# a comment\nsend-concurrency = 7\ninsecure_grpc = true\n"
      "twilio-timeout = \"250ms\"\ncommit-queue = \"8\"\n");

  ASSERT_THAT(invocation, IsOk());
  EXPECT_EQ(invocation->options.send_concurrency, 7u);
  EXPECT_TRUE(invocation->options.insecure_grpc);
  EXPECT_EQ(invocation->options.twilio_timeout, absl::Milliseconds(250));
  EXPECT_EQ(invocation->options.commit_queue, 8u);
}

TEST_F(OptionsTest, FindsTheFileByVariableToo) {
  const auto invocation =
      Parse({}, {{"SIDWATCH_CONFIG", Toml("send-concurrency = 7\n")}});

  ASSERT_THAT(invocation, IsOk());
  EXPECT_EQ(invocation->options.send_concurrency, 7u);
}

TEST_F(OptionsTest, NamesWhatIsMissing) {
  struct Row {
    std::string variable;
    std::string sentence;
  };
  const Row rows[] = {
      {"SIDWATCH_PUBLIC_URL",
       "public-url is required: give it by --public-url, "
       "SIDWATCH_PUBLIC_URL or the config file"},
      {"TWILIO_ACCOUNT_SID",
       "twilio-account-sid is required: give it by --twilio-account-sid, "
       "TWILIO_ACCOUNT_SID or the config file"},
      {"TWILIO_AUTH_TOKEN",
       "twilio-auth-token is required: give it by --twilio-auth-token-file "
       "or the variable TWILIO_AUTH_TOKEN"}};

  for (const Row& row : rows) {
    Environment environment = Minimal();
    environment.erase(row.variable);
    EXPECT_THAT(ParseInvocation({}, environment),
                StatusIs(absl::StatusCode::kInvalidArgument, row.sentence));
  }
}

TEST_F(OptionsTest, MigrateNeedsNeitherAccountNorUrl) {
  EXPECT_THAT(ParseInvocation({"migrate", "--storage=sqlite:a.db"}, {}),
              IsOk());
}

TEST_F(OptionsTest, NamesTheVariableThatIsWrong) {
  EXPECT_EQ(Parse({}, {{"SIDWATCH_LOG_LEVEL", "x"}}).status().message(),
            "SIDWATCH_LOG_LEVEL \"x\" is none of debug, info, warning, error");
  EXPECT_EQ(Parse({}, {{"TWILIO_AUTH_TOKEN", ""}}).status().message(),
            "TWILIO_AUTH_TOKEN is empty");
}

TEST_F(OptionsTest, RefusesASecretGivenTwiceInOneLayer) {
  EXPECT_EQ(Parse({}, {{"SIDWATCH_TWILIO_AUTH_TOKEN", "a"},
                       {"SIDWATCH_TWILIO_AUTH_TOKEN_FILE", "/a"}})
                .status()
                .message(),
            "SIDWATCH_TWILIO_AUTH_TOKEN and SIDWATCH_TWILIO_AUTH_TOKEN_FILE "
            "are both given: keep one");
}

TEST_F(OptionsTest, NamesTheLineOfTheFileThatIsWrong) {
  struct Row {
    std::string toml;
    std::string sentence;
  };
  const Row rows[] = {
      {"\nstorag = 'x'\n",
       "FILE:2: storag is not a setting; the nearest is storage"},
      {"log-level = 'info'\nlog-level = 'info'\n", "FILE:2: is not TOML: "},
      {"log-level = 'info'\nlog_level = 'info'\n",
       "FILE:2: log_level is given twice: keep one"},
      {"log-level = [1]\n",
       "FILE:1: log-level must be text in quotes, a number, true or false"},
      {"send-rate = 1.5\n",
       "FILE:1: send-rate is not in this version yet: leave it out"},
      {"commit-queue = 1.5\n",
       "FILE:1: commit-queue \"1.5\" is not a whole number"},
      {"\n\nlog-level = 'x'\n",
       "FILE:3: log-level \"x\" is none of debug, info, warning, error"},
      {"twilio-auth-token = 'hunter2'\n",
       "FILE:1: twilio-auth-token is a secret and not for this file: use "
       "twilio-auth-token-file or the variable SIDWATCH_TWILIO_AUTH_TOKEN"},
      {"\n[[account]]\nsid = 'AC'\n",
       "FILE:2: account is not in this version yet: give the one account as "
       "twilio-account-sid"},
      {"retention = '400d'\n",
       "FILE:1: retention is not in this version yet: leave it out"},
      {"a b\n", "FILE:1: is not TOML: "}};

  for (const Row& row : rows) {
    EXPECT_THAT(TomlError(row.toml), HasSubstr(row.sentence)) << row.toml;
  }
}

TEST_F(OptionsTest, SaysWhyTheFileCannotBeRead) {
  EXPECT_EQ(Parse({"--config", "/no/such.toml"}).status().message(),
            "the config file /no/such.toml cannot be read: No such file or "
            "directory");
}

TEST_F(OptionsTest, NeverRepeatsASecretInAnError) {
  const std::string errors[] = {
      std::string(Parse({"--twilio-auth-token=hunter2"}).status().message()),
      std::string(Parse({"--twilio-auth-tokn=hunter2"}).status().message()),
      std::string(Parse({"--twilio-api-key-sid=hunter2"}).status().message()),
      std::string(
          Parse({"--storage=postgres://u:hunter2@db/"}).status().message()),
      TomlError("twilio-auth-token = 'hunter2'\n")};

  for (const std::string& error : errors) {
    EXPECT_THAT(error, Not(HasSubstr("hunter2")));
    EXPECT_NE(error, "");
  }
}

}  // namespace
}  // namespace sidwatch
