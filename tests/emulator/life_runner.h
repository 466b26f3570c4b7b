#ifndef SIDWATCH_TESTS_EMULATOR_LIFE_RUNNER_H_
#define SIDWATCH_TESTS_EMULATOR_LIFE_RUNNER_H_

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "base/timer_queue.h"
#include "tests/emulator/callback_poster.h"
#include "tests/emulator/faults.h"
#include "tests/emulator/life_cycle.h"
#include "tests/emulator/message_book.h"

namespace sidwatch {

// Lets messages live: takes each from status to status in the book, and tells
// of it by callbacks, as far as the faults allow.
//
// Thread safety: all methods may be called from any thread.
class LifeRunner {
 public:
  struct Options {
    double speed = 1;
    size_t waiting_max = 1'000'000;  // steps and callbacks not yet due
  };

  // What is given outlives the runner; the timers are shut down before it
  // goes.
  LifeRunner(Options options, MessageBook& book, FaultDice& dice,
             TimerQueue& timers, CallbackPoster& poster);

  // False when so much waits that a new message should be refused.
  bool HasRoom() const { return waiting_ < options_.waiting_max; }

  // Begins the life of a message that is in the book. With `on_first_told` its
  // first step is taken at once, and that is called when its callback has been
  // answered or given up.
  void Begin(const EmulatedMessage& message,
             std::function<void()> on_first_told = nullptr);

  // Posts the callback for the message as it is.
  void Tell(const EmulatedMessage& message);

 private:
  struct Life {
    std::string sid;
    std::vector<LifeStep> plan;
    bool reorder = false;
    // What is told only after the final status has been. Its steps are taken
    // one after the other, never side by side.
    std::vector<EmulatedMessage> held_back;
  };
  using LifePtr = std::shared_ptr<Life>;

  void Await(const LifePtr& life, size_t step);
  void Take(const LifePtr& life, size_t step, std::function<void()> on_told);
  void TellThen(const EmulatedMessage& message, std::function<void()> on_told);
  void RunAfter(absl::Duration delay, std::function<void()> work);

  const Options options_;
  MessageBook& book_;
  FaultDice& dice_;
  TimerQueue& timers_;
  CallbackPoster& poster_;
  std::atomic<size_t> waiting_ = 0;
};

}  // namespace sidwatch

#endif  // SIDWATCH_TESTS_EMULATOR_LIFE_RUNNER_H_
