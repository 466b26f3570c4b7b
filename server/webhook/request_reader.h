#ifndef SIDWATCH_SERVER_WEBHOOK_REQUEST_READER_H_
#define SIDWATCH_SERVER_WEBHOOK_REQUEST_READER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "absl/strings/string_view.h"
#include "server/webhook/chunked_body.h"
#include "server/webhook/http_head.h"
#include "server/webhook/http_message.h"

namespace sidwatch {

// What a RequestReader lets through.
struct RequestRules {
  HeadLimits head;
  size_t body_max_bytes = 64 * 1024;
  // Looks at the request line alone; 0 lets it pass, else the status to answer
  // with (404, 405). `path` is the raw target up to '?'. Must be quick.
  std::function<int(absl::string_view method, absl::string_view path)> admit;
};

// Assembles requests from the bytes of one connection, and refuses what must
// be refused as early as it shows (CONTRACT 6): 431 or 400 for the head, then
// what `admit` says, then 413 for the body.
//
// Holds at most one request and the bytes of one read beyond it. Pure: no
// socket, no clock. Thread safety: none.
class RequestReader {
 public:
  enum class State {
    kIdle,     // no byte of a request has come
    kPartial,  // some have
    kWhole,    // Take() it
    kRefused,  // answer refusal() and close: the rest cannot be understood
  };

  // `rules` outlives the reader.
  explicit RequestReader(const RequestRules& rules);

  // Takes what has arrived.
  State Append(absl::string_view bytes);
  State state() const { return state_; }

  // True once for a request whose sender waits for "100 Continue" before it
  // sends the body.
  bool TakeContinue();

  struct Whole {
    HttpRequest request;
    bool keep_alive = true;
  };
  // Hands out the request of kWhole and goes on with what came after it: look
  // at state().
  Whole Take();

  // The status to refuse with, for kRefused.
  int refusal() const { return refusal_; }

 private:
  State Advance();
  State ReadHead();
  State ReadBody();
  State ReadChunks();
  State Refuse(int status);

  const RequestRules& rules_;
  State state_ = State::kIdle;
  int refusal_ = 0;
  std::string bytes_;  // arrived and not yet taken
  HeadScanner scanner_;
  bool head_done_ = false;
  bool continue_due_ = false;
  HttpHead head_;
  ChunkedBody chunks_;
};

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_WEBHOOK_REQUEST_READER_H_
