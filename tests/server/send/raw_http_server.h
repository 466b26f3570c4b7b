#ifndef SIDWATCH_TESTS_SERVER_SEND_RAW_HTTP_SERVER_H_
#define SIDWATCH_TESTS_SERVER_SEND_RAW_HTTP_SERVER_H_

#include <cstddef>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/string_view.h"
#include "base/mutex.h"

namespace sidwatch {

// A server of a few lines on loopback that answers what it was told to, byte
// by byte, right or wrong. One connection at a time.
class RawHttpServer {
 public:
  struct Answer {
    std::string bytes;  // as they go over the wire
    enum class Then { kClose, kReset, kStall, kKeepOpen };
    Then then = Then::kClose;
  };

  // The nth request gets the nth answer, those beyond get the last one.
  explicit RawHttpServer(std::vector<Answer> answers);
  ~RawHttpServer();
  RawHttpServer(const RawHttpServer&) = delete;
  RawHttpServer& operator=(const RawHttpServer&) = delete;

  std::string url() const;
  // Head and body of each whole request that came.
  std::vector<std::string> requests() const;

  // "HTTP/1.1 201 Created", the length, `headers` (each with its CRLF), `body`.
  static std::string Reply(absl::string_view status_line,
                           absl::string_view body,
                           absl::string_view headers = "");

 private:
  void Run();
  void Serve(int connection);
  Answer NextAnswer(std::string request);
  void WaitForStop();

  const std::vector<Answer> answers_;
  int listener_ = -1;
  int port_ = 0;

  mutable Mutex mu_;
  CondVar stop_;
  std::vector<std::string> requests_ ABSL_GUARDED_BY(mu_);
  int connection_ ABSL_GUARDED_BY(mu_) = -1;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;

  std::thread thread_;
};

// A port of loopback where nobody listens, held so that nobody can.
class ClosedPort {
 public:
  ClosedPort();
  ~ClosedPort();
  ClosedPort(const ClosedPort&) = delete;
  ClosedPort& operator=(const ClosedPort&) = delete;
  std::string url() const;

 private:
  int socket_ = -1;
  int port_ = 0;
};

}  // namespace sidwatch

#endif  // SIDWATCH_TESTS_SERVER_SEND_RAW_HTTP_SERVER_H_
