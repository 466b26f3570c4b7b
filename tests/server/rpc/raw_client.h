#ifndef SIDWATCH_TESTS_SERVER_RPC_RAW_CLIENT_H_
#define SIDWATCH_TESTS_SERVER_RPC_RAW_CLIENT_H_

#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "absl/strings/numbers.h"
#include "absl/strings/string_view.h"

namespace sidwatch {

// No descriptor can be opened while it lives.
class NoDescriptors {
 public:
  NoDescriptors() {
    getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit none = {.rlim_cur = 3, .rlim_max = before_.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);
  }
  ~NoDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_ = {};
};

inline int PortOf(absl::string_view address) {
  int port = 0;
  return absl::SimpleAtoi(address.substr(address.rfind(':') + 1), &port) ? port
                                                                         : 0;
}

// A client's socket, not yet connected.
class RawClient {
 public:
  RawClient() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
  ~RawClient() { close(fd_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  bool Connect(absl::string_view address) {
    sockaddr_in to = {};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<uint16_t>(PortOf(address)));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof(to)) == 0;
  }

  // Waits for the server to close the connection.
  bool IsClosed() {
    timeval patience = {.tv_sec = 60, .tv_usec = 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    char byte = 0;
    const ssize_t size = recv(fd_, &byte, 1, 0);
    return size == 0 || (size < 0 && errno == ECONNRESET);
  }

 private:
  const int fd_;
};

}  // namespace sidwatch

#endif  // SIDWATCH_TESTS_SERVER_RPC_RAW_CLIENT_H_
