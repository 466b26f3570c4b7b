#include "server/secret_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "base/mutex.h"

namespace sidwatch {
namespace {

constexpr size_t kSecretMax = 4096;
constexpr absl::Duration kInterval = absl::Seconds(1);

absl::Status Refuse(const std::string& path, absl::string_view problem) {
  return absl::InvalidArgumentError(
      absl::StrCat("the secret file ", path, " ", problem));
}

absl::Status CheckMode(int fd, const std::string& path) {
  struct stat status = {};
  if (fstat(fd, &status) != 0) {
    return Refuse(path, absl::StrCat("cannot be read: ", strerror(errno)));
  }
  if (!S_ISREG(status.st_mode)) return Refuse(path, "is not a regular file");
  if ((status.st_mode & S_IROTH) != 0) {
    return Refuse(path, absl::StrFormat("may be read by everybody (mode "
                                        "%04o): take that away with chmod o-r",
                                        status.st_mode & 07777U));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadAll(int fd, const std::string& path) {
  std::string text(kSecretMax + 1, '\0');
  size_t size = 0;
  while (size < text.size()) {
    const ssize_t count = read(fd, text.data() + size, text.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      return Refuse(path, absl::StrCat("cannot be read: ", strerror(errno)));
    }
    if (count == 0) break;
    size += static_cast<size_t>(count);
  }
  text.resize(size);
  return text;
}

// One of the three secrets of the settings.
struct SecretPlace {
  std::string name;
  SecretSource Options::*source;
  std::string Secrets::*value;
};

const std::vector<SecretPlace>& SecretPlaces() {
  static const auto& places = *new std::vector<SecretPlace>{
      {"twilio-auth-token", &Options::twilio_auth_token, &Secrets::auth_token},
      {"twilio-auth-token-secondary", &Options::twilio_auth_token_secondary,
       &Secrets::auth_token_secondary},
      {"twilio-api-key-secret", &Options::twilio_api_key_secret,
       &Secrets::api_key_secret}};
  return places;
}

}  // namespace

absl::StatusOr<std::string> ReadSecretFile(const std::string& path) {
  // NONBLOCK: opening a pipe would wait for its writer.
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    return Refuse(path, absl::StrCat("cannot be read: ", strerror(errno)));
  }
  const auto close_fd = absl::MakeCleanup([fd] { close(fd); });
  if (absl::Status status = CheckMode(fd, path); !status.ok()) return status;
  absl::StatusOr<std::string> text = ReadAll(fd, path);
  if (!text.ok()) return text;
  if (text->size() > kSecretMax) return Refuse(path, "is larger than 4 KiB");
  absl::StripTrailingAsciiWhitespace(&*text);
  if (text->empty()) return Refuse(path, "is empty");
  if (std::any_of(text->begin(), text->end(), absl::ascii_iscntrl)) {
    return Refuse(path, "holds more than one line or control characters");
  }
  return text;
}

absl::StatusOr<Secrets> LoadSecrets(const Options& options) {
  Secrets secrets;
  for (const SecretPlace& place : SecretPlaces()) {
    const SecretSource& source = options.*place.source;
    secrets.*place.value = source.value;
    if (source.file.empty()) continue;
    absl::StatusOr<std::string> text = ReadSecretFile(source.file);
    if (!text.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat(place.name, "-file: ", text.status().message()));
    }
    secrets.*place.value = *std::move(text);
  }
  return secrets;
}

class SecretWatch::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(const Options& options, Secrets current, TimerQueue& timers,
       Executor& executor, Logger log, Counters& counters, OnChange on_change)
      : timers_(timers),
        executor_(executor),
        log_(log),
        counters_(counters),
        on_change_(std::move(on_change)),
        current_(std::move(current)) {
    for (const SecretPlace& place : SecretPlaces()) {
      const std::string& path = (options.*place.source).file;
      if (!path.empty()) files_.push_back({place, path, ""});
    }
  }

  void Schedule() {
    MutexLock lock(mu_);
    if (stopped_ || files_.empty()) return;
    timer_ = timers_.RunAfter(kInterval,
                              [self = shared_from_this()] { self->Tick(); });
  }

  void Stop() {
    MutexLock lock(mu_);
    stopped_ = true;
    timers_.Cancel(timer_);
    while (reading_) idle_.Wait(mu_);
  }

 private:
  struct File {
    SecretPlace place;
    std::string path;
    std::string problem;  // of the last reading; empty: it was good
  };

  void Tick() {
    {
      MutexLock lock(mu_);
      if (stopped_) return;
      reading_ = true;
    }
    // A full executor is busy with the same disk: the next tick comes anyway.
    if (!executor_.TrySubmit([self = shared_from_this()] { self->Run(); })) {
      Done();
    }
  }

  void Run() {
    if (ReadAgain()) on_change_(current_);
    Done();
  }

  void Done() {
    {
      MutexLock lock(mu_);
      reading_ = false;
      idle_.NotifyAll();
    }
    Schedule();
  }

  // True when a secret has changed.
  bool ReadAgain() {
    bool changed = false;
    for (File& file : files_) {
      const absl::StatusOr<std::string> text = ReadSecretFile(file.path);
      if (!text.ok()) {
        Report(file, text.status());
        continue;
      }
      file.problem.clear();
      if (*text == current_.*file.place.value) continue;
      current_.*file.place.value = *text;
      changed = true;
      log_.Info("secret reloaded",
                {{"setting", file.place.name + "-file"}, {"file", file.path}});
    }
    return changed;
  }

  // Once for each new problem, not each second.
  void Report(File& file, const absl::Status& status) {
    if (file.problem == status.message()) return;
    file.problem = std::string(status.message());
    log_.Error(
        "secret not reloaded, the last good one stays",
        {{"setting", file.place.name + "-file"}, {"error", file.problem}});
    counters_.config_reload_failures_total.Add({file.place.name + "-file"});
  }

  TimerQueue& timers_;
  Executor& executor_;
  const Logger log_;
  Counters& counters_;
  const OnChange on_change_;

  // Of the reading that is under way; there is one at a time.
  std::vector<File> files_;
  Secrets current_;

  Mutex mu_;
  CondVar idle_;
  bool reading_ ABSL_GUARDED_BY(mu_) = false;
  bool stopped_ ABSL_GUARDED_BY(mu_) = false;
  TimerQueue::TimerId timer_ ABSL_GUARDED_BY(mu_) = 0;
};

SecretWatch::SecretWatch(const Options& options, Secrets current,
                         TimerQueue& timers, Executor& executor, Logger log,
                         Counters& counters, OnChange on_change)
    : impl_(std::make_shared<Impl>(options, std::move(current), timers,
                                   executor, log, counters,
                                   std::move(on_change))) {
  impl_->Schedule();
}

SecretWatch::~SecretWatch() { Stop(); }

void SecretWatch::Stop() { impl_->Stop(); }

}  // namespace sidwatch
