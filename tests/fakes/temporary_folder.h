#ifndef SIDWATCH_TESTS_FAKES_TEMPORARY_FOLDER_H_
#define SIDWATCH_TESTS_FAKES_TEMPORARY_FOLDER_H_

#include <string>

#include "absl/strings/string_view.h"

namespace sidwatch {

// A new empty folder (mode 0700) that goes, with all that is in it, when the
// object does.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::string& path() const { return path_; }
  // The path of a file in it.
  std::string File(absl::string_view name) const;

 private:
  std::string path_;
};

}  // namespace sidwatch

#endif  // SIDWATCH_TESTS_FAKES_TEMPORARY_FOLDER_H_
