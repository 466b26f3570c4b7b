#include <algorithm>
#include <cstdlib>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/watch/resume_token.h"
#include "server/watch/watcher.h"
#include "tests/server/watch/watch_client.h"

// Random logs, random watches, random stops: each logical watch gets exactly
// the matching events, in order. The schedule is the machine's, the rest
// follows from the seed that a failure prints.

namespace sidwatch {
namespace {

constexpr int kMessages = 5;
// SIDWATCH_PROPERTY_ROUNDS makes it more.
constexpr int kRounds = 2000;

class Dice {
 public:
  explicit Dice(unsigned seed) : random_(seed) {}

  int operator()(int below) {
    return std::uniform_int_distribution<int>(0, below - 1)(random_);
  }
  bool Once(int in) { return (*this)(in) == 0; }
  template <typename T>
  T OneOf(std::vector<T> values) {
    return values[static_cast<size_t>(
        (*this)(static_cast<int>(values.size())))];
  }

 private:
  std::mt19937 random_;
};

Report RandomReport(Dice& dice) {
  const int sid = 1 + dice(kMessages);
  return {.sid = sid,
          .status = dice.OneOf<std::string>(
              {"queued", "sending", "sent", "delivered", "read", "failed"}),
          .request_id = sid % 2 == 0 ? absl::StrCat("r", sid) : "",
          .labels = {{"campaign", sid < 3 ? "x" : "y"}}};
}

Selection RandomSelection(Dice& dice) {
  switch (dice(5)) {
    case 0:
      return MessageFilter{};
    case 1:
      return MessageFilter{.labels = {{"campaign", "x"}}};
    case 2:
      return MessageFilter{.statuses = {StatusText::Parse("sent")}};
    case 3:
      return Requests({"r2", "r4", "r8"});
    default:
      return Sids({1 + dice(kMessages), 1 + dice(kMessages), 1 + dice(9)});
  }
}

WatchOptions RandomOptions(Dice& dice) {
  WatchOptions options;
  options.selection = RandomSelection(dice);
  options.start = dice.OneOf<WatchStart>(
      {WatchStart::kSnapshot, WatchStart::kNow, WatchStart::kBeginning});
  options.keep_open = dice.Once(2);
  options.await_read = dice.Once(2);
  options.effective_only = dice.Once(4);
  options.include_parameters = dice.Once(4);
  options.progress_interval = absl::Seconds(1);
  return options;
}

// One watch over as many streams as it takes.
class LogicalWatch {
 public:
  LogicalWatch(const WatchContext& context, WatchOptions options)
      : context_(context), options_(std::move(options)) {
    Open();
  }
  ~LogicalWatch() { watcher_->Close(); }

  void Reconnect() {
    watcher_->Close();
    if (!token_.empty()) options_.resume_token = token_;
    Open();
  }

  // Takes one thing; false when there is nothing.
  bool Take() {
    const Watcher::NextResult next = watcher_->Next();
    if (const auto* finished = std::get_if<Watcher::Finished>(&next)) {
      finished_ = true;
      EXPECT_THAT(Describe(*finished), "OK");
      return false;
    }
    const auto* output = std::get_if<WatchOutput>(&next);
    if (output == nullptr) return false;
    Note(*output);
    return true;
  }

  bool finished() const { return finished_; }
  // Everything up to here has been taken.
  int64_t position() const { return position_; }
  bool has_taken_all(int64_t last_sequence) const {
    return began_ && position_ == last_sequence;
  }

