#include "server/watch/event_tail.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <thread>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "server/watch/reader_index.h"

namespace sidwatch {
namespace {

constexpr absl::Duration kStuckAfter = absl::Seconds(10);
// How many deliveries are looked up in one hold of the lock; bounds what a
// batch costs in memory when very many watch the same message.
constexpr size_t kRoundDeliveriesMax = 4096;

// What the writer left: a batch, or word that batches were dropped.
struct Queued {
  std::shared_ptr<const CommittedBatch> batch;  // null: dropped
  int64_t last_sequence = 0;
};

// Who gets which of a run of one batch's events.
struct Round {
  size_t begin = 0;
  size_t end = 0;
  std::vector<std::pair<size_t, std::shared_ptr<TailEntry>>> listed;
  std::vector<std::pair<size_t, std::shared_ptr<TailEntry>>> settled;
  std::shared_ptr<const TailEntries> filters;
};

}  // namespace

class EventTail::Impl {
 public:
  Impl(Clock& clock, size_t queued_events_max)
      : clock_(clock),
        queued_events_max_(queued_events_max),
        thread_([this] { Run(); }) {}

  int64_t Join(const std::shared_ptr<TailReader>& reader,
               const Selection& selection) {
    auto entry = std::make_shared<TailEntry>(reader, selection);
    MutexLock lock(index_mu_);
    index_.Add(entry);
    return decided_sequence_;
  }

  void Leave(const TailReader* reader) {
    MutexLock lock(index_mu_);
    const std::shared_ptr<TailEntry> entry = index_.Remove(reader);
    if (entry != nullptr) entry->left.store(true);
  }

  size_t reader_count() const {
    MutexLock lock(index_mu_);
    return index_.size();
  }

  int64_t fanned_out_sequence() const { return fanned_out_sequence_.load(); }

  void Enqueue(std::shared_ptr<const CommittedBatch> batch);
  bool alive() const;
  void Stop();

 private:
  void Run();
  bool Take(Queued& queued);
  void FanOut(const CommittedBatch& batch);
  Round Decide(const CommittedBatch& batch, size_t begin);
  void Deliver(const CommittedBatch& batch, const Round& round);
  void DeliverEvent(const std::shared_ptr<const StatusEvent>& event,
                    const TailEntries& filters);
  void TellMissed(int64_t sequence);
  template <typename Call>
  void Tell(const std::shared_ptr<TailEntry>& entry, Call call);
  void WakeTouched();

  Clock& clock_;
  const size_t queued_events_max_;

  std::atomic<int64_t> fanned_out_sequence_ = 0;
  TailEntries touched_;  // the fan-out thread's own

  // Two locks that never nest: the writer must not wait for an index.
  mutable Mutex queue_mu_;
  CondVar queued_or_stop_;
  std::deque<Queued> queue_ ABSL_GUARDED_BY(queue_mu_);
  size_t queued_events_ ABSL_GUARDED_BY(queue_mu_) = 0;
  bool stopping_ ABSL_GUARDED_BY(queue_mu_) = false;
  // When the batch under way was taken; infinite when there is none.
  absl::Duration busy_since_ ABSL_GUARDED_BY(queue_mu_) =
      absl::InfiniteDuration();

  mutable Mutex
      index_mu_;  // Never held while a reader is called: it may call back.
  ReaderIndex index_ ABSL_GUARDED_BY(index_mu_);
  // Who gets what is settled up to here: whoever joins now hears of the rest.
  int64_t decided_sequence_ ABSL_GUARDED_BY(index_mu_) = 0;

