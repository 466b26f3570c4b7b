#include "server/sidwatch_server.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/counters.h"
#include "base/executor.h"
#include "base/timer_queue.h"
#include "server/admin/admin_server.h"
#include "server/help_text.h"
#include "server/option_addresses.h"
#include "server/rpc/grpc_server.h"
#include "server/rpc/tracking_service.h"
#include "server/secret_file.h"
#include "server/send/curl_twilio_client.h"
#include "server/send/message_sender.h"
#include "server/watch/event_tail.h"
#include "server/webhook/webhook_server.h"
#include "storage/group_commit.h"
#include "storage/sqlite/sqlite_store.h"

namespace sidwatch {
namespace {

// Reads at one time, of catch-up pages and queries; each has a connection.
constexpr size_t kReaders = 4;

TwilioCredentials CredentialsOf(const Options& options,
                                const Secrets& secrets) {
  if (options.twilio_api_key_sid.empty()) {
    return {options.twilio_account_sid, secrets.auth_token};
  }
  return {options.twilio_api_key_sid, secrets.api_key_secret};
}

std::vector<std::string> AuthTokensOf(const Secrets& secrets) {
  std::vector<std::string> tokens = {secrets.auth_token};
  if (!secrets.auth_token_secondary.empty()) {
    tokens.push_back(secrets.auth_token_secondary);
  }
  return tokens;
}

CurlTwilioClient::Options TwilioOptions(const Options& options) {
  return {.base_url = options.twilio_base_url,
          .region = options.twilio_region,
          .edge = options.twilio_edge,
          .timeout = options.twilio_timeout,
          .idle_connections_max = options.send_concurrency};
}

MessageSender::Options SenderOptions(const Options& options) {
  return {
      .public_url = options.public_url,
      .callback_overrides = options.callback_overrides,
      .account_sid = options.twilio_account_sid,
      .default_from = options.default_from,
      .default_messaging_service_sid = options.default_messaging_service_sid,
      .store_body = options.store_body == "full",
      .concurrency = options.send_concurrency};
}

TrackingService::Options TrackingOptions(const Options& options) {
  return {.watch_streams_max = options.watch_max_streams,
          .watch_max_age = options.watch_max_age,
          .watch_buffer_bytes = options.watch_buffer,
          .watch_stall_timeout = options.watch_stall_timeout};
}

GrpcServer::Options GrpcOptions(const Options& options) {
  return {.listen = options.grpc_listen,
          .connections_max = options.grpc_max_connections,
          .watch_max_age = options.watch_max_age};
}

WebhookServer::Options WebhookOptions(const Options& options,
                                      const Secrets& secrets) {
  return {.listen = options.webhook_listen,
          .public_url = options.public_url,
          .account_sid = options.twilio_account_sid,
          .auth_tokens = AuthTokensOf(secrets),
          .store_body = options.store_body == "full",
          .body_max_bytes = options.webhook_max_body,
          .header_max_bytes = options.webhook_max_header,
          .connections_max = options.webhook_max_connections,
          .request_timeout = options.webhook_request_timeout,
          .keep_alive = options.webhook_keep_alive};
}

}  // namespace

// The parts in the order in which they stand on each other. Members go in
// reverse, so none outlives what it was given.
class SidwatchServer::Parts {
 public:
  Parts(const Options& options, Logger log, std::unique_ptr<SqliteStore> store)
      : options_(options),
        log_(log),
        store_(std::move(store)),
        commit_(*store_, &tail_, clock_, counters_,
                {.queue_max = options.commit_queue}),
        timers_(clock_),
        readers_("readers", kReaders, options.watch_max_streams + 1000),
        upkeep_("upkeep", 1, 64) {
    counters_.insecure_grpc.Set(IsLocalAddress(options.grpc_listen) ? 0 : 1);
  }
  ~Parts() { Stop(); }

  absl::Status Start(const Secrets& secrets);
  const Addresses& addresses() const { return addresses_; }
  absl::Status StoreWritable() const;
  bool Drain();
  void Stop();

