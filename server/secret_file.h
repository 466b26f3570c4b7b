#ifndef SIDWATCH_SERVER_SECRET_FILE_H_
#define SIDWATCH_SERVER_SECRET_FILE_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "base/counters.h"
#include "base/executor.h"
#include "base/log.h"
#include "base/timer_queue.h"
#include "server/options.h"

namespace sidwatch {

// The secret in a file, without the newline that editors put at its end.
//
// Errors: INVALID_ARGUMENT, one sentence that names the file and the remedy
// and never what is in it: it cannot be read, is no regular file, may be read
// by everybody, is empty, is larger than 4 KiB, holds control characters.
// Blocks for disk.
absl::StatusOr<std::string> ReadSecretFile(const std::string& path);

// All secrets of the settings, read. What was not given is empty.
struct Secrets {
  std::string auth_token;
  std::string auth_token_secondary;
  std::string api_key_secret;

  friend bool operator==(const Secrets&, const Secrets&) = default;
};

// Reads every secret that `options` name. Errors: those of ReadSecretFile,
// after the name of the setting.
absl::StatusOr<Secrets> LoadSecrets(const Options& options);

// Reads the secret files again, each second, and tells of changes.
//
// The contents are compared, not times or inodes: Kubernetes swaps the link
// `..data` that the files' paths lead through, and editors write new files. A
// file that has become unreadable or wrong is logged and counted once, in
// config_reload_failures_total, and the last good secret stays.
//
// Threads: a tick on the timer queue, the reading on the executor.
class SecretWatch {
 public:
  using OnChange = std::function<void(const Secrets& secrets)>;

  // `current` is what LoadSecrets gave for `options`. `on_change` is called on
  // the executor with all secrets after at least one has changed, one call at
  // a time. The executor and the rest outlive the watch.
  SecretWatch(const Options& options, Secrets current, TimerQueue& timers,
              Executor& executor, Logger log, Counters& counters,
              OnChange on_change);
  // Stop().
  ~SecretWatch();
  SecretWatch(const SecretWatch&) = delete;
  SecretWatch& operator=(const SecretWatch&) = delete;

  // After it has returned `on_change` is not called again; waits for a call
  // that is under way. Idempotent.
  void Stop();

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;  // shared with the tick that is under way
};

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_SECRET_FILE_H_
