#include "tests/client/child_program.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <utility>

namespace sidwatch {
namespace {

constexpr int kShellBase = 128;

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

void MakePipe(int fds[2]) {
  if (pipe2(fds, O_CLOEXEC) != 0) std::abort();
}

// Appends what can be read. Closes `fd`, and sets it to -1, at the end.
void ReadOnce(int& fd, std::string& text) {
  char buffer[4096];
  const ssize_t size = read(fd, buffer, sizeof(buffer));
  if (size > 0) {
    text.append(buffer, static_cast<size_t>(size));
    return;
  }
  close(fd);
  fd = -1;
}

}  // namespace

ChildProgram::ChildProgram(const std::string& path,
                           std::vector<std::string> arguments,
                           std::vector<std::string> environment) {
  int out[2];
  int err[2];
  MakePipe(out);
  MakePipe(err);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null",
                                   O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err[1], STDERR_FILENO);
  arguments.insert(arguments.begin(), path);
  environment.push_back(std::string("PATH=") + std::getenv("PATH"));
  if (posix_spawn(&pid_, path.c_str(), &actions, nullptr,
                  Pointers(arguments).data(),
                  Pointers(environment).data()) != 0) {
    std::abort();
  }
  posix_spawn_file_actions_destroy(&actions);
  close(out[1]);
  close(err[1]);
  out_fd_ = out[0];
  err_fd_ = err[0];
}

ChildProgram::~ChildProgram() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    Wait();
  }
}

bool ChildProgram::ReadUntil(const std::string& text) {
  while (out_.find(text) == std::string::npos) {
    if (!ReadMore()) return false;
  }
  return true;
}

void ChildProgram::Signal(int signal) { kill(pid_, signal); }

int ChildProgram::Wait() {
  while (ReadMore()) {
  }
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status)
                           : kShellBase + WTERMSIG(status);
}

bool ChildProgram::ReadMore() {
  pollfd fds[] = {{out_fd_, POLLIN, 0}, {err_fd_, POLLIN, 0}};
  if (out_fd_ < 0 && err_fd_ < 0) return false;
  poll(fds, 2, -1);
  if (fds[0].revents != 0) ReadOnce(out_fd_, out_);
  if (fds[1].revents != 0) ReadOnce(err_fd_, err_);
  return true;
}

}  // namespace sidwatch