 private:
  absl::Status StartSending(const Secrets& secrets);
  absl::Status StartGrpc();
  absl::Status StartWebhook(const Secrets& secrets);
  absl::Status StartAdmin();
  void OnSecrets(const Secrets& secrets);
  HealthCheck Loop(std::string name, std::function<bool()> alive) const;
  absl::Status NotDraining() const;
  void FinishInHand(absl::Duration until);

  const Options options_;
  const Logger log_;
  Clock& clock_ = Clock::Real();
  Addresses addresses_;
  std::atomic<bool> draining_{false};

  Counters counters_;
  const std::unique_ptr<SqliteStore> store_;
  EventTail tail_;
  GroupCommit commit_;
  TimerQueue timers_;
  Executor readers_;
  Executor upkeep_;
  std::unique_ptr<CurlTwilioClient> twilio_;
  std::unique_ptr<MessageSender> sender_;
  std::unique_ptr<TrackingService> tracking_;
  std::unique_ptr<GrpcServer> grpc_;
  std::unique_ptr<WebhookServer> webhook_;
  std::unique_ptr<SecretWatch> secrets_;
  std::unique_ptr<AdminServer> admin_;

  absl::Notification finished_;  // what was in hand at the drain is through
  std::thread finisher_;         // of Drain
};

absl::Status SidwatchServer::Parts::Start(const Secrets& secrets) {
  absl::Status status = StartSending(secrets);
  if (status.ok()) status = StartGrpc();
  if (status.ok()) status = StartWebhook(secrets);
  if (status.ok()) status = StartAdmin();
  if (!status.ok()) return status;
  addresses_ = {grpc_->address(), webhook_->address(), admin_->address()};
  secrets_ = std::make_unique<SecretWatch>(
      options_, secrets, timers_, upkeep_, log_, counters_,
      [this](const Secrets& changed) { OnSecrets(changed); });
  grpc_->SetServing(true);
  return absl::OkStatus();
}

absl::Status SidwatchServer::Parts::StartSending(const Secrets& secrets) {
  auto twilio = CurlTwilioClient::Make(
      TwilioOptions(options_), CredentialsOf(options_, secrets), counters_);
  if (!twilio.ok()) return twilio.status();
  twilio_ = *std::move(twilio);
  sender_ = std::make_unique<MessageSender>(SenderOptions(options_), commit_,
                                            *twilio_, timers_, clock_, log_,
                                            counters_);
  return absl::OkStatus();
}

absl::Status SidwatchServer::Parts::StartGrpc() {
  tracking_ = std::make_unique<TrackingService>(
      TrackingOptions(options_),
      TrackingService::Parts{*store_, tail_, *sender_, readers_, timers_,
                             clock_, counters_});
  auto grpc =
      GrpcServer::Start(GrpcOptions(options_), tracking_->grpc_service(),
                        timers_, clock_, log_, counters_);
  if (!grpc.ok()) return grpc.status();
  grpc_ = *std::move(grpc);
  return absl::OkStatus();
}

absl::Status SidwatchServer::Parts::StartWebhook(const Secrets& secrets) {
  auto webhook = WebhookServer::Start(WebhookOptions(options_, secrets),
                                      commit_, clock_, log_, counters_);
  if (!webhook.ok()) return webhook.status();
  webhook_ = *std::move(webhook);
  return absl::OkStatus();
}

absl::Status SidwatchServer::Parts::StartAdmin() {
  AdminServer::Options admin_options = {
      .listen = options_.admin_listen,
      .version = ProgramVersion(),
      .live = {Loop("commit", [this] { return commit_.alive(); }),
               Loop("tail", [this] { return tail_.alive(); }),
               Loop("grpc", [this] { return grpc_->alive(); }),
               Loop("webhook", [this] { return webhook_->alive(); })},
      .ready = {{"store", [this] { return store_->Writable(); }},
                {"drain", [this] { return NotDraining(); }}}};
  auto admin =
      AdminServer::Start(std::move(admin_options), *store_, counters_, log_);
  if (!admin.ok()) return admin.status();
  admin_ = *std::move(admin);
  return absl::OkStatus();
}

void SidwatchServer::Parts::OnSecrets(const Secrets& secrets) {
  twilio_->SetCredentials(CredentialsOf(options_, secrets));
  webhook_->SetAuthTokens(AuthTokensOf(secrets));
}

// A loop that ends with the drain is no reason to restart what is ending.
HealthCheck SidwatchServer::Parts::Loop(std::string name,
                                        std::function<bool()> alive) const {
  return {std::move(name), [this, alive = std::move(alive)] {
            return draining_ || alive()
                       ? absl::OkStatus()
                       : absl::InternalError("stands still or has ended");
          }};
}

absl::Status SidwatchServer::Parts::NotDraining() const {
  return draining_ ? absl::UnavailableError("draining") : absl::OkStatus();
}

absl::Status SidwatchServer::Parts::StoreWritable() const {
  return store_->Writable();
}

bool SidwatchServer::Parts::Drain() {
  const absl::Duration fifth = options_.drain_timeout / 5;
  const absl::Duration begin = clock_.Monotonic();
  log_.Info("draining",
            {{"timeout", absl::FormatDuration(options_.drain_timeout)}});
  draining_ = true;
  grpc_->SetServing(false);
  absl::SleepFor(fifth);

  finisher_ = std::thread([this, fifth, begin] {
    // Takes as long as the slowest request in hand: beside the watches.
    std::thread webhook([this] { webhook_->Stop(); });
    tracking_->StartDraining(2 * fifth);
    tracking_->WaitForWatches(begin + 3 * fifth - clock_.Monotonic());
    FinishInHand(begin + 4 * fifth);
    webhook.join();
    finished_.Notify();
  });
  // The last half fifth is for commit and checkpoint. Never less than it takes
  // to see that nothing is in hand, however short the timeout.
  const absl::Duration left = begin + 4.5 * fifth - clock_.Monotonic();
  const bool finished = finished_.WaitForNotificationWithTimeout(
      std::max(left, absl::Milliseconds(250)));
  if (!finished) {
    log_.Warning(
        "drain-timeout has passed with requests in hand: sends that Twilio "
        "has not answered are settled after the next start");
  }
  commit_.Stop();
  store_->Maintain(/*idle=*/true);
  return finished;
}

void SidwatchServer::Parts::FinishInHand(absl::Duration until) {
  grpc_->Shutdown(std::max(until - clock_.Monotonic(), absl::ZeroDuration()));
  sender_->Stop();
}

void SidwatchServer::Parts::Stop() {
  draining_ = true;
  if (finisher_.joinable()) finisher_.join();
  if (secrets_ != nullptr) secrets_->Stop();
  if (webhook_ != nullptr) webhook_->Stop();
  if (tracking_ != nullptr) tracking_->StartDraining(absl::ZeroDuration());
  if (grpc_ != nullptr) grpc_->Shutdown(absl::ZeroDuration());
  if (sender_ != nullptr) sender_->Stop();
  commit_.Stop();
  tail_.Stop();
  if (admin_ != nullptr) admin_->Stop();
}

absl::StatusOr<std::unique_ptr<SidwatchServer>> SidwatchServer::Start(
    const Options& options, Logger log) {
  const absl::StatusOr<Secrets> secrets = LoadSecrets(options);
  if (!secrets.ok()) return secrets.status();
  auto store = SqliteStore::Open({.path = options.storage_path,
                                  .disk_floor_bytes = options.disk_floor,
                                  .readers = kReaders},
                                 Clock::Real(), log);
  if (!store.ok()) return store.status();
  auto parts = std::make_unique<Parts>(options, log, *std::move(store));
  if (absl::Status status = parts->Start(*secrets); !status.ok()) {
    return status;
  }
  return std::unique_ptr<SidwatchServer>(new SidwatchServer(std::move(parts)));
}

SidwatchServer::SidwatchServer(std::unique_ptr<Parts> parts)
    : parts_(std::move(parts)) {}

SidwatchServer::~SidwatchServer() = default;

const Addresses& SidwatchServer::addresses() const {
  return parts_->addresses();
}

absl::Status SidwatchServer::StoreWritable() const {
  return parts_->StoreWritable();
}

bool SidwatchServer::Drain() { return parts_->Drain(); }

void SidwatchServer::Stop() { parts_->Stop(); }

}  // namespace sidwatch
