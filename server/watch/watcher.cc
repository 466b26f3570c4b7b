#include "server/watch/watcher.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "base/error_detail.h"
#include "base/mutex.h"
#include "server/watch/resume_token.h"
#include "server/watch/watch_flow.h"
#include "server/watch/watch_reads.h"

namespace sidwatch {
namespace {

constexpr size_t kPageEventsMax = 1000;
// How long a watch waits before it asks the busy readers again; doubles.
constexpr absl::Duration kRetryDelayMin = absl::Milliseconds(20);
constexpr absl::Duration kRetryDelayMax = absl::Seconds(1);

absl::Status QueueFullError(size_t waiting) {
  return DetailedError(
      absl::StatusCode::kResourceExhausted,
      absl::StrCat("too many watches are being opened or are catching up (",
                   waiting, " reads of the store wait); try again"),
      {.reason = "QUEUE_FULL", .retry_delay = kRetryDelayMax});
}

template <typename T>
void RemoveRepeated(std::vector<T>& list) {
  absl::flat_hash_set<T> seen;
  const auto repeated = [&seen](const T& key) {
    return !seen.insert(key).second;
  };
  list.erase(std::remove_if(list.begin(), list.end(), repeated), list.end());
}

WatchOptions Normalized(WatchOptions options) {
  if (auto* sids = std::get_if<MessageSids>(&options.selection)) {
    RemoveRepeated(sids->sids);
  } else if (auto* ids = std::get_if<RequestIds>(&options.selection)) {
    RemoveRepeated(ids->request_ids);
  }
  options.progress_interval = std::clamp(options.progress_interval,
                                         absl::Seconds(1), absl::Seconds(60));
  return options;
}

}  // namespace

// Joins a WatchFlow, which knows what to say, to the threads that feed it: the
// fan-out, the readers' executor, the timers, and the client's own.
class Watcher::Impl {
 public:
  Impl(const WatchContext& context, WatchOptions options,
       std::function<void()> wake);

  void Start(const std::shared_ptr<Watcher>& self);
  NextResult Next();
  void End(WatchEndReason reason);
  void Close();
  bool has_pending() const;

  void OnEvent(const std::shared_ptr<const StatusEvent>& event);
  void OnSettled(const std::shared_ptr<const Message>& message);
  void OnMissed(int64_t sequence);
  void OnWake();

 private:
  // What is done once the lock is released, because it may call back.
  struct Afterwards {
    std::shared_ptr<const std::function<void()>> wake;
    bool leave = false;
  };

  absl::Status ReadToken();
  void Do(const Afterwards& afterwards);
  // To be called after every change, before the lock is released.
  Afterwards SettleLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // Begins what the flow wants read, if anything.
  void ReadLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  bool SubmitLocked(WatchFlow::Read read) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // On the readers' executor.
  void Read(WatchFlow::Read read, int64_t from, bool may_be_trimmed);
  template <typename Result, typename Take>
  void Finish(absl::StatusOr<Result> result, Take take);
  void FinishPage(int64_t from, absl::StatusOr<EventPage> page);

  void RetryLaterLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void ArmTimerLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void OnTimer();

  const WatchContext context_;
  const WatchOptions options_;
  const ResumeToken::Fingerprint selection_;
  const size_t page_bytes_;
  // Set by Start, before anybody else knows of the watcher.
  std::weak_ptr<Watcher> self_;
  const TailReader* reader_ = nullptr;
  std::optional<ResumeToken> token_;

  // Taken before the locks of the executor and the timers, which call nobody
  // back under theirs. Never held while `wake` or the tail is called.
  mutable Mutex mu_;
  WatchFlow flow_ ABSL_GUARDED_BY(mu_);
  // Null once closed: it may hold what holds the watcher.
  std::shared_ptr<const std::function<void()>> wake_ ABSL_GUARDED_BY(mu_);
  bool waiting_ ABSL_GUARDED_BY(mu_) = false;  // Next had nothing
  bool joined_ ABSL_GUARDED_BY(mu_) = false;

