#ifndef SIDWATCH_STORAGE_SQLITE_APPEND_EVENT_H_
#define SIDWATCH_STORAGE_SQLITE_APPEND_EVENT_H_

#include "absl/status/statusor.h"
#include "storage/sqlite/write_context.h"

namespace sidwatch {

// Takes one reported status into the log and into its message (FindTarget),
// unless it is a repeat (CONTRACT 4.1).
absl::StatusOr<AppendResult> AppendReport(const AppendWrite& write,
                                          WriteContext& context);

// Takes the create reply to `reservation` in as its message's first event, and
// what only the reply tells. A reply that names another SID than a callback
// did before is adopted.
// Errors: those of FindReplyTarget.
absl::StatusOr<AppendResult> AppendReply(const SendCreated& created,
                                         const Reservation& reservation,
                                         WriteContext& context);

}  // namespace sidwatch

#endif  // SIDWATCH_STORAGE_SQLITE_APPEND_EVENT_H_
