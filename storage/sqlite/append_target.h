#ifndef SIDWATCH_STORAGE_SQLITE_APPEND_TARGET_H_
#define SIDWATCH_STORAGE_SQLITE_APPEND_TARGET_H_

#include "absl/status/statusor.h"
#include "storage/sqlite/write_context.h"

namespace sidwatch {

// Where a report belongs, and what became of its message on the way there.
struct AppendTarget {
  MessageRow row;
  bool is_new = false;      // not in the file yet
  bool is_changed = false;  // in more than a fold changes
  bool is_joined = false;   // has just become its reservation's message
  bool reference_reused = false;
};

// Whether a reservation still waits for its message to be named.
bool IsWaiting(const Reservation& reservation);

// Finds the message of a report by SID and account, or adopts it. If the
// report carries the ref of a waiting reservation of the same account, the SID
// names that reservation's message; if the SID was adopted before, the two
// become one.
absl::StatusOr<AppendTarget> FindTarget(const AppendWrite& write,
                                        WriteContext& context);

// The same for the create reply to `reservation`, of whose account `event` is.
// Errors: ALREADY_EXISTS (the SID is another request's).
absl::StatusOr<AppendTarget> FindReplyTarget(const StatusEvent& event,
                                             const Reservation& reservation,
                                             WriteContext& context);

}  // namespace sidwatch

#endif  // SIDWATCH_STORAGE_SQLITE_APPEND_TARGET_H_
