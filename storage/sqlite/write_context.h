#ifndef SIDWATCH_STORAGE_SQLITE_WRITE_CONTEXT_H_
#define SIDWATCH_STORAGE_SQLITE_WRITE_CONTEXT_H_

#include "absl/time/time.h"
#include "storage/sqlite/store_tables.h"
#include "storage/store.h"

namespace sidwatch {

// What one write works on, inside the writer's transaction. After an error
// whatever was changed, in the file as in `store` and `committed`, must be
// undone by whoever began the transaction.
struct WriteContext {
  StoreTables& tables;
  StoreRow& store;            // its counters, rising
  CommittedBatch& committed;  // what the write makes visible
};

// As precise as the file keeps it, so that an event handed on live is equal to
// the one read later.
inline absl::Time StoredTime(absl::Time time) {
  return absl::FromUnixMicros(absl::ToUnixMicros(time));
}

}  // namespace sidwatch

#endif  // SIDWATCH_STORAGE_SQLITE_WRITE_CONTEXT_H_
