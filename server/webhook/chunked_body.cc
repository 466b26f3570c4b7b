#include "server/webhook/chunked_body.h"

#include <algorithm>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"

namespace sidwatch {
namespace {

// The size of a chunk: hex digits, then nothing or an extension.
std::optional<size_t> ParseChunkSize(absl::string_view line) {
  absl::string_view digits = line.substr(0, line.find(';'));
  digits = absl::StripTrailingAsciiWhitespace(digits);
  const bool hex = std::all_of(digits.begin(), digits.end(), [](char c) {
    return absl::ascii_isxdigit(static_cast<unsigned char>(c));
  });
  size_t size = 0;
  if (!hex || digits.empty() || digits.size() > 15 ||
      !absl::SimpleHexAtoi(digits, &size)) {
    return std::nullopt;
  }
  return size;
}

}  // namespace

int ChunkedBody::Decode(absl::string_view& bytes, std::string& body) {
  while (!bytes.empty() && !done()) {
    if (expect_ == Expect::kData) {
      const size_t taken = std::min(data_left_, bytes.size());
      body.append(bytes.data(), taken);
      bytes.remove_prefix(taken);
      data_left_ -= taken;
      if (data_left_ == 0) expect_ = Expect::kDataEnd;
    } else if (const int status = DecodeLine(bytes, body.size()); status != 0) {
      return status;
    }
  }
  return 0;
}

int ChunkedBody::DecodeLine(absl::string_view& bytes, size_t body_size) {
  const size_t lf = bytes.find('\n');
  const size_t taken = lf == absl::string_view::npos ? bytes.size() : lf + 1;
  framing_bytes_ += taken;
  if (line_.size() + taken > kLineMaxBytes) return 400;
  if (framing_bytes_ > kFramingFactor * body_max_ + kLineMaxBytes) return 413;
  line_.append(bytes.data(), taken);
  bytes.remove_prefix(taken);
  if (lf == absl::string_view::npos) return 0;
  if (line_.size() < 2 || line_[line_.size() - 2] != '\r') return 400;
  line_.resize(line_.size() - 2);
  const int status = EndLine(line_, body_size);
  line_.clear();
  return status;
}

int ChunkedBody::EndLine(absl::string_view line, size_t body_size) {
  switch (expect_) {
    case Expect::kSize: {
      const std::optional<size_t> size = ParseChunkSize(line);
      if (!size.has_value()) return 400;
      if (*size > body_max_ - body_size) return 413;
      data_left_ = *size;
      expect_ = *size == 0 ? Expect::kTrailer : Expect::kData;
      return 0;
    }
    case Expect::kDataEnd:
      expect_ = Expect::kSize;
      return line.empty() ? 0 : 400;
    case Expect::kTrailer:
      if (line.empty()) expect_ = Expect::kNothing;
      return 0;
    case Expect::kData:
    case Expect::kNothing:
      break;
  }
  return 400;
}

}  // namespace sidwatch
