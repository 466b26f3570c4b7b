#ifndef SIDWATCH_SERVER_WATCH_OUTBOX_H_
#define SIDWATCH_SERVER_WATCH_OUTBOX_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "server/watch/watch_options.h"

namespace sidwatch {

// Roughly what a message takes in memory.
size_t EstimateBytes(const Message& message);

// What a watcher will say next, in order, and what it takes.
//
// Costs nothing while it is empty: most watchers are idle nearly always.
//
// Thread safety: none; the watcher guards it.
class Outbox {
 public:
  struct Entry {
    WatchItem item;
    // What the token that goes with it says.
    int64_t sequence = 0;
    bool snapshot_pending = false;
    size_t bytes = 0;  // filled by Push
  };

  void Push(Entry entry);
  // Not when empty.
  Entry Pop();

  bool empty() const { return first_ == entries_.size(); }
  size_t size() const { return entries_.size() - first_; }
  size_t bytes() const { return bytes_; }

  void Clear();

 private:
  std::vector<Entry> entries_;  // those before first_ are taken
  size_t first_ = 0;
  size_t bytes_ = 0;
};

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_WATCH_OUTBOX_H_
