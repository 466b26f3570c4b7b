#include "server/webhook/parking_loop.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <limits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/clock.h"

namespace sidwatch {
namespace {

// How long a connection that was told of its end is still drained.
constexpr absl::Duration kLinger = absl::Seconds(1);
// How long Stop waits for requests that have begun to arrive.
constexpr absl::Duration kStopGrace = absl::Seconds(1);
// How long accepting rests when the process has no descriptor left.
constexpr absl::Duration kAcceptRest = absl::Milliseconds(50);
constexpr absl::Duration kRoundMax = absl::Seconds(1);
constexpr absl::Duration kAliveMax = absl::Seconds(5);

absl::Duration Now() { return Clock::Real().Monotonic(); }

// Deadlines are looked at this often.
absl::Duration SweepInterval(const ParkingLoop::Options& options) {
  const absl::Duration shortest =
      std::min(options.request_timeout, options.keep_alive);
  return std::clamp(shortest / 8, absl::Milliseconds(5),
                    absl::Milliseconds(250));
}

int EpollTimeout(absl::Duration wait) {
  wait = std::clamp(wait, absl::ZeroDuration(), kRoundMax);
  return static_cast<int>(
      absl::ToInt64Milliseconds(absl::Ceil(wait, absl::Milliseconds(1))));
}

}  // namespace

ParkingLoop::ParkingLoop(Options options, OnWhole on_whole, Logger log,
                         Gauge* connections)
    : options_(std::move(options)),
      on_whole_(std::move(on_whole)),
      connections_gauge_(connections),
      evicted_warning_(log,
                       "connection limit reached: closed the connection that "
                       "had waited longest without a whole request"),
      accept_warning_(log, "cannot accept a connection") {}

absl::StatusOr<std::unique_ptr<ParkingLoop>> ParkingLoop::Start(
    Options options, OnWhole on_whole, Logger log, Gauge* connections) {
  absl::StatusOr<ListenSocket> listener = ListenSocket::Listen(options.listen);
  if (!listener.ok()) return listener.status();
  std::unique_ptr<ParkingLoop> loop(new ParkingLoop(
      std::move(options), std::move(on_whole), log, connections));
  loop->listener_ = *std::move(listener);
  loop->address_ = loop->listener_.address();
  loop->epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  loop->wake_ = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (loop->epoll_ < 0 || loop->wake_ < 0) {
    return absl::UnavailableError(absl::StrCat("cannot serve ", loop->address_,
                                               ": ", std::strerror(errno)));
  }
  epoll_event event = {};
  event.events = EPOLLIN;
  event.data.ptr = &loop->wake_;
  ::epoll_ctl(loop->epoll_, EPOLL_CTL_ADD, loop->wake_, &event);
  event.data.ptr = &loop->listener_;
  ::epoll_ctl(loop->epoll_, EPOLL_CTL_ADD, loop->listener_.fd(), &event);
  loop->last_round_ns_ = absl::ToInt64Nanoseconds(Now());
  loop->thread_ = std::thread([raw = loop.get()] { raw->Run(); });
  return loop;
}

ParkingLoop::~ParkingLoop() {
  Stop();
  if (epoll_ >= 0) ::close(epoll_);
  if (wake_ >= 0) ::close(wake_);
}

void ParkingLoop::Stop() {
  MutexLock stop_lock(stop_mu_);
  {
    MutexLock lock(mu_);
    stopping_ = true;
  }
  Wake();
  if (thread_.joinable()) thread_.join();
}

bool ParkingLoop::alive() const {
  const absl::Duration last = absl::Nanoseconds(last_round_ns_.load());
  return Now() - last < kAliveMax;
}

bool ParkingLoop::full() const {
  MutexLock lock(mu_);
  return full_;
}

void ParkingLoop::Run() {
  ::pthread_setname_np(::pthread_self(), "http-parking");
  while (!stopping_) Round(Now());
  FinishPartial();
  last_round_ns_ = std::numeric_limits<int64_t>::min() / 2;
}

void ParkingLoop::FinishPartial() {
  const absl::Duration until = Now() + kStopGrace;
  AcceptAll(options_.connections_max);
  listener_.Close();
  CloseIdle();
  for (absl::Duration now = Now(); now < until && AnyOpen(); now = Now()) {
    Round(now);
    CloseIdle();
  }
  Connections closed;
  MutexLock lock(mu_);
  ended_ = true;
  closed.swap(waiting_);
  CountLocked();
}

void ParkingLoop::Round(absl::Duration now) {
  last_round_ns_ = absl::ToInt64Nanoseconds(now);
  std::array<epoll_event, 256> events;
  absl::Duration wake_at = AnyWaiting() ? sweep_at_ : now + kRoundMax;
  if (rest_until_ > now) wake_at = std::min(wake_at, rest_until_);
  const int count =
      ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()),
                   EpollTimeout(wake_at - now));
  {
    // Whoever parked these connections armed them under the lock; so what it
    // wrote is visible from here on.
    MutexLock lock(mu_);
  }
  bool accept = false;
  for (int i = 0; i < count; ++i) {
    void* const source = events[static_cast<size_t>(i)].data.ptr;
    if (source == &wake_) {
      uint64_t wakes = 0;
      // Only empties the descriptor: there is nothing to learn from it.
      [[maybe_unused]] const ssize_t got = ::read(wake_, &wakes, sizeof(wakes));
    } else if (source == &listener_) {
      accept = true;
    } else {
      OnReadable(*static_cast<HttpConnection*>(source));
    }
  }
  // Last: making room may close a connection of this very batch.
  if (accept && listener_.fd() >= 0) {
    AcceptAll(std::clamp<size_t>(options_.connections_max / 4, 1, 64));
  }
  now = Now();
  if (now >= sweep_at_) Sweep(now);
  ListenAgain(now);
}

