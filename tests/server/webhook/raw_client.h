#ifndef SIDWATCH_TESTS_SERVER_WEBHOOK_RAW_CLIENT_H_
#define SIDWATCH_TESTS_SERVER_WEBHOOK_RAW_CLIENT_H_

#include <map>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace sidwatch {

// One HTTP answer as it was on the wire.
struct RawAnswer {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

// A TCP client that sends exactly the bytes it is told to. Every wait ends
// after 30 s with a failure.
class RawClient {
 public:
  // `address` is "127.0.0.1:8080".
  explicit RawClient(absl::string_view address);
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  bool connected() const { return fd_ >= 0; }

  // Returns false when the peer has closed.
  bool Send(absl::string_view bytes);
  // One byte in each packet.
  bool SendByteByByte(absl::string_view bytes);
  // Says that nothing more will be sent.
  void FinishSending();

  // The next answer; none when the connection ended before it was whole.
  // `to_head` says that its body is left out, as for HEAD.
  std::optional<RawAnswer> ReadAnswer(bool to_head = false);

  // Waits for the end of the connection. Returns false when something came
  // before it, or the wait did.
  bool WaitClosed();

  // Send and ReadAnswer.
  std::optional<RawAnswer> Exchange(absl::string_view bytes);

 private:
  bool ReadMore();

  int fd_ = -1;
  std::string received_;
};

}  // namespace sidwatch

#endif  // SIDWATCH_TESTS_SERVER_WEBHOOK_RAW_CLIENT_H_
