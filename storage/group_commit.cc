#include "storage/group_commit.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/error_detail.h"

namespace sidwatch {
namespace {

// So long without work, and the store may do its own (checkpoints): longer
// than callers of a busy service need to come back.
constexpr absl::Duration kIdleAfter = absl::Milliseconds(100);
constexpr absl::Duration kStuckAfter = absl::Seconds(10);

absl::string_view SourceWord(EventSource source) {
  switch (source) {
    case EventSource::kCallback:
      return "callback";
    case EventSource::kSendReply:
      return "send_reply";
    case EventSource::kLookup:
      return "lookup";
    case EventSource::kEventStream:
      return "event_stream";
    case EventSource::kInbound:
      return "inbound";
    case EventSource::kLocal:
      return "local";
  }
  return "unknown";
}

absl::Status QueueFull(size_t queue_max) {
  return DetailedError(
      absl::StatusCode::kResourceExhausted,
      absl::StrCat("the queue in front of the store is full (commit-queue, ",
                   queue_max, "): try again later"),
      {.reason = "QUEUE_FULL"});
}

absl::Status Draining() {
  return DetailedError(absl::StatusCode::kUnavailable,
                       "the service is stopping and stores nothing more",
                       {.reason = "DRAINING"});
}

// The store's error as a caller is told it. Always a new status: one that two
// threads share is counted inside the packaged Abseil, where ThreadSanitizer
// sees nothing.
absl::Status ForCaller(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kResourceExhausted:
      return DetailedError(status.code(), status.message(),
                           {.reason = "STORE_FULL"});
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDataLoss:
      return DetailedError(absl::StatusCode::kUnavailable, status.message(),
                           {.reason = "STORE_UNAVAILABLE"});
    default:
      return absl::Status(status.code(), status.message());
  }
}

template <typename Result>
absl::StatusOr<Result> As(absl::StatusOr<WriteResult> result) {
  if (!result.ok()) return result.status();
  return std::get<Result>(*std::move(result));
}

}  // namespace

// One caller's write. Shared, for a caller may stop waiting before its commit.
struct GroupCommit::Job {
  explicit Job(Write w) : write(std::move(w)) {}

  void Answer(absl::StatusOr<WriteResult> answer) {
    {
      MutexLock lock(mu);
      result = std::move(answer);
      answered = true;
    }
    answered_changed.NotifyOne();
  }

  const Write write;

  Mutex mu;
  CondVar answered_changed;
  bool answered ABSL_GUARDED_BY(mu) = false;
  absl::StatusOr<WriteResult> result ABSL_GUARDED_BY(mu);
};

GroupCommit::GroupCommit(Store& store, CommitListener* listener, Clock& clock,
                         Counters& counters, Options options)
    : store_(store),
      listener_(listener),
      clock_(clock),
      counters_(counters),
      options_(options),
      writer_([this] { Run(); }) {}

GroupCommit::~GroupCommit() { Stop(); }

absl::StatusOr<ReserveResult> GroupCommit::Reserve(ReserveWrite write) {
  return As<ReserveResult>(Submit(std::move(write), absl::InfiniteDuration()));
}

absl::StatusOr<SettleResult> GroupCommit::Settle(SettleWrite write) {
  return As<SettleResult>(Submit(std::move(write), absl::InfiniteDuration()));
}

absl::StatusOr<AppendResult> GroupCommit::Append(AppendWrite write,
                                                 absl::Duration wait) {
  return As<AppendResult>(Submit(std::move(write), wait));
}

absl::StatusOr<WriteResult> GroupCommit::Submit(Write write,
                                                absl::Duration wait) {
  const auto job = std::make_shared<Job>(std::move(write));
  const absl::Duration deadline =
      wait == absl::InfiniteDuration() ? wait : clock_.Monotonic() + wait;
  if (absl::Status s = Enqueue(job); !s.ok()) return s;
  MutexLock lock(job->mu);
  while (!job->answered) {
    const bool in_time =
        clock_.WaitUntil(job->answered_changed, job->mu, deadline);
    if (!in_time && !job->answered) {
      return absl::DeadlineExceededError(
          absl::StrCat("not on disk within ", absl::FormatDuration(wait)));
    }
  }
  return std::move(job->result);
}

absl::Status GroupCommit::Enqueue(std::shared_ptr<Job> job) {
  {
    MutexLock lock(mu_);
    if (stopping_) return Draining();
    if (queue_.size() >= options_.queue_max) {
      return QueueFull(options_.queue_max);
    }
    queue_.push_back(std::move(job));
    if (queue_.size() > 1) return absl::OkStatus();  // Has been woken before.
  }
  work_or_stop_.NotifyOne();
  return absl::OkStatus();
}

