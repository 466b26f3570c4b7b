// Durable callbacks against bare answers of the same server, in one run.
//
// usage: webhook_bench [--seconds 20] [--rounds 3] [--connections 64,16,256]
//                      [--dir FOLDER-FOR-THE-STORE]
//
// Each round serves the same load twice, first bare (the webhook server's
// guard and workers answer 204 and look at nothing), then durable (verify,
// parse, commit, 204). The server is a process of its own, so that its CPU
// time is told apart from the load's. Quote the ratio: machines differ.

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "base/clock.h"
#include "base/counters.h"
#include "base/log.h"
#include "server/webhook/http_guard.h"
#include "server/webhook/webhook_server.h"
#include "storage/group_commit.h"
#include "storage/sqlite/sqlite_store.h"
#include "tests/load/callback_load.h"

namespace sidwatch {
namespace {

constexpr char kAccountSid[] = "AC00000000000000000000000000000001";
constexpr char kAuthToken[] = "bench-token";
constexpr char kPublicUrl[] = "https://sms.example.com";

class NoLog : public LogSink {
 public:
  void Write(LogLevel, absl::string_view,
             const std::vector<LogField>&) override {}
};

// A server in a child process, until Stop.
struct Child {
  pid_t pid = -1;
  int port = 0;
  int stop_fd = -1;  // closing it asks the child to end
};

int PortOf(const std::string& address) {
  int port = 0;
  (void)absl::SimpleAtoi(address.substr(address.rfind(':') + 1), &port);
  return port;
}

void TellAndWait(int port, int port_fd, int stop_fd) {
  if (::write(port_fd, &port, sizeof port) != sizeof port) std::abort();
  char byte = 0;
  while (::read(stop_fd, &byte, 1) > 0) {
  }
}

void ServeBare(int port_fd, int stop_fd) {
  NoLog sink;
  auto guard = HttpGuard::Start(
      {}, [](absl::string_view, absl::string_view) { return 0; },
      [](const HttpRequest&) { return HttpResponse{}; }, Logger(sink));
  if (!guard.ok()) std::abort();
  TellAndWait(PortOf((*guard)->address()), port_fd, stop_fd);
  (*guard)->Stop();
}

void ServeDurable(const std::string& dir, int port_fd, int stop_fd) {
  NoLog sink;
  const Logger log(sink);
  Counters counters;
  Clock& clock = Clock::Real();
  auto store = SqliteStore::Open({.path = dir + "/bench.db"}, clock, log);
  if (!store.ok()) {
    std::fprintf(stderr, "%s\n", store.status().ToString().c_str());
    std::abort();
  }
  GroupCommit commit(**store, nullptr, clock, counters, {});
  auto server = WebhookServer::Start({.listen = "127.0.0.1:0",
                                      .public_url = kPublicUrl,
                                      .account_sid = kAccountSid,
                                      .auth_tokens = {kAuthToken}},
                                     commit, clock, log, counters);
  if (!server.ok()) std::abort();
  TellAndWait(PortOf((*server)->address()), port_fd, stop_fd);
  (*server)->Stop();
  commit.Stop();
}

Child Start(const std::string& dir, bool durable) {
  int port_pipe[2];
  int stop_pipe[2];
  if (::pipe(port_pipe) != 0 || ::pipe(stop_pipe) != 0) std::abort();
  Child child;
  child.pid = ::fork();
  if (child.pid == 0) {
    ::close(stop_pipe[1]);
    if (durable) {
      ServeDurable(dir, port_pipe[1], stop_pipe[0]);
    } else {
      ServeBare(port_pipe[1], stop_pipe[0]);
    }
    ::_exit(0);
  }
  ::close(port_pipe[1]);
  ::close(stop_pipe[0]);
  child.stop_fd = stop_pipe[1];
  if (::read(port_pipe[0], &child.port, sizeof child.port) !=
      sizeof child.port) {
    std::fprintf(stderr, "webhook_bench: the server did not start\n");
    std::exit(1);
  }
  ::close(port_pipe[0]);
  return child;
}

// Ends the child; returns the CPU seconds it took.
double Stop(const Child& child) {
  ::close(child.stop_fd);
  rusage usage = {};
  ::wait4(child.pid, nullptr, 0, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

struct Row {
  double rate = 0;
  double cpu_us = 0;  // the server's, per answer
};

Row Measure(const std::string& dir, bool durable, size_t connections,
            absl::Duration duration, uint64_t seed) {
  const Child child = Start(dir, durable);
  const LoadResult load = RunCallbackLoad({.port = child.port,
                                           .public_url = kPublicUrl,
                                           .account_sid = kAccountSid,
                                           .auth_token = kAuthToken,
                                           .connections = connections,
                                           .duration = duration,
                                           .seed = seed});
  const double cpu = Stop(child);
  uint64_t all = 0;
  for (const auto& [code, count] : load.answers) all += count;
  const uint64_t other = all - load.latencies_us.size();
  const Row row = {.rate = load.rate(),
                   .cpu_us = 1e6 * cpu / static_cast<double>(all)};
  std::printf(
      "%-8s %4zu conns  %8.0f/s  p50 %6.2f  p99 %6.2f  p99.9 %7.2f  max %7.2f "
      "ms  cpu %5.1f us  not 204: %llu  broken: %llu  never served: %zu\n",
      durable ? "durable" : "bare", connections, row.rate,
      load.percentile_ms(.5), load.percentile_ms(.99), load.percentile_ms(.999),
      load.percentile_ms(1), row.cpu_us, static_cast<unsigned long long>(other),
      static_cast<unsigned long long>(load.broken), load.never_served);
  std::fflush(stdout);
  return row;
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void Compare(const std::filesystem::path& dir, size_t connections, int rounds,
             absl::Duration duration) {
  std::vector<double> ratios;
  std::vector<double> cpus;
  for (int round = 0; round < rounds; ++round) {
    const auto seed = static_cast<uint64_t>(round + 1);
    const std::filesystem::path store = dir / std::to_string(round);
    std::filesystem::create_directories(store);
    const Row bare = Measure(store, false, connections, duration, seed);
    const Row durable = Measure(store, true, connections, duration, seed);
    ratios.push_back(durable.rate / bare.rate);
    cpus.push_back(durable.cpu_us / bare.cpu_us);
    std::filesystem::remove_all(store);
  }
  std::printf(
      "%zu connections: durable / bare, median %.2f, best %.2f; "
      "CPU per callback %.2fx\n\n",
      connections, Median(ratios),
      *std::max_element(ratios.begin(), ratios.end()), Median(cpus));
}

// The value after `name` in the arguments, or `otherwise`.
std::string Argument(int argc, char** argv, absl::string_view name,
                     const char* otherwise) {
  for (int i = 1; i + 1 < argc; ++i) {
    if (argv[i] == name) return argv[i + 1];
  }
  return otherwise;
}

int Main(int argc, char** argv) {
  const int seconds =
      std::atoi(Argument(argc, argv, "--seconds", "20").c_str());
  const int rounds = std::atoi(Argument(argc, argv, "--rounds", "3").c_str());
  const std::string dir = Argument(
      argc, argv, "--dir", std::filesystem::temp_directory_path().c_str());
  std::string folder = dir + "/webhook-bench-XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) {
    std::perror(folder.c_str());
    return 1;
  }
  for (const absl::string_view connections :
       absl::StrSplit(Argument(argc, argv, "--connections", "64"), ',')) {
    int count = 0;
    if (!absl::SimpleAtoi(connections, &count) || count < 1) return 2;
    Compare(folder, static_cast<size_t>(count), rounds, absl::Seconds(seconds));
  }
  std::filesystem::remove_all(folder);
  return 0;
}

}  // namespace
}  // namespace sidwatch

int main(int argc, char** argv) { return sidwatch::Main(argc, argv); }
