#include "client/connection.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <grpcpp/support/channel_arguments.h>
#include <grpcpp/support/time.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <sstream>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/error_detail.h"
#include "grpc/health/v1/health.grpc.pb.h"

namespace sidwatch {
namespace {

constexpr unsigned kCertificateRefreshSeconds = 1;
constexpr size_t kTokenSizeMax = 4096;

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  if (!file || !(content << file.rdbuf())) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": cannot be read, or is empty"));
  }
  return std::move(content).str();
}

bool IsLoopback(absl::string_view server) {
  return absl::StartsWith(server, "127.") ||
         absl::StartsWith(server, "localhost:") ||
         absl::StartsWith(server, "[::1]:");
}

// The server closes connections that ping more often than each 20 s.
grpc::ChannelArguments CommonArguments(const TrackingClientOptions& options) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 30'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  // gRPC's defaults (1 s, then up to 2 min) would outlast our own backoff and
  // keep a client away from a server that is back.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2'000);
  // A proxy of the environment cannot reach our loopback.
  if (IsLoopback(options.server)) {
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  }
  return arguments;
}

bool UsesTls(const TrackingClientOptions& options) {
  return !options.tls_ca_file.empty() || !options.tls_cert_file.empty() ||
         !options.tls_key_file.empty();
}

// The watcher of the files would wait for a missing one without a word.
absl::Status CheckTlsFiles(const TrackingClientOptions& options) {
  if (options.tls_cert_file.empty() != options.tls_key_file.empty()) {
    return absl::InvalidArgumentError(
        "a client certificate needs its key: give both or neither");
  }
  for (const std::string* path :
       {&options.tls_ca_file, &options.tls_cert_file, &options.tls_key_file}) {
    if (path->empty()) continue;
    if (const auto content = ReadFile(*path); !content.ok()) {
      return content.status();
    }
  }
  return absl::OkStatus();
}

std::shared_ptr<grpc::ChannelCredentials> MakeCredentials(
    const TrackingClientOptions& options) {
  if (!UsesTls(options)) return grpc::InsecureChannelCredentials();
  grpc::experimental::TlsChannelCredentialsOptions tls;
  tls.set_certificate_provider(
      std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
          options.tls_key_file, options.tls_cert_file, options.tls_ca_file,
          kCertificateRefreshSeconds));
  if (!options.tls_ca_file.empty()) tls.watch_root_certs();
  if (!options.tls_cert_file.empty()) tls.watch_identity_key_cert_pairs();
  return grpc::experimental::TlsCredentials(tls);
}

absl::Status Unreachable(const std::string& server, const std::string& why) {
  return DetailedError(absl::StatusCode::kUnavailable,
                       absl::StrCat("no connection to ", server, ": ", why),
                       {.reason = "SERVER_UNREACHABLE"});
}

// gRPC's sentence without what it says in front of every cause.
std::string LastError(const std::string& message) {
  constexpr absl::string_view kFront = "last error: UNKNOWN: ";
  const size_t at = message.find(kFront.data());
  return at == std::string::npos ? message : message.substr(at + kFront.size());
}

// What gRPC knows of why there is no connection comes with a call alone: one
// that asks nothing and fails at once. OK when the connection has come by now.
absl::Status AskWhyUnreachable(const std::shared_ptr<grpc::Channel>& channel,
                               const std::string& server) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() +
                       std::chrono::milliseconds(100));
  grpc::health::v1::HealthCheckResponse response;
  const grpc::Status status = grpc::health::v1::Health::NewStub(channel)->Check(
      &context, grpc::health::v1::HealthCheckRequest(), &response);
  if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) {
    return Unreachable(server, "it does not answer");
  }
  return status.error_code() == grpc::StatusCode::UNAVAILABLE
             ? Unreachable(server, LastError(status.error_message()))
             : absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::shared_ptr<Connection>> Connection::Make(
    TrackingClientOptions options) {
  if (absl::Status files = CheckTlsFiles(options); !files.ok()) return files;
  std::shared_ptr<Connection> connection(new Connection(std::move(options)));
  const TrackingClientOptions& opts = connection->options_;
  const auto credentials = MakeCredentials(opts);
  grpc::ChannelArguments arguments = CommonArguments(opts);
  connection->calls_ =
      grpc::CreateCustomChannel(opts.server, credentials, arguments);
  // Channels with equal arguments share their connections unless told not to.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  connection->watches_ =
      grpc::CreateCustomChannel(opts.server, credentials, arguments);
  return connection;
}

absl::Status Connection::WaitForCalls(absl::Time deadline) const {
  deadline = std::min(deadline, absl::Now() + options_.connect_timeout);
  while (true) {
    const grpc_connectivity_state state = calls_->GetState(true);
    if (state == GRPC_CHANNEL_READY) return absl::OkStatus();
    // gRPC goes on trying in this state, for the attempts that follow.
    if (state == GRPC_CHANNEL_TRANSIENT_FAILURE ||
        state == GRPC_CHANNEL_SHUTDOWN) {
      return AskWhyUnreachable(calls_, options_.server);
    }
    if (!calls_->WaitForStateChange(state, absl::ToChronoTime(deadline))) {
      return Unreachable(options_.server, "it does not answer");
    }
  }
}

absl::Status Connection::Authorize(grpc::ClientContext& context) const {
  std::string token = options_.token;
  if (!options_.token_file.empty()) {
    auto content = ReadFile(options_.token_file);
    if (!content.ok()) {
      return absl::UnauthenticatedError(content.status().message());
    }
    token = std::string(absl::StripAsciiWhitespace(*content));
  }
  if (token.empty()) return absl::OkStatus();
  // gRPC ends the process over a header that HTTP/2 does not allow.
  if (token.size() > kTokenSizeMax ||
      !std::all_of(token.begin(), token.end(), absl::ascii_isgraph)) {
    return absl::UnauthenticatedError(
        "the token is no token: it must be one line of printable characters");
  }
  context.AddMetadata("authorization", absl::StrCat("Bearer ", token));
  return absl::OkStatus();
}

}  // namespace sidwatch
