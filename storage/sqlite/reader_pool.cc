#include "storage/sqlite/reader_pool.h"

namespace sidwatch {

absl::StatusOr<std::unique_ptr<ReaderPool>> ReaderPool::Open(
    const std::string& path, const std::string& vfs, size_t readers) {
  // The constructor is private: make_unique cannot reach it.
  std::unique_ptr<ReaderPool> pool(new ReaderPool());
  for (size_t i = 0; i < readers; ++i) {
    absl::StatusOr<std::unique_ptr<SqliteReader>> reader =
        SqliteReader::Open(path, vfs);
    if (!reader.ok()) return reader.status();
    pool->Return(*std::move(reader));
  }
  return pool;
}

ReaderPool::Loan ReaderPool::Lend() {
  std::unique_ptr<SqliteReader> reader;
  {
    MutexLock lock(mu_);
    while (free_.empty()) returned_.Wait(mu_);
    // The last one back: its pages are the warmest.
    reader = std::move(free_.back());
    free_.pop_back();
  }
  return Loan(*this, std::move(reader));
}

void ReaderPool::Return(std::unique_ptr<SqliteReader> reader) {
  MutexLock lock(mu_);
  free_.push_back(std::move(reader));
  returned_.NotifyOne();
}

}  // namespace sidwatch