void GroupCommit::Stop() {
  {
    MutexLock lock(mu_);
    stopping_ = true;
  }
  work_or_stop_.NotifyOne();
  if (writer_.joinable()) writer_.join();
}

bool GroupCommit::alive() const {
  MutexLock lock(mu_);
  return clock_.Monotonic() - busy_since_ < kStuckAfter;
}

size_t GroupCommit::queued() const {
  MutexLock lock(mu_);
  return queue_.size();
}

void GroupCommit::Run() {
  bool unmaintained = true;  // Whether the store may have work of its own.
  for (;;) {
    Jobs jobs;
    {
      MutexLock lock(mu_);
      busy_since_ = absl::InfiniteDuration();
      jobs = TakeJobs(/*until_idle=*/unmaintained);
      busy_since_ = clock_.Monotonic();
      if (jobs.empty() && stopping_) break;
    }
    const bool idle = jobs.empty();
    if (!idle) CommitJobs(jobs);
    store_.Maintain(idle);
    unmaintained = !idle;
  }
  store_.Maintain(/*idle=*/true);
  MutexLock lock(mu_);
  busy_since_ = absl::InfiniteDuration();
}

GroupCommit::Jobs GroupCommit::TakeJobs(bool until_idle) {
  const absl::Duration idle_at =
      until_idle ? clock_.Monotonic() + kIdleAfter : absl::InfiniteDuration();
  while (queue_.empty() && !stopping_) {
    if (!clock_.WaitUntil(work_or_stop_, mu_, idle_at)) break;
  }
  if (queue_.size() <= options_.batch_max) return std::exchange(queue_, {});
  const auto end =
      queue_.begin() + static_cast<std::ptrdiff_t>(options_.batch_max);
  Jobs jobs(std::make_move_iterator(queue_.begin()),
            std::make_move_iterator(end));
  queue_.erase(queue_.begin(), end);
  return jobs;
}

void GroupCommit::CommitJobs(const Jobs& jobs) {
  std::vector<const Write*> writes;
  writes.reserve(jobs.size());
  for (const auto& job : jobs) writes.push_back(&job->write);
  std::vector<absl::StatusOr<WriteResult>> results;
  const auto committed = std::make_shared<CommittedBatch>();

  const absl::Duration begin = clock_.Monotonic();
  const absl::Status done = store_.Commit(writes, results, *committed);
  counters_.commit_duration_seconds.Observe(clock_.Monotonic() - begin);
  counters_.commit_batch_size.Observe(static_cast<double>(jobs.size()));
  if (!done.ok()) {
    for (const auto& job : jobs) job->Answer(ForCaller(done));
    return;
  }
  const bool visible =
      !committed->events.empty() || !committed->settled.empty();
  if (visible && listener_ != nullptr) listener_->OnCommitted(committed);
  Count(*committed, results);
  for (size_t i = 0; i < jobs.size(); ++i) {
    if (results[i].ok()) {
      jobs[i]->Answer(std::move(results[i]));
    } else {
      jobs[i]->Answer(ForCaller(results[i].status()));
    }
  }
}

void GroupCommit::Count(
    const CommittedBatch& committed,
    const std::vector<absl::StatusOr<WriteResult>>& results) {
  for (const auto& result : results) {
    const auto* append =
        result.ok() ? std::get_if<AppendResult>(&*result) : nullptr;
    if (append == nullptr) continue;
    if (append->duplicate) counters_.events_duplicate_total.Add();
    if (append->out_of_order) counters_.events_out_of_order_total.Add();
    if (append->conflict) counters_.events_conflict_total.Add();
    if (append->reference_reused) counters_.reference_reused_total.Add();
  }
  // A labelled counter is slow: once for each kind of event of the batch.
  using Kind = std::pair<EventSource, StatusText>;
  std::vector<std::pair<Kind, uint64_t>> kinds;
  for (const auto& event : committed.events) {
    const auto known =
        std::find_if(kinds.begin(), kinds.end(), [&](const auto& kind) {
          return kind.first.first == event->source &&
                 kind.first.second == event->status;
        });
    if (known != kinds.end()) {
      ++known->second;
    } else {
      kinds.push_back({{event->source, event->status}, 1});
    }
  }
  for (const auto& [kind, count] : kinds) {
    counters_.events_total.Add(
        {std::string(SourceWord(kind.first)), kind.second.ToString()}, count);
  }
}

}  // namespace sidwatch
