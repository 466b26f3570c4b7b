#ifndef SIDWATCH_TESTS_SERVER_RPC_RPC_STACK_H_
#define SIDWATCH_TESTS_SERVER_RPC_RPC_STACK_H_

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>
#include <vector>

#include "base/executor.h"
#include "base/timer_queue.h"
#include "server/rpc/grpc_server.h"
#include "server/rpc/tracking_service.h"
#include "server/send/message_sender.h"
#include "server/watch/event_tail.h"
#include "sidwatch/v1/tracking.grpc.pb.h"
#include "storage/group_commit.h"
#include "storage/sqlite/sqlite_store.h"
#include "tests/fakes/collecting_log_sink.h"
#include "tests/fakes/fake_store.h"
#include "tests/fakes/fake_twilio.h"
#include "tests/fakes/temporary_folder.h"

namespace sidwatch {

inline constexpr char kTestAccount[] = "AC0123456789abcdef0123456789abcdef";
inline constexpr char kOtherAccount[] = "ACffffffffffffffffffffffffffffffff";

// Everything behind the gRPC port, for real but Twilio: a store in a temporary
// folder, the sender, the tail, the service on a free port, and a client.
class RpcStack {
 public:
  struct Options {
    TrackingService::Options service;
    size_t readers_queue_max = 1000;
  };

  RpcStack() : RpcStack(Options{}) {}
  explicit RpcStack(Options options);
  ~RpcStack();

  // A stub over a connection of its own.
  std::unique_ptr<v1::TrackingService::Stub> Connect() const;
  v1::TrackingService::Stub& stub() { return *stub_; }

  // Reports a status as a callback would, and returns after its commit.
  AppendResult Append(const MessageSid& sid, absl::string_view status,
                      Parameters parameters = {}, std::string body = "");
  // `count` adopted messages, FakeTwilioClient::Sid(1) …, each `sent`.
  void AppendMessages(int count);

  // SendTracked of a message to +15550002.
  grpc::Status Send(const std::string& request_id,
                    v1::SendTrackedResponse* response = nullptr);

  FakeTwilioClient& twilio() { return twilio_; }
  FakeStore& store() { return store_; }
  GroupCommit& log() { return log_; }
  TrackingService& service() { return service_; }
  Executor& readers() { return readers_; }
  Counters& counters() { return counters_; }

 private:
  TemporaryFolder folder_;
  CollectingLogSink sink_;
  Counters counters_;
  std::unique_ptr<SqliteStore> sqlite_;
  FakeStore store_;
  EventTail tail_;
  TimerQueue timers_{Clock::Real()};
  Executor readers_;
  GroupCommit log_;
  FakeTwilioClient twilio_;
  MessageSender sender_;
  TrackingService service_;
  std::unique_ptr<GrpcServer> server_;
  std::unique_ptr<v1::TrackingService::Stub> stub_;
};

// A call's context with a generous deadline.
class TestCall : public grpc::ClientContext {
 public:
  TestCall();
};

// The reason in a refusal's ErrorInfo, "" if it has none.
std::string ReasonOf(const grpc::Status& status);
// The first field in its BadRequest, "" if it names none.
std::string FieldOf(const grpc::Status& status);

// One open watch of a client that reads when told to.
class TestWatch {
 public:
  TestWatch(v1::TrackingService::Stub& stub,
            const v1::WatchStatusRequest& request);
  ~TestWatch();

  // The next response; one without an update at the end.
  v1::WatchStatusResponse Next();
  // The next response that is no progress.
  v1::WatchStatusResponse NextNews();
  // Skips to the end and returns the call's status.
  grpc::Status Finish();
  void Cancel() { call_.TryCancel(); }

 private:
  TestCall call_;
  std::unique_ptr<grpc::ClientReader<v1::WatchStatusResponse>> reader_;
  bool finished_ = false;
};

}  // namespace sidwatch

#endif  // SIDWATCH_TESTS_SERVER_RPC_RPC_STACK_H_
