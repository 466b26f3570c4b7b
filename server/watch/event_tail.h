#ifndef SIDWATCH_SERVER_WATCH_EVENT_TAIL_H_
#define SIDWATCH_SERVER_WATCH_EVENT_TAIL_H_

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/clock.h"
#include "storage/selection.h"
#include "storage/store.h"

namespace sidwatch {

// Somebody who waits for events. Implemented by Watcher.
//
// All are called on the fan-out thread, under no lock of the tail, and must
// not block: take a pointer, or note that there was no room.
class TailReader {
 public:
  virtual ~TailReader() = default;

  // A committed event of the selection it joined with, in sequence order, or
  // a message settled without an event.
  virtual void OnEvent(const std::shared_ptr<const StatusEvent>& event) = 0;
  virtual void OnSettled(const std::shared_ptr<const Message>& message) = 0;

  // The tail could not keep up with the writer: the reader may have missed
  // any event, and any settled message, up to and including `sequence`. They
  // are in the store.
  virtual void OnMissed(int64_t sequence) = 0;

  // Called after the last of a run of the above: time to write.
  virtual void OnWake() = 0;
};

// The newest committed events, and who waits for which SID.
//
// Hears of commits on the writer's thread and only takes a pointer there; one
// thread of its own fans them out, each event to the readers it concerns by an
// index of SIDs and request ids (readers with a filter are asked one by one),
// so that an event costs those who get it. The log in the store is the real
// queue: a reader that falls behind reads on from there, and so do all of them
// when the fan-out itself falls behind.
//
// Thread safety: all methods may be called from any thread, Stop not from the
// fan-out's own.
class EventTail : public CommitListener {
 public:
  // Events that may wait for the fan-out; past it readers are told OnMissed.
  // At some 600 bytes an event about 40 MB, a second or two of the fastest
  // writer.
  static constexpr size_t kQueuedEventsMax = 65536;

  explicit EventTail(Clock& clock = Clock::Real(),
                     size_t queued_events_max = kQueuedEventsMax);
  // Stop(). The tail holds no reader alive; every one must have left.
  ~EventTail() override;
  EventTail(const EventTail&) = delete;
  EventTail& operator=(const EventTail&) = delete;

  // From now on `reader` hears of what matches `selection`. Join before the
  // first read of the store, or an event slips between. Returns the sequence
  // up to which it will hear nothing: all of that was committed before. It
  // hears of everything after. A reader joins once.
  int64_t Join(const std::shared_ptr<TailReader>& reader,
               const Selection& selection);

  // The reader hears nothing more once this has returned but a call that is
  // already under way (it holds a reference). Idempotent.
  void Leave(const TailReader* reader);

  // How many have joined and not left.
  size_t reader_count() const;

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
