#ifndef SIDWATCH_SERVER_WEBHOOK_HTTP_HEAD_H_
#define SIDWATCH_SERVER_WEBHOOK_HTTP_HEAD_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/webhook/http_message.h"

namespace sidwatch {

// The head of an HTTP/1.1 request: its request line and headers, up to and
// with the empty line. Pure functions over bytes; no sockets here.
//
// Strict on purpose: where RFC 9112 lets a server be lenient, two programs in
// a row may disagree about where a request ends, and that is how requests are
// smuggled past a proxy.

struct HeadLimits {
  size_t header_max_bytes = 16 * 1024;  // of the whole head
  size_t line_max_bytes = 8 * 1024;     // of a header line, of the target
  size_t headers_max = 100;
};

// Finds the end of a head in bytes that arrive in pieces, and looks at each
// byte once however small the pieces are.
class HeadScanner {
 public:
  explicit HeadScanner(const HeadLimits& limits) : limits_(limits) {}

  // `bytes` is what was given before and what came since. Returns 0, or the
  // status to refuse with: 431 past a limit, 400 for a line that ends in a
  // bare LF.
  int Scan(absl::string_view bytes);

  // Bytes of the head with its empty line; 0 while it is not complete.
  size_t size() const { return size_; }

  // Starts over with the next request.
  void Reset();

 private:
  int EndLine(absl::string_view line);
  size_t LineMax() const;

  HeadLimits limits_;
  size_t line_start_ = 0;
  size_t scanned_ = 0;
  size_t lines_ = 0;
  size_t size_ = 0;
};

// What a head says.
struct HttpHead {
  HttpRequest request;  // its body and remote address are not the head's
  // Of the body; a length that does not fit is the greatest there is. Zero
  // when there is neither a length nor chunking: such a request has no body.
  uint64_t content_length = 0;
  bool chunked = false;
  bool keep_alive = true;
  bool expect_continue = false;  // the peer waits for "100 Continue"
};

// Reads a complete head. Errors: INVALID_ARGUMENT (answer 400): bytes that no
// head may hold, obs-fold, a name that is no token, another version than 1.0
// and 1.1, two lengths, a length with chunking, any coding but chunked, two
// Hosts. Any token passes as a method. A missing Host passes too: it is never
// used.
absl::StatusOr<HttpHead> ParseHead(absl::string_view head);

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_WEBHOOK_HTTP_HEAD_H_
