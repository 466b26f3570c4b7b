#ifndef SIDWATCH_STORAGE_SQLITE_APPEND_EVENT_H_
#define SIDWATCH_STORAGE_SQLITE_APPEND_EVENT_H_

#include "absl/status/statusor.h"
#include "storage/sqlite/write_context.h"

namespace sidwatch {

// Whether a reservation still waits for its message to be named.
bool IsWaiting(const Reservation& reservation);

// Takes one reported status into the log and into its message: the rules of
// joining (`ref`), adopting and repeats (CONTRACT 4.1, 4.2).
//
// A report finds its message by SID and account. If it carries the ref of a
// waiting reservation of the same account, the SID names that reservation's
// message; if the SID was adopted before, the two become one.
absl::StatusOr<AppendResult> AppendReport(const AppendWrite& write,
                                          WriteContext& context);

// Takes the create reply to `reservation` in as its message's first event, and
// what only the reply tells. A reply that names another SID than a callback
// did before is adopted.
// Errors: ALREADY_EXISTS (the SID is another request's).
absl::StatusOr<AppendResult> AppendReply(const SendCreated& created,
                                         const Reservation& reservation,
                                         WriteContext& context);

}  // namespace sidwatch

#endif  // SIDWATCH_STORAGE_SQLITE_APPEND_EVENT_H_
