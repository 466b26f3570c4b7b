#ifndef SIDWATCH_TESTS_E2E_PROGRAM_H_
#define SIDWATCH_TESTS_E2E_PROGRAM_H_

#include <sys/types.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace sidwatch {

// A program of ours as a child process.
class Program {
 public:
  // Starts `name` of the folder of programs with `arguments` and --ready-fd,
  // with `environment` added to ours, and waits for the line it writes when it
  // serves. Output goes to the test's own.
  //
  // Errors: UNAVAILABLE when it ended without serving; its output says why.
  static absl::StatusOr<std::unique_ptr<Program>> Serve(
      const std::string& name, std::vector<std::string> arguments,
      const std::map<std::string, std::string>& environment);

  // What a program that ends by itself said.
  struct Finished {
    int exit_status = -1;  // -1: ended by a signal
    std::string output;    // of both streams
  };
  static Finished Run(const std::string& name,
                      std::vector<std::string> arguments,
                      const std::map<std::string, std::string>& environment);

  // Kills it if it still runs.
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  // Of the line it wrote: "grpc", "webhook", "admin", "http".
  const std::string& address(const std::string& listener) const;

  void Kill();       // SIGKILL, and waits for its end
  void Terminate();  // SIGTERM, and returns at once
  // Waits for its end. Returns the exit status, -1 if a signal ended it.
  int Wait();

 private:
  Program(pid_t pid, std::map<std::string, std::string> addresses);

  pid_t pid_;
  const std::map<std::string, std::string> addresses_;
};

// The number after the last ':' of an address.
int PortOf(const std::string& address);

}  // namespace sidwatch

#endif  // SIDWATCH_TESTS_E2E_PROGRAM_H_