  // Holds what was taken against the log.
  void Check(const FakeLog& log) const {
    const EventPage all = *log.ReadAfter(
        0, options_.selection, {.events_max = 100'000, .bytes_max = 1 << 30});
    std::vector<int64_t> expected;
    for (const auto& event : all.events) {
      if (event->sequence <= *began_ || event->sequence > position_ ||
          (options_.effective_only && !event->effective)) {
        continue;
      }
      expected.push_back(event->sequence);
    }
    EXPECT_EQ(taken_, expected);
  }

 private:
  void Open() {
    watcher_ = Watcher::Open(context_, options_, [] {});
    first_ = true;
  }

  void Note(const WatchOutput& output) {
    const WatchItem& item = output.item;
    const ResumeToken token = *ParseResumeToken(output.resume_token);
    EXPECT_EQ(first_, std::holds_alternative<WatchCreated>(item));
    first_ = false;
    token_ = output.resume_token;
    EXPECT_GE(token.sequence, position_);
    position_ = token.sequence;
    if (!token.snapshot_pending && !began_) began_ = token.sequence;
    if (const auto* event =
            std::get_if<std::shared_ptr<const StatusEvent>>(&item)) {
      EXPECT_FALSE(token.snapshot_pending);
      EXPECT_EQ((*event)->sequence, token.sequence);
      EXPECT_EQ((*event)->parameters.empty(), !options_.include_parameters);
      taken_.push_back((*event)->sequence);
    }
  }

  const WatchContext context_;
  WatchOptions options_;
  std::shared_ptr<Watcher> watcher_;
  std::string token_;
  bool first_ = true;
  bool finished_ = false;
  // The sequence after which events are due.
  std::optional<int64_t> began_;
  int64_t position_ = 0;
  std::vector<int64_t> taken_;
};

// Whether all of a list is final after the log up to `position`.
bool AllFinal(const FakeLog& log, const WatchOptions& options,
              int64_t position) {
  const EventPage all =
      *log.ReadAfter(0, options.selection, {.events_max = 100'000});
  std::map<std::string, bool> final;
  if (const auto* sids = std::get_if<MessageSids>(&options.selection)) {
    for (const MessageSid& sid : sids->sids) final[sid.ToString()] = false;
  } else if (const auto* ids = std::get_if<RequestIds>(&options.selection)) {
    for (const std::string& id : ids->request_ids) final[id] = false;
  }
  for (const auto& event : all.events) {
    if (event->sequence > position) break;
    const bool by_sid = std::holds_alternative<MessageSids>(options.selection);
    final[by_sid ? event->message_sid.ToString() : event->request_id] =
        event->final && !(options.await_read && event->message_status.status ==
                                                    MessageStatus::kDelivered);
  }
  return std::all_of(final.begin(), final.end(),
                     [](const auto& one) { return one.second; });
}

class WatcherPropertyTest : public WatchTest {
 protected:
  void PlayRound(unsigned seed);
  void Play(LogicalWatch& watch, Dice& dice, const std::atomic<bool>& writing,
            FakeLog& log);
};

// Takes, dawdles and reconnects until the writer is through and everything
// has been taken.
void WatcherPropertyTest::Play(LogicalWatch& watch, Dice& dice,
                               const std::atomic<bool>& writing, FakeLog& log) {
  for (;;) {
    const bool last_turn = !writing;
    if (dice.Once(25)) watch.Reconnect();
    int takes = dice(8);
    while (takes-- > 0 && watch.Take()) {
    }
    if (watch.finished()) return;
    if (last_turn && watch.has_taken_all(log.Position()->last_sequence)) {
      return;
    }
    if (dice.Once(3)) clock_.Advance(absl::Milliseconds(500));
    std::this_thread::yield();
  }
}

void WatcherPropertyTest::PlayRound(unsigned seed) {
  Dice dice(seed);
  FakeLog log;
  EventTail tail(Clock::Real(), dice.OneOf<size_t>({1, 3, 10'000}));
  // Shut down before what they touch goes.
  TimerQueue timers(clock_);
  Executor readers("readers", 1, 1000);
  log.set_page_rows(dice.OneOf<size_t>({1, 3, 1000}));
  const WatchContext context = {
      log,    tail,   readers,
      timers, clock_, dice.OneOf<size_t>({0, 700, 5'000, 256 * 1024})};
  for (int i = dice(20); i > 0; --i) log.Append(RandomReport(dice));
  log.Publish(tail);
  const WatchOptions options = RandomOptions(dice);
  const unsigned writers_seed = static_cast<unsigned>(dice(1 << 30));
  std::atomic<bool> writing = true;
  std::thread writer([&] {
    Dice writers_dice(writers_seed);
    for (int i = writers_dice(40); i > 0; --i) {
      log.Append(RandomReport(writers_dice));
      if (writers_dice.Once(3)) log.Publish(tail);
      if (writers_dice.Once(5)) std::this_thread::yield();
    }
    log.Publish(tail);
    writing = false;
  });

  LogicalWatch watch(context, options);
  Play(watch, dice, writing, log);
  writer.join();
  log.set_page_rows(100'000);
  watch.Check(log);
  if (watch.finished()) {
    EXPECT_FALSE(std::holds_alternative<MessageFilter>(options.selection));
    EXPECT_FALSE(options.keep_open);
    EXPECT_TRUE(AllFinal(log, options, watch.position()));
  }
}

int Rounds() {
  int rounds = 0;
  const char* more = std::getenv("SIDWATCH_PROPERTY_ROUNDS");
  return more != nullptr && absl::SimpleAtoi(more, &rounds) ? rounds : kRounds;
}

TEST_F(WatcherPropertyTest, EachLogicalWatchGetsExactlyItsEventsInOrder) {
  for (int round = 0; round < Rounds() && !HasFailure(); ++round) {
    SCOPED_TRACE(absl::StrCat("seed ", round));
    PlayRound(static_cast<unsigned>(round));
  }
}

}  // namespace
}  // namespace sidwatch
