#ifndef SIDWATCH_TESTS_CLIENT_CHILD_PROGRAM_H_
#define SIDWATCH_TESTS_CLIENT_CHILD_PROGRAM_H_

#include <sys/types.h>

#include <string>
#include <vector>

namespace sidwatch {

// A program run as a shell would, its output in our hands.
//
// It gets nothing of our environment but PATH and what `environment` names
// ("NAME=value").
class ChildProgram {
 public:
  ChildProgram(const std::string& path, std::vector<std::string> arguments,
               std::vector<std::string> environment = {});
  // Kills it if it still runs.
  ~ChildProgram();
  ChildProgram(const ChildProgram&) = delete;
  ChildProgram& operator=(const ChildProgram&) = delete;

  // Reads until its standard output holds `text`. Returns false when the
  // output ends without.
  bool ReadUntil(const std::string& text);

  void Signal(int signal);

  // Reads all that is left and waits for the end. Returns the exit status,
  // 128 and the signal's number when a signal ended it.
  int Wait();

  const std::string& out() const { return out_; }
  const std::string& err() const { return err_; }

 private:
  // Reads what comes next from either. Returns false at the end of both.
  bool ReadMore();

  pid_t pid_ = -1;
  int out_fd_ = -1;
  int err_fd_ = -1;
  std::string out_;
  std::string err_;
};

}  // namespace sidwatch

#endif  // SIDWATCH_TESTS_CLIENT_CHILD_PROGRAM_H_
