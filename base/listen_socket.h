#ifndef SIDWATCH_BASE_LISTEN_SOCKET_H_
#define SIDWATCH_BASE_LISTEN_SOCKET_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace sidwatch {

// What came of an attempt to accept.
enum class AcceptOutcome {
  kAccepted,
  kNobody,         // nobody is waiting
  kTryNext,        // that one connection failed; the next may be good
  kNoDescriptors,  // no descriptor or memory is left: rest a while
};

struct AcceptedSocket {
  int fd = -1;                 // does not block; the caller's to close
  std::string remote_address;  // of the peer, without its port
};

// A listening socket. Closes it, and removes the file of a unix socket, when
// it goes.
class ListenSocket {
 public:
  // Binds and listens. `address` is "127.0.0.1:50051", "[::1]:50051",
  // "localhost:50051" or "unix:/path"; port 0 picks a free one. Never shares
  // a port with another process. The file of a unix socket that nobody serves
  // any more is replaced.
  //
  // May block for the lookup of a host name. Errors, one sentence each:
  // INVALID_ARGUMENT (no such address), ALREADY_EXISTS (in use),
  // PERMISSION_DENIED, UNAVAILABLE (anything else).
  static absl::StatusOr<ListenSocket> Listen(absl::string_view address);

  ListenSocket() = default;
  ListenSocket(ListenSocket&& other) noexcept;
  ListenSocket& operator=(ListenSocket&& other) noexcept;
  ~ListenSocket();

  // Non-blocking; -1 once closed.
  int fd() const { return fd_; }

  // Where it really listens, with the port that was picked.
  const std::string& address() const { return address_; }

  // Takes one waiting connection, without delay of small writes (TCP_NODELAY).
  // errno says more when it fails. Never blocks.
  AcceptOutcome Accept(AcceptedSocket& accepted) const;

  void Close();

 private:
  static absl::StatusOr<ListenSocket> ListenUnix(absl::string_view address);
  static absl::StatusOr<ListenSocket> ListenTcp(absl::string_view address);

  int fd_ = -1;
  std::string address_;
  std::string path_;  // of a unix socket, to be removed
};

}  // namespace sidwatch

#endif  // SIDWATCH_BASE_LISTEN_SOCKET_H_
