#ifndef SIDWATCH_SERVER_READY_H_
#define SIDWATCH_SERVER_READY_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace sidwatch {

// Where the three ports really are.
struct Addresses {
  std::string grpc;
  std::string webhook;
  std::string admin;
};

// The descriptor of --ready-fd can be written to. Errors: INVALID_ARGUMENT,
// one sentence.
absl::Status CheckReadyFd(int fd);

// Writes {"ready":true,"grpc":"…","webhook":"…","admin":"…"} and a newline to
// `fd` and closes it, so that who waits needs no sleeping and sees an end.
// Errors: UNAVAILABLE when nobody reads it.
absl::Status WriteReadyLine(int fd, const Addresses& addresses);

// Tells a supervisor of the kind of systemd: "READY=1", "STOPPING=1" go to the
// socket that NOTIFY_SOCKET names (sd_notify(3)), in one datagram. Does
// nothing when it names none. Never blocks.
// Errors: UNAVAILABLE when the socket does not take it.
absl::Status NotifySupervisor(absl::string_view socket_name,
                              absl::string_view state);

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_READY_H_
