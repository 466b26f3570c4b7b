#include "server/commands/serve.h"

#include <unistd.h>

#include <cstdlib>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/log.h"
#include "server/help_text.h"
#include "server/log_sink.h"
#include "server/option_addresses.h"
#include "server/process.h"
#include "server/ready.h"
#include "server/sidwatch_server.h"

namespace sidwatch {
namespace {

SpdlogSink::Options LogOptions(const Options& options) {
  const bool json = options.log_format.empty() ? isatty(STDERR_FILENO) == 0
                                               : options.log_format == "json";
  return {.level = LogLevelOf(options.log_level), .json = json};
}

void Notify(absl::string_view state, const Logger& log) {
  const char* socket_name = std::getenv("NOTIFY_SOCKET");
  if (socket_name == nullptr) return;
  const absl::Status status = NotifySupervisor(socket_name, state);
  if (!status.ok()) {
    log.Warning("supervisor not told",
                {{"state", state}, {"error", status.message()}});
  }
}

// A public URL may hold a password that Twilio uses.
std::string WithoutUserinfo(const std::string& url) {
  const size_t host = url.find("//") + 2;
  const size_t at = url.find('@', host);
  const bool has_userinfo = at < url.find('/', host);
  return has_userinfo ? url.substr(0, host) + url.substr(at + 1) : url;
}

void Announce(const Invocation& invocation, const SidwatchServer& server,
              const Logger& log) {
  const Addresses& addresses = server.addresses();
  log.Info("serving",
           {{"grpc", addresses.grpc},
            {"webhook", addresses.webhook},
            {"admin", addresses.admin},
            {"public_url", WithoutUserinfo(invocation.options.public_url)},
            {"version", ProgramVersion()}});
  if (invocation.ready_fd >= 0) {
    const absl::Status status = WriteReadyLine(invocation.ready_fd, addresses);
    if (!status.ok()) {
      log.Warning("ready line not written", {{"error", status.message()}});
    }
  }
  Notify("READY=1", log);
}

// Says each hour that gRPC is open to others, as long as it is.
class InsecureReminder {
 public:
  InsecureReminder(const Options& options, Logger log)
      : insecure_(!IsLocalAddress(options.grpc_listen)), log_(log) {}

  void Look(absl::Duration now) {
    if (!insecure_ || now < next_) return;
    next_ = now + absl::Hours(1);
    log_.Warning("gRPC is reached by other machines without TLS and callers",
                 {{"setting", "insecure-grpc"}});
  }

 private:
  const bool insecure_;
  const Logger log_;
  absl::Duration next_ = -absl::InfiniteDuration();
};

// Says when the store stops taking callbacks, and when it takes them again.
class StoreReporter {
 public:
  explicit StoreReporter(Logger log) : log_(log) {}

  void Look(const absl::Status& writable) {
    if (writable.ok() == was_writable_) return;
    was_writable_ = writable.ok();
    if (writable.ok()) {
      log_.Info("the store takes callbacks again");
    } else {
      log_.Error("the store takes no callbacks, Twilio gets 503",
                 {{"error", writable.message()}});
    }
  }

 private:
  const Logger log_;
  bool was_writable_ = true;
};

// Returns OK when a signal came, DATA_LOSS when the store broke.
absl::Status WaitForSignal(const Options& options, const SidwatchServer& server,
                           const Logger& log) {
  InsecureReminder reminder(options, log);
  StoreReporter reporter(log);
  do {
    reminder.Look(Clock::Real().Monotonic());
    absl::Status writable = server.StoreWritable();
    if (absl::IsDataLoss(writable)) return writable;
    reporter.Look(writable);
  } while (!WaitForTermination(absl::Seconds(1)));
  return absl::OkStatus();
}

}  // namespace

absl::Status Serve(const Invocation& invocation) {
  if (invocation.ready_fd >= 0) {
    absl::Status status = CheckReadyFd(invocation.ready_fd);
    if (!status.ok()) return status;
  }
  TakeOverSignals();
  RaiseDescriptorLimit();
  SpdlogSink sink(LogOptions(invocation.options));
  StartLogSink start_sink(sink);
  const Logger log(start_sink);
  auto server = SidwatchServer::Start(invocation.options, log);
  if (!server.ok()) return server.status();
  start_sink.Release();
  Announce(invocation, **server, log);

  const absl::Status broken = WaitForSignal(invocation.options, **server, log);
  if (!broken.ok()) {
    log.Error("the store broke: ending, so that the next start recovers it",
              {{"error", broken.message()}});
    sink.Flush();
    // Without taking leave: nothing more can be stored.
    std::_Exit(1);
  }
  ExitOnNextTermination();
  Notify("STOPPING=1", log);
  const bool drained = (*server)->Drain();
  if (!drained) {
    sink.Flush();
    std::_Exit(0);
  }
  server->reset();
  log.Info("stopped");
  return absl::OkStatus();
}

}  // namespace sidwatch
