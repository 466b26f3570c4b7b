#include "server/webhook/http_head.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace sidwatch {
namespace {

// Room in the request line for what stands around the target.
constexpr size_t kMethodMaxBytes = 32;
constexpr size_t kVersionBytes = 10;  // two spaces and "HTTP/1.1", about

bool IsTokenChar(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
         absl::StrContains("!#$%&'*+-.^_`|~", c);
}

bool IsToken(absl::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), IsTokenChar);
}

// Bytes of 0x80 and above pass: they are compared and signed as they are.
bool IsTargetChar(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte > ' ' && byte != 0x7f;
}

bool IsValueChar(char c) { return IsTargetChar(c) || c == ' ' || c == '\t'; }

absl::Status Malformed(absl::string_view what) {
  return absl::InvalidArgumentError(what);
}

// Cuts the first line off `bytes`, which ends every line in CR LF.
absl::string_view NextLine(absl::string_view& bytes) {
  const size_t end = bytes.find("\r\n");
  if (end == absl::string_view::npos) return std::exchange(bytes, "");
  const absl::string_view line = bytes.substr(0, end);
  bytes.remove_prefix(end + 2);
  return line;
}

absl::Status ParseRequestLine(absl::string_view line, HttpHead& head) {
  const size_t first = line.find(' ');
  const size_t last = line.rfind(' ');
  if (first == absl::string_view::npos || first == last) {
    return Malformed("request line is not METHOD TARGET VERSION");
  }
  const absl::string_view method = line.substr(0, first);
  const absl::string_view target = line.substr(first + 1, last - first - 1);
  const absl::string_view version = line.substr(last + 1);
  if (!IsToken(method) || method.size() > kMethodMaxBytes) {
    return Malformed("method is no token");
  }
  if (target.empty() ||
      !std::all_of(target.begin(), target.end(), IsTargetChar)) {
    return Malformed("target is empty or holds a space or a control byte");
  }
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    return Malformed("version is neither HTTP/1.1 nor HTTP/1.0");
  }
  head.request.method = std::string(method);
  head.request.target = std::string(target);
  head.keep_alive = version == "HTTP/1.1";
  return absl::OkStatus();
}

absl::Status ParseHeaderLine(absl::string_view line, HttpHead& head) {
  const size_t colon = line.find(':');
  if (colon == absl::string_view::npos) return Malformed("header has no colon");
  const absl::string_view name = line.substr(0, colon);
  // This refuses obs-fold and a space before the colon too.
  if (!IsToken(name)) return Malformed("header name is no token");
  absl::string_view value = line.substr(colon + 1);
  if (!std::all_of(value.begin(), value.end(), IsValueChar)) {
    return Malformed("header value holds a control byte");
  }
  value = absl::StripAsciiWhitespace(value);
  head.request.headers.emplace_back(name, value);
  return absl::OkStatus();
}

absl::Status ParseLength(absl::string_view value, HttpHead& head) {
  const bool digits =
      !value.empty() && std::all_of(value.begin(), value.end(), [](char c) {
        return absl::ascii_isdigit(static_cast<unsigned char>(c));
      });
  if (!digits) return Malformed("Content-Length is no number");
  if (!absl::SimpleAtoi(value, &head.content_length)) {
    head.content_length = std::numeric_limits<uint64_t>::max();
  }
  return absl::OkStatus();
}

void ParseConnection(absl::string_view value, bool& close, bool& keep) {
  for (absl::string_view option : absl::StrSplit(value, ',')) {
    option = absl::StripAsciiWhitespace(option);
    close = close || absl::EqualsIgnoreCase(option, "close");
    keep = keep || absl::EqualsIgnoreCase(option, "keep-alive");
  }
}

// What the headers say of the body and of the connection.
absl::Status ReadFraming(HttpHead& head) {
  const bool http_1_1 = head.keep_alive;
  bool close = false;
  bool keep = http_1_1;
  size_t lengths = 0;
  size_t codings = 0;
  size_t hosts = 0;
  for (const auto& [name, value] : head.request.headers) {
    if (absl::EqualsIgnoreCase(name, "Content-Length")) {
      ++lengths;
      if (absl::Status status = ParseLength(value, head); !status.ok()) {
        return status;
      }
    } else if (absl::EqualsIgnoreCase(name, "Transfer-Encoding")) {
      ++codings;
      head.chunked = absl::EqualsIgnoreCase(value, "chunked");
    } else if (absl::EqualsIgnoreCase(name, "Connection")) {
      ParseConnection(value, close, keep);
    } else if (absl::EqualsIgnoreCase(name, "Expect")) {
      head.expect_continue =
          http_1_1 && absl::EqualsIgnoreCase(value, "100-continue");
    } else if (absl::EqualsIgnoreCase(name, "Host")) {
      ++hosts;
    }
  }
  head.keep_alive = keep && !close;
  if (lengths > 1) return Malformed("two lengths");
  if (hosts > 1) return Malformed("two Hosts");
  if (codings == 0) return absl::OkStatus();
  if (lengths > 0) return Malformed("a length with chunking");
  if (codings > 1 || !head.chunked || !http_1_1) {
    return Malformed("Transfer-Encoding is not chunked alone");
  }
  return absl::OkStatus();
}

}  // namespace

int HeadScanner::Scan(absl::string_view bytes) {
  while (size_ == 0) {
    const size_t lf = bytes.find('\n', scanned_);
    if (lf == absl::string_view::npos) {
      scanned_ = bytes.size();
      // The last byte may be the CR of a line that just fits.
      const bool too_long = bytes.size() - line_start_ > LineMax() + 1;
      return too_long || bytes.size() > limits_.header_max_bytes ? 431 : 0;
    }
    if (lf + 1 > limits_.header_max_bytes) return 431;
    if (lf == line_start_ || bytes[lf - 1] != '\r') return 400;
    const absl::string_view line =
        bytes.substr(line_start_, lf - 1 - line_start_);
    line_start_ = scanned_ = lf + 1;
    if (const int status = EndLine(line); status != 0) return status;
  }
  return 0;
}

int HeadScanner::EndLine(absl::string_view line) {
  if (line.size() > LineMax()) return 431;
  if (lines_ == 0) {
    const size_t first = line.find(' ');
    const size_t last = line.rfind(' ');
    if (first == absl::string_view::npos) return 400;
    if (last - first > limits_.line_max_bytes + 1) return 431;
  } else if (line.empty()) {
    size_ = line_start_;
    return 0;
  }
  ++lines_;
  return lines_ > limits_.headers_max + 1 ? 431 : 0;
}

size_t HeadScanner::LineMax() const {
  if (lines_ > 0) return limits_.line_max_bytes;
  return kMethodMaxBytes + limits_.line_max_bytes + kVersionBytes;
}

void HeadScanner::Reset() { *this = HeadScanner(limits_); }

absl::StatusOr<HttpHead> ParseHead(absl::string_view bytes) {
  HttpHead head;
  head.request.headers.reserve(12);
  absl::Status status = ParseRequestLine(NextLine(bytes), head);
  while (status.ok()) {
    const absl::string_view line = NextLine(bytes);
    if (line.empty()) break;
    status = ParseHeaderLine(line, head);
  }
  if (status.ok()) status = ReadFraming(head);
  if (!status.ok()) return status;
  return head;
}

}  // namespace sidwatch
