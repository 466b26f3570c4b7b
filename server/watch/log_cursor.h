#ifndef SIDWATCH_SERVER_WATCH_LOG_CURSOR_H_
#define SIDWATCH_SERVER_WATCH_LOG_CURSOR_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "storage/status_event.h"

namespace sidwatch {

// Roughly what an event takes in memory.
size_t EstimateBytes(const StatusEvent& event);

// How far one watcher is in the log, and how pages of the log and events of
// the tail join into one run without a gap and without a repeat.
//
// Two numbers do it. `cursor`: everything up to it has been taken.
// `missed`: events up to it have to come from the log, because they are older
// than the watch or there was no room for them. A watcher is live when
// cursor >= missed: whatever else there is, the tail hands to it. While it is
// behind it keeps what it hears ahead of its cursor, so that it becomes live
// without having to catch a quiet moment.
//
// Feed it from the moment of joining the tail, before the store is read.
//
// Thread safety: none; the watcher guards it.
class LogCursor {
 public:
  using EventPtr = std::shared_ptr<const StatusEvent>;

  int64_t cursor() const { return cursor_; }
  bool live() const { return following_ && cursor_ >= missed_; }
  // Held ahead of the cursor.
  size_t bytes() const { return bytes_; }

  // Where the watcher will take up the log. `position` is the end of the log
  // as read after joining: what is wanted of it up to there comes from pages.
  void StartAt(int64_t cursor, int64_t position);

  // Takes it up: nothing comes before the next event any more. Until then the
  // watcher counts as behind.
  void Follow() { following_ = true; }

  enum class Heard {
    kOld,   // a page had it
    kNext,  // the watcher is live: take it now
    kLater  // kept ahead, or to be read from the log
  };
  // An event from the tail. `room` says whether it may be kept or taken.
  Heard Hear(const EventPtr& event, bool room);

  // The tail's events up to `sequence` have to be read from the log.
  void Miss(int64_t sequence);

  // Everything up to `sequence` has been taken, or is known not to matter.
  void MoveTo(int64_t sequence);

  // What was kept ahead and comes next, once live; moves the cursor past it.
  std::vector<EventPtr> TakeAhead();

  void Clear();

 private:
  void DropAhead();

  bool following_ = false;
  int64_t cursor_ = 0;
  int64_t missed_ = 0;
  // Whole: every event of the selection that was heard after `missed_`.
  std::vector<EventPtr> ahead_;
  size_t bytes_ = 0;
};

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_WATCH_LOG_CURSOR_H_
