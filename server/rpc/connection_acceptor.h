#ifndef SIDWATCH_SERVER_RPC_CONNECTION_ACCEPTOR_H_
#define SIDWATCH_SERVER_RPC_CONNECTION_ACCEPTOR_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/counters.h"
#include "base/listen_socket.h"
#include "base/log.h"

namespace sidwatch {

// Accepts connections for gRPC, because gRPC 1.51 must not: once out of file
// descriptors its own listener never accepts again (CVE-2023-4785), and it has
// no limit of connections.
//
// gRPC owns a connection once it was handed over and tells nobody when it
// closes it. So each is remembered by descriptor and inode: it is open as long
// as the descriptor still names that inode.
//
// Threads: one of its own, which waits for nothing but its descriptors.
// Thread safety: all methods may be called from any thread.
class ConnectionAcceptor {
 public:
  // Takes over the connection `fd`. On the acceptor's thread, must not block.
  using HandOver = std::function<void(int fd)>;

  // Listens at once, so that an address in use stops the start; accepts after
  // Start. `clock` and `counters` (gauge grpc_connections) outlive it.
  // Errors: those of ListenSocket::Listen.
  static absl::StatusOr<std::unique_ptr<ConnectionAcceptor>> Listen(
      absl::string_view address, size_t connections_max, Clock& clock,
      Logger logger, Counters& counters);
  // Stop().
  ~ConnectionAcceptor();
  ConnectionAcceptor(const ConnectionAcceptor&) = delete;
  ConnectionAcceptor& operator=(const ConnectionAcceptor&) = delete;

  // Begins to accept. Beyond connections_max a connection is closed at once.
  void Start(HandOver hand_over);

  // Closes the listener and joins the thread. What was handed over lives on.
  // Idempotent.
  void Stop();

  const std::string& address() const { return address_; }

  // False when the loop has not come round for 10 s. True before Start and
  // after Stop.
  bool alive() const;

 private:
  struct Connection {
    int fd;
    uint64_t device;
    uint64_t inode;
  };

  ConnectionAcceptor(ListenSocket socket, size_t connections_max, Clock& clock,
                     Logger logger, Counters& counters);
  void Run();
  void AcceptAll();
  void Admit(int fd);
  // Out of descriptors or memory, as errno `error` says.
  void Rest(int error);
  void ForgetClosed();
  void Beat();

  const size_t connections_max_;
  const std::string address_;
  Clock& clock_;
  const Logger logger_;
  Counters& counters_;

  ListenSocket socket_;
  int stop_fd_ = -1;  // an eventfd; readable once Stop was called
  HandOver hand_over_;
  std::vector<Connection> connections_;  // the loop's alone
  absl::Duration pause_;                 // the loop's alone
  absl::Duration complained_at_;         // the loop's alone

  std::atomic<int64_t> beat_ns_{0};  // monotonic; 0 while not running
  std::thread thread_;               // Last: it uses everything above.
};

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_RPC_CONNECTION_ACCEPTOR_H_
