#include "tests/server/watch/watch_client.h"

#include <atomic>
#include <thread>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/error_detail.h"

namespace sidwatch {
namespace {

constexpr absl::Duration kPatience = absl::Minutes(1);

// SM0000…0007 is 7.
std::string Number(absl::string_view sid) {
  uint64_t number = 0;
  if (sid.empty() || !absl::SimpleHexAtoi(sid.substr(2), &number)) return "-";
  return absl::StrCat(number);
}

struct Describer {
  std::string operator()(const WatchCreated& created) const {
    std::vector<std::string> unknown = created.unknown_request_ids;
    for (const std::string& sid : created.unknown_message_sids) {
      unknown.push_back(Number(sid));
    }
    if (unknown.empty()) return "created";
    return absl::StrCat("created unknown=", absl::StrJoin(unknown, ","));
  }
  std::string operator()(const std::shared_ptr<const Message>& message) const {
    const std::string who = message->message_sid.empty()
                                ? message->request_id
                                : Number(message->message_sid.ToString());
    return absl::StrCat("message ", who, " ", message->status.ToString());
  }
  std::string operator()(const WatchSnapshotDone&) const {
    return "snapshot_done";
  }
  std::string operator()(
      const std::shared_ptr<const StatusEvent>& event) const {
    return absl::StrCat("event ", event->sequence, " ",
                        Number(event->message_sid.ToString()), " ",
                        event->status.ToString());
  }
  std::string operator()(const WatchProgress&) const { return "progress"; }
  std::string operator()(const WatchEnded& ended) const {
    switch (ended.reason) {
      case WatchEndReason::kAllFinal:
        return "ended ALL_FINAL";
      case WatchEndReason::kMaxAge:
        return "ended MAX_AGE";
      case WatchEndReason::kDraining:
        return "ended DRAINING";
      case WatchEndReason::kSlowConsumer:
        return "ended SLOW_CONSUMER";
    }
    return "ended ?";
  }
};

}  // namespace

void Signal::Set() {
  MutexLock lock(mu_);
  set_ = true;
  changed_.NotifyAll();
}

void Signal::Wait() {
  MutexLock lock(mu_);
  while (!set_) {
    if (!changed_.WaitFor(mu_, kPatience)) {
      ADD_FAILURE() << "what was waited for did not happen";
      return;
    }
  }
}

bool Signal::is_set() const {
  MutexLock lock(mu_);
  return set_;
}

std::string Describe(const Watcher::NextResult& result) {
  if (const auto* output = std::get_if<WatchOutput>(&result)) {
    return std::visit(Describer(), output->item);
  }
  if (std::holds_alternative<Watcher::Wait>(result)) return "wait";
  const absl::Status& status = std::get<Watcher::Finished>(result).status;
  const std::string reason = DetailOf(status).reason;
  return absl::StrCat(absl::StatusCodeToString(status.code()),
                      reason.empty() ? "" : " ", reason);
}

WatchClient::WatchClient(const WatchContext& context, WatchOptions options)
    : watcher_(Watcher::Open(context, std::move(options), [bell = bell_] {
        MutexLock lock(bell->mu);
        bell->ringing = true;
        bell->rung.NotifyAll();
      })) {}

WatchClient::~WatchClient() {
  if (watcher_ != nullptr) watcher_->Close();
}

std::string WatchClient::Note(Watcher::NextResult result) {
  if (auto* output = std::get_if<WatchOutput>(&result)) {
    token_ = output->resume_token;
    item_ = output->item;
  }
  return Describe(result);
}

std::string WatchClient::TakeNow() { return Note(watcher_->Next()); }

std::string WatchClient::Take() {
  for (;;) {
    std::string taken = TakeNow();
    if (taken != "wait") return taken;
    Doorbell& bell = *bell_;
    MutexLock lock(bell.mu);
    while (!bell.ringing) {
      if (!bell.rung.WaitFor(bell.mu, kPatience)) {
        ADD_FAILURE() << "the watch said nothing more";
        return "nothing";
      }
    }
    bell.ringing = false;
  }
}

std::vector<std::string> WatchClient::Take(int count) {
  std::vector<std::string> taken;
  for (int i = 0; i < count; ++i) taken.push_back(Take());
  return taken;
}

std::vector<std::string> WatchClient::TakeUntil(absl::string_view last) {
  std::vector<std::string> taken;
  do {
    taken.push_back(Take());
  } while (!absl::StartsWith(taken.back(), last) && taken.back() != "nothing");
  return taken;
}

std::shared_ptr<const StatusEvent> WatchClient::event() const {
  return std::get<std::shared_ptr<const StatusEvent>>(*item_);
}

std::shared_ptr<const Message> WatchClient::message() const {
  return std::get<std::shared_ptr<const Message>>(*item_);
}

std::shared_ptr<WatchTest::Hold> WatchTest::HoldRead(int number) {
  auto hold = std::make_shared<Hold>();
  auto reads = std::make_shared<std::atomic<int>>(0);
  log_.set_before_read([hold, reads, number] {
    if (++*reads != number) return;
    hold->begun.Set();
    hold->go_on.Wait();
  });
  return hold;
}

void WatchTest::Settle() {
  const int64_t last = log_.Position()->last_sequence;
  while (tail_.fanned_out_sequence() < last) std::this_thread::yield();
  // A read may want another one: as many turns as any test has reads.
  for (int turn = 0; turn < 20; ++turn) {
    auto done = std::make_shared<Signal>();
    ASSERT_TRUE(readers_.TrySubmit([done] { done->Set(); }));
    done->Wait();
  }
}

Selection Sids(const std::vector<int>& numbers) {
  MessageSids sids;
  for (const int number : numbers) sids.sids.push_back(Sid(number));
  return sids;
}

Selection Requests(std::vector<std::string> ids, std::string account) {
  return RequestIds{std::move(ids), std::move(account)};
}

WatchOptions From(WatchStart start, Selection selection) {
  return {.selection = std::move(selection), .start = start};
}

WatchOptions Resume(const std::string& token, Selection selection) {
  return {.selection = std::move(selection), .resume_token = token};
}

}  // namespace sidwatch
