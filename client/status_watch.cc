#include "client/status_watch.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/support/async_stream.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/time/clock.h"
#include "base/clock.h"
#include "base/error_detail.h"
#include "base/mutex.h"
#include "client/connection.h"
#include "client/error_decoding.h"
#include "sidwatch/v1/tracking.grpc.pb.h"

namespace sidwatch {
namespace {

constexpr int kSilentIntervals = 3;

// One stream, from start to status. One thread; TryCancel from any.
class Stream {
 public:
  explicit Stream(std::unique_ptr<grpc::ClientContext> context)
      : context_(std::move(context)) {}

  ~Stream() {
    context_->TryCancel();
    queue_.Shutdown();
    void* tag = nullptr;
    bool ok = false;
    while (queue_.Next(&tag, &ok)) {
    }
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  void Start(v1::TrackingService::Stub& stub,
             const v1::WatchStatusRequest& request) {
    reader_ = stub.AsyncWatchStatus(context_.get(), request, &queue_, nullptr);
    WaitForStep(absl::InfiniteFuture());
  }

  // Returns false when the stream has ended or was silent for `silence_max`.
  bool Read(v1::WatchStatusResponse* response, absl::Duration silence_max) {
    reader_->Read(response, nullptr);
    return WaitForStep(absl::Now() + silence_max);
  }

  absl::Status Finish() {
    grpc::Status status;
    reader_->Finish(&status, nullptr);
    WaitForStep(absl::InfiniteFuture());
    if (silent_) return absl::UnavailableError("the server fell silent");
    return StatusFromGrpc(status);
  }

  void TryCancel() { context_->TryCancel(); }

 private:
  // Waits for the one operation that is under way. Past `deadline` it cancels
  // the stream and waits for what that leaves of the operation.
  bool WaitForStep(absl::Time deadline) {
    void* tag = nullptr;
    bool ok = false;
    if (queue_.AsyncNext(&tag, &ok, absl::ToChronoTime(deadline)) ==
        grpc::CompletionQueue::TIMEOUT) {
      silent_ = true;
      context_->TryCancel();
      queue_.Next(&tag, &ok);
      return false;
    }
    return ok;
  }

  const std::unique_ptr<grpc::ClientContext> context_;
  grpc::CompletionQueue queue_;
  std::unique_ptr<grpc::ClientAsyncReader<v1::WatchStatusResponse>> reader_;
  bool silent_ = false;
};

}  // namespace

class StatusWatch::Impl {
 public:
  Impl(std::shared_ptr<Connection> connection, v1::WatchStatusRequest request,
       StatusWatchOptions options)
      : connection_(std::move(connection)),
        options_(std::move(options)),
        stub_(v1::TrackingService::NewStub(connection_->watches())),
        silence_max_(options_.silence_min),
        request_(std::move(request)),
        backoff_(options_.retry) {}

  bool Next(v1::WatchStatusResponse* response);
  void Cancel();

  const absl::Status& status() const { return status_; }
  const std::string& resume_token() const { return resume_token_; }

 private:
  // Both return false when the watch has ended for good; status_ says how.
  bool Open();
  bool Recover();

  // Notes what the response says about the watch. Returns whether the caller
  // is to see it.
  bool Accept(const v1::WatchStatusResponse& response);
  bool End(absl::Status status);
  bool WaitUnlessCancelled(absl::Duration wait);

  const std::shared_ptr<Connection> connection_;
  const StatusWatchOptions options_;
  const std::unique_ptr<v1::TrackingService::Stub> stub_;

  // Of the thread that calls Next.
  absl::Duration silence_max_;
  v1::WatchStatusRequest request_;
  Backoff backoff_;
  int failures_ = 0;           // since the last response
  bool begun_ = false;         // a response has come, on any stream
  bool stream_begun_ = false;  // a response has come on this stream
  bool ended_ = false;
  std::string resume_token_;
  absl::Status status_;

