// twilio-emulator: a stand-in for Twilio on this machine (CONTRACT section 11).

#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/emulator/twilio_emulator.h"

namespace sidwatch {
namespace {

constexpr char kVersion[] = "twilio-emulator 0.1.0";
constexpr int kWrongUse = 2;

struct Settings {
  TwilioEmulator::Options emulator = {
      .listen = "127.0.0.1:4010",
      .account_sid = "AC00000000000000000000000000000000",
      .auth_token = "emulator"};
  std::string profile;
  int ready_fd = -1;
};

class StderrSink : public LogSink {
 public:
  void Write(LogLevel level, absl::string_view message,
             const std::vector<LogField>& fields) override {
    if (level < LogLevel::kWarning) return;
    std::string line = absl::StrCat("twilio-emulator: ", message);
    for (const LogField& field : fields) {
      absl::StrAppend(&line, " ", field.key, "=", field.value);
    }
    std::fprintf(stderr, "%s\n", line.c_str());
  }
};

void AddOptions(CLI::App& app, Settings& settings) {
  TwilioEmulator::Options& emulator = settings.emulator;
  app.add_option("--listen", emulator.listen, "address:port; port 0 picks one")
      ->capture_default_str();
  app.add_option("--account-sid", emulator.account_sid, "the account it plays")
      ->envname("TWILIO_ACCOUNT_SID")
      ->capture_default_str();
  app.add_option("--auth-token", emulator.auth_token,
                 "what the API takes and callbacks are signed with")
      ->envname("TWILIO_AUTH_TOKEN")
      ->capture_default_str();
  app.add_option("--api-key-sid", emulator.api_key_sid,
                 "an API key that the API takes too")
      ->envname("TWILIO_API_KEY");
  app.add_option("--api-key-secret", emulator.api_key_secret,
                 "the secret of that key")
      ->envname("TWILIO_API_SECRET");
  app.add_option("--speed", emulator.speed,
                 "how many times faster messages live; at 1 they are "
                 "delivered after 1.5 s")
      ->capture_default_str()
      ->check(CLI::Range(0.001, 1e6));
  app.add_option("--profile", settings.profile,
                 "what goes wrong: a JSON object, or a file with one, as "
                 "POST /emulator/faults takes it");
  app.add_option("--ready-fd", settings.ready_fd,
                 "descriptor to write one line of JSON to once it serves");
  app.set_version_flag("--version", kVersion);
}

absl::StatusOr<Faults> ReadProfile(const std::string& profile) {
  if (profile.empty()) return Faults{};
  const size_t first = profile.find_first_not_of(" \t\r\n");
  if (first != std::string::npos && profile[first] == '{') {
    return ParseFaults(profile);
  }
  std::ifstream file(profile);
  std::stringstream text;
  text << file.rdbuf();
  if (!file) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot read the file \"", profile, "\""));
  }
  return ParseFaults(text.str());
}

bool TellReady(int fd, const std::string& address) {
  if (fd < 0) return true;
  const std::string line =
      absl::StrCat("{\"ready\":true,\"http\":\"", address, "\"}\n");
  const ssize_t written = ::write(fd, line.data(), line.size());
  ::close(fd);
  return written == static_cast<ssize_t>(line.size());
}

int Run(Settings settings) {
  absl::StatusOr<Faults> faults = ReadProfile(settings.profile);
  if (!faults.ok()) {
    std::fprintf(stderr, "twilio-emulator: --profile: %s\n",
                 std::string(faults.status().message()).c_str());
    return kWrongUse;
  }
  settings.emulator.faults = *std::move(faults);
  // Blocked before the first thread begins, so that sigwait alone gets them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  StderrSink sink;
  auto emulator =
      TwilioEmulator::Start(std::move(settings.emulator), Logger(sink));
  if (!emulator.ok()) {
    std::fprintf(stderr, "twilio-emulator: %s\n",
                 std::string(emulator.status().message()).c_str());
    return 1;
  }
  std::fprintf(stderr,
               "%s: this is an emulator, no SMS is ever sent. Listening on "
               "http://%s\n",
               kVersion, (*emulator)->address().c_str());
  if (!TellReady(settings.ready_fd, (*emulator)->address())) {
    std::fprintf(stderr, "twilio-emulator: --ready-fd: cannot write to %d\n",
                 settings.ready_fd);
    return 1;
  }
  int received = 0;
  sigwait(&signals, &received);
  (*emulator)->Stop();
  return 0;
}

}  // namespace
}  // namespace sidwatch

int main(int argc, char** argv) {
  CLI::App app(
      "A stand-in for Twilio: its Messages API and signed status callbacks. "
      "No SMS is ever sent.",
      "twilio-emulator");
  sidwatch::Settings settings;
  sidwatch::AddOptions(app, settings);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : sidwatch::kWrongUse;
  }
  return sidwatch::Run(std::move(settings));
}
