#ifndef SIDWATCH_SERVER_SIDWATCH_SERVER_H_
#define SIDWATCH_SERVER_SIDWATCH_SERVER_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/log.h"
#include "server/options.h"
#include "server/ready.h"

namespace sidwatch {

// The whole service: builds every part bottom-up, joins them, and takes them
// down in reverse. The only place that names concrete classes together; tests
// start this, not main.
//
// Thread safety: Start, Drain and Stop from one thread; the rest from any.
class SidwatchServer {
 public:
  // Opens the store (and migrates it), listens on the three ports and serves
  // when it returns. Blocks for disk. The sink of `log` outlives the server.
  //
  // Errors, one sentence each: INVALID_ARGUMENT for what check-config would
  // have found (secret files); any other code for what only the start shows (a
  // port in use, a file without rights or of another process).
  static absl::StatusOr<std::unique_ptr<SidwatchServer>> Start(
      const Options& options, Logger log);
  // Stop().
  ~SidwatchServer();
  SidwatchServer(const SidwatchServer&) = delete;
  SidwatchServer& operator=(const SidwatchServer&) = delete;

  const Addresses& addresses() const;

  // OK when a callback would be stored. DATA_LOSS once the store cannot be
  // trusted any more (a sync has failed, the file is damaged): end the process,
  // the next start recovers. Else why not, as Store::Writable says it.
  absl::Status StoreWritable() const;

  // Takes leave of clients and Twilio within `drain-timeout`, by fifths
  // (CONTRACT 3): one not ready but serving everything; then the webhook
  // listener closes and the watches end spread over two; in the fourth what
  // is in hand is finished; the last is for commit and checkpoint. All but the
  // first end early when nothing is left to do.
  //
  // Returns false when something was still in hand (Twilio has not answered):
  // everything committed is safe, and such a send is settled after the next
  // start, but Stop would wait for it. Then end the process without Stop.
  [[nodiscard]] bool Drain();

  // Ends everything, waiting for sends in hand. Idempotent.
  void Stop();

 private:
  class Parts;
  explicit SidwatchServer(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_SIDWATCH_SERVER_H_
