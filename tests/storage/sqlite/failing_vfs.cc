#include "tests/storage/sqlite/failing_vfs.h"

#include <array>
#include <atomic>

#include "absl/strings/str_cat.h"
#include "base/mutex.h"
#include "sqlite3.h"

namespace sidwatch {
namespace {

constexpr size_t kCalls = 5;

// Counts calls and says which one fails.
class Faults {
 public:
  void FailNth(FailingVfs::Call call, size_t nth, int sqlite_code) {
    MutexLock lock(mu_);
    call_ = call;
    fails_at_ = counts_[static_cast<size_t>(call)] + nth;
    code_ = sqlite_code;
    failed_ = false;
  }

  void Heal() {
    MutexLock lock(mu_);
    code_ = SQLITE_OK;
  }

  bool failed() const {
    MutexLock lock(mu_);
    return failed_;
  }

  size_t count(FailingVfs::Call call) const {
    MutexLock lock(mu_);
    return counts_[static_cast<size_t>(call)];
  }

  // SQLITE_OK, or how this call fails.
  int Next(FailingVfs::Call call) {
    MutexLock lock(mu_);
    const size_t number = ++counts_[static_cast<size_t>(call)];
    if (code_ == SQLITE_OK || call != call_ || number != fails_at_) {
      return SQLITE_OK;
    }
    failed_ = true;
    return code_;
  }

 private:
  mutable Mutex mu_;
  std::array<size_t, kCalls> counts_ ABSL_GUARDED_BY(mu_) = {};
  FailingVfs::Call call_ ABSL_GUARDED_BY(mu_) = FailingVfs::Call::kRead;
  size_t fails_at_ ABSL_GUARDED_BY(mu_) = 0;
  int code_ ABSL_GUARDED_BY(mu_) = SQLITE_OK;
  bool failed_ ABSL_GUARDED_BY(mu_) = false;
};

// What SQLite holds of an open file; the real one's bytes follow it.
struct File {
  sqlite3_file base;
  Faults* faults;

  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

File& Of(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }

const sqlite3_io_methods& Real(sqlite3_file* file) {
  return *Of(file).real()->pMethods;
}

int Close(sqlite3_file* file) { return Real(file).xClose(Of(file).real()); }

int Read(sqlite3_file* file, void* data, int size, sqlite3_int64 offset) {
  const int code = Of(file).faults->Next(FailingVfs::Call::kRead);
  if (code != SQLITE_OK) return code;
  return Real(file).xRead(Of(file).real(), data, size, offset);
}

int Write(sqlite3_file* file, const void* data, int size,
          sqlite3_int64 offset) {
  const int code = Of(file).faults->Next(FailingVfs::Call::kWrite);
  if (code != SQLITE_OK) return code;
  return Real(file).xWrite(Of(file).real(), data, size, offset);
}

int Truncate(sqlite3_file* file, sqlite3_int64 size) {
  const int code = Of(file).faults->Next(FailingVfs::Call::kTruncate);
  if (code != SQLITE_OK) return code;
  return Real(file).xTruncate(Of(file).real(), size);
}

// Does not sync: nobody pulls the plug on a test, and thousands of real syncs
// would take most of its time.
int Sync(sqlite3_file* file, int /*flags*/) {
  return Of(file).faults->Next(FailingVfs::Call::kSync);
}

int FileSize(sqlite3_file* file, sqlite3_int64* size) {
  return Real(file).xFileSize(Of(file).real(), size);
}

int Lock(sqlite3_file* file, int level) {
  return Real(file).xLock(Of(file).real(), level);
}

int Unlock(sqlite3_file* file, int level) {
  return Real(file).xUnlock(Of(file).real(), level);
}

int CheckReservedLock(sqlite3_file* file, int* reserved) {
  return Real(file).xCheckReservedLock(Of(file).real(), reserved);
}

int FileControl(sqlite3_file* file, int operation, void* argument) {
  return Real(file).xFileControl(Of(file).real(), operation, argument);
}

int SectorSize(sqlite3_file* file) {
  return Real(file).xSectorSize(Of(file).real());
}

int DeviceCharacteristics(sqlite3_file* file) {
  return Real(file).xDeviceCharacteristics(Of(file).real());
}

int ShmMap(sqlite3_file* file, int region, int size, int extend,
           void volatile** memory) {
  const int code = Of(file).faults->Next(FailingVfs::Call::kShmMap);
  if (code != SQLITE_OK) return code;
  return Real(file).xShmMap(Of(file).real(), region, size, extend, memory);
}

int ShmLock(sqlite3_file* file, int offset, int count, int flags) {
  return Real(file).xShmLock(Of(file).real(), offset, count, flags);
}

void ShmBarrier(sqlite3_file* file) { Real(file).xShmBarrier(Of(file).real()); }

int ShmUnmap(sqlite3_file* file, int remove) {
  return Real(file).xShmUnmap(Of(file).real(), remove);
}

// Version 2: shared memory, and no memory-mapped reading.
constexpr sqlite3_io_methods kMethods = {2,
                                         Close,
                                         Read,
                                         Write,
                                         Truncate,
                                         Sync,
                                         FileSize,
                                         Lock,
                                         Unlock,
                                         CheckReservedLock,
                                         FileControl,
                                         SectorSize,
                                         DeviceCharacteristics,
                                         ShmMap,
                                         ShmLock,
                                         ShmBarrier,
                                         ShmUnmap,
                                         nullptr,
                                         nullptr};

std::string NextName() {
  static std::atomic<int> number{0};
  return absl::StrCat("failing-", ++number);
}

}  // namespace

struct FailingVfs::Layer {
  std::string name = NextName();
  sqlite3_vfs* real = sqlite3_vfs_find(nullptr);
  sqlite3_vfs vfs = {};
  Faults faults;

  static int Open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file,
                  int flags, int* flags_out) {
    auto* layer = static_cast<Layer*>(vfs->pAppData);
    File& opened = Of(file);
    opened.faults = &layer->faults;
    const int code =
        layer->real->xOpen(layer->real, path, opened.real(), flags, flags_out);
    // Without methods SQLite knows that there is nothing to close.
    opened.base.pMethods = code == SQLITE_OK ? &kMethods : nullptr;
    return code;
  }
};

FailingVfs::FailingVfs() : layer_(std::make_unique<Layer>()) {
  // All that has nothing to do with one file goes to the real layer, whose
  // functions look at nothing of ours.
  layer_->vfs = *layer_->real;
  layer_->vfs.zName = layer_->name.c_str();
  layer_->vfs.pNext = nullptr;
  layer_->vfs.pAppData = layer_.get();
  layer_->vfs.szOsFile =
      static_cast<int>(sizeof(File)) + layer_->real->szOsFile;
  layer_->vfs.xOpen = Layer::Open;
  sqlite3_vfs_register(&layer_->vfs, /*makeDflt=*/0);
}

FailingVfs::~FailingVfs() { sqlite3_vfs_unregister(&layer_->vfs); }

const std::string& FailingVfs::name() const { return layer_->name; }

void FailingVfs::FailNth(Call call, size_t nth, int sqlite_code) {
  layer_->faults.FailNth(call, nth, sqlite_code);
}

void FailingVfs::Heal() { layer_->faults.Heal(); }

bool FailingVfs::failed() const { return layer_->faults.failed(); }

size_t FailingVfs::calls(Call call) const { return layer_->faults.count(call); }

}  // namespace sidwatch
