#include "server/rpc/utf8.h"

#include <algorithm>
#include <cstdint>

namespace sidwatch {
namespace {

constexpr absl::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr absl::string_view kEllipsis = "\xE2\x80\xA6";     // …

bool IsNotAscii(char c) { return (c & 0x80) != 0; }

bool IsContinuation(char c) { return (c & 0xC0) == 0x80; }

// How many bytes a character with this first byte has; 0 for no such byte.
size_t LengthByLead(uint8_t lead) {
  if (lead < 0x80) return 1;
  if (lead < 0xC2) return 0;  // a continuation, or an overlong form
  if (lead < 0xE0) return 2;
  if (lead < 0xF0) return 3;
  return lead < 0xF5 ? 4 : 0;
}

// The second byte rules out overlong forms, surrogates and what lies above
// U+10FFFF (RFC 3629, section 4).
bool IsSecondByteOf(uint8_t lead, uint8_t second) {
  switch (lead) {
    case 0xE0:
      return second >= 0xA0 && second <= 0xBF;
    case 0xED:
      return second >= 0x80 && second <= 0x9F;
    case 0xF0:
      return second >= 0x90 && second <= 0xBF;
    case 0xF4:
      return second >= 0x80 && second <= 0x8F;
    default:
      return second >= 0x80 && second <= 0xBF;
  }
}

// The length of the valid character at the front of `text`; 0 if there is
// none.
size_t ValidLength(absl::string_view text) {
  const auto lead = static_cast<uint8_t>(text[0]);
  const size_t length = LengthByLead(lead);
  if (length <= 1) return length;
  if (text.size() < length) return 0;
  if (!IsSecondByteOf(lead, static_cast<uint8_t>(text[1]))) return 0;
  const absl::string_view rest = text.substr(2, length - 2);
  return std::all_of(rest.begin(), rest.end(), IsContinuation) ? length : 0;
}

}  // namespace

std::string ToValidUtf8(absl::string_view text) {
  // Nearly everything is ASCII.
  const auto other = static_cast<size_t>(
      std::find_if(text.begin(), text.end(), IsNotAscii) - text.begin());
  std::string valid(text.substr(0, other));
  text.remove_prefix(other);
  while (!text.empty()) {
    const size_t length = ValidLength(text);
    const absl::string_view next =
        length == 0 ? kReplacement : text.substr(0, length);
    valid.append(next.data(), next.size());
    text.remove_prefix(std::max<size_t>(length, 1));
  }
  return valid;
}

std::string ToValidUtf8(absl::string_view text, size_t bytes_max) {
  std::string valid = ToValidUtf8(text);
  if (valid.size() <= bytes_max) return valid;
  size_t end = bytes_max - std::min(bytes_max, kEllipsis.size());
  while (end > 0 && IsContinuation(valid[end])) --end;
  valid.resize(end);
  if (bytes_max >= kEllipsis.size()) {
    valid.append(kEllipsis.data(), kEllipsis.size());
  }
  return valid;
}

size_t CountCodePoints(absl::string_view text) {
  return text.size() - static_cast<size_t>(std::count_if(
                           text.begin(), text.end(), IsContinuation));
}

}  // namespace sidwatch
