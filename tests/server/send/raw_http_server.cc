#include "tests/server/send/raw_http_server.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace sidwatch {
namespace {

// A socket bound to a free port of loopback.
int Bind(int& port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (socket < 0 || ::bind(socket, generic, size) != 0 ||
      ::getsockname(socket, generic, &size) != 0) {
    std::abort();
  }
  port = ntohs(address.sin_port);
  return socket;
}

// Bytes of the request at the front of `data`, 0 while it is not whole.
size_t RequestSize(const std::string& data) {
  const size_t head_end = data.find("\r\n\r\n");
  if (head_end == std::string::npos) return 0;
  const std::string head = absl::AsciiStrToLower(data.substr(0, head_end));
  constexpr absl::string_view kLength = "content-length: ";
  const size_t at = head.find(std::string(kLength));
  size_t length = 0;
  if (at != std::string::npos) {
    const size_t from = at + kLength.size();
    if (!absl::SimpleAtoi(head.substr(from, head.find('\r', from) - from),
                          &length)) {
      std::abort();
    }
  }
  const size_t size = head_end + 4 + length;
  return data.size() >= size ? size : 0;
}

void WriteAll(int connection, absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written =
        ::send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (written <= 0) return;
    bytes.remove_prefix(static_cast<size_t>(written));
  }
}

// Makes the coming close() a reset.
void ResetOnClose(int connection) {
  const linger now = {.l_onoff = 1, .l_linger = 0};
  ::setsockopt(connection, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

}  // namespace

RawHttpServer::RawHttpServer(std::vector<Answer> answers)
    : answers_(std::move(answers)) {
  listener_ = Bind(port_);
  if (::listen(listener_, 16) != 0) std::abort();
  thread_ = std::thread([this] { Run(); });
}

RawHttpServer::~RawHttpServer() {
  {
    MutexLock lock(mu_);
    stopping_ = true;
    if (connection_ >= 0) ::shutdown(connection_, SHUT_RDWR);
    stop_.NotifyAll();
  }
  ::shutdown(listener_, SHUT_RDWR);
  thread_.join();
  ::close(listener_);
}

std::string RawHttpServer::url() const {
  return absl::StrCat("http://127.0.0.1:", port_);
}

std::vector<std::string> RawHttpServer::requests() const {
  MutexLock lock(mu_);
  return requests_;
}

std::string RawHttpServer::Reply(absl::string_view status_line,
                                 absl::string_view body,
                                 absl::string_view headers) {
  return absl::StrCat(status_line, "\r\nContent-Length: ", body.size(), "\r\n",
                      headers, "\r\n", body);
}

void RawHttpServer::Run() {
  for (;;) {
    const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) return;
    {
      MutexLock lock(mu_);
      if (stopping_) {
        ::close(connection);
        return;
      }
      connection_ = connection;
    }
    Serve(connection);
    MutexLock lock(mu_);
    connection_ = -1;
    ::close(connection);
  }
}

void RawHttpServer::Serve(int connection) {
  std::string data;
  char buffer[16384];
  for (;;) {
    const ssize_t got = ::recv(connection, buffer, sizeof(buffer), 0);
    if (got <= 0) return;
    data.append(buffer, static_cast<size_t>(got));
    const size_t size = RequestSize(data);
    if (size == 0) continue;
    const Answer answer = NextAnswer(data.substr(0, size));
    data.erase(0, size);
    WriteAll(connection, answer.bytes);
    if (answer.then == Answer::Then::kKeepOpen) continue;
    if (answer.then == Answer::Then::kStall) WaitForStop();
    if (answer.then == Answer::Then::kReset) ResetOnClose(connection);
    return;
  }
}

RawHttpServer::Answer RawHttpServer::NextAnswer(std::string request) {
  MutexLock lock(mu_);
  requests_.push_back(std::move(request));
  const size_t index = requests_.size() - 1;
  return index < answers_.size() ? answers_[index] : answers_.back();
}

void RawHttpServer::WaitForStop() {
  MutexLock lock(mu_);
  while (!stopping_) stop_.Wait(mu_);
}

ClosedPort::ClosedPort() { socket_ = Bind(port_); }

ClosedPort::~ClosedPort() { ::close(socket_); }

std::string ClosedPort::url() const {
  return absl::StrCat("http://127.0.0.1:", port_);
}

}  // namespace sidwatch
