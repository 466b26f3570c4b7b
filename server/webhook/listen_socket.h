#ifndef SIDWATCH_SERVER_WEBHOOK_LISTEN_SOCKET_H_
#define SIDWATCH_SERVER_WEBHOOK_LISTEN_SOCKET_H_

#include <sys/socket.h>

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace sidwatch {

// Opens a TCP socket that listens on `address` ("127.0.0.1:8080", "[::1]:0",
// "localhost:8080") and does not block.
//
// With SO_REUSEADDR, so that a restart need not wait, and without
// SO_REUSEPORT, so that a second process is refused and does not take half of
// the callbacks. Errors, each one sentence that names the address:
// INVALID_ARGUMENT (malformed), ALREADY_EXISTS (in use), else UNAVAILABLE.
absl::StatusOr<int> OpenListenSocket(absl::string_view address);

// "127.0.0.1:8080", "[::1]:8080".
std::string AddressText(const sockaddr_storage& address);

// The same without the port.
std::string HostText(const sockaddr_storage& address);

// The real address of a bound socket.
std::string BoundAddress(int fd);

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_WEBHOOK_LISTEN_SOCKET_H_
