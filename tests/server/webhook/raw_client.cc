#include "tests/server/webhook/raw_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace sidwatch {
namespace {

constexpr int kWaitMs = 30 * 1000;

// Fills everything but the body; returns its size.
size_t ParseAnswerHead(absl::string_view head, RawAnswer& answer) {
  const std::vector<absl::string_view> lines = absl::StrSplit(head, "\r\n");
  const std::vector<absl::string_view> words = absl::StrSplit(lines[0], ' ');
  if (words.size() < 2 || !absl::SimpleAtoi(words[1], &answer.status)) return 0;
  for (size_t i = 1; i < lines.size(); ++i) {
    const std::pair<absl::string_view, absl::string_view> header =
        absl::StrSplit(lines[i], absl::MaxSplits(':', 1));
    answer.headers[absl::AsciiStrToLower(header.first)] =
        std::string(absl::StripAsciiWhitespace(header.second));
  }
  size_t size = 0;
  const auto length = answer.headers.find("content-length");
  if (length != answer.headers.end()) {
    (void)absl::SimpleAtoi(length->second, &size);
  }
  return size;
}

}  // namespace

RawClient::RawClient(absl::string_view address) {
  const std::pair<std::string, std::string> parts =
      absl::StrSplit(address, ':');
  int port = 0;
  (void)absl::SimpleAtoi(parts.second, &port);
  sockaddr_in target = {};
  target.sin_family = AF_INET;
  target.sin_port = htons(static_cast<uint16_t>(port));
  ::inet_pton(AF_INET, parts.first.c_str(), &target.sin_addr);
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  if (::connect(fd_, reinterpret_cast<sockaddr*>(&target), sizeof(target)) !=
      0) {
    ::close(std::exchange(fd_, -1));
  }
}

RawClient::~RawClient() {
  if (fd_ >= 0) ::close(fd_);
}

bool RawClient::Send(absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

bool RawClient::SendByteByByte(absl::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [this](char byte) {
    return Send(absl::string_view(&byte, 1));
  });
}

void RawClient::FinishSending() { ::shutdown(fd_, SHUT_WR); }

bool RawClient::ReadMore() {
  pollfd descriptor{.fd = fd_, .events = POLLIN, .revents = 0};
  if (::poll(&descriptor, 1, kWaitMs) <= 0) return false;
  char buffer[64 * 1024];
  const ssize_t got = ::recv(fd_, buffer, sizeof(buffer), 0);
  if (got <= 0) return false;
  received_.append(buffer, static_cast<size_t>(got));
  return true;
}

std::optional<RawAnswer> RawClient::ReadAnswer(bool to_head) {
  size_t head_end = std::string::npos;
  while ((head_end = received_.find("\r\n\r\n")) == std::string::npos) {
    if (!ReadMore()) return std::nullopt;
  }
  RawAnswer answer;
  size_t size =
      ParseAnswerHead(absl::string_view(received_).substr(0, head_end), answer);
  if (to_head) size = 0;
  received_.erase(0, head_end + 4);
  while (received_.size() < size) {
    if (!ReadMore()) return std::nullopt;
  }
  answer.body = received_.substr(0, size);
  received_.erase(0, size);
  return answer;
}

bool RawClient::WaitClosed() {
  pollfd descriptor{.fd = fd_, .events = POLLIN, .revents = 0};
  if (!received_.empty() || ::poll(&descriptor, 1, kWaitMs) <= 0) return false;
  char byte = 0;
  return ::recv(fd_, &byte, 1, 0) <= 0;
}

std::optional<RawAnswer> RawClient::Exchange(absl::string_view bytes) {
  Send(bytes);  // A refusal may come before all was sent.
  return ReadAnswer();
}

}  // namespace sidwatch
