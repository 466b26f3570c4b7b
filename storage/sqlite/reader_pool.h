#ifndef SIDWATCH_STORAGE_SQLITE_READER_POOL_H_
#define SIDWATCH_STORAGE_SQLITE_READER_POOL_H_

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "storage/sqlite/sqlite_reader.h"

namespace sidwatch {

// A fixed number of readers, each lent to one thread at a time.
//
// Thread safety: all methods may be called from any thread. Lend waits until a
// reader is back; reads are short.
class ReaderPool {
 public:
  static absl::StatusOr<std::unique_ptr<ReaderPool>> Open(
      const std::string& path, const std::string& vfs, size_t readers);
  ReaderPool(const ReaderPool&) = delete;
  ReaderPool& operator=(const ReaderPool&) = delete;

  // A reader until it goes out of scope.
  class Loan {
   public:
    Loan(ReaderPool& pool, std::unique_ptr<SqliteReader> reader)
        : pool_(pool), reader_(std::move(reader)) {}
    ~Loan() { pool_.Return(std::move(reader_)); }
    Loan(const Loan&) = delete;
    Loan& operator=(const Loan&) = delete;

    SqliteReader* operator->() { return reader_.get(); }

   private:
    ReaderPool& pool_;
    std::unique_ptr<SqliteReader> reader_;
  };
  Loan Lend();

 private:
  ReaderPool() = default;
  void Return(std::unique_ptr<SqliteReader> reader);

  Mutex mu_;
  CondVar returned_;
  std::vector<std::unique_ptr<SqliteReader>> free_ ABSL_GUARDED_BY(mu_);
};

}  // namespace sidwatch

#endif  // SIDWATCH_STORAGE_SQLITE_READER_POOL_H_
