// Every kind of argument, good and bad, with what is read of it or said to it.

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/options.h"
#include "tests/fakes/status_matchers.h"

namespace sidwatch {
namespace {

constexpr char kAccount[] = "AC0123456789abcdef0123456789abcdef";

absl::StatusOr<Invocation> Parse(const std::vector<std::string>& arguments) {
  return ParseInvocation(arguments,
                         {{"SIDWATCH_PUBLIC_URL", "https://sms.example.com"},
                          {"TWILIO_ACCOUNT_SID", kAccount},
                          {"TWILIO_AUTH_TOKEN", "token"}});
}

struct GoodRow {
  std::string name;
  std::vector<std::string> arguments;
  // What is read of it.
  std::string (*read)(const Invocation&);
  std::string expected;
};

class GoodArgumentsTest : public testing::TestWithParam<GoodRow> {};

TEST_P(GoodArgumentsTest, IsRead) {
  const auto invocation = Parse(GetParam().arguments);

  ASSERT_THAT(invocation, IsOk());
  EXPECT_EQ(GetParam().read(*invocation), GetParam().expected);
}

std::string CommandName(const Invocation& invocation) {
  switch (invocation.command) {
    case Command::kServe:
      return "serve";
    case Command::kCheckConfig:
      return "check-config";
    case Command::kMigrate:
      return "migrate";
    case Command::kHelp:
      return "help";
    case Command::kVersion:
      return "version";
  }
  return "";
}
std::string Grpc(const Invocation& i) { return i.options.grpc_listen; }
std::string Webhook(const Invocation& i) { return i.options.webhook_listen; }
std::string PublicUrl(const Invocation& i) { return i.options.public_url; }
std::string BaseUrl(const Invocation& i) { return i.options.twilio_base_url; }
std::string Storage(const Invocation& i) { return i.options.storage_path; }
std::string Insecure(const Invocation& i) {
  return i.options.insecure_grpc ? "true" : "false";
}
std::string Timeout(const Invocation& i) {
  return absl::FormatDuration(i.options.twilio_timeout);
}
std::string WatchMaxAge(const Invocation& i) {
  return absl::FormatDuration(i.options.watch_max_age);
}
std::string MaxBody(const Invocation& i) {
  return absl::StrCat(i.options.webhook_max_body);
}
std::string Overrides(const Invocation& i) {
  return i.options.callback_overrides;
}
std::string From(const Invocation& i) { return i.options.default_from; }
std::string ReadyFd(const Invocation& i) { return absl::StrCat(i.ready_fd); }
std::string AccountSid(const Invocation& i) {
  return i.options.twilio_account_sid;
}

INSTANTIATE_TEST_SUITE_P(
    Rows, GoodArgumentsTest,
    testing::ValuesIn(std::vector<GoodRow>{
        {"NoCommandServes", {}, CommandName, "serve"},
        {"Serve", {"serve"}, CommandName, "serve"},
        {"CheckConfig", {"check-config"}, CommandName, "check-config"},
        {"Migrate", {"migrate"}, CommandName, "migrate"},
        {"Help", {"--help"}, CommandName, "help"},
        {"ShortHelp", {"-h"}, CommandName, "help"},
        {"Version", {"--version"}, CommandName, "version"},
        {"FlagBeforeCommand",
         {"--grpc-listen", "127.0.0.1:1", "serve"},
         Grpc,
         "127.0.0.1:1"},
        {"FlagAfterCommand",
         {"serve", "--grpc-listen", "127.0.0.1:1"},
         Grpc,
         "127.0.0.1:1"},
        {"ValueAfterEquals", {"--grpc-listen=[::1]:7"}, Grpc, "[::1]:7"},
        {"UnixSocket", {"--grpc-listen=unix:/run/s"}, Grpc, "unix:/run/s"},
        {"LocalhostIsResolved",
         {"--webhook-listen=localhost:0"},
         Webhook,
         "127.0.0.1:0"},
        {"EveryInterfaceForTheWebhook",
         {"--webhook-listen=0.0.0.0:8080"},
         Webhook,
         "0.0.0.0:8080"},
        {"InsecureGrpcAnywhere",
         {"--insecure-grpc", "--grpc-listen=0.0.0.0:1"},
         Grpc,
         "0.0.0.0:1"},
        {"FlagAlone", {"--insecure-grpc"}, Insecure, "true"},
        {"FlagAloneBeforeCommand",
         {"--insecure-grpc", "serve"},
         Insecure,
         "true"},
        {"FlagTrue", {"--insecure-grpc=true"}, Insecure, "true"},
        {"FlagFalse", {"--insecure-grpc=false"}, Insecure, "false"},
        {"Milliseconds", {"--twilio-timeout=250ms"}, Timeout, "250ms"},
        {"Seconds", {"--twilio-timeout", "2s"}, Timeout, "2s"},
        {"Minutes", {"--twilio-timeout", "10m"}, Timeout, "10m"},
        {"Hours", {"--watch-max-age", "36h"}, WatchMaxAge, "36h"},
        {"Days", {"--watch-max-age", "2d"}, WatchMaxAge, "48h"},
        {"Bytes", {"--webhook-max-body", "2048B"}, MaxBody, "2048"},
        {"Kibibytes", {"--webhook-max-body=2KiB"}, MaxBody, "2048"},
        {"Mebibytes", {"--webhook-max-body=2MiB"}, MaxBody, "2097152"},
        {"PublicUrlLosesItsLastSlash",
         {"--public-url=https://h/base/"},
         PublicUrl,
         "https://h/base"},
        {"PublicUrlOfLoopback",
         {"--public-url=http://127.0.0.1:8080"},
         PublicUrl,
         "http://127.0.0.1:8080"},
        {"PublicUrlOfLoopbackV6",
         {"--public-url=http://[::1]:8080"},
         PublicUrl,
         "http://[::1]:8080"},
        {"BaseUrlOfTheEmulator",
         {"--twilio-base-url=http://localhost:4010/"},
         BaseUrl,
         "http://localhost:4010"},
        {"StoragePath", {"--storage=sqlite:/a b.db"}, Storage, "/a b.db"},
        {"NoOverrides", {"--callback-overrides="}, Overrides, ""},
        {"EmptyTakesNoNeighbour",
         {"--callback-overrides=", "--default-from", "+15550001111"},
         From,
         "+15550001111"},
        {"AllOverrides",
         {"--callback-overrides=ct=100&rt=15000&tt=1000&sni=n&e=dublin&"
          "rp=4xx,5xx"},
         Overrides,
         "ct=100&rt=15000&tt=1000&sni=n&e=dublin&rp=4xx,5xx"},
        {"ReadyFd", {"--ready-fd", "3"}, ReadyFd, "3"},
        {"AccountInUpperCase",
         {"--twilio-account-sid=AC0123456789ABCDEF0123456789ABCDEF"},
         AccountSid,
         kAccount},
    }),
    [](const auto& row) { return row.param.name; });

struct BadRow {
  std::string name;
  std::vector<std::string> arguments;
  std::string sentence;
};

class BadArgumentsTest : public testing::TestWithParam<BadRow> {};

TEST_P(BadArgumentsTest, IsRefusedInOneSentence) {
  EXPECT_THAT(
      Parse(GetParam().arguments),
      StatusIs(absl::StatusCode::kInvalidArgument, GetParam().sentence));
}

INSTANTIATE_TEST_SUITE_P(
    Rows, BadArgumentsTest,
    testing::ValuesIn(std::vector<BadRow>{
        {"UnknownFlag",
         {"--grpc-lisen", "127.0.0.1:1"},
         "there is no flag --grpc-lisen; the nearest is --grpc-listen"},
        {"UnknownFlagWithEquals",
         {"--strage=x"},
         "there is no flag --strage; the nearest is --storage"},
        {"OneDash",
         {"-storage=x"},
         "there is no flag -storage; the nearest is --storage"},
        {"UnderscoreInAFlag",
         {"--log_level=info"},
         "there is no flag --log_level; the nearest is --log-level"},
        {"UnknownCommand",
         {"srve"},
         "there is no command \"srve\": it is serve (the default), "
         "check-config or migrate"},
        {"NoValue", {"--storage"}, "--storage needs a value"},
        {"NoValueAfterCommand",
         {"serve", "--storage"},
         "--storage needs a value"},
        {"SecretAsFlag",
         {"--twilio-auth-token", "hunter2"},
         "--twilio-auth-token is not a flag, because every process can read "
         "those: use --twilio-auth-token-file or the variable "
         "SIDWATCH_TWILIO_AUTH_TOKEN"},
        {"YesNo",
         {"--insecure-grpc=maybe"},
         "--insecure-grpc \"maybe\" is neither true nor false"},
        {"DurationWithoutUnit",
         {"--twilio-timeout=5"},
         "--twilio-timeout \"5\" is not a duration: a whole number and its "
         "unit, as in 250ms, 2s, 10m, 36h or 400d"},
        {"DurationOutOfRange",
         {"--twilio-timeout=1ms"},
         "--twilio-timeout 1ms is out of range: 100ms to 10m"},
        {"DurationBeyondNumbers",
         {"--twilio-timeout=99999999999999999999d"},
         "--twilio-timeout \"99999999999999999999d\" is not a duration: a "
         "whole number and its unit, as in 250ms, 2s, 10m, 36h or 400d"},
        {"SizeWithoutUnit",
         {"--webhook-max-body=5"},
         "--webhook-max-body \"5\" is not a size: a whole number and its "
         "unit, as in 512B, 64KiB, 2MiB or 1GiB"},
        {"SizeOutOfRange",
         {"--webhook-max-body=1GiB"},
         "--webhook-max-body 1GiB is out of range: 1KiB to 16MiB"},
        {"CountNegative",
         {"--send-concurrency=-1"},
         "--send-concurrency \"-1\" is not a whole number"},
        {"CountZero",
         {"--send-concurrency=0"},
         "--send-concurrency 0 is out of range: 1 to 1000"},
        {"AddressWithoutPort",
         {"--admin-listen=127.0.0.1"},
         "--admin-listen \"127.0.0.1\" is not address:port, as in "
         "127.0.0.1:8080 or [::1]:8080 (port 0 picks one)"},
        {"AddressPortTooLarge",
         {"--admin-listen=127.0.0.1:65536"},
         "--admin-listen \"127.0.0.1:65536\" is not address:port, as in "
         "127.0.0.1:8080 or [::1]:8080 (port 0 picks one)"},
        {"AddressOfNoInterface",
         {"--admin-listen=:9090"},
         "--admin-listen \":9090\" does not begin with an IP address; "
         "0.0.0.0 or [::] is every interface of this machine, 127.0.0.1 is "
         "loopback"},
        {"UnixSocketForTheWebhook",
         {"--webhook-listen=unix:/run/s"},
         "--webhook-listen \"unix:/run/s\" is not address:port, as in "
         "127.0.0.1:8080 or [::1]:8080 (port 0 picks one)"},
        {"UnixSocketRelative",
         {"--grpc-listen=unix:s"},
         "--grpc-listen \"unix:s\" is not unix: and an absolute path of at "
         "most 107 plain characters"},
        {"GrpcOpenToOthers",
         {"--grpc-listen=0.0.0.0:50051"},
         "grpc-listen 0.0.0.0:50051 is reached by other machines without TLS "
         "and callers: listen on loopback or unix:/path, or say "
         "--insecure-grpc"},
        {"PublicUrlNotHttps",
         {"--public-url=http://sms.example.com"},
         "--public-url begins with http://, which is for a loopback host "
         "alone and not for sms.example.com: use https://"},
        {"PublicUrlLooksLikeLoopback",
         {"--public-url=http://127.0.0.1.example.com"},
         "--public-url begins with http://, which is for a loopback host "
         "alone and not for 127.0.0.1.example.com: use https://"},
        {"PublicUrlWithQuery",
         {"--public-url=https://sms.example.com/?a=b"},
         "--public-url is not a base URL: leave out what begins with ? or #"},
        {"PublicUrlWithFragment",
         {"--public-url=https://sms.example.com/#rc=2"},
         "--public-url is not a base URL: leave out what begins with ? or #"},
        {"PublicUrlWithoutScheme",
         {"--public-url=sms.example.com"},
         "--public-url is not a URL that begins with https://, as "
         "https://sms.example.com"},
        {"PublicUrlWithoutHost",
         {"--public-url=https:///a"},
         "--public-url has no valid host after https://, as in "
         "https://sms.example.com"},
        {"PublicUrlEmpty",
         {"--public-url="},
         "--public-url is not a URL that begins with https://, as "
         "https://sms.example.com"},
        {"PublicUrlWithOurRoute",
         {"--public-url=https://sms.example.com/twilio/status"},
         "public-url is the base URL: leave out /twilio/status, which is added "
         "to it"},
        {"BaseUrlNotHttps",
         {"--twilio-base-url=http://twilio.example.com"},
         "--twilio-base-url begins with http://, which is for a loopback "
         "host alone and not for twilio.example.com: use https://"},
        {"BaseUrlAndRegion",
         {"--twilio-base-url=http://127.0.0.1:1", "--twilio-region=au1"},
         "twilio-base-url already says where Twilio is: leave out "
         "twilio-region and twilio-edge, or it"},
        {"Region",
         {"--twilio-region=au1.evil.com"},
         "--twilio-region \"au1.evil.com\" is not one of Twilio's short "
         "names, as in au1 or sydney"},
        {"AccountSid",
         {"--twilio-account-sid=AC123"},
         "--twilio-account-sid must be AC and 32 hex digits"},
        {"ApiKeyWithoutSecret",
         {"--twilio-api-key-sid=SK0123456789abcdef0123456789abcdef"},
         "twilio-api-key-sid and twilio-api-key-secret(-file) go together: "
         "give both or neither"},
        {"PostgreSql",
         {"--storage=postgresql://u:hunter2@db/sidwatch"},
         "--storage names PostgreSQL, which is not in this version yet: use "
         "sqlite:PATH"},
        {"StorageOfNoKind",
         {"--storage=sidwatch.db"},
         "--storage is not sqlite:PATH, as in "
         "sqlite:/var/lib/sidwatch/sidwatch.db"},
        {"StorageWithoutPath",
         {"--storage=sqlite:"},
         "--storage \"sqlite:\" names no file, as sqlite:/var/lib/sidwatch.db "
         "does"},
        {"StoreBody",
         {"--store-body=some"},
         "--store-body \"some\" is none of none, full"},
        {"LogLevel",
         {"--log-level=loud"},
         "--log-level \"loud\" is none of debug, info, warning, error"},
        {"OverridesOfNoKind",
         {"--callback-overrides=rc=6"},
         "--callback-overrides \"rc=6\" is not a list of Twilio's connection "
         "overrides, as in rc=5&rp=all"},
        {"SendRateNotYet",
         {"--send-rate=5"},
         "--send-rate is not in this version yet: leave it out"},
        {"RetentionNotYet",
         {"--retention=400d"},
         "--retention is not in this version yet: leave it out"},
        {"TlsNotYet",
         {"--grpc-tls-cert=/c.pem"},
         "--grpc-tls-cert is not in this version yet: leave it out"},
        {"ReadyFd",
         {"--ready-fd=x"},
         "--ready-fd must be the number of an open descriptor"},
    }),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace sidwatch
