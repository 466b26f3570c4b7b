#include "server/ready.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

namespace sidwatch {
namespace {

absl::Status SystemError(absl::string_view what) {
  return absl::UnavailableError(absl::StrCat(what, ": ", strerror(errno)));
}

}  // namespace

absl::Status CheckReadyFd(int fd) {
  const int flags = fcntl(fd, F_GETFL);
  if (flags >= 0 && (flags & O_ACCMODE) != O_RDONLY) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "--ready-fd ", fd, " is not open for writing in this process"));
}

absl::Status WriteReadyLine(int fd, const Addresses& addresses) {
  // Nothing to escape: ParseGrpcAddress lets no other paths through.
  const std::string line = absl::StrCat(
      R"({"ready":true,"grpc":")", addresses.grpc, R"(","webhook":")",
      addresses.webhook, R"(","admin":")", addresses.admin, "\"}\n");
  const auto close_fd = absl::MakeCleanup([fd] { close(fd); });
  size_t written = 0;
  while (written < line.size()) {
    const ssize_t count =
        write(fd, line.data() + written, line.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return SystemError("nobody reads --ready-fd");
    written += static_cast<size_t>(count);
  }
  return absl::OkStatus();
}

absl::Status NotifySupervisor(absl::string_view socket_name,
                              absl::string_view state) {
  if (socket_name.empty()) return absl::OkStatus();
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (socket_name.size() >= sizeof address.sun_path) {
    return absl::UnavailableError("NOTIFY_SOCKET is too long");
  }
  memcpy(address.sun_path, socket_name.data(), socket_name.size());
  // A name in the abstract namespace is written with '@'.
  if (socket_name.front() == '@') address.sun_path[0] = '\0';
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) +
                                           socket_name.size());

  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return SystemError("NOTIFY_SOCKET");
  const auto close_fd = absl::MakeCleanup([fd] { close(fd); });
  const ssize_t sent =
      sendto(fd, state.data(), state.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
             reinterpret_cast<const sockaddr*>(&address), size);
  if (sent < 0) return SystemError("NOTIFY_SOCKET does not take our state");
  return absl::OkStatus();
}

}  // namespace sidwatch
