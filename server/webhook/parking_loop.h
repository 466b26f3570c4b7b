#ifndef SIDWATCH_SERVER_WEBHOOK_PARKING_LOOP_H_
#define SIDWATCH_SERVER_WEBHOOK_PARKING_LOOP_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/counters.h"
#include "base/listen_socket.h"
#include "base/log.h"
#include "base/mutex.h"
#include "server/webhook/http_connection.h"
#include "server/webhook/limited_warning.h"
#include "server/webhook/request_reader.h"

namespace sidwatch {

// Holds every connection that waits for a request, however many there are, on
// one thread and one epoll: idle ones cost a descriptor, and one that sends a
// byte a second costs a read a second, never a worker.
//
// A connection is in one of two lists. It waits (the loop's thread reads it,
// ends it at its deadline, closes it in favour of a new one) or it is in hand
// (the worker that got it from `on_whole` owns it until Park or Dismiss).
// epoll is armed for one event at a time (EPOLLONESHOT), so a connection in
// hand never wakes the loop.
//
// Threads: one. Thread safety: all methods may be called from any thread.
class ParkingLoop {
 public:
  struct Options {
    std::string listen;
    size_t connections_max = 256;
    // From the first byte of a request until it is whole.
    absl::Duration request_timeout = absl::Seconds(10);
    absl::Duration keep_alive = absl::Seconds(5);
    std::string allow;  // for 405
    RequestRules rules;
    // Told of each request that is refused here, with its status. May be
    // empty. Any thread.
    std::function<void(int status)> on_refused;
  };

  // Gets a connection that has a whole request, on the loop's thread: hand it
  // to a worker and return.
  using OnWhole = std::function<void(ParkingLoop&, HttpConnection&)>;

  // Listens and starts the thread. `connections`, when given, outlives the
  // loop. Errors: those of ListenSocket::Listen.
  static absl::StatusOr<std::unique_ptr<ParkingLoop>> Start(Options options,
                                                            OnWhole on_whole,
                                                            Logger log,
                                                            Gauge* connections);

  // Stop(). No connection is in hand any more.
  ~ParkingLoop();
  ParkingLoop(const ParkingLoop&) = delete;
  ParkingLoop& operator=(const ParkingLoop&) = delete;

  // --- For the worker that has a connection in hand. It has lost it after.

  // Waits for the connection's next request.
  void Park(HttpConnection& connection);
  // Answers its refusal() and closes it.
  void Refuse(HttpConnection& connection);
  // Closes it. With `linger`, reads on for a moment first, so that the peer
  // gets its answer before the reset that unread bytes would cause.
  void Dismiss(HttpConnection& connection, bool linger);

  // --- For everybody.

  const std::string& address() const { return address_; }
  const Options& options() const { return options_; }

  // False once the thread has ended or not come round for 5 s.
  bool alive() const;

  bool stopping() const { return stopping_; }

  // Every connection is in hand and another one waits for its place.
  bool full() const;

  // Takes in who has connected, closes the listener, closes who has sent
  // nothing, gives the rest a second to finish its request or get its answer,
  // joins the thread. From then on Park closes. Idempotent.
  void Stop();

 private:
  using Connections = std::list<HttpConnection>;

  ParkingLoop(Options options, OnWhole on_whole, Logger log,
              Gauge* connections);

  // On the loop's thread.
  void Run();
  void Round(absl::Duration now);
  void FinishPartial();
  void AcceptAll(size_t accepts_max);
  bool CanMakeRoom();
  void MakeRoom();
  void Add(AcceptedSocket accepted);
  void AcceptFailed(int error);
  void PauseListening(absl::Duration until);
  void ListenAgain(absl::Duration now);
  void SetListening(bool listening);
  void OnReadable(HttpConnection& connection);
  void TakeInHand(HttpConnection& connection);
  void CloseWaiting(HttpConnection& connection);
  void Sweep(absl::Duration now);
  void CloseIdle();
  bool AnyWaiting();
  bool AnyOpen();

  // On either side.
  void LeaveLocked(HttpConnection& connection, Connections& closed, bool close)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void WaitLocked(HttpConnection& connection)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Arm(HttpConnection& connection, int operation);
  void Wake();
  void CountLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const Options options_;
  const OnWhole on_whole_;
  Gauge* const connections_gauge_;
  std::string address_;
  int epoll_ = -1;
  int wake_ = -1;  // an eventfd

  // The loop's thread alone.
  ListenSocket listener_;
  absl::Duration sweep_at_;
  bool listening_ = true;      // epoll tells of new connections
  absl::Duration rest_until_;  // no accepting before

  LimitedWarning evicted_warning_;
  LimitedWarning accept_warning_;
  std::atomic<bool> stopping_{false};
  std::atomic<int64_t> last_round_ns_{0};

  Mutex stop_mu_;  // Held while Stop joins; never with mu_.
  mutable Mutex mu_;
  // In the order in which they began to wait: the first is closed first.
  Connections waiting_ ABSL_GUARDED_BY(mu_);
  Connections in_hand_ ABSL_GUARDED_BY(mu_);
  // Every connection is in hand and there is no room for another.
  bool full_ ABSL_GUARDED_BY(mu_) = false;
  bool ended_ ABSL_GUARDED_BY(mu_) = false;  // nobody waits on epoll any more

  std::thread thread_;  // Last: it uses everything above.
};

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_WEBHOOK_PARKING_LOOP_H_
