#ifndef SIDWATCH_SERVER_WATCH_FINAL_TRACKER_H_
#define SIDWATCH_SERVER_WATCH_FINAL_TRACKER_H_

#include <cstdint>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "storage/message.h"
#include "storage/selection.h"
#include "storage/status_event.h"

namespace sidwatch {

// Of a list of SIDs or request ids: which may still change.
//
// Begins with all of them open, so that one nobody knows keeps its watch open.
// Takes the state of the store once, and after that only events that the
// state did not have: those before it would open again what is final.
//
// Thread safety: none; the watcher guards it.
class FinalTracker {
 public:
  // With `await_read` a delivered message is open until it is read.
  FinalTracker(const Selection& selection, bool await_read);

  // What the store says of one message of the list. Refused ones and those
  // given up are final.
  void TakeState(const Message& message);
  // The end of the log when the state was read.
  void set_position(int64_t sequence) { position_ = sequence; }

  void TakeEvent(const StatusEvent& event);

  bool all_final() const { return sids_.empty() && request_ids_.empty(); }

 private:
  bool IsFinal(const StatusText& status, bool final) const;
  void Mark(const MessageSid& sid, const std::string& request_id, bool final);

  const bool by_sid_;
  const bool await_read_;
  int64_t position_ = 0;
  // The open ones.
  absl::flat_hash_set<MessageSid> sids_;
  absl::flat_hash_set<std::string> request_ids_;
};

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_WATCH_FINAL_TRACKER_H_
