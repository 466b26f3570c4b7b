#include "server/option_schema.h"

#include <algorithm>
#include <numeric>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "server/option_addresses.h"
#include "server/option_values.h"

namespace sidwatch {
namespace {

using O = Options;

SettingGroup ListeningGroup() {
  return {
      "Where it listens",
      {{"grpc-listen", TextKind{&O::grpc_listen, ParseGrpcAddress, "ADDRESS"},
        "127.0.0.1:50051",
        "address:port of the gRPC API, or unix:/path; port 0 picks one"},
       {"webhook-listen",
        TextKind{&O::webhook_listen, ParseListenAddress, "ADDRESS"},
        "127.0.0.1:8080",
        "address:port that Twilio reaches, through your ingress or tunnel"},
       {"admin-listen",
        TextKind{&O::admin_listen, ParseListenAddress, "ADDRESS"},
        "127.0.0.1:9090",
        "address:port of metrics, probes and dashboard; never public"},
       {"public-url", TextKind{&O::public_url, ParseBaseUrl, "URL"}, "",
        "base URL of the webhook port as Twilio sees and signs it, as in "
        "https://sms.example.com; required, https unless the host is "
        "loopback"},
       {"insecure-grpc", YesNoKind{&O::insecure_grpc}, "false",
        "say aloud that gRPC on other than loopback or a unix socket goes "
        "without TLS and callers"}}};
}

SettingGroup StoringGroup() {
  return {
      "Storage",
      {{"storage", TextKind{&O::storage_path, ParseStorage, "URI"},
        "sqlite:sidwatch.db", "sqlite:PATH of the file that keeps it all"},
       {"disk-floor", SizeKind{&O::disk_floor, "0B", "1024GiB"}, "64MiB",
        "with less free space than this: not ready, callbacks get 503"},
       {"commit-queue", CountKind{&O::commit_queue, 1, 1000000}, "10000",
        "writes that may wait for the disk; beyond it callers get errors"},
       {"store-body", TextKind{&O::store_body, ParseStoreBody, "none|full"},
        "none", "whether message bodies are kept; they are personal data"}}};
}

SettingGroup TwilioGroup() {
  return {
      "Twilio",
      {{"twilio-account-sid",
        TextKind{&O::twilio_account_sid, ParseAccountSid, "AC…"}, "",
        "the account; required", "TWILIO_ACCOUNT_SID"},
       {"twilio-auth-token", SecretKind{&O::twilio_auth_token}, "",
        "its auth token, which verifies callbacks; required, here or as "
        "twilio-auth-token-file",
        "TWILIO_AUTH_TOKEN"},
       {"twilio-auth-token-file", SecretFileKind{&O::twilio_auth_token}, "",
        "file with the auth token; read again when it changes"},
       {"twilio-auth-token-secondary",
        SecretKind{&O::twilio_auth_token_secondary}, "",
        "second auth token during a rotation; either verifies a callback"},
       {"twilio-auth-token-secondary-file",
        SecretFileKind{&O::twilio_auth_token_secondary}, "",
        "file with the second auth token; read again when it changes"},
       {"twilio-api-key-sid",
        TextKind{&O::twilio_api_key_sid, ParseApiKeySid, "SK…"}, "",
        "API key that is used for the REST API instead of the auth token",
        "TWILIO_API_KEY"},
       {"twilio-api-key-secret", SecretKind{&O::twilio_api_key_secret}, "",
        "secret of the API key", "TWILIO_API_SECRET"},
       {"twilio-api-key-secret-file", SecretFileKind{&O::twilio_api_key_secret},
        "", "file with the API key's secret; read again when it changes"},
       {"twilio-region", TextKind{&O::twilio_region, ParseHostLabel, "NAME"},
        "", "Twilio's region, as in au1", "TWILIO_REGION"},
       {"twilio-edge", TextKind{&O::twilio_edge, ParseHostLabel, "NAME"}, "",
        "Twilio's edge, as in sydney", "TWILIO_EDGE"},
       {"twilio-base-url", TextKind{&O::twilio_base_url, ParseBaseUrl, "URL"},
        "https://api.twilio.com",
        "where the REST API is; http only to loopback, for the emulator"},
       {"twilio-timeout", DurationKind{&O::twilio_timeout, "100ms", "10m"},
        "30s",
        "how long a reply is waited for; only this makes an outcome "
        "unknown"}}};
}

SettingGroup SendingGroup() {
  return {"Sending",
          {{"default-from", TextKind{&O::default_from, ParseSender, "SENDER"},
            "", "From of a request that names no sender"},
           {"default-messaging-service-sid",
            TextKind{&O::default_messaging_service_sid, ParseServiceSid, "MG…"},
            "", "messaging service of a request that names no sender"},
           {"callback-overrides",
            TextKind{&O::callback_overrides, ParseCallbackOverrides, "LIST"},
            "rc=5&rp=all",
            "connection overrides added to each StatusCallback URL as a "
            "fragment"},
           {"send-concurrency", CountKind{&O::send_concurrency, 1, 1000}, "50",
            "requests to Twilio in flight"}}};
}

SettingGroup WatchingGroup() {
  return {
      "Watches",
      {{"watch-max-streams", CountKind{&O::watch_max_streams, 1, 1000000},
        "20000", "watches at one time"},
       {"watch-max-age", DurationKind{&O::watch_max_age, "1s", "30d"}, "20m",
        "after which a watch is ended, to be resumed; jittered by 20 %"},
       {"watch-buffer", SizeKind{&O::watch_buffer, "4KiB", "64MiB"}, "256KiB",
        "held for one slow watch before it reads on from the log"},
       {"watch-stall-timeout",
        DurationKind{&O::watch_stall_timeout, "100ms", "1h"}, "30s",
        "a watch that takes nothing for so long while events wait is "
        "ended"}}};
}

SettingGroup WebhookPortGroup() {
  return {
      "Webhook port",
      {{"webhook-max-body", SizeKind{&O::webhook_max_body, "1KiB", "16MiB"},
        "64KiB", "of one request; beyond it 413"},
       {"webhook-max-header", SizeKind{&O::webhook_max_header, "1KiB", "1MiB"},
        "16KiB", "of one request's head; beyond it 431"},
       {"webhook-max-connections",
        CountKind{&O::webhook_max_connections, 1, 100000}, "256",
        "open at one time; beyond it the longest idle one is closed"},
       {"webhook-request-timeout",
        DurationKind{&O::webhook_request_timeout, "100ms", "10m"}, "10s",
        "from a request's first byte to its answer"},
       {"webhook-keep-alive",
        DurationKind{&O::webhook_keep_alive, "100ms", "1h"}, "5s",
        "after which an idle connection is closed"}}};
}

SettingGroup ProcessGroup() {
  return {
      "gRPC port and the process",
      {{"grpc-max-connections", CountKind{&O::grpc_max_connections, 1, 100000},
        "2000", "open at one time; more are closed at once"},
       {"drain-timeout", DurationKind{&O::drain_timeout, "0s", "1h"}, "25s",
        "from SIGTERM to the end of the process; a fifth of it not ready "
        "but serving"},
       {"log-level",
        TextKind{&O::log_level, ParseLogLevel, "debug|info|warning|error"},
        "info", "the least of what is logged"},
       {"log-format", TextKind{&O::log_format, ParseLogFormat, "text|json"}, "",
        "key=value or JSON lines; text on a terminal, else json"}}};
}

SettingGroup NotYetGroup() {
  return {
      "Not in this version yet (giving one stops the start)",
      {{"grpc-tls-cert", NotYetKind{}, "", "certificate of the gRPC API"},
       {"grpc-tls-key", NotYetKind{}, "", "its private key"},
       {"grpc-tls-client-ca", NotYetKind{}, "", "means mutual TLS"},
       {"callers-file", NotYetKind{}, "", "who may call"},
       {"inbound-reply", NotYetKind{}, "", "reply to incoming messages"},
       {"inbound-reply-file", NotYetKind{}, "", "replies by our number"},
       {"send-rate", NotYetKind{}, "", "requests to Twilio a second"},
       {"retention", NotYetKind{}, "", "after which events are deleted"},
       {"reconcile-after", NotYetKind{}, "",
        "when a message without a final status is looked up"},
       {"reconcile-give-up", NotYetKind{}, "", "until when it is looked up"},
       {"reconcile-rate", NotYetKind{}, "", "lookups a second"}}};
}

std::vector<SettingGroup> MakeGroups() {
  return {ListeningGroup(), StoringGroup(),     TwilioGroup(),  SendingGroup(),
          WatchingGroup(),  WebhookPortGroup(), ProcessGroup(), NotYetGroup()};
}

// How many characters must be put in, left out or replaced.
size_t EditDistance(absl::string_view a, absl::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

// Applies one text to the member that a kind names.
class Assigner {
 public:
  Assigner(absl::string_view text, Options& options)
      : text_(text), options_(options) {}

  absl::Status operator()(const TextKind& kind) const {
    return Store(kind.parse(text_), options_.*kind.member);
  }
  absl::Status operator()(const YesNoKind& kind) const {
    return Store(ParseYesNo(text_), options_.*kind.member);
  }
  absl::Status operator()(const DurationKind& kind) const {
    return StoreInRange(ParseDuration, kind, options_.*kind.member);
  }
  absl::Status operator()(const SizeKind& kind) const {
    return StoreInRange(ParseSize, kind, options_.*kind.member);
  }
  absl::Status operator()(const CountKind& kind) const {
    return StoreInRange(
        ParseCount,
        SizeKind{kind.member, absl::StrCat(kind.min), absl::StrCat(kind.max)},
        options_.*kind.member);
  }
  absl::Status operator()(const SecretKind& kind) const {
    // Kubernetes hands on the newline at the end of a secret made of a file.
    const absl::string_view secret = absl::StripTrailingAsciiWhitespace(text_);
    if (secret.empty()) return absl::InvalidArgumentError("is empty");
    (options_.*kind.member).value = std::string(secret);
    return absl::OkStatus();
  }
  absl::Status operator()(const SecretFileKind& kind) const {
    return Store(ParsePath(text_), (options_.*kind.member).file);
  }
  absl::Status operator()(const NotYetKind&) const {
    return absl::InvalidArgumentError(
        "is not in this version yet: leave it out");
  }

 private:
  template <typename T>
  static absl::Status Store(absl::StatusOr<T> parsed, T& member) {
    if (!parsed.ok()) return parsed.status();
    member = *std::move(parsed);
    return absl::OkStatus();
  }

  // The limits of a kind are read by the same reader as the text.
  template <typename T, typename Kind>
  absl::Status StoreInRange(absl::StatusOr<T> (*parse)(absl::string_view),
                            const Kind& kind, T& member) const {
    const absl::StatusOr<T> parsed = parse(text_);
    if (!parsed.ok()) return parsed.status();
    if (*parsed < *parse(kind.min) || *parsed > *parse(kind.max)) {
      return absl::InvalidArgumentError(absl::StrCat(
          text_, " is out of range: ", kind.min, " to ", kind.max));
    }
    member = *parsed;
    return absl::OkStatus();
  }

  const absl::string_view text_;
  Options& options_;
};

}  // namespace

std::string Setting::variable() const {
  return absl::StrCat("SIDWATCH_", absl::AsciiStrToUpper(absl::StrReplaceAll(
                                       name, {{"-", "_"}})));
}

const std::vector<SettingGroup>& SettingGroups() {
  static const auto& groups = *new std::vector<SettingGroup>(MakeGroups());
  return groups;
}

const Setting* FindSetting(absl::string_view name) {
  for (const SettingGroup& group : SettingGroups()) {
    for (const Setting& setting : group.settings) {
      if (setting.name == name) return &setting;
    }
  }
  return nullptr;
}

std::string NearestSettingName(absl::string_view name) {
  constexpr size_t kLooked = 64;  // No name of ours is as long.
  std::string nearest;
  size_t nearest_distance = 2 * kLooked;
  for (const SettingGroup& group : SettingGroups()) {
    for (const Setting& setting : group.settings) {
      const size_t distance =
          EditDistance(name.substr(0, kLooked), setting.name);
      if (setting.is_secret() || distance >= nearest_distance) continue;
      nearest = setting.name;
      nearest_distance = distance;
    }
  }
  return nearest;
}

absl::Status AssignSetting(const Setting& setting, absl::string_view text,
                           Options& options) {
  return std::visit(Assigner(text, options), setting.kind);
}

std::string RangeOf(const Setting& setting) {
  if (const auto* kind = std::get_if<DurationKind>(&setting.kind)) {
    return absl::StrCat(kind->min, " to ", kind->max);
  }
  if (const auto* kind = std::get_if<SizeKind>(&setting.kind)) {
    return absl::StrCat(kind->min, " to ", kind->max);
  }
  if (const auto* kind = std::get_if<CountKind>(&setting.kind)) {
    return absl::StrCat(kind->min, " to ", kind->max);
  }
  return "";
}

}  // namespace sidwatch
