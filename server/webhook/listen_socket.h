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

// What came of an attempt to accept.
enum class AcceptOutcome {
  kAccepted,
  kNobody,         // nobody is waiting
  kTryNext,        // that one connection failed; the next may be good
  kNoDescriptors,  // this process or the machine has none left: rest a while
};

struct AcceptedSocket {
  int fd = -1;                 // does not block; the caller's to close
  std::string remote_address;  // of the peer, without its port
};

// Takes one waiting connection. errno says more when it fails.
AcceptOutcome AcceptSocket(int listener, AcceptedSocket& accepted);

// The real address of a bound socket.
std::string BoundAddress(int fd);

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_WEBHOOK_LISTEN_SOCKET_H_