void ParkingLoop::AcceptAll(size_t accepts_max) {
  for (size_t i = 0; i < accepts_max; ++i) {
    if (!CanMakeRoom()) return PauseListening(absl::ZeroDuration());
    AcceptedSocket accepted;
    switch (listener_.Accept(accepted)) {
      case AcceptOutcome::kAccepted:
        MakeRoom();
        Add(std::move(accepted));
        break;
      case AcceptOutcome::kNobody:
        return;
      case AcceptOutcome::kTryNext:
        break;
      case AcceptOutcome::kNoDescriptors:
        return AcceptFailed(errno);
    }
  }
}

bool ParkingLoop::CanMakeRoom() {
  MutexLock lock(mu_);
  const bool room =
      waiting_.size() + in_hand_.size() < options_.connections_max;
  // What is still in the backlog when the service stops is not worth one that
  // was accepted.
  full_ = !room && (waiting_.empty() || stopping_);
  return !full_;
}

void ParkingLoop::MakeRoom() {
  Connections closed;
  {
    MutexLock lock(mu_);
    if (waiting_.size() + in_hand_.size() < options_.connections_max) return;
    closed.splice(closed.begin(), waiting_, waiting_.begin());
  }
  evicted_warning_.Warn(Now(), {{"connections_max", options_.connections_max}});
}

void ParkingLoop::Add(AcceptedSocket accepted) {
  MutexLock lock(mu_);
  HttpConnection& connection = waiting_.emplace_back(
      accepted.fd, std::move(accepted.remote_address), options_.rules);
  connection.place = std::prev(waiting_.end());
  connection.wait_until = Now() + options_.keep_alive;
  Arm(connection, EPOLL_CTL_ADD);
  CountLocked();
}

void ParkingLoop::AcceptFailed(int error) {
  const absl::Duration now = Now();
  accept_warning_.Warn(now, {{"error", std::strerror(error)}});
  PauseListening(now + kAcceptRest);
}

void ParkingLoop::PauseListening(absl::Duration until) {
  rest_until_ = until;
  SetListening(false);
}

void ParkingLoop::ListenAgain(absl::Duration now) {
  if (listening_ || now < rest_until_ || listener_.fd() < 0) return;
  {
    MutexLock lock(mu_);
    full_ = full_ && waiting_.empty() &&
            in_hand_.size() >= options_.connections_max;
    if (full_) return;
  }
  SetListening(true);
}

void ParkingLoop::SetListening(bool listening) {
  listening_ = listening;
  epoll_event event = {};
  if (listening) event.events = EPOLLIN;
  event.data.ptr = &listener_;
  ::epoll_ctl(epoll_, EPOLL_CTL_MOD, listener_.fd(), &event);
}

void ParkingLoop::OnReadable(HttpConnection& connection) {
  if (connection.lingering) {
    if (!connection.Drain()) return CloseWaiting(connection);
    return Arm(connection, EPOLL_CTL_MOD);
  }
  switch (connection.Read(Now())) {
    case HttpConnection::Progress::kWhole:
      TakeInHand(connection);
      return on_whole_(*this, connection);
    case HttpConnection::Progress::kRefused:
      TakeInHand(connection);
      return Refuse(connection);
    case HttpConnection::Progress::kGone:
      return CloseWaiting(connection);
    case HttpConnection::Progress::kWaiting:
      if (connection.has_partial()) {
        connection.wait_until =
            connection.request_began() + options_.request_timeout;
      }
      return Arm(connection, EPOLL_CTL_MOD);
  }
}

