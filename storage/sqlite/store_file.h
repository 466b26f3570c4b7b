#ifndef SIDWATCH_STORAGE_SQLITE_STORE_FILE_H_
#define SIDWATCH_STORAGE_SQLITE_STORE_FILE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace sidwatch {

// Keeps other processes from opening the same store for writing, while it
// lives. The lock is on a file beside the store, so that commands which only
// read are not kept out, and goes with the process however it ends.
class StoreLock {
 public:
  // Does not wait. Errors: FAILED_PRECONDITION (held by another, with its
  // process id), PERMISSION_DENIED or UNAVAILABLE (naming the file).
  static absl::StatusOr<StoreLock> Acquire(const std::string& store_path);

  StoreLock() = default;
  ~StoreLock();
  StoreLock(StoreLock&& other) noexcept;
  StoreLock& operator=(StoreLock&& other) noexcept;

 private:
  explicit StoreLock(int fd) : fd_(fd) {}

  int fd_ = -1;
};

// Makes sure that the store's file is there and can be read and written: a new
// one gets mode 0600, a folder made for it 0700; what exists is left alone.
// Errors: one sentence that names the file or folder.
absl::Status PrepareStoreFile(const std::string& store_path);

// The store's file behind all links, as SQLite finds it: the lock, the log and
// the disk that counts are there. The path itself when it leads nowhere.
std::string RealPath(const std::string& store_path);

// Bytes a process without privileges may still write beside the store.
// Errors: UNAVAILABLE.
absl::StatusOr<uint64_t> FreeBytes(const std::string& store_path);

// 0 when there is no such file.
int64_t FileSizeBytes(const std::string& path);

}  // namespace sidwatch

#endif  // SIDWATCH_STORAGE_SQLITE_STORE_FILE_H_
