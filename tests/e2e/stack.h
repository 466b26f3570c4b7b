#ifndef SIDWATCH_TESTS_E2E_STACK_H_
#define SIDWATCH_TESTS_E2E_STACK_H_

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sidwatch/v1/tracking.grpc.pb.h"
#include "tests/e2e/program.h"

namespace sidwatch {

// sidwatchd on a SQLite file of its own and twilio-emulator, as programs, on
// loopback. The webhook port stays the same across restarts, so that what
// Twilio was told stays true.
class Stack {
 public:
  static constexpr char kAccountSid[] = "AC00000000000000000000000000000001";
  static constexpr char kAuthToken[] = "end-to-end-token";

  Stack();
  ~Stack();
  Stack(const Stack&) = delete;
  Stack& operator=(const Stack&) = delete;

  // `faults`: the emulator's --profile.
  void StartTwilio(const std::string& faults = "{}");
  // Starts or starts again, with `more` arguments.
  void StartServer(const std::vector<std::string>& more = {});

  Program& server() { return *server_; }
  Program& twilio() { return *twilio_; }
  // Of the server started last.
  v1::TrackingService::Stub& stub() { return *stub_; }

  std::string public_url() const;
  int webhook_port() const { return webhook_port_; }
  std::string store_path() const { return (dir_ / "sidwatch.db").string(); }
  // The arguments and the environment of `sidwatchd` for this stack.
  std::vector<std::string> arguments() const;
  std::map<std::string, std::string> environment() const;

  // Posts a status callback, signed, as Twilio would. `target` is below the
  // public URL. Returns the HTTP status, 0 when nobody answered.
  int PostCallback(const std::string& message_sid, const std::string& status,
                   const std::string& target = "/twilio/status") const;

  // The Message resources that the emulator really created, as JSON text.
  int messages_created() const;

  // A request that the service will take.
  static v1::SendTrackedRequest Request(const std::string& request_id);

 private:
  std::filesystem::path dir_;
  int reserved_socket_ = -1;  // bound, not listening: keeps the port ours
  int webhook_port_ = 0;
  std::unique_ptr<Program> twilio_;
  std::unique_ptr<Program> server_;
  std::unique_ptr<v1::TrackingService::Stub> stub_;
};

}  // namespace sidwatch

#endif  // SIDWATCH_TESTS_E2E_STACK_H_
