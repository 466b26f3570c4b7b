#include "base/listen_socket.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace sidwatch {
namespace {

constexpr int kBacklog = 4096;  // the kernel lowers it to its own limit
constexpr absl::string_view kUnixPrefix = "unix:";

struct AddressInfoDeleter {
  void operator()(addrinfo* info) const { freeaddrinfo(info); }
};
using AddressInfo = std::unique_ptr<addrinfo, AddressInfoDeleter>;

absl::Status BadAddress(absl::string_view address) {
  return absl::InvalidArgumentError(
      absl::StrCat("\"", address,
                   "\" is no address: give host:port, [ipv6]:port or "
                   "unix:/path"));
}

// What bind or listen said, for an operator.
absl::Status ListenError(absl::string_view address, int error) {
  switch (error) {
    case EADDRINUSE:
      return absl::AlreadyExistsError(
          absl::StrCat(address,
                       " is in use by another process: stop it or give another "
                       "address"));
    case EACCES:
    case EPERM:
      return absl::PermissionDeniedError(
          absl::StrCat("no right to listen on ", address,
                       ": give another address, or this process the right"));
    default:
      return absl::UnavailableError(absl::StrCat("cannot listen on ", address,
                                                 ": ", std::strerror(error)));
  }
}

absl::StatusOr<AddressInfo> Resolve(absl::string_view address) {
  const size_t colon = address.rfind(':');
  if (colon == absl::string_view::npos) return BadAddress(address);
  std::string host(address.substr(0, colon));
  const std::string port(address.substr(colon + 1));
  const bool bracketed =
      absl::StartsWith(host, "[") && absl::EndsWith(host, "]");
  if (bracketed) host = host.substr(1, host.size() - 2);
  // Without brackets a second colon means an IPv6 address that lost them.
  int port_number = 0;
  if (host.empty() || !absl::SimpleAtoi(port, &port_number) ||
      port_number < 0 || port_number > 65535 ||
      (!bracketed && absl::StrContains(host, ":"))) {
    return BadAddress(address);
  }
  addrinfo hints = {};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
  if (error != 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "\"", address,
        "\" is no address: ", static_cast<const char*>(gai_strerror(error))));
  }
  return AddressInfo(found);
}

struct HostAndPort {
  std::string host;
  std::string port;
};

// The numeric form; empty for a unix socket.
HostAndPort Numeric(const sockaddr_storage& address, socklen_t size) {
  char host[NI_MAXHOST] = "";
  char port[NI_MAXSERV] = "";
  const bool ip = address.ss_family == AF_INET || address.ss_family == AF_INET6;
  if (!ip || getnameinfo(reinterpret_cast<const sockaddr*>(&address), size,
                         host, sizeof(host), port, sizeof(port),
                         NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
    return {};
  }
  return {.host = host, .port = port};
}

// What `fd` is bound to.
std::string BoundAddress(int fd) {
  sockaddr_storage bound = {};
  socklen_t size = sizeof(bound);
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size) != 0) {
    return "";
  }
  const HostAndPort numeric = Numeric(bound, size);
  return bound.ss_family == AF_INET6
             ? absl::StrCat("[", numeric.host, "]:", numeric.port)
             : absl::StrCat(numeric.host, ":", numeric.port);
}

int OpenSocket(int family) {
  return socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

// True when a socket's file is there and nobody listens on it.
bool IsAbandoned(const std::string& path, const sockaddr_un& name) {
  struct stat file = {};
  if (lstat(path.c_str(), &file) != 0 || !S_ISSOCK(file.st_mode)) return false;
  const int fd = OpenSocket(AF_UNIX);
  if (fd < 0) return false;
  const bool refused = connect(fd, reinterpret_cast<const sockaddr*>(&name),
                               sizeof(name)) != 0 &&
                       errno == ECONNREFUSED;
  close(fd);
  return refused;
}

// Binds and listens, or returns the errno.
int BindAndListen(int fd, const sockaddr* name, socklen_t size) {
  if (bind(fd, name, size) != 0 || listen(fd, kBacklog) != 0) return errno;
  return 0;
}

}  // namespace

absl::StatusOr<ListenSocket> ListenSocket::Listen(absl::string_view address) {
  return absl::StartsWith(address, kUnixPrefix) ? ListenUnix(address)
                                                : ListenTcp(address);
}

absl::StatusOr<ListenSocket> ListenSocket::ListenUnix(
    absl::string_view address) {
  const std::string path(address.substr(kUnixPrefix.size()));
  sockaddr_un name = {};
  name.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(name.sun_path)) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", address, "\": the path of a unix socket has 1 to ",
                     sizeof(name.sun_path) - 1, " bytes"));
  }
  std::memcpy(name.sun_path, path.data(), path.size());
  if (IsAbandoned(path, name)) unlink(path.c_str());

  ListenSocket socket;
  socket.fd_ = OpenSocket(AF_UNIX);
  if (socket.fd_ < 0) return ListenError(address, errno);
  if (const int error = BindAndListen(
          socket.fd_, reinterpret_cast<sockaddr*>(&name), sizeof(name));
      error != 0) {
    return ListenError(address, error);
  }
  socket.path_ = path;
  socket.address_ = std::string(address);
  return socket;
}

absl::StatusOr<ListenSocket> ListenSocket::ListenTcp(
    absl::string_view address) {
  const auto info = Resolve(address);
  if (!info.ok()) return info.status();

  ListenSocket socket;
  socket.fd_ = OpenSocket((*info)->ai_family);
  if (socket.fd_ < 0) return ListenError(address, errno);
  // Not SO_REUSEPORT: two processes would share the calls silently.
  const int on = 1;
  setsockopt(socket.fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (const int error =
          BindAndListen(socket.fd_, (*info)->ai_addr, (*info)->ai_addrlen);
      error != 0) {
    return ListenError(address, error);
  }
  socket.address_ = BoundAddress(socket.fd_);
  return socket;
}

AcceptOutcome ListenSocket::Accept(AcceptedSocket& accepted) const {
  sockaddr_storage peer = {};
  socklen_t size = sizeof(peer);
  const int fd = accept4(fd_, reinterpret_cast<sockaddr*>(&peer), &size,
                         SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd >= 0) {
    const int on = 1;
    // Means nothing to a unix socket, and does no harm.
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    accepted = {.fd = fd, .remote_address = Numeric(peer, size).host};
    return AcceptOutcome::kAccepted;
  }
  switch (errno) {
    case EAGAIN:
      return AcceptOutcome::kNobody;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
      return AcceptOutcome::kNoDescriptors;
    default:
      return AcceptOutcome::kTryNext;  // ECONNABORTED, EPROTO, EINTR …
  }
}

ListenSocket::ListenSocket(ListenSocket&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      address_(std::move(other.address_)),
      path_(std::exchange(other.path_, "")) {}

ListenSocket& ListenSocket::operator=(ListenSocket&& other) noexcept {
  if (this != &other) {
    Close();
    fd_ = std::exchange(other.fd_, -1);
    address_ = std::move(other.address_);
    path_ = std::exchange(other.path_, "");
  }
  return *this;
}

ListenSocket::~ListenSocket() { Close(); }

void ListenSocket::Close() {
  if (fd_ < 0) return;
  if (!path_.empty()) unlink(path_.c_str());
  close(std::exchange(fd_, -1));
}

}  // namespace sidwatch
