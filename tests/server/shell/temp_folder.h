#ifndef SIDWATCH_TESTS_SERVER_SHELL_TEMP_FOLDER_H_
#define SIDWATCH_TESTS_SERVER_SHELL_TEMP_FOLDER_H_

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "gtest/gtest.h"

namespace sidwatch {

// A folder of its own, gone with everything in it at the end of a test.
class TempFolder {
 public:
  TempFolder() {
    std::string pattern = testing::TempDir() + "sidwatch-XXXXXX";
    path_ = mkdtemp(pattern.data());
  }
  ~TempFolder() { std::filesystem::remove_all(path_); }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  std::string path(const std::string& name) const { return path_ + "/" + name; }

  // Writes a file that its owner alone may read and returns its path.
  std::string Write(const std::string& name, const std::string& text) const {
    const std::string file = path(name);
    std::ofstream(file, std::ios::binary) << text;
    std::filesystem::permissions(file, std::filesystem::perms::owner_read |
                                           std::filesystem::perms::owner_write);
    return file;
  }

 private:
  std::string path_;
};

}  // namespace sidwatch

#endif  // SIDWATCH_TESTS_SERVER_SHELL_TEMP_FOLDER_H_
