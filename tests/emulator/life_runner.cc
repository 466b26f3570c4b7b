#include "tests/emulator/life_runner.h"

#include <optional>
#include <utility>

namespace sidwatch {
namespace {

// What a messaging service sends from, as far as the emulator is concerned.
constexpr char kSenderOfServices[] = "+15005550006";
// The second copy of a duplicated callback comes this long after the first.
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
  const auto life = std::make_shared<Life>(
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
  const bool is_final = IsFinalWord(message->status);
  if (life->reorder && !is_final) {
    life->held_back.push_back(*message);
    if (on_told) on_told();
  } else if (is_final && !life->held_back.empty()) {
    TellThen(*message, [this, held_back = std::exchange(life->held_back, {})] {
      for (const EmulatedMessage& earlier : held_back) Tell(earlier);
    });
  } else {
    TellThen(*message, std::move(on_told));
  }
  Await(life, step + 1);
}

void LifeRunner::Tell(const EmulatedMessage& message) {
  TellThen(message, nullptr);
}

void LifeRunner::TellThen(const EmulatedMessage& message,
                          std::function<void()> on_told) {
  if (message.status_callback.empty() || dice_.Happens(&Faults::drop)) {
    if (on_told) on_told();
    return;
  }
  CallbackPoster::Callback callback = {
      .url = message.status_callback,
      .parameters = CallbackParameters(message),
      .bad_signature = dice_.Happens(&Faults::bad_signature)};
  const absl::Duration delay = dice_.faults().delay;
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
