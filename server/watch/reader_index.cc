#include "server/watch/reader_index.h"

#include <algorithm>

namespace sidwatch {

template <typename Key>
void ReaderIndex::AddKeys(Index<Key>& index, const std::vector<Key>& keys,
                          const std::shared_ptr<TailEntry>& entry) {
  for (const Key& key : keys) {
    Waiting& waiting = index[key];
    // A list may name a key twice; its reader hears once.
    if (waiting.empty() || waiting.back() != entry) waiting.push_back(entry);
  }
}

template <typename Key>
void ReaderIndex::RemoveKeys(Index<Key>& index, const std::vector<Key>& keys,
                             const std::shared_ptr<TailEntry>& entry) {
  for (const Key& key : keys) {
    const auto found = index.find(key);
    if (found == index.end()) continue;
    Waiting& waiting = found->second;
    waiting.erase(std::remove(waiting.begin(), waiting.end(), entry),
                  waiting.end());
    if (waiting.empty()) index.erase(found);
  }
}

void ReaderIndex::Add(const std::shared_ptr<TailEntry>& entry) {
  entries_[entry->reader.lock().get()] = entry;
  if (const auto* sids = std::get_if<MessageSids>(&entry->selection)) {
    AddKeys(by_sid_, sids->sids, entry);
  } else if (const auto* ids = std::get_if<RequestIds>(&entry->selection)) {
    AddKeys(by_request_id_, ids->request_ids, entry);
  } else {
    by_filter_.insert(entry);
    filters_ = nullptr;
  }
}

std::shared_ptr<TailEntry> ReaderIndex::Remove(const TailReader* reader) {
  const auto found = entries_.find(reader);
  if (found == entries_.end()) return nullptr;
  std::shared_ptr<TailEntry> entry = std::move(found->second);
  entries_.erase(found);
  if (const auto* sids = std::get_if<MessageSids>(&entry->selection)) {
    RemoveKeys(by_sid_, sids->sids, entry);
  } else if (const auto* ids = std::get_if<RequestIds>(&entry->selection)) {
    RemoveKeys(by_request_id_, ids->request_ids, entry);
  } else {
    by_filter_.erase(entry);
    filters_ = nullptr;
  }
  return entry;
}

void ReaderIndex::FindListed(const StatusEvent& event,
                             TailEntries& found) const {
  const auto waiting = by_sid_.find(event.message_sid);
  if (waiting != by_sid_.end()) {
    found.insert(found.end(), waiting->second.begin(), waiting->second.end());
  }
  FindRequest(event.request_id, event.account_sid, found);
}

void ReaderIndex::FindWaiting(const Message& settled,
                              TailEntries& found) const {
  FindRequest(settled.request_id, settled.account_sid, found);
}

void ReaderIndex::FindRequest(const std::string& request_id,
                              const std::string& account_sid,
                              TailEntries& found) const {
  if (request_id.empty()) return;
  const auto waiting = by_request_id_.find(request_id);
  if (waiting == by_request_id_.end()) return;
  for (const std::shared_ptr<TailEntry>& entry : waiting->second) {
    const auto& ids = std::get<RequestIds>(entry->selection);
    if (ids.account_sid.empty() || ids.account_sid == account_sid) {
      found.push_back(entry);
    }
  }
}

std::shared_ptr<const TailEntries> ReaderIndex::filters() {
  if (filters_ == nullptr) {
    filters_ = std::make_shared<const TailEntries>(by_filter_.begin(),
                                                   by_filter_.end());
  }
  return filters_;
}

TailEntries ReaderIndex::all() const {
  TailEntries all;
  all.reserve(entries_.size());
  for (const auto& [reader, entry] : entries_) all.push_back(entry);
  return all;
}

}  // namespace sidwatch
