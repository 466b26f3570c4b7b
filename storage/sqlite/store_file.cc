#include "storage/sqlite/store_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace sidwatch {
namespace {

constexpr mode_t kFileMode = 0600;
constexpr mode_t kFolderMode = 0700;
constexpr size_t kProcessIdMax = 20;

absl::Status FileError(absl::string_view doing, absl::string_view path,
                       int error) {
  const absl::StatusCode code = error == EACCES || error == EPERM
                                    ? absl::StatusCode::kPermissionDenied
                                    : absl::StatusCode::kUnavailable;
  return absl::Status(
      code, absl::StrCat("cannot ", doing, " ", path, ": ", strerror(error)));
}

// The process that holds the lock wrote its id there.
std::string ReadProcessId(int fd) {
  char text[kProcessIdMax] = {};
  const ssize_t size = pread(fd, text, sizeof(text), 0);
  const absl::string_view id(text, size > 0 ? static_cast<size_t>(size) : 0);
  return std::string(absl::StripAsciiWhitespace(id));
}

void WriteProcessId(int fd) {
  const std::string id = absl::StrCat(getpid(), "\n");
  // Only a help for whoever is refused later: a failure changes nothing.
  if (ftruncate(fd, 0) != 0) return;
  [[maybe_unused]] const ssize_t written = pwrite(fd, id.data(), id.size(), 0);
}

// A new folder outlives a power cut only once the one above it is on disk.
// (SQLite does the same for the files in it.)
absl::Status SyncFolder(const std::filesystem::path& folder) {
  const std::string path = folder.empty() ? "." : folder.string();
  const int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return FileError("open the folder", path, errno);
  const int synced = fsync(fd);
  const int error = errno;
  close(fd);
  return synced == 0 ? absl::OkStatus()
                     : FileError("sync the folder", path, error);
}

absl::Status MakeFolder(const std::filesystem::path& folder) {
  if (folder.empty() || access(folder.c_str(), F_OK) == 0) {
    return absl::OkStatus();
  }
  if (absl::Status s = MakeFolder(folder.parent_path()); !s.ok()) return s;
  if (mkdir(folder.c_str(), kFolderMode) != 0 && errno != EEXIST) {
    return FileError("make the folder", folder.string(), errno);
  }
  return SyncFolder(folder.parent_path());
}

std::string FolderOf(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path();
  return folder.empty() ? "." : folder;
}

}  // namespace

absl::StatusOr<StoreLock> StoreLock::Acquire(const std::string& store_path) {
  const std::string path = absl::StrCat(RealPath(store_path), ".lock");
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kFileMode);
  if (fd < 0) return FileError("open", path, errno);
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    const std::string holder = ReadProcessId(fd);
    close(fd);
    if (error != EWOULDBLOCK) return FileError("lock", path, error);
    return absl::FailedPreconditionError(
        absl::StrCat(store_path, " is in use by process ",
                     holder.empty() ? "unknown" : holder,
                     ": stop that one, or give this one a file of its own"));
  }
  WriteProcessId(fd);
  return StoreLock(fd);
}

StoreLock::~StoreLock() {
  if (fd_ >= 0) close(fd_);
}

StoreLock::StoreLock(StoreLock&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)) {}

StoreLock& StoreLock::operator=(StoreLock&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

absl::Status PrepareStoreFile(const std::string& store_path) {
  const std::filesystem::path folder =
      std::filesystem::path(store_path).parent_path();
  if (absl::Status s = MakeFolder(folder); !s.ok()) return s;
  const int fd =
      open(store_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kFileMode);
  if (fd < 0) return FileError("open", store_path, errno);
  // SQLite gives the files beside it the same mode.
  close(fd);
  return absl::OkStatus();
}

std::string RealPath(const std::string& store_path) {
  std::error_code error;
  const std::filesystem::path real =
      std::filesystem::canonical(store_path, error);
  return error ? store_path : real.string();
}

absl::StatusOr<uint64_t> FreeBytes(const std::string& store_path) {
  const std::string folder = FolderOf(store_path);
  struct statvfs disk = {};
  if (statvfs(folder.c_str(), &disk) != 0) {
    return absl::UnavailableError(absl::StrCat("cannot tell the free space of ",
                                               folder, ": ", strerror(errno)));
  }
  return uint64_t{disk.f_bavail} * disk.f_frsize;
}

int64_t FileSizeBytes(const std::string& path) {
  struct stat info = {};
  return stat(path.c_str(), &info) == 0 ? int64_t{info.st_size} : 0;
}

}  // namespace sidwatch