  std::thread thread_;  // Last: it uses everything above.
};

void EventTail::Impl::Enqueue(std::shared_ptr<const CommittedBatch> batch) {
  // Refusals and releases of sends make batches in which nothing is visible.
  if (batch->events.empty() && batch->settled.empty()) return;
  const size_t events = batch->events.size() + batch->settled.size();
  const int64_t last_sequence = batch->last_sequence;
  MutexLock lock(queue_mu_);
  if (stopping_) return;
  if (queued_events_ == 0 || queued_events_ + events <= queued_events_max_) {
    queued_events_ += events;
    queue_.push_back({std::move(batch), last_sequence});
  } else if (queue_.back().batch == nullptr) {
    queue_.back().last_sequence = last_sequence;
  } else {
    queue_.push_back({nullptr, last_sequence});
  }
  queued_or_stop_.NotifyOne();
}

bool EventTail::Impl::alive() const {
  MutexLock lock(queue_mu_);
  return clock_.Monotonic() - busy_since_ <= kStuckAfter;
}

void EventTail::Impl::Stop() {
  {
    MutexLock lock(queue_mu_);
    stopping_ = true;
    queued_or_stop_.NotifyOne();
  }
  if (thread_.joinable()) thread_.join();
}

void EventTail::Impl::Run() {
  pthread_setname_np(pthread_self(), "fan-out");
  Queued queued;
  while (Take(queued)) {
    if (queued.batch != nullptr) {
      FanOut(*queued.batch);
    } else {
      TellMissed(queued.last_sequence);
    }
    fanned_out_sequence_.store(queued.last_sequence);
    queued.batch.reset();
  }
}

// Waits for the next of the queue. Returns false when there is none and the
// tail stops.
bool EventTail::Impl::Take(Queued& queued) {
  MutexLock lock(queue_mu_);
  busy_since_ = absl::InfiniteDuration();
  while (queue_.empty() && !stopping_) queued_or_stop_.Wait(queue_mu_);
  if (queue_.empty()) return false;
  queued = std::move(queue_.front());
  queue_.pop_front();
  if (queued.batch != nullptr) {
    queued_events_ -=
        queued.batch->events.size() + queued.batch->settled.size();
  }
  busy_since_ = clock_.Monotonic();
  return true;
}

void EventTail::Impl::FanOut(const CommittedBatch& batch) {
  size_t begin = 0;
  do {
    const Round round = Decide(batch, begin);
    Deliver(batch, round);
    WakeTouched();
    begin = round.end;
  } while (begin < batch.events.size());
}

// Settles who gets the events from `begin` on, at least one of them. From then
// on a reader that joins is told that it does not.
Round EventTail::Impl::Decide(const CommittedBatch& batch, size_t begin) {
  Round round;
  round.begin = round.end = begin;
  TailEntries found;
  MutexLock lock(index_mu_);
  round.filters = index_.filters();
  while (round.end < batch.events.size() &&
         round.listed.size() < kRoundDeliveriesMax) {
    index_.FindListed(*batch.events[round.end], found);
    for (auto& entry : found) {
      round.listed.emplace_back(round.end, std::move(entry));
    }
    found.clear();
    ++round.end;
  }
  if (round.end < batch.events.size()) {
    decided_sequence_ = batch.events[round.end - 1]->sequence;
    return round;
  }
  for (size_t i = 0; i < batch.settled.size(); ++i) {
    index_.FindWaiting(*batch.settled[i], found);
    for (auto& entry : found) {
      round.settled.emplace_back(i, std::move(entry));
    }
    found.clear();
  }
  decided_sequence_ = batch.last_sequence;
  return round;
}

void EventTail::Impl::Deliver(const CommittedBatch& batch, const Round& round) {
  auto listed = round.listed.begin();
  for (size_t i = round.begin; i < round.end; ++i) {
    const std::shared_ptr<const StatusEvent>& event = batch.events[i];
    for (; listed != round.listed.end() && listed->first == i; ++listed) {
      Tell(listed->second,
           [&event](TailReader& reader) { reader.OnEvent(event); });
    }
    DeliverEvent(event, *round.filters);
  }
  for (const auto& [i, entry] : round.settled) {
    const std::shared_ptr<const Message>& message = batch.settled[i];
    Tell(entry, [&message](TailReader& reader) { reader.OnSettled(message); });
  }
}

void EventTail::Impl::DeliverEvent(
    const std::shared_ptr<const StatusEvent>& event,
    const TailEntries& filters) {
  for (const std::shared_ptr<TailEntry>& entry : filters) {
    if (!Matches(std::get<MessageFilter>(entry->selection), *event)) continue;
    Tell(entry, [&event](TailReader& reader) { reader.OnEvent(event); });
  }
}

void EventTail::Impl::TellMissed(int64_t sequence) {
  TailEntries all;
  {
    MutexLock lock(index_mu_);
    all = index_.all();
    decided_sequence_ = sequence;
  }
  for (const std::shared_ptr<TailEntry>& entry : all) {
    Tell(entry, [sequence](TailReader& reader) { reader.OnMissed(sequence); });
  }
  WakeTouched();
}

template <typename Call>
void EventTail::Impl::Tell(const std::shared_ptr<TailEntry>& entry, Call call) {
  if (entry->left.load()) return;
  const std::shared_ptr<TailReader> reader = entry->reader.lock();
  if (reader == nullptr) return;
  call(*reader);
  if (entry->touched) return;
  entry->touched = true;
  touched_.push_back(entry);
}

void EventTail::Impl::WakeTouched() {
  for (const std::shared_ptr<TailEntry>& entry : touched_) {
    entry->touched = false;
    if (entry->left.load()) continue;
    const std::shared_ptr<TailReader> reader = entry->reader.lock();
    if (reader != nullptr) reader->OnWake();
  }
  touched_.clear();
}

EventTail::EventTail(Clock& clock, size_t queued_events_max)
    : impl_(std::make_unique<Impl>(clock, queued_events_max)) {}

EventTail::~EventTail() { Stop(); }

int64_t EventTail::Join(const std::shared_ptr<TailReader>& reader,
                        const Selection& selection) {
  return impl_->Join(reader, selection);
}

void EventTail::Leave(const TailReader* reader) { impl_->Leave(reader); }

size_t EventTail::reader_count() const { return impl_->reader_count(); }

int64_t EventTail::fanned_out_sequence() const {
  return impl_->fanned_out_sequence();
}

void EventTail::OnCommitted(std::shared_ptr<const CommittedBatch> batch) {
  impl_->Enqueue(std::move(batch));
}

bool EventTail::alive() const { return impl_->alive(); }

void EventTail::Stop() { impl_->Stop(); }

}  // namespace sidwatch
