#ifndef SIDWATCH_SERVER_WEBHOOK_CHUNKED_BODY_H_
#define SIDWATCH_SERVER_WEBHOOK_CHUNKED_BODY_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace sidwatch {

// Joins the chunks of a chunked body that arrives in pieces.
//
// Chunk extensions and trailers are read over. Limits: the body, a line of the
// framing (kLineMaxBytes), and all framing together (kFramingFactor times the
// body's limit), so that empty words cannot keep a connection busy.
class ChunkedBody {
 public:
  static constexpr size_t kLineMaxBytes = 1024;
  static constexpr size_t kFramingFactor = 8;

  explicit ChunkedBody(size_t body_max_bytes) : body_max_(body_max_bytes) {}

  // Takes what it can off the front of `bytes` and appends content to `body`.
  // Returns 0, or the status to refuse with: 400 malformed, 413 past a limit.
  int Decode(absl::string_view& bytes, std::string& body);

  // The empty line after the last chunk has been read; what `bytes` still
  // holds is not the body's.
  bool done() const { return expect_ == Expect::kNothing; }

 private:
  enum class Expect { kSize, kData, kDataEnd, kTrailer, kNothing };

  int DecodeLine(absl::string_view& bytes, size_t body_size);
  int EndLine(absl::string_view line, size_t body_size);

  size_t body_max_;
  Expect expect_ = Expect::kSize;
  std::string line_;  // the part of a framing line that has arrived
  size_t data_left_ = 0;
  size_t framing_bytes_ = 0;
};

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_WEBHOOK_CHUNKED_BODY_H_