  // One timer for both; 0 when none is armed.
  TimerQueue::TimerId timer_ ABSL_GUARDED_BY(mu_) = 0;
  absl::Duration timer_due_ ABSL_GUARDED_BY(mu_);
  absl::Duration progress_due_ ABSL_GUARDED_BY(mu_) = absl::InfiniteDuration();
  absl::Duration retry_due_ ABSL_GUARDED_BY(mu_) = absl::InfiniteDuration();
  absl::Duration retry_delay_ ABSL_GUARDED_BY(mu_);
};

Watcher::Impl::Impl(const WatchContext& context, WatchOptions options,
                    std::function<void()> wake)
    : context_(context),
      options_(Normalized(std::move(options))),
      selection_(FingerprintOf(options_.selection)),
      page_bytes_(context.buffer_max_bytes / 2),
      flow_(options_, context.buffer_max_bytes),
      wake_(std::make_shared<const std::function<void()>>(std::move(wake))) {}

void Watcher::Impl::Start(const std::shared_ptr<Watcher>& self) {
  self_ = self;
  reader_ = self.get();
  if (absl::Status status = ReadToken(); !status.ok()) {
    MutexLock lock(mu_);
    flow_.Fail(std::move(status));
    return;
  }
  // Before the first read, or an event slips between.
  context_.tail.Join(self, options_.selection);
  Afterwards afterwards;
  {
    MutexLock lock(mu_);
    joined_ = true;
    if (!SubmitLocked(WatchFlow::Read::kOpening)) {
      flow_.Fail(QueueFullError(context_.readers.queued()));
    }
    afterwards = SettleLocked();
  }
  Do(afterwards);
}

absl::Status Watcher::Impl::ReadToken() {
  if (options_.resume_token.empty()) return absl::OkStatus();
  const absl::StatusOr<ResumeToken> token =
      ParseResumeToken(options_.resume_token);
  if (!token.ok()) return token.status();
  token_ = *token;
  return CheckSelection(*token, selection_);
}

// --- What the client asks.

Watcher::NextResult Watcher::Impl::Next() {
  Outbox::Entry entry;
  ResumeToken token{.selection = selection_};
  Afterwards afterwards;
  {
    MutexLock lock(mu_);
    if (!flow_.has_output()) {
      if (flow_.ended()) return Finished{flow_.status()};
      waiting_ = true;
      return Wait{};
    }
    entry = flow_.PopOutput();
    token.store = flow_.store();
    afterwards = SettleLocked();
  }
  Do(afterwards);
  token.sequence = entry.sequence;
  token.snapshot_pending = entry.snapshot_pending;
  return WatchOutput{std::move(entry.item), ToBytes(token)};
}

void Watcher::Impl::End(WatchEndReason reason) {
  Afterwards afterwards;
  {
    MutexLock lock(mu_);
    flow_.End(reason);
    afterwards = SettleLocked();
  }
  Do(afterwards);
}

void Watcher::Impl::Close() {
  Afterwards afterwards;
  // Dropped without the lock: it may hold the last of what calls Close.
  std::shared_ptr<const std::function<void()>> wake;
  {
    MutexLock lock(mu_);
    flow_.Drop(absl::CancelledError("the client has gone"));
    wake.swap(wake_);
    afterwards = SettleLocked();
  }
  Do(afterwards);
}

bool Watcher::Impl::has_pending() const {
  MutexLock lock(mu_);
  return flow_.has_data();
}

// --- What the tail hands over.

void Watcher::Impl::OnEvent(const std::shared_ptr<const StatusEvent>& event) {
  MutexLock lock(mu_);
  flow_.Hear(event);
}

void Watcher::Impl::OnSettled(const std::shared_ptr<const Message>& message) {
  MutexLock lock(mu_);
  flow_.HearSettled(message);
}

void Watcher::Impl::OnMissed(int64_t sequence) {
  MutexLock lock(mu_);
  flow_.Miss(sequence);
}

void Watcher::Impl::OnWake() {
  Afterwards afterwards;
  {
    MutexLock lock(mu_);
    afterwards = SettleLocked();
  }
  Do(afterwards);
}

// --- What follows from a change.

Watcher::Impl::Afterwards Watcher::Impl::SettleLocked() {
  ReadLocked();
  if (flow_.caught_up() && progress_due_ == absl::InfiniteDuration()) {
    progress_due_ = context_.clock.Monotonic() + options_.progress_interval;
    ArmTimerLocked();
  }
  Afterwards afterwards;
  if (flow_.ended()) {
    if (timer_ != 0) context_.timers.Cancel(timer_);
    timer_ = 0;
    afterwards.leave = std::exchange(joined_, false);
  }
  if (waiting_ && (flow_.has_output() || flow_.ended())) {
    waiting_ = false;
    afterwards.wake = wake_;
  }
  return afterwards;
}

void Watcher::Impl::Do(const Afterwards& afterwards) {
  if (afterwards.leave) context_.tail.Leave(reader_);
  if (afterwards.wake != nullptr) (*afterwards.wake)();
}

// --- Reading.

void Watcher::Impl::ReadLocked() {
  const WatchFlow::Read read = flow_.WantedRead();
  if (read == WatchFlow::Read::kNothing) return;
  if (retry_due_ != absl::InfiniteDuration()) return;  // the timer comes back
  if (!SubmitLocked(read)) RetryLaterLocked();
}

bool Watcher::Impl::SubmitLocked(WatchFlow::Read read) {
  const int64_t from = read == WatchFlow::Read::kSnapshotPart
                           ? flow_.next_snapshot_part()
                           : flow_.cursor();
  const bool may_be_trimmed = flow_.may_be_trimmed();
  // Weak: a watch whose client has gone must not wait for its turn to read.
  const bool submitted =
      context_.readers.TrySubmit([weak = self_, read, from, may_be_trimmed] {
        const std::shared_ptr<Watcher> self = weak.lock();
        if (self != nullptr) self->impl_->Read(read, from, may_be_trimmed);
      });
  if (submitted) flow_.BeginRead(read);
  return submitted;
}

void Watcher::Impl::Read(WatchFlow::Read read, int64_t from,
                         bool may_be_trimmed) {
  {
    MutexLock lock(mu_);
    if (flow_.ended()) return;
  }
  const Store& store = context_.store;
  const Selection& selection = options_.selection;
  switch (read) {
    case WatchFlow::Read::kNothing:
      return;
    case WatchFlow::Read::kOpening:
      return Finish(ReadOpening(store, options_, token_),
                    &WatchFlow::TakeOpening);
    case WatchFlow::Read::kSnapshotPart:
      return Finish(ReadSnapshotPart(store, selection, from, page_bytes_),
                    &WatchFlow::TakeSnapshotPart);
    case WatchFlow::Read::kSettled:
      return Finish(ReadSettled(store, selection), &WatchFlow::TakeSettled);
    case WatchFlow::Read::kPage:
      return FinishPage(
          from, ReadPage(store, selection, from,
                         {.events_max = kPageEventsMax,
                          .bytes_max = std::max<size_t>(page_bytes_, 1),
                          .include_parameters = options_.include_parameters},
                         may_be_trimmed));
  }
}

template <typename Result, typename Take>
void Watcher::Impl::Finish(absl::StatusOr<Result> result, Take take) {
  Afterwards afterwards;
  {
    MutexLock lock(mu_);
    flow_.FinishRead();
    if (result.ok()) {
      retry_delay_ = absl::ZeroDuration();
      (flow_.*take)(*std::move(result));
    } else {
      flow_.Fail(std::move(result).status());
    }
    afterwards = SettleLocked();
  }
  Do(afterwards);
}

void Watcher::Impl::FinishPage(int64_t from, absl::StatusOr<EventPage> page) {
  if (page.ok() && page->next_after_sequence <= from) {
    // The tail told of more than the store shows; it will show it soon.
    MutexLock lock(mu_);
    RetryLaterLocked();
  }
  Finish(std::move(page), &WatchFlow::TakePage);
}

// --- Waiting.

void Watcher::Impl::RetryLaterLocked() {
  retry_delay_ = std::clamp(retry_delay_ * 2, kRetryDelayMin, kRetryDelayMax);
  retry_due_ = context_.clock.Monotonic() + retry_delay_;
  ArmTimerLocked();
}

void Watcher::Impl::ArmTimerLocked() {
  const absl::Duration due = std::min(progress_due_, retry_due_);
  if (due == absl::InfiniteDuration()) return;
  if (timer_ != 0) {
    if (timer_due_ <= due) return;
    // One that can no longer be cancelled is about to arm the next itself.
    if (!context_.timers.Cancel(timer_)) return;
  }
  timer_due_ = due;
  timer_ = context_.timers.RunAfter(
      due - context_.clock.Monotonic(), [weak = self_] {
        const std::shared_ptr<Watcher> self = weak.lock();
        if (self != nullptr) self->impl_->OnTimer();
      });
}

void Watcher::Impl::OnTimer() {
  Afterwards afterwards;
  {
    MutexLock lock(mu_);
    timer_ = 0;
    if (flow_.ended()) return;
    const absl::Duration now = context_.clock.Monotonic();
    if (retry_due_ <= now) retry_due_ = absl::InfiniteDuration();
    if (progress_due_ <= now) {
      flow_.SayProgress(context_.tail.fanned_out_sequence());
      progress_due_ = now + options_.progress_interval;
    }
    ArmTimerLocked();
    afterwards = SettleLocked();
  }
  Do(afterwards);
}

// --- The watcher itself.

Watcher::Watcher(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Watcher::~Watcher() { Close(); }

std::shared_ptr<Watcher> Watcher::Open(const WatchContext& context,
                                       WatchOptions options,
                                       std::function<void()> wake) {
  std::shared_ptr<Watcher> watcher(new Watcher(
      std::make_unique<Impl>(context, std::move(options), std::move(wake))));
  watcher->impl_->Start(watcher);
  return watcher;
}

Watcher::NextResult Watcher::Next() { return impl_->Next(); }

void Watcher::End(WatchEndReason reason) { impl_->End(reason); }

void Watcher::Close() { impl_->Close(); }

bool Watcher::has_pending() const { return impl_->has_pending(); }

void Watcher::OnEvent(const std::shared_ptr<const StatusEvent>& event) {
  impl_->OnEvent(event);
}

void Watcher::OnSettled(const std::shared_ptr<const Message>& message) {
  impl_->OnSettled(message);
}

void Watcher::OnMissed(int64_t sequence) { impl_->OnMissed(sequence); }

void Watcher::OnWake() { impl_->OnWake(); }

}  // namespace sidwatch
