#include "server/rpc/poller_ping.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <optional>
#include <utility>

#include "base/mutex.h"
#include "grpc/health/v1/health.grpc.pb.h"

namespace sidwatch {
namespace {

constexpr absl::Duration kInterval = absl::Milliseconds(300);
constexpr absl::Duration kDeadAfter = absl::Seconds(10);
// So that Stop ends even when gRPC's threads are stuck.
constexpr auto kDeadline = std::chrono::seconds(20);

// One call; lives until its callback.
struct Ping {
  grpc::ClientContext call;
  grpc::health::v1::HealthCheckRequest request;
  grpc::health::v1::HealthCheckResponse response;
};

}  // namespace

// Shared by the ping, its timer and its call, which let go in any order.
struct PollerPing::State {
  State(std::shared_ptr<grpc::Channel> c, TimerQueue& t, Clock& k)
      : channel(std::move(c)),
        stub(grpc::health::v1::Health::NewStub(channel)),
        timers(t),
        clock(k) {}

  const std::shared_ptr<grpc::Channel> channel;
  const std::unique_ptr<grpc::health::v1::Health::Stub> stub;
  TimerQueue& timers;
  Clock& clock;

  Mutex mu;
  CondVar answered;
  bool stopping ABSL_GUARDED_BY(mu) = false;
  // When the ping under way was sent; monotonic.
  std::optional<absl::Duration> sent_at ABSL_GUARDED_BY(mu);
};

PollerPing::PollerPing(std::shared_ptr<grpc::Channel> channel,
                       TimerQueue& timers, Clock& clock)
    : state_(std::make_shared<State>(std::move(channel), timers, clock)) {
  Send(state_);
}

PollerPing::~PollerPing() { Stop(); }

void PollerPing::Send(const std::shared_ptr<State>& state) {
  {
    MutexLock lock(state->mu);
    if (state->stopping) return;
    state->sent_at = state->clock.Monotonic();
  }
  auto ping = std::make_shared<Ping>();
  auto* const raw = ping.get();
  raw->call.set_deadline(std::chrono::system_clock::now() + kDeadline);
  // An error is an answer too: the threads run.
  state->stub->async()->Check(
      &raw->call, &raw->request, &raw->response,
      [state, ping = std::move(ping)](const grpc::Status&) {
        MutexLock lock(state->mu);
        state->sent_at.reset();
        state->answered.NotifyAll();
        if (state->stopping) return;
        state->timers.RunAfter(kInterval, [weak = std::weak_ptr(state)] {
          if (const auto alive = weak.lock()) Send(alive);
        });
      });
}

void PollerPing::Stop() {
  MutexLock lock(state_->mu);
  state_->stopping = true;
  while (state_->sent_at) state_->answered.Wait(state_->mu);
}

bool PollerPing::alive() const {
  MutexLock lock(state_->mu);
  return !state_->sent_at ||
         state_->clock.Monotonic() - *state_->sent_at < kDeadAfter;
}

}  // namespace sidwatch
