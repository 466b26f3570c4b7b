#ifndef SIDWATCH_STORAGE_MESSAGE_FOLD_H_
#define SIDWATCH_STORAGE_MESSAGE_FOLD_H_

#include "absl/strings/string_view.h"
#include "storage/message.h"
#include "storage/status_event.h"

namespace sidwatch {

// What an event did beside what stands in the event itself.
struct FoldResult {
  bool out_of_order = false;  // it came after a higher status
  bool conflict = false;      // it and the message are final, and differ
};

// Says whether two reports are the same event: equal status word and error
// code (absent = 0), whatever their source. Of one message; LOCAL events are
// never a repeat and are not to be asked about.
bool IsSameEvent(const StatusEvent& a, const StatusEvent& b);

// Takes `event` into `message`: the one place that knows how statuses combine.
//
// The status of the message becomes the highest ever reported (StatusText's
// order), among equal statuses the one with the larger error code. So the
// result is a function of the set of events, never of their order: any
// replica, any repetition, any delay gives the same message. `error_message`
// is the winning event's own.
//
// Fills event.message_sequence, effective, message_status and final, and the
// message's status, final, error_code, error_message, message_sequence,
// last_sequence and update_time. event.sequence must be set. A LOCAL event
// takes a number and changes nothing else. Not idempotent: repeats are kept
// away by the store (IsSameEvent).
FoldResult Fold(StatusEvent& event, absl::string_view error_message,
                Message& message);

}  // namespace sidwatch

#endif  // SIDWATCH_STORAGE_MESSAGE_FOLD_H_
