#include "server/rpc/watch_registry.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/error_detail.h"

namespace sidwatch {
namespace {

absl::Status LimitReached(absl::string_view limit, size_t max) {
  return DetailedError(
      absl::StatusCode::kResourceExhausted,
      absl::StrCat("there are ", max, " watches ", limit,
                   " and no more are taken: end some, or watch more messages "
                   "with each"),
      {.reason = "WATCH_LIMIT", .metadata = {{"limit", absl::StrCat(max)}}});
}

bool IsUnixPeer(absl::string_view peer) {
  return absl::StartsWith(peer, "unix:");
}

}  // namespace

WatchRegistry::WatchRegistry(Options options, TimerQueue& timers, Clock& clock,
                             Counters& counters)
    : options_(options),
      round_(std::min(options.stall_timeout / 8, absl::Seconds(1))),
      timers_(timers),
      clock_(clock),
      counters_(counters),
      self_(std::make_shared<Self>()) {
  {
    MutexLock lock(self_->mu);
    self_->registry = this;
  }
  ScheduleRound();
}

WatchRegistry::~WatchRegistry() {
  MutexLock lock(self_->mu);
  self_->registry = nullptr;
}

void WatchRegistry::ScheduleRound() {
  timers_.RunAfter(round_, [self = self_] {
    // Held during the round: the destructor waits for it.
    MutexLock lock(self->mu);
    if (self->registry != nullptr) self->registry->Round();
  });
}

void WatchRegistry::Round() {
  std::vector<std::shared_ptr<OpenWatch>> open;
  {
    MutexLock lock(mu_);
    open.reserve(watches_.size());
    for (const auto& [key, entry] : watches_) {
      if (auto watch = entry.watch.lock()) open.push_back(std::move(watch));
    }
  }
  const absl::Duration now = clock_.Monotonic();
  for (const auto& watch : open) watch->CheckTime(now);
  ScheduleRound();
}

absl::Status WatchRegistry::Add(const std::shared_ptr<OpenWatch>& watch,
                                const std::string& peer) {
  MutexLock lock(mu_);
  if (draining_) {
    return DetailedError(
        absl::StatusCode::kUnavailable,
        "this server is going away: watch elsewhere, or in a moment here",
        {.reason = "DRAINING"});
  }
  if (watches_.size() >= options_.streams_max) {
    return LimitReached("on this server", options_.streams_max);
  }
  size_t& of_peer = by_peer_[peer];
  if (of_peer >= options_.streams_per_connection_max && !IsUnixPeer(peer)) {
    return LimitReached("on this connection",
                        options_.streams_per_connection_max);
  }
  ++of_peer;
  watches_[watch.get()] = {.watch = watch, .peer = peer};
  counters_.watch_streams.Add(1);
  return absl::OkStatus();
}

void WatchRegistry::Remove(const OpenWatch* watch) {
  MutexLock lock(mu_);
  const auto found = watches_.find(watch);
  if (found == watches_.end()) return;
  const auto of_peer = by_peer_.find(found->second.peer);
  if (--of_peer->second == 0) by_peer_.erase(of_peer);
  watches_.erase(found);
  counters_.watch_streams.Add(-1);
  // Under the lock: whoever waits may destroy this once it is empty.
  removed_.NotifyAll();
}

void WatchRegistry::EndAll(WatchEndReason reason, absl::Duration spread) {
  std::vector<std::weak_ptr<OpenWatch>> open;
  {
    MutexLock lock(mu_);
    draining_ = true;
    for (const auto& [key, entry] : watches_) open.push_back(entry.watch);
  }
  const auto count = static_cast<double>(open.size());
  for (size_t i = 0; i < open.size(); ++i) {
    // The first ends now, the last a step before the spread is over.
    timers_.RunAfter(spread * (static_cast<double>(i) / count),
                     [reason, weak = std::move(open[i])] {
                       if (const auto watch = weak.lock()) watch->End(reason);
                     });
  }
}

bool WatchRegistry::WaitUntilEmpty(absl::Duration timeout) {
  const absl::Duration deadline = clock_.Monotonic() + timeout;
  MutexLock lock(mu_);
  while (!watches_.empty()) {
    if (!clock_.WaitUntil(removed_, mu_, deadline)) return watches_.empty();
  }
  return true;
}

size_t WatchRegistry::size() const {
  MutexLock lock(mu_);
  return watches_.size();
}

}  // namespace sidwatch