  Mutex mu_;
  CondVar cancel_;
  bool cancelled_ ABSL_GUARDED_BY(mu_) = false;
  // Made and dropped by the thread that calls Next; the lock is for Cancel.
  std::unique_ptr<Stream> stream_ ABSL_GUARDED_BY(mu_);
  Stream* reading_ = nullptr;  // stream_, for the thread that calls Next
};

bool StatusWatch::Impl::Next(v1::WatchStatusResponse* response) {
  while (!ended_) {
    if (reading_ == nullptr && !Open()) return false;
    if (!reading_->Read(response, silence_max_)) {
      if (!Recover()) return false;
      continue;
    }
    if (Accept(*response)) return true;
  }
  return false;
}

bool StatusWatch::Impl::Open() {
  auto context = std::make_unique<grpc::ClientContext>();
  if (absl::Status status = connection_->Authorize(*context); !status.ok()) {
    return End(std::move(status));
  }
  if (!resume_token_.empty()) {
    request_.set_resume_token(resume_token_);
    request_.clear_start();
  }
  {
    MutexLock lock(mu_);
    stream_ = std::make_unique<Stream>(std::move(context));
    reading_ = stream_.get();
    if (cancelled_) stream_->TryCancel();
  }
  stream_begun_ = false;
  reading_->Start(*stub_, request_);
  return true;
}

bool StatusWatch::Impl::Recover() {
  const absl::Status status = reading_->Finish();
  bool cancelled = false;
  std::unique_ptr<Stream> done;
  {
    MutexLock lock(mu_);
    cancelled = cancelled_;
    done = std::move(stream_);
    reading_ = nullptr;
  }
  if (cancelled) return End(absl::CancelledError("the watch was cancelled"));
  if (status.ok()) return End(status);
  ++failures_;
  if (!MayResumeWatch(status, stream_begun_) ||
      (!begun_ && failures_ >= options_.retry.attempts_max)) {
    return End(status);
  }
  const absl::Duration wait = backoff_.Next(DetailOf(status).retry_delay);
  if (begun_ && options_.on_interruption)
    options_.on_interruption(status, wait);
  if (!WaitUnlessCancelled(wait)) {
    return End(absl::CancelledError("the watch was cancelled"));
  }
  return true;
}

bool StatusWatch::Impl::Accept(const v1::WatchStatusResponse& response) {
  const bool first = !begun_;
  begun_ = stream_begun_ = true;
  failures_ = 0;
  // Not for `created` alone: a server that ends each stream right after it
  // must not be asked ten times a second.
  if (!response.has_created()) backoff_.Reset();
  if (!response.resume_token().empty()) {
    resume_token_ = response.resume_token();
  }
  if (response.has_created()) {
    const auto& interval = response.created().progress_interval();
    silence_max_ =
        std::max(options_.silence_min,
                 kSilentIntervals * (absl::Seconds(interval.seconds()) +
                                     absl::Nanoseconds(interval.nanos())));
    return first;
  }
  return !response.has_ended() ||
         response.ended().reason() == v1::WATCH_END_REASON_ALL_FINAL;
}

bool StatusWatch::Impl::End(absl::Status status) {
  ended_ = true;
  status_ = std::move(status);
  return false;
}

bool StatusWatch::Impl::WaitUnlessCancelled(absl::Duration wait) {
  Clock& clock = Clock::Real();
  const absl::Duration until = clock.Monotonic() + wait;
  MutexLock lock(mu_);
  while (!cancelled_ && clock.Monotonic() < until) {
    clock.WaitUntil(cancel_, mu_, until);
  }
  return !cancelled_;
}

void StatusWatch::Impl::Cancel() {
  MutexLock lock(mu_);
  cancelled_ = true;
  if (stream_) stream_->TryCancel();
  cancel_.NotifyAll();
}

StatusWatch::StatusWatch(std::shared_ptr<Connection> connection,
                         v1::WatchStatusRequest request,
                         StatusWatchOptions options)
    : impl_(std::make_unique<Impl>(std::move(connection), std::move(request),
                                   std::move(options))) {}

StatusWatch::~StatusWatch() = default;

bool StatusWatch::Next(v1::WatchStatusResponse* response) {
  return impl_->Next(response);
}

const absl::Status& StatusWatch::status() const { return impl_->status(); }

const std::string& StatusWatch::resume_token() const {
  return impl_->resume_token();
}

void StatusWatch::Cancel() { impl_->Cancel(); }

}  // namespace sidwatch
