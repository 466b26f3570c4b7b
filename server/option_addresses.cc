#include "server/option_addresses.h"

#include <arpa/inet.h>

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "server/option_values.h"

namespace sidwatch {
namespace {

struct HostPort {
  std::string host;  // without brackets
  std::string port;  // may be empty
  bool v6 = false;
};

// Splits "host:port" or "[v6]:port"; false when the brackets do not match.
bool SplitHostPort(absl::string_view text, HostPort& result) {
  if (absl::ConsumePrefix(&text, "[")) {
    const size_t end = text.find(']');
    if (end == absl::string_view::npos) return false;
    result.host = std::string(text.substr(0, end));
    result.v6 = true;
    text.remove_prefix(end + 1);
  } else {
    const size_t end = std::min(text.find(':'), text.size());
    result.host = std::string(text.substr(0, end));
    text.remove_prefix(end);
  }
  if (text.empty()) return true;
  if (!absl::ConsumePrefix(&text, ":")) return false;
  result.port = std::string(text);
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), absl::ascii_isdigit);
}

bool IsIpAddress(const HostPort& parts) {
  unsigned char bytes[sizeof(in6_addr)];
  return inet_pton(parts.v6 ? AF_INET6 : AF_INET, parts.host.c_str(), bytes) ==
         1;
}

bool IsPort(absl::string_view text) {
  uint32_t port = 0;
  return absl::SimpleAtoi(text, &port) && port <= 65535;
}

bool IsLoopbackHost(const HostPort& parts) {
  if (parts.v6) return parts.host == "::1";
  return absl::EqualsIgnoreCase(parts.host, "localhost") ||
         (absl::StartsWith(parts.host, "127.") && IsIpAddress(parts));
}

bool IsHostName(absl::string_view text) {
  return !text.empty() && text.size() <= 253 &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
                  c == '-' || c == '.' || c == '_';
         });
}

bool IsPrintable(absl::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c > ' ' && c < '\x7f'; });
}

}  // namespace

absl::StatusOr<std::string> ParseListenAddress(absl::string_view text) {
  HostPort parts;
  if (!SplitHostPort(text, parts) || parts.port.empty() ||
      !IsPort(parts.port)) {
    return WrongValue(text,
                      "is not address:port, as in 127.0.0.1:8080 or [::1]:8080 "
                      "(port 0 picks one)");
  }
  if (absl::EqualsIgnoreCase(parts.host, "localhost") && !parts.v6) {
    parts.host = "127.0.0.1";
  }
  if (!IsIpAddress(parts)) {
    return WrongValue(
        text,
        "does not begin with an IP address; 0.0.0.0 or [::] is every "
        "interface of this machine, 127.0.0.1 is loopback");
  }
  return parts.v6 ? absl::StrCat("[", parts.host, "]:", parts.port)
                  : absl::StrCat(parts.host, ":", parts.port);
}

absl::StatusOr<std::string> ParseGrpcAddress(absl::string_view text) {
  absl::string_view path = text;
  if (!absl::ConsumePrefix(&path, "unix:")) return ParseListenAddress(text);
  constexpr size_t kPathMax = 107;  // sockaddr_un::sun_path and its end
  // Nothing that would need an escape in the line of --ready-fd.
  if (!absl::StartsWith(path, "/") || path.size() > kPathMax ||
      !IsPrintable(path) || path.find_first_of("\"\\") != path.npos) {
    return WrongValue(text,
                      absl::StrCat("is not unix: and an absolute path of at "
                                   "most ",
                                   kPathMax, " plain characters"));
  }
  return std::string(text);
}

bool IsLocalAddress(absl::string_view address) {
  HostPort parts;
  return absl::StartsWith(address, "unix:") ||
         (SplitHostPort(address, parts) && IsLoopbackHost(parts));
}

absl::StatusOr<std::string> ParseBaseUrl(absl::string_view text) {
  constexpr size_t kUrlMax = 2048;
  // Never quoted: a password may stand before the host.
  absl::string_view rest = text;
  const bool https = absl::ConsumePrefix(&rest, "https://");
  if (!https && !absl::ConsumePrefix(&rest, "http://")) {
    return absl::InvalidArgumentError(
        "is not a URL that begins with https://, as https://sms.example.com");
  }
  if (!IsPrintable(rest) || text.size() > kUrlMax) {
    return absl::InvalidArgumentError(
        "has a space, a character beyond ASCII, or more than 2048 characters");
  }
  if (absl::StrContains(rest, '?') || absl::StrContains(rest, '#')) {
    return absl::InvalidArgumentError(
        "is not a base URL: leave out what begins with ? or #");
  }
  const size_t authority_end = std::min(rest.find('/'), rest.size());
  const absl::string_view authority = rest.substr(0, authority_end);
  HostPort parts;
  // A user name and password may stand before the host; Twilio takes them.
  const size_t at = authority.rfind('@');
  if (!SplitHostPort(
          at == absl::string_view::npos ? authority : authority.substr(at + 1),
          parts) ||
      !(parts.v6 ? IsIpAddress(parts) : IsHostName(parts.host)) ||
      (!parts.port.empty() && !IsPort(parts.port))) {
    return absl::InvalidArgumentError(
        "has no valid host after https://, as in https://sms.example.com");
  }
  if (!https && !IsLoopbackHost(parts)) {
    return absl::InvalidArgumentError(
        absl::StrCat("begins with http://, which is for a loopback host alone "
                     "and not for ",
                     parts.host, ": use https://"));
  }
  while (absl::ConsumeSuffix(&text, "/")) {
  }
  return std::string(text);
}

}  // namespace sidwatch
