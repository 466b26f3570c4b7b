#include "server/webhook/http_connection.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/clock.h"

namespace sidwatch {
namespace {

constexpr size_t kReadBytes = 16 * 1024;

absl::string_view ReasonOf(int status) {
  switch (status) {
    case 400:
      return "Bad Request";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 413:
      return "Payload Too Large";
    case 431:
      return "Request Header Fields Too Large";
    default:
      return "Refused";
  }
}

// Waits until the peer takes bytes again. Returns false at the deadline.
bool WaitWritable(int fd, absl::Duration deadline) {
  const absl::Duration left = deadline - Clock::Real().Monotonic();
  if (left <= absl::ZeroDuration()) return false;
  pollfd descriptor{.fd = fd, .events = POLLOUT, .revents = 0};
  const int64_t ms =
      std::min<int64_t>(absl::ToInt64Milliseconds(left) + 1, 60 * 1000);
  const int ready = ::poll(&descriptor, 1, static_cast<int>(ms));
  return ready > 0 || (ready < 0 && errno == EINTR);
}

}  // namespace

HttpConnection::HttpConnection(int fd, std::string remote_address,
                               const RequestRules& rules)
    : fd_(fd), remote_address_(std::move(remote_address)), reader_(rules) {}

HttpConnection::~HttpConnection() { ::close(fd_); }

HttpConnection::Progress HttpConnection::Read(absl::Duration now) {
  using State = RequestReader::State;
  char buffer[kReadBytes];
  while (reader_.state() == State::kIdle ||
         reader_.state() == State::kPartial) {
    const ssize_t got = ::recv(fd_, buffer, sizeof(buffer), MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return Progress::kWaiting;
    if (got <= 0) return Progress::kGone;
    if (reader_.state() == State::kIdle) request_began_ = now;
    reader_.Append(absl::string_view(buffer, static_cast<size_t>(got)));
    if (reader_.TakeContinue()) {
      Send("HTTP/1.1 100 Continue\r\n\r\n", now);
    }
  }
  if (reader_.state() == State::kRefused) return Progress::kRefused;
  whole_since_ = now;
  return Progress::kWhole;
}

RequestReader::Whole HttpConnection::Take(absl::Duration now) {
  RequestReader::Whole whole = reader_.Take();
  whole.request.remote_address = remote_address_;
  whole.request.queued = now - whole_since_;
  request_began_ = now;
  return whole;
}

bool HttpConnection::Send(absl::string_view bytes, absl::Duration deadline) {
  while (!bytes.empty()) {
    const ssize_t sent =
        ::send(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<size_t>(sent));
    } else if (errno == EAGAIN) {
      if (!WaitWritable(fd_, deadline)) return false;
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

void HttpConnection::Refuse(int status, absl::string_view allow) {
  std::string answer =
      absl::StrCat("HTTP/1.1 ", status, " ", ReasonOf(status), "\r\n");
  if (status == 405 && !allow.empty()) {
    absl::StrAppend(&answer, "Allow: ", allow, "\r\n");
  }
  absl::StrAppend(&answer, "Content-Length: 0\r\nConnection: close\r\n\r\n");
  Send(answer, absl::ZeroDuration());
  FinishSending();
}

bool HttpConnection::HasBytes() const {
  char byte = 0;
  return ::recv(fd_, &byte, 1, MSG_DONTWAIT | MSG_PEEK) > 0;
}

void HttpConnection::FinishSending() { ::shutdown(fd_, SHUT_WR); }

bool HttpConnection::Drain() {
  char buffer[kReadBytes];
  // Bounded, so that a fast sender cannot hold the loop.
  for (int i = 0; i < 16; ++i) {
    const ssize_t got = ::recv(fd_, buffer, sizeof(buffer), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return true;
    if (got <= 0) return false;
  }
  return true;
}

}  // namespace sidwatch
