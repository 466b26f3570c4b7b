#ifndef SIDWATCH_SERVER_WEBHOOK_HTTP_MESSAGE_H_
#define SIDWATCH_SERVER_WEBHOOK_HTTP_MESSAGE_H_

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace sidwatch {

// One HTTP request, whole, as it came over the wire.
struct HttpRequest {
  std::string method;  // as sent, upper case
  std::string target;  // raw request target, undecoded, with its query
  // As sent, in order; names are compared without regard to case.
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;            // raw, chunks joined
  std::string remote_address;  // of the TCP peer, for logs
  absl::Duration queued;       // how long it waited, whole, for a worker

  // The target up to the first '?', and what follows it.
  absl::string_view path() const;
  absl::string_view query() const;
  // The value of the first header of that name, "" when there is none.
  absl::string_view header(absl::string_view name) const;
  size_t header_count(absl::string_view name) const;
};

// One answer. Content-Length and Date are the guard's.
struct HttpResponse {
  int status = 204;
  std::string content_type;  // none when the body is empty
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  bool close = false;  // say "Connection: close" and close after it
  bool drop = false;   // close without an answer; the rest does not matter
};

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_WEBHOOK_HTTP_MESSAGE_H_
