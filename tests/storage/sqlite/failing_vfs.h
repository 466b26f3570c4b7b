#ifndef SIDWATCH_TESTS_STORAGE_SQLITE_FAILING_VFS_H_
#define SIDWATCH_TESTS_STORAGE_SQLITE_FAILING_VFS_H_

#include <cstddef>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"

namespace sidwatch {

// SQLite's layer over the real files, that fails one call when a test says so.
// Its name is given as SqliteStore::Options::vfs. Syncs are counted, not done.
//
// Thread safety: all methods may be called from any thread. Stores that use it
// are closed before it goes.
class FailingVfs {
 public:
  enum class Call { kRead, kWrite, kSync, kTruncate, kShmMap };

  FailingVfs();
  ~FailingVfs();
  FailingVfs(const FailingVfs&) = delete;
  FailingVfs& operator=(const FailingVfs&) = delete;

  const std::string& name() const;

  // The `nth` such call from now (1: the next) answers `sqlite_code` and does
  // nothing.
  void FailNth(Call call, size_t nth, int sqlite_code);
  // Nothing fails any more.
  void Heal();
  // Whether the failure asked for last has happened.
  bool failed() const;

  // Such calls so far, failed ones too.
  size_t calls(Call call) const;

 private:
  struct Layer;
  std::unique_ptr<Layer> layer_;
};

}  // namespace sidwatch

#endif  // SIDWATCH_TESTS_STORAGE_SQLITE_FAILING_VFS_H_
