#ifndef SIDWATCH_SERVER_WATCH_READER_INDEX_H_
#define SIDWATCH_SERVER_WATCH_READER_INDEX_H_

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/container/inlined_vector.h"
#include "server/watch/event_tail.h"
#include "storage/selection.h"

namespace sidwatch {

// One reader's place in the tail.
struct TailEntry {
  TailEntry(std::weak_ptr<TailReader> who, Selection what)
      : reader(std::move(who)), selection(std::move(what)) {}

  const std::weak_ptr<TailReader> reader;
  const Selection selection;
  // Set by Leave, looked at before each call.
  std::atomic<bool> left = false;
  // The fan-out thread's own: it has something to be woken for.
  bool touched = false;
};
using TailEntries = std::vector<std::shared_ptr<TailEntry>>;

// Who waits for which SID, request id or filter.
//
// Looking up a SID or request id costs those who wait for it, however many
// others there are.
//
// Thread safety: none; the tail guards it. What it hands out may be used
// without its lock.
class ReaderIndex {
 public:
  void Add(const std::shared_ptr<TailEntry>& entry);
  // Takes `reader` out and returns its entry; null when it is not there.
  std::shared_ptr<TailEntry> Remove(const TailReader* reader);

  // Appends the readers with a list that has the event's SID or request id.
  void FindListed(const StatusEvent& event, TailEntries& found) const;
  // Appends the readers that wait for this message by its request id.
  void FindWaiting(const Message& settled, TailEntries& found) const;

  // The readers with a filter. A copy that is made anew only after one came
  // or went.
  std::shared_ptr<const TailEntries> filters();

  TailEntries all() const;
  size_t size() const { return entries_.size(); }

 private:
  // Nearly always one; it costs no allocation of its own.
  using Waiting = absl::InlinedVector<std::shared_ptr<TailEntry>, 1>;
  template <typename Key>
  using Index = absl::flat_hash_map<Key, Waiting>;

  template <typename Key>
  static void AddKeys(Index<Key>& index, const std::vector<Key>& keys,
                      const std::shared_ptr<TailEntry>& entry);
  template <typename Key>
  static void RemoveKeys(Index<Key>& index, const std::vector<Key>& keys,
                         const std::shared_ptr<TailEntry>& entry);
  void FindRequest(const std::string& request_id,
                   const std::string& account_sid, TailEntries& found) const;

  absl::flat_hash_map<const TailReader*, std::shared_ptr<TailEntry>> entries_;
  Index<MessageSid> by_sid_;
  Index<std::string> by_request_id_;
  absl::flat_hash_set<std::shared_ptr<TailEntry>> by_filter_;
  std::shared_ptr<const TailEntries> filters_;  // null: to be made anew
};

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_WATCH_READER_INDEX_H_
