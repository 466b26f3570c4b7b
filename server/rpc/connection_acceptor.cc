#include "server/rpc/connection_acceptor.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/memory/memory.h"

namespace sidwatch {
namespace {

constexpr absl::Duration kRound = absl::Seconds(1);
constexpr absl::Duration kDeadAfter = absl::Seconds(10);
constexpr absl::Duration kPauseMin = absl::Milliseconds(20);
constexpr absl::Duration kPauseMax = absl::Seconds(1);
// One line about a flood is enough.
constexpr absl::Duration kComplainEvery = absl::Seconds(10);

// Waits for `fds` to be readable, at most `timeout`.
void Poll(pollfd* fds, nfds_t count, absl::Duration timeout) {
  poll(fds, count, static_cast<int>(absl::ToInt64Milliseconds(timeout)));
}

}  // namespace

absl::StatusOr<std::unique_ptr<ConnectionAcceptor>> ConnectionAcceptor::Listen(
    absl::string_view address, size_t connections_max, Clock& clock,
    Logger logger, Counters& counters) {
  auto socket = ListenSocket::Listen(address);
  if (!socket.ok()) return socket.status();
  auto acceptor = absl::WrapUnique(new ConnectionAcceptor(
      *std::move(socket), connections_max, clock, logger, counters));
  if (acceptor->stop_fd_ < 0) {
    return absl::UnavailableError(
        "no file descriptor left for the gRPC listener: raise the limit");
  }
  return acceptor;
}

ConnectionAcceptor::ConnectionAcceptor(ListenSocket socket,
                                       size_t connections_max, Clock& clock,
                                       Logger logger, Counters& counters)
    : connections_max_(connections_max),
      address_(socket.address()),
      clock_(clock),
      logger_(logger),
      counters_(counters),
      socket_(std::move(socket)),
      stop_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      pause_(kPauseMin),
      complained_at_(-absl::InfiniteDuration()) {}

ConnectionAcceptor::~ConnectionAcceptor() {
  Stop();
  if (stop_fd_ >= 0) close(stop_fd_);
}

void ConnectionAcceptor::Start(HandOver hand_over) {
  hand_over_ = std::move(hand_over);
  Beat();
  thread_ = std::thread([this] { Run(); });
  pthread_setname_np(thread_.native_handle(), "grpc-accept");
}

void ConnectionAcceptor::Stop() {
  const uint64_t one = 1;
  // Fails only when it is already readable.
  [[maybe_unused]] const ssize_t written = write(stop_fd_, &one, sizeof(one));
  if (thread_.joinable()) thread_.join();
  beat_ns_ = 0;
  socket_.Close();
}

bool ConnectionAcceptor::alive() const {
  const int64_t beat = beat_ns_;
  return beat == 0 || clock_.Monotonic() - absl::Nanoseconds(beat) < kDeadAfter;
}

void ConnectionAcceptor::Beat() {
  beat_ns_ = absl::ToInt64Nanoseconds(clock_.Monotonic());
}

void ConnectionAcceptor::Run() {
  pollfd fds[] = {{.fd = stop_fd_, .events = POLLIN, .revents = 0},
                  {.fd = socket_.fd(), .events = POLLIN, .revents = 0}};
  while (true) {
    Poll(fds, 2, kRound);
    if (fds[0].revents != 0) return;
    if (fds[1].revents != 0) AcceptAll();
    ForgetClosed();
    Beat();
  }
}

void ConnectionAcceptor::AcceptAll() {
  // Bounded, so that the loop beats and sees Stop under a flood.
  constexpr int kAtOnce = 64;
  for (int i = 0; i < kAtOnce; ++i) {
    AcceptedSocket accepted;
    switch (socket_.Accept(accepted)) {
      case AcceptOutcome::kAccepted:
        pause_ = kPauseMin;
        Admit(accepted.fd);
        break;
      case AcceptOutcome::kNobody:
        return;
      case AcceptOutcome::kTryNext:
        break;
      case AcceptOutcome::kNoDescriptors:
        return Rest(errno);
    }
  }
}

void ConnectionAcceptor::Admit(int fd) {
  struct stat file = {};
  if (connections_.size() >= connections_max_) ForgetClosed();
  if (connections_.size() >= connections_max_ || fstat(fd, &file) != 0) {
    close(fd);
    if (clock_.Monotonic() - complained_at_ > kComplainEvery) {
      complained_at_ = clock_.Monotonic();
      logger_.Warning("gRPC connection refused: grpc-max-connections reached",
                      {{"connections", connections_.size()}});
    }
    return;
  }
  connections_.push_back(
      {.fd = fd, .device = file.st_dev, .inode = file.st_ino});
  hand_over_(fd);
}

void ConnectionAcceptor::Rest(int error) {
  // The connection stays in the backlog; trying again at once would burn a
  // core, giving up would close the port for good.
  if (clock_.Monotonic() - complained_at_ > kComplainEvery) {
    complained_at_ = clock_.Monotonic();
    logger_.Error("gRPC cannot accept connections, trying again",
                  {{"error", std::strerror(error)},
                   {"connections", connections_.size()}});
  }
  pollfd stop = {.fd = stop_fd_, .events = POLLIN, .revents = 0};
  Poll(&stop, 1, pause_);
  pause_ = std::min(pause_ * 2, kPauseMax);
}

void ConnectionAcceptor::ForgetClosed() {
  const auto is_closed = [](const Connection& connection) {
    struct stat file = {};
    return fstat(connection.fd, &file) != 0 ||
           file.st_dev != connection.device || file.st_ino != connection.inode;
  };
  connections_.erase(
      std::remove_if(connections_.begin(), connections_.end(), is_closed),
      connections_.end());
  counters_.grpc_connections.Set(static_cast<int64_t>(connections_.size()));
}

}  // namespace sidwatch
