#include "tests/load/callback_load.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"

namespace sidwatch {
namespace {

constexpr std::array<const char*, 3> kLife = {"queued", "sent", "delivered"};

struct Connection {
  int fd = -1;
  std::string message_sid;
  size_t next_status = 0;  // of kLife; the message's next callback
  const char* status = nullptr;
  std::string out;
  size_t written = 0;
  std::string in;
  absl::Time begun;
  uint64_t answers = 0;
};

int Connect(int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address)) {
    ::close(fd);
    return -1;
  }
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
  return fd;
}

class Load {
 public:
  explicit Load(const LoadOptions& options)
      : options_(options),
        target_("/twilio/status"),
        epoll_(::epoll_create1(EPOLL_CLOEXEC)),
        connections_(options.connections) {}
  ~Load() {
    for (Connection& connection : connections_) Close(connection);
    ::close(epoll_);
  }

  LoadResult Run();

 private:
  void Open(Connection& connection);
  void Close(Connection& connection);
  void Reopen(Connection& connection);
  void Begin(Connection& connection);
  void Write(Connection& connection);
  void Read(Connection& connection);
  void Answered(Connection& connection);
  std::string Request(const Connection& connection) const;
  std::string Sign(const std::string& text) const;

  const LoadOptions& options_;
  const std::string target_;
  const int epoll_;
  std::vector<Connection> connections_;
  uint64_t next_message_ = 0;
  bool stopping_ = false;
  LoadResult result_;
};

std::string Load::Sign(const std::string& text) const {
  unsigned char mac[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  ::HMAC(EVP_sha1(), options_.auth_token.data(),
         static_cast<int>(options_.auth_token.size()),
         reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac,
         &size);
  return absl::Base64Escape(
      absl::string_view(reinterpret_cast<const char*>(mac), size));
}

// Written by hand in the order that Twilio sorts, so that body and signed
// text come from one list.
std::string Load::Request(const Connection& connection) const {
  const std::string& sid = connection.message_sid;
  const std::array<std::pair<const char*, std::string>, 9> sorted = {{
      {"AccountSid", options_.account_sid},
      {"ApiVersion", "2010-04-01"},
      {"From", "+15017250604"},
      {"MessageSid", sid},
      {"MessageStatus", connection.status},
      {"MessagingServiceSid", "MG00000000000000000000000000000001"},
      {"SmsSid", sid},
      {"SmsStatus", connection.status},
      {"To", "+15558675310"},
  }};
  std::string text = options_.public_url + target_;
  std::string body;
  for (const auto& [name, value] : sorted) {
    absl::StrAppend(&text, name, value);
    absl::StrAppend(&body, body.empty() ? "" : "&", name, "=",
                    absl::StartsWith(value, "+")
                        ? absl::StrCat("%2B", value.substr(1))
                        : value);
  }
  return absl::StrCat(
      "POST ", target_,
      " HTTP/1.1\r\nHost: sms.example.com\r\nAccept: */*\r\n"
      "User-Agent: TwilioProxy/1.1\r\n"
      "Content-Type: application/x-www-form-urlencoded; charset=UTF-8\r\n"
      "X-Twilio-Signature: ",
      Sign(text), "\r\nContent-Length: ", body.size(), "\r\n\r\n", body);
}

void Load::Open(Connection& connection) {
  connection.fd = Connect(options_.port);
  if (connection.fd < 0) return;
  epoll_event event = {};
  event.events = EPOLLIN;
  event.data.ptr = &connection;
  ::epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.fd, &event);
  Begin(connection);
}

void Load::Close(Connection& connection) {
  if (connection.fd >= 0) ::close(connection.fd);
  connection.fd = -1;
}

void Load::Reopen(Connection& connection) {
  Close(connection);
  if (!stopping_) Open(connection);
}

void Load::Begin(Connection& connection) {
  if (connection.next_status == 0) {
    connection.message_sid =
        absl::StrFormat("SM%016x%016x", options_.seed, ++next_message_);
  }
  connection.status = kLife[connection.next_status];
  connection.out = Request(connection);
  connection.written = 0;
  connection.in.clear();
  connection.begun = absl::Now();
  Write(connection);
}

void Load::Write(Connection& connection) {
  const absl::string_view rest =
      absl::string_view(connection.out).substr(connection.written);
  const ssize_t n =
      ::send(connection.fd, rest.data(), rest.size(), MSG_NOSIGNAL);
  // A request is far smaller than a socket's buffer: it goes out in one, or
  // the connection is gone, which the next read will tell.
  if (n > 0) connection.written += static_cast<size_t>(n);
}

void Load::Read(Connection& connection) {
  char buffer[2048];
  const ssize_t n = ::recv(connection.fd, buffer, sizeof buffer, 0);
  if (n < 0 && errno == EAGAIN) return;
  if (n <= 0) {
    ++result_.broken;
    Reopen(connection);
    return;
  }
  connection.in.append(buffer, static_cast<size_t>(n));
  const size_t head = connection.in.find("\r\n\r\n");
  if (head == std::string::npos) return;
  const size_t length_at = connection.in.find("Content-Length: ");
  int length = 0;
  if (length_at < head) length = std::atoi(&connection.in[length_at + 16]);
  if (connection.in.size() < head + 4 + static_cast<size_t>(length)) return;
  Answered(connection);
}

void Load::Answered(Connection& connection) {
  int code = 0;
  (void)absl::SimpleAtoi(absl::string_view(connection.in).substr(9, 3), &code);
  ++result_.answers[code];
  ++connection.answers;
  if (code == 204) {
    result_.latencies_us.push_back(static_cast<uint32_t>(
        absl::ToInt64Microseconds(absl::Now() - connection.begun)));
    if (options_.acknowledged) {
      options_.acknowledged(connection.message_sid, connection.status);
    }
    connection.next_status = (connection.next_status + 1) % kLife.size();
  }
  if (absl::StrContains(connection.in, "Connection: close")) {
    Reopen(connection);
  } else if (!stopping_) {
    Begin(connection);
  }
}

LoadResult Load::Run() {
  const absl::Time begun = absl::Now();
  const absl::Time end = begun + options_.duration;
  for (Connection& connection : connections_) Open(connection);
  std::array<epoll_event, 256> events;
  while (absl::Now() < end) {
    const int n = ::epoll_wait(epoll_, events.data(),
                               static_cast<int>(events.size()), 20);
    for (int i = 0; i < n; ++i) {
      Read(*static_cast<Connection*>(events[static_cast<size_t>(i)].data.ptr));
    }
    if (std::all_of(connections_.begin(), connections_.end(),
                    [](const Connection& c) { return c.fd < 0; })) {
      break;
    }
  }
  stopping_ = true;
  result_.elapsed = absl::Now() - begun;
  for (const Connection& connection : connections_) {
    result_.never_served += connection.answers == 0 ? 1 : 0;
  }
  std::sort(result_.latencies_us.begin(), result_.latencies_us.end());
  return std::move(result_);
}

}  // namespace

double LoadResult::rate() const {
  const auto stored = answers.find(204);
  return stored == answers.end() ? 0
                                 : static_cast<double>(stored->second) /
                                       absl::ToDoubleSeconds(elapsed);
}

double LoadResult::percentile_ms(double share) const {
  if (latencies_us.empty()) return 0;
  const size_t last = latencies_us.size() - 1;
  const auto at = static_cast<size_t>(share * static_cast<double>(last));
  return latencies_us[at] / 1000.0;
}

LoadResult RunCallbackLoad(const LoadOptions& options) {
  return Load(options).Run();
}

}  // namespace sidwatch
