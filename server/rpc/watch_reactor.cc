#include "server/rpc/watch_reactor.h"

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <variant>

#include "base/error_detail.h"
#include "base/ids.h"
#include "base/mutex.h"
#include "server/rpc/conversion.h"
#include "server/rpc/error_status.h"
#include "sidwatch/v1/tracking.pb.h"

namespace sidwatch {
namespace {

using Reactor = grpc::ServerWriteReactor<v1::WatchStatusResponse>;

absl::Duration WithJitter(absl::Duration age) {
  const auto random = static_cast<uint8_t>(RandomBytes(1)[0]);
  return age * (0.8 + 0.4 * random / 255);
}

// What waits for the client, as opposed to a sign of life.
bool IsNews(const WatchItem& item) {
  return !std::holds_alternative<WatchProgress>(item);
}

absl::Status SlowConsumer(absl::Duration stall_timeout) {
  return DetailedError(
      absl::StatusCode::kResourceExhausted,
      "nothing was read from this watch for " +
          absl::FormatDuration(stall_timeout) +
          " while events waited: read faster, and resume with the last token",
      {.reason = "SLOW_CONSUMER"});
}

// What a stream is between its reactor, its watcher, the timers and the
// registry, which let go of it in any order.
class WatchStream : public OpenWatch,
                    public std::enable_shared_from_this<WatchStream> {
 public:
  // `reactor` and `call` live until OnDone.
  WatchStream(const WatchReactorContext& context, Reactor* reactor,
              grpc::CallbackServerContext* call)
      : context_(context),
        opened_at_(context.watch.clock.Now()),
        expires_at_(context.watch.clock.Monotonic() +
                    WithJitter(context.max_age)),
        reactor_(reactor),
        call_(call) {}

  void Open(WatchOptions options);
  void OnWriteDone(bool ok);
  void OnCancel();
  void OnDone();

  void End(WatchEndReason reason) override;
  void CheckTime(absl::Duration now) override;

 private:
  void Pump();
  bool Take(Watcher::NextResult next);
  void WriteLocked(const WatchOutput& output)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void FinishLocked(const absl::Status& status)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  bool IsStalledLocked(absl::Duration now, bool has_pending) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  std::shared_ptr<Watcher> watcher() {
    MutexLock lock(mu_);
    return watcher_;
  }

  const WatchReactorContext context_;
  const absl::Time opened_at_;       // wall
  const absl::Duration expires_at_;  // monotonic

  // Held while gRPC's Start… and Finish are called, which never call back; not
  // while the watcher is called, which does.
  Mutex mu_;
  Reactor* reactor_ ABSL_GUARDED_BY(mu_);                   // null after OnDone
  grpc::CallbackServerContext* call_ ABSL_GUARDED_BY(mu_);  // so is this
  std::shared_ptr<Watcher> watcher_ ABSL_GUARDED_BY(mu_);
  v1::WatchStatusResponse response_ ABSL_GUARDED_BY(mu_);
  bool asking_ ABSL_GUARDED_BY(mu_) = false;     // somebody is in Next
  bool ask_again_ ABSL_GUARDED_BY(mu_) = false;  // woken meanwhile
  // End was called; the watcher may not have been there yet.
  std::optional<WatchEndReason> ending_ ABSL_GUARDED_BY(mu_);
  // The write in flight; monotonic.
  std::optional<absl::Duration> write_begun_ ABSL_GUARDED_BY(mu_);
  bool writes_news_ ABSL_GUARDED_BY(mu_) = false;
  // When its event came in, if that was during this watch.
  std::optional<absl::Time> writes_received_ ABSL_GUARDED_BY(mu_);
  std::optional<absl::Duration> finished_at_ ABSL_GUARDED_BY(mu_);
  bool cancelled_ ABSL_GUARDED_BY(mu_) = false;
};

void WatchStream::Open(WatchOptions options) {
  auto watcher = Watcher::Open(context_.watch, std::move(options),
                               [weak = weak_from_this()] {
                                 if (const auto stream = weak.lock())
                                   stream->Pump();
                               });
  std::optional<WatchEndReason> ending;
  {
    MutexLock lock(mu_);
    watcher_ = std::move(watcher);
    ending = ending_;
  }
  if (ending) End(*ending);
  Pump();
}

// Asks the watcher until it has something to write, or nothing. One thread at
// a time; who comes meanwhile leaves word.
void WatchStream::Pump() {
  std::shared_ptr<Watcher> watcher;
  {
    MutexLock lock(mu_);
    // Woken from inside Watcher::Open: Open pumps when it is through.
    if (watcher_ == nullptr || finished_at_ || write_begun_) return;
    ask_again_ = true;
    if (asking_) return;
    asking_ = true;
    watcher = watcher_;
  }
  bool more = true;
  while (more) {
    {
      MutexLock lock(mu_);
      ask_again_ = false;
    }
    more = Take(watcher->Next());
  }
}

// Returns whether to ask again.
bool WatchStream::Take(Watcher::NextResult next) {
  MutexLock lock(mu_);
  if (!finished_at_) {
    if (const auto* output = std::get_if<WatchOutput>(&next)) {
      WriteLocked(*output);
    } else if (const auto* end = std::get_if<Watcher::Finished>(&next)) {
      FinishLocked(end->status);
    } else if (ask_again_) {
      return true;
    }
  }
  asking_ = false;
  return false;
}

void WatchStream::WriteLocked(const WatchOutput& output) {
  FillResponse(output, response_);
  writes_news_ = IsNews(output.item);
  writes_received_.reset();
  const auto* event =
      std::get_if<std::shared_ptr<const StatusEvent>>(&output.item);
  // An old event, read from the log, says nothing about how fast we are.
  if (event != nullptr && (*event)->receive_time >= opened_at_) {
    writes_received_ = (*event)->receive_time;
  }
  write_begun_ = context_.watch.clock.Monotonic();
  reactor_->StartWrite(&response_);
}

void WatchStream::FinishLocked(const absl::Status& status) {
  if (finished_at_) return;
  finished_at_ = context_.watch.clock.Monotonic();
  reactor_->Finish(ToGrpcStatus(status));
}

void WatchStream::OnWriteDone(bool ok) {
  {
    MutexLock lock(mu_);
    write_begun_.reset();
    if (ok && writes_received_) {
      context_.counters.watch_delivery_lag_seconds.Observe(
          std::max(context_.watch.clock.Now() - *writes_received_,
                   absl::ZeroDuration()));
    }
    if (!ok) FinishLocked(absl::CancelledError("the stream broke"));
  }
  Pump();
}

void WatchStream::OnCancel() {
  std::shared_ptr<Watcher> watcher;
  {
    MutexLock lock(mu_);
    // Without this Finish, Shutdown of the server would wait for ever.
    FinishLocked(absl::CancelledError("the client went away"));
    watcher = watcher_;
  }
  if (watcher != nullptr) watcher->Close();
}

void WatchStream::OnDone() {
  std::shared_ptr<Watcher> watcher;
  {
    MutexLock lock(mu_);
    reactor_ = nullptr;
    call_ = nullptr;
    watcher = std::move(watcher_);
  }
  if (watcher != nullptr) watcher->Close();
  context_.registry.Remove(this);
}

void WatchStream::End(WatchEndReason reason) {
  std::shared_ptr<Watcher> watcher;
  {
    MutexLock lock(mu_);
    if (!ending_) ending_ = reason;
    watcher = watcher_;
  }
  if (watcher != nullptr) watcher->End(reason);
}

bool WatchStream::IsStalledLocked(absl::Duration now, bool has_pending) const {
  return write_begun_ && now - *write_begun_ >= context_.stall_timeout &&
         (writes_news_ || ending_ || has_pending);
}

void WatchStream::CheckTime(absl::Duration now) {
  const std::shared_ptr<Watcher> open = watcher();
  if (open == nullptr) return;
  const bool has_pending = open->has_pending();
  bool stalled = false;
  bool expired = false;
  {
    MutexLock lock(mu_);
    if (call_ == nullptr) return;
    if (finished_at_) {
      // The status has not got through either.
      if (!cancelled_ && now - *finished_at_ >= context_.stall_timeout) {
        cancelled_ = true;
        call_->TryCancel();
      }
      return;
    }
    stalled = IsStalledLocked(now, has_pending);
    if (stalled) FinishLocked(SlowConsumer(context_.stall_timeout));
    expired = !stalled && !ending_ && now >= expires_at_;
  }
  if (stalled) {
    context_.counters.watch_slow_total.Add();
    open->Close();
  }
  if (expired) End(WatchEndReason::kMaxAge);
}

class WatchReactor final : public Reactor {
 public:
  WatchReactor(const WatchReactorContext& context,
               grpc::CallbackServerContext* call)
      : stream_(std::make_shared<WatchStream>(context, this, call)) {}

