#include "server/webhook/request_reader.h"

#include <algorithm>
#include <utility>

#include "absl/status/statusor.h"

namespace sidwatch {

RequestReader::RequestReader(const RequestRules& rules)
    : rules_(rules), scanner_(rules.head), chunks_(rules.body_max_bytes) {}

RequestReader::State RequestReader::Append(absl::string_view bytes) {
  bytes_.append(bytes.data(), bytes.size());
  if (state_ == State::kIdle || state_ == State::kPartial) state_ = Advance();
  return state_;
}

bool RequestReader::TakeContinue() {
  return std::exchange(continue_due_, false);
}

RequestReader::Whole RequestReader::Take() {
  Whole whole{.request = std::move(head_.request),
              .keep_alive = head_.keep_alive};
  head_ = HttpHead();
  head_done_ = false;
  scanner_.Reset();
  chunks_ = ChunkedBody(rules_.body_max_bytes);
  state_ = Advance();
  return whole;
}

RequestReader::State RequestReader::Advance() {
  if (!head_done_) {
    const State state = ReadHead();
    if (state != State::kWhole) return state;
  }
  return head_.chunked ? ReadChunks() : ReadBody();
}

RequestReader::State RequestReader::ReadHead() {
  if (bytes_.empty()) return State::kIdle;
  if (const int status = scanner_.Scan(bytes_); status != 0) {
    return Refuse(status);
  }
  if (scanner_.size() == 0) return State::kPartial;
  absl::StatusOr<HttpHead> head =
      ParseHead(absl::string_view(bytes_).substr(0, scanner_.size()));
  if (!head.ok()) return Refuse(400);
  head_ = *std::move(head);
  const int status = rules_.admit(head_.request.method, head_.request.path());
  if (status != 0) return Refuse(status);
  if (head_.content_length > rules_.body_max_bytes) return Refuse(413);
  bytes_.erase(0, scanner_.size());
  head_done_ = true;
  continue_due_ = head_.expect_continue && bytes_.empty() &&
                  (head_.chunked || head_.content_length > 0);
  return State::kWhole;
}

RequestReader::State RequestReader::ReadBody() {
  std::string& body = head_.request.body;
  const size_t missing =
      static_cast<size_t>(head_.content_length) - body.size();
  const size_t taken = std::min(missing, bytes_.size());
  body.append(bytes_, 0, taken);
  bytes_.erase(0, taken);
  return taken == missing ? State::kWhole : State::kPartial;
}

RequestReader::State RequestReader::ReadChunks() {
  absl::string_view left = bytes_;
  if (const int status = chunks_.Decode(left, head_.request.body);
      status != 0) {
    return Refuse(status);
  }
  bytes_.erase(0, bytes_.size() - left.size());
  return chunks_.done() ? State::kWhole : State::kPartial;
}

RequestReader::State RequestReader::Refuse(int status) {
  refusal_ = status;
  bytes_.clear();
  return State::kRefused;
}

}  // namespace sidwatch
