#ifndef SIDWATCH_CLIENT_STATUS_WATCH_H_
#define SIDWATCH_CLIENT_STATUS_WATCH_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "client/retry_policy.h"
#include "sidwatch/v1/tracking.pb.h"

namespace sidwatch {

class Connection;

struct StatusWatchOptions {
  // How often the first connection is tried before the watch fails, and how
  // far apart tries are later, of which there are any number.
  RetryOptions retry;

  // A stream that is silent for this long, and for three of the server's
  // progress intervals, is taken for dead and begun anew: a proxy may hold a
  // connection open whose other end is gone.
  absl::Duration silence_min = absl::Seconds(30);

  // Told, on the thread that is in Next, that a watch that had begun broke off,
  // and in how long it is tried again. May be empty.
  std::function<void(const absl::Status& why, absl::Duration wait)>
      on_interruption;
};

// One WatchStatus that resumes by itself.
//
//   auto watch = client.WatchStatus(request);
//   v1::WatchStatusResponse response;
//   while (watch->Next(&response)) { … Store(response.resume_token()); }
//   if (!watch->status().ok()) { … }
//
// Across resumptions nothing is missing and no event comes twice: each stream
// begins right after the last response that Next gave out. One exception is
// the server's own: a stream that breaks before `snapshot_done` begins its
// snapshot again. To go on after a restart of yours, keep the token of the
// last response you have dealt with and put it into the next request.
//
// Next gives `created` once, not again for each resumption, and of `ended`
// only ALL_FINAL; everything else is given as it comes.
//
// A watch that never got a first response fails like a call, after
// `retry.attempts_max` tries. One that has begun gives up only when resuming
// cannot help: its token is too old (OUT_OF_RANGE `TOKEN_EXPIRED`) or of
// another store, the caller lost its role, and the like.
//
// Thread safety: Next, status and resume_token belong to one thread; Cancel
// may be called from any.
class StatusWatch {
 public:
  ~StatusWatch();
  StatusWatch(const StatusWatch&) = delete;
  StatusWatch& operator=(const StatusWatch&) = delete;

  // Waits for the next response. Returns false when the watch has ended;
  // status() then says how. Blocks without limit; Cancel ends the wait.
  [[nodiscard]] bool Next(v1::WatchStatusResponse* response);

  // OK after ALL_FINAL, CANCELLED after Cancel. Meaningful once Next returned
  // false.
  const absl::Status& status() const;

  // The token of the last response Next gave out; empty before.
  const std::string& resume_token() const;

  // Ends the watch; a Next under way returns false soon. Idempotent.
  void Cancel();

 private:
  friend class TrackingClient;
  class Impl;
  StatusWatch(std::shared_ptr<Connection> connection,
              v1::WatchStatusRequest request, StatusWatchOptions options);

  const std::unique_ptr<Impl> impl_;
};

}  // namespace sidwatch

#endif  // SIDWATCH_CLIENT_STATUS_WATCH_H_