  WatchStream& stream() { return *stream_; }
  std::shared_ptr<OpenWatch> shared_stream() { return stream_; }

  void OnWriteDone(bool ok) override { stream_->OnWriteDone(ok); }
  void OnCancel() override { stream_->OnCancel(); }
  void OnDone() override {
    stream_->OnDone();
    delete this;
  }

 private:
  const std::shared_ptr<WatchStream> stream_;
};

// Ends at once, without a response.
class RefusedWatch final : public Reactor {
 public:
  explicit RefusedWatch(const absl::Status& status) {
    Finish(ToGrpcStatus(status));
  }
  void OnDone() override { delete this; }
};

}  // namespace

grpc::ServerWriteReactor<v1::WatchStatusResponse>* StartWatch(
    const WatchReactorContext& context, grpc::CallbackServerContext* call,
    WatchOptions options) {
  auto reactor = std::make_unique<WatchReactor>(context, call);
  const absl::Status added =
      context.registry.Add(reactor->shared_stream(), call->peer());
  if (!added.ok()) return RefuseWatch(added);
  reactor->stream().Open(std::move(options));
  return reactor.release();  // frees itself in OnDone
}

grpc::ServerWriteReactor<v1::WatchStatusResponse>* RefuseWatch(
    const absl::Status& status) {
  return new RefusedWatch(status);
}

}  // namespace sidwatch
