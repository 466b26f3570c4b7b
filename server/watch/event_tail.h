#ifndef SIDWATCH_SERVER_WATCH_EVENT_TAIL_H_
#define SIDWATCH_SERVER_WATCH_EVENT_TAIL_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "base/mutex.h"
#include "storage/selection.h"
#include "storage/store.h"

namespace sidwatch {

// Somebody who waits for events. Implemented by Watcher.
class TailReader {
 public:
  virtual ~TailReader() = default;

  // A committed event of the selection it joined with, in sequence order, or
  // a message settled without an event. On the fan-out thread, under no lock
  // of the tail. Must not block: takes a pointer or notes that it overflowed.
  virtual void OnEvent(const std::shared_ptr<const StatusEvent>& event) = 0;
  virtual void OnSettled(const std::shared_ptr<const Message>& message) = 0;

  // Called after the last of a run of the above: time to write.
  virtual void OnWake() = 0;
};

// The newest committed events, and who waits for which SID.
//
// Hears of commits on the writer's thread and only takes a pointer there; one
// thread of its own fans them out, each event to the readers it concerns by an
// index of SIDs and request ids (readers with a filter are asked one by one),
// so that an event costs those who get it. The log in the store is the real
// queue: a reader that falls behind reads on from there.
//
// Thread safety: all methods may be called from any thread.
class EventTail : public CommitListener {
 public:
  EventTail();
  // Joins the thread; every reader must have left.
  ~EventTail() override;
  EventTail(const EventTail&) = delete;
  EventTail& operator=(const EventTail&) = delete;

  // From now on `reader` hears of what matches `selection`. Join before the
  // first read of the store, or an event slips between. Returns the sequence
  // up to which everything was fanned out before the reader joined; it will
  // hear of all that comes after.
  int64_t Join(const std::shared_ptr<TailReader>& reader,
               const Selection& selection);

  // The reader hears nothing more once this has returned but a call that is
  // already under way (it holds a reference).
  void Leave(const TailReader* reader);

  // Everything up to here has been handed to those whom it concerns.
  int64_t fanned_out_sequence() const;

  void OnCommitted(std::shared_ptr<const CommittedBatch> batch) override;

  // False when the fan-out thread has been at one batch for over 10 s.
  bool alive() const;

  // Fans out what is queued and joins the thread. Idempotent.
  void Stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_WATCH_EVENT_TAIL_H_
