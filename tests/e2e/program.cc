#include "tests/e2e/program.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

extern char** environ;

namespace sidwatch {
namespace {

constexpr int kReadyFd = 3;

struct Pipe {
  int read = -1;
  int write = -1;
};

Pipe MakePipe() {
  std::array<int, 2> ends = {};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) std::abort();
  return {.read = ends[0], .write = ends[1]};
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// Starts the program with `from` as its descriptor `as`.
pid_t Spawn(const std::string& name, std::vector<std::string> arguments,
            const std::map<std::string, std::string>& environment, int from,
            std::vector<int> as) {
  arguments.insert(arguments.begin(), absl::StrCat(SIDWATCH_BIN, "/", name));
  std::vector<std::string> variables;
  for (const auto& [key, value] : environment) {
    variables.push_back(absl::StrCat(key, "=", value));
  }
  // After ours: of two variables of one name, getenv finds the first.
  for (char** variable = environ; *variable != nullptr; ++variable) {
    variables.emplace_back(*variable);
  }
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  for (const int fd : as) {
    ::posix_spawn_file_actions_adddup2(&actions, from, fd);
  }
  pid_t pid = -1;
  const int error =
      ::posix_spawn(&pid, arguments[0].c_str(), &actions, nullptr,
                    Pointers(arguments).data(), Pointers(variables).data());
  ::posix_spawn_file_actions_destroy(&actions);
  return error == 0 ? pid : -1;
}

std::string ReadAll(int fd, bool one_line) {
  std::string text;
  char c = 0;
  while (::read(fd, &c, 1) == 1) {
    if (one_line && c == '\n') break;
    text.push_back(c);
  }
  ::close(fd);
  return text;
}

int WaitFor(pid_t pid) {
  int status = 0;
  if (::waitpid(pid, &status, 0) != pid) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Program>> Program::Serve(
    const std::string& name, std::vector<std::string> arguments,
    const std::map<std::string, std::string>& environment) {
  const Pipe ready = MakePipe();
  arguments.push_back(absl::StrCat("--ready-fd=", kReadyFd));
  const pid_t pid =
      Spawn(name, std::move(arguments), environment, ready.write, {kReadyFd});
  ::close(ready.write);
  const std::string line = ReadAll(ready.read, /*one_line=*/true);
  const auto json = nlohmann::json::parse(line, nullptr, false);
  if (pid < 0 || json.is_discarded()) {
    const int status = pid < 0 ? -1 : WaitFor(pid);
    return absl::UnavailableError(
        absl::StrCat(name, " ended with ", status, " before it served"));
  }
  std::map<std::string, std::string> addresses;
  for (const auto& [listener, address] : json.items()) {
    if (address.is_string()) addresses[listener] = address.get<std::string>();
  }
  return std::unique_ptr<Program>(new Program(pid, std::move(addresses)));
}

Program::Finished Program::Run(
    const std::string& name, std::vector<std::string> arguments,
    const std::map<std::string, std::string>& environment) {
  const Pipe output = MakePipe();
  const pid_t pid = Spawn(name, std::move(arguments), environment, output.write,
                          {STDOUT_FILENO, STDERR_FILENO});
  ::close(output.write);
  Finished finished;
  finished.output = ReadAll(output.read, /*one_line=*/false);
  if (pid > 0) finished.exit_status = WaitFor(pid);
  return finished;
}

Program::Program(pid_t pid, std::map<std::string, std::string> addresses)
    : pid_(pid), addresses_(std::move(addresses)) {}

Program::~Program() { Kill(); }

const std::string& Program::address(const std::string& listener) const {
  return addresses_.at(listener);
}

void Program::Kill() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  Wait();
}

void Program::Terminate() {
  if (pid_ > 0) ::kill(pid_, SIGTERM);
}

int Program::Wait() {
  if (pid_ < 0) return -1;
  return WaitFor(std::exchange(pid_, -1));
}

int PortOf(const std::string& address) {
  int port = 0;
  (void)absl::SimpleAtoi(address.substr(address.rfind(':') + 1), &port);
  return port;
}

}  // namespace sidwatch
