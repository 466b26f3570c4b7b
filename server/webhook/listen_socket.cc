#include "server/webhook/listen_socket.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace sidwatch {
namespace {

// A burst of new connections waits here and not for a second SYN.
constexpr int kBacklog = 4096;

using AddressList = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

absl::Status Malformed(absl::string_view address) {
  return absl::InvalidArgumentError(
      absl::StrCat("\"", address,
                   "\" is no address to listen on; write HOST:PORT, as in "
                   "127.0.0.1:8080 or [::1]:8080"));
}

absl::StatusOr<AddressList> Resolve(absl::string_view address) {
  const size_t colon = address.rfind(':');
  if (colon == absl::string_view::npos) return Malformed(address);
  std::string host(address.substr(0, colon));
  const std::string port(address.substr(colon + 1));
  uint32_t number = 0;
  if (!absl::SimpleAtoi(port, &number) || number > 65535) {
    return Malformed(address);
  }
  if (absl::StartsWith(host, "[") && absl::EndsWith(host, "]")) {
    host = host.substr(1, host.size() - 2);
  } else if (absl::StrContains(host, ':')) {
    return Malformed(address);
  }
  if (host.empty()) return Malformed(address);
  addrinfo hints = {};
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), port.c_str(), &hints, &found) != 0) {
    return Malformed(address);
  }
  return AddressList(found, &::freeaddrinfo);
}

std::string HostText(const sockaddr_storage& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    ::inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof(text));
  } else if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    ::inet_ntop(AF_INET, &v4.sin_addr, text, sizeof(text));
  }
  return text;
}

std::string AddressText(const sockaddr_storage& address) {
  // The port is at the same place in both families.
  const uint16_t port =
      ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
  const std::string host = HostText(address);
  if (address.ss_family == AF_INET6) {
    return absl::StrCat("[", host, "]:", port);
  }
  return absl::StrCat(host, ":", port);
}

absl::Status ListenError(absl::string_view address, int error) {
  if (error == EADDRINUSE) {
    return absl::AlreadyExistsError(
        absl::StrCat("cannot listen on ", address,
                     ": the port is in use by another process"));
  }
  return absl::UnavailableError(
      absl::StrCat("cannot listen on ", address, ": ", std::strerror(error)));
}

}  // namespace

absl::StatusOr<int> OpenListenSocket(absl::string_view address) {
  const absl::StatusOr<AddressList> resolved = Resolve(address);
  if (!resolved.ok()) return resolved.status();
  const addrinfo& target = **resolved;
  const int fd =
      ::socket(target.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return ListenError(address, errno);
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (::bind(fd, target.ai_addr, target.ai_addrlen) != 0 ||
      ::listen(fd, kBacklog) != 0) {
    const int error = errno;
    ::close(fd);
    return ListenError(address, error);
  }
  return fd;
}

AcceptOutcome AcceptSocket(int listener, AcceptedSocket& accepted) {
  sockaddr_storage peer = {};
  socklen_t size = sizeof(peer);
  const int fd = ::accept4(listener, reinterpret_cast<sockaddr*>(&peer), &size,
                           SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd >= 0) {
    // An answer is one write: there is nothing to wait for.
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    accepted = {.fd = fd, .remote_address = HostText(peer)};
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

std::string BoundAddress(int fd) {
  sockaddr_storage address = {};
  socklen_t size = sizeof(address);
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  return AddressText(address);
}

}  // namespace sidwatch