void ParkingLoop::TakeInHand(HttpConnection& connection) {
  MutexLock lock(mu_);
  in_hand_.splice(in_hand_.end(), waiting_, connection.place);
}

void ParkingLoop::CloseWaiting(HttpConnection& connection) {
  Connections closed;
  MutexLock lock(mu_);
  closed.splice(closed.begin(), waiting_, connection.place);
  CountLocked();
}

void ParkingLoop::Sweep(absl::Duration now) {
  sweep_at_ = now + SweepInterval(options_);
  Connections late;
  {
    MutexLock lock(mu_);
    for (auto it = waiting_.begin(); it != waiting_.end();) {
      const auto next = std::next(it);
      if (now >= it->wait_until) late.splice(late.end(), waiting_, it);
      it = next;
    }
    CountLocked();
  }
  for (HttpConnection& connection : late) {
    if (connection.lingering || !connection.has_partial()) continue;
    if (options_.on_refused) options_.on_refused(408);
    connection.Refuse(408, "");
  }
}

void ParkingLoop::CloseIdle() {
  Connections idle;
  MutexLock lock(mu_);
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    const auto next = std::next(it);
    // Not read here: epoll is armed for it and will tell of its bytes.
    const bool busy = it->lingering || it->has_partial() || it->HasBytes();
    if (!busy) idle.splice(idle.end(), waiting_, it);
    it = next;
  }
  CountLocked();
}

bool ParkingLoop::AnyWaiting() {
  MutexLock lock(mu_);
  return !waiting_.empty();
}

bool ParkingLoop::AnyOpen() {
  MutexLock lock(mu_);
  return !waiting_.empty() || !in_hand_.empty();
}

void ParkingLoop::Park(HttpConnection& connection) {
  Connections closed;
  MutexLock lock(mu_);
  LeaveLocked(connection, closed, ended_);
}

void ParkingLoop::Refuse(HttpConnection& connection) {
  if (options_.on_refused) options_.on_refused(connection.refusal());
  connection.Refuse(connection.refusal(), options_.allow);
  Dismiss(connection, /*linger=*/true);
}

void ParkingLoop::Dismiss(HttpConnection& connection, bool linger) {
  if (linger) connection.FinishSending();
  Connections closed;
  MutexLock lock(mu_);
  connection.lingering = linger;
  LeaveLocked(connection, closed, !linger || ended_);
}

void ParkingLoop::LeaveLocked(HttpConnection& connection, Connections& closed,
                              bool close) {
  if (close) {
    closed.splice(closed.begin(), in_hand_, connection.place);
    CountLocked();
  } else {
    WaitLocked(connection);
  }
  if (full_ || stopping_) Wake();
}

void ParkingLoop::WaitLocked(HttpConnection& connection) {
  const absl::Duration now = Now();
  if (connection.lingering) {
    connection.wait_until = now + kLinger;
  } else if (connection.has_partial()) {
    connection.wait_until =
        connection.request_began() + options_.request_timeout;
  } else {
    connection.wait_until = now + options_.keep_alive;
  }
  // One that only lingers is the first to go when room is needed.
  waiting_.splice(connection.lingering ? waiting_.begin() : waiting_.end(),
                  in_hand_, connection.place);
  // Under the lock: from here on the loop may close it.
  Arm(connection, EPOLL_CTL_MOD);
}

void ParkingLoop::Arm(HttpConnection& connection, int operation) {
  epoll_event event = {};
  event.events = EPOLLIN | EPOLLRDHUP | EPOLLONESHOT;
  event.data.ptr = &connection;
  ::epoll_ctl(epoll_, operation, connection.fd(), &event);
}

void ParkingLoop::Wake() {
  const uint64_t one = 1;
  // It cannot fail but by being awake already.
  [[maybe_unused]] const ssize_t written = ::write(wake_, &one, sizeof(one));
}

void ParkingLoop::CountLocked() {
  if (connections_gauge_ == nullptr) return;
  connections_gauge_->Set(
      static_cast<int64_t>(waiting_.size() + in_hand_.size()));
}

}  // namespace sidwatch
