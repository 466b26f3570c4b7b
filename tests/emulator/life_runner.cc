#include "tests/emulator/life_runner.h"

#include <optional>
#include <utility>

namespace sidwatch {
namespace {

// What a messaging service sends from, as far as the emulator is concerned.
constexpr char kSenderOfServices[] = "+15005550006";
// A reordered callback comes this long after the final one …
constexpr absl::Duration kHeldBack = absl::Milliseconds(300);
// … and the second copy of a duplicated one this long after the first.
constexpr absl::Duration kCopyDelay = absl::Milliseconds(50);

void TakeStep(const LifeStep& step, absl::Time now, EmulatedMessage& message) {
  message.status = step.status;
  message.error_code = step.error_code;
  message.date_updated = now;
  if (message.from.empty()) message.from = kSenderOfServices;
  if (step.status == "sent") message.date_sent = now;
}

}  // namespace

LifeRunner::LifeRunner(Options options, MessageBook& book, FaultDice& dice,
                       TimerQueue& timers, CallbackPoster& poster)
    : options_(options),
      book_(book),
      dice_(dice),
      timers_(timers),
      poster_(poster) {}

void LifeRunner::Begin(const EmulatedMessage& message,
                       std::function<void()> on_first_told) {
  const auto life = std::make_shared<const Life>(
      Life{.sid = message.sid,
           .plan = PlanLife(message, dice_.DrawErrorCode()),
           .reorder = dice_.Happens(&Faults::reorder)});
  if (on_first_told) {
    Take(life, 0, std::move(on_first_told));
  } else {
    Await(life, 0);
  }
}

void LifeRunner::Await(const LifePtr& life, size_t step) {
  if (step >= life->plan.size()) return;
  RunAfter(life->plan[step].wait / options_.speed,
           [this, life, step] { Take(life, step, nullptr); });
}

void LifeRunner::Take(const LifePtr& life, size_t step,
                      std::function<void()> on_told) {
  const LifeStep& next = life->plan[step];
  bool taken = false;
  const std::optional<EmulatedMessage> message =
      book_.Change(life->sid, [&](EmulatedMessage& changed) {
        // Cancelled meanwhile: its life is over.
        if (IsFinalWord(changed.status) && next.status != "read") return;
        TakeStep(next, Clock::Real().Now(), changed);
        taken = true;
      });
  if (!message || !taken) {
    if (on_told) on_told();
    return;
  }
  TellLater(*message, HeldBack(*life, step), std::move(on_told));
  Await(life, step + 1);
}

// How much longer than the others a callback of a reordered life waits.
absl::Duration LifeRunner::HeldBack(const Life& life, size_t step) const {
  if (!life.reorder || IsFinalWord(life.plan[step].status)) {
    return absl::ZeroDuration();
  }
  absl::Duration until_final = kHeldBack;
  for (size_t i = step + 1; i < life.plan.size(); ++i) {
    until_final += life.plan[i].wait;
    if (IsFinalWord(life.plan[i].status)) break;
  }
  return until_final / options_.speed;
}

void LifeRunner::Tell(const EmulatedMessage& message) {
  TellLater(message, absl::ZeroDuration(), nullptr);
}

void LifeRunner::TellLater(const EmulatedMessage& message, absl::Duration delay,
                           std::function<void()> on_told) {
  if (message.status_callback.empty() || dice_.Happens(&Faults::drop)) {
    if (on_told) on_told();
    return;
  }
  CallbackPoster::Callback callback = {
      .url = message.status_callback,
      .parameters = CallbackParameters(message),
      .bad_signature = dice_.Happens(&Faults::bad_signature)};
  delay += dice_.faults().delay;
  if (dice_.Happens(&Faults::duplicate)) {
    RunAfter(delay + kCopyDelay / options_.speed,
             [this, callback] { poster_.Post(callback); });
  }
  callback.on_done = std::move(on_told);
  RunAfter(delay, [this, callback] { poster_.Post(callback); });
}

void LifeRunner::RunAfter(absl::Duration delay, std::function<void()> work) {
  if (delay <= absl::ZeroDuration()) return work();
  ++waiting_;
  timers_.RunAfter(delay, [this, work = std::move(work)] {
    --waiting_;
    work();
  });
}

}  // namespace sidwatch
