#include "storage/sqlite/sqlite_encoding.h"

#include <algorithm>
#include <limits>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace sidwatch {
namespace {

constexpr int kSeenBits = 14;
constexpr int kStatusBits = 4;
constexpr int kSourceBits = 3;
static_assert(static_cast<int>(MessageStatus::kRead) < kSeenBits);

// SQLite takes four bytes for integers from 2^23 to below 2^31.
constexpr int64_t kSequenceBias = int64_t{1} << (23 - kSeenBits - kStatusBits);

// What fits six bytes in the file; E.164 has at most 15 digits.
constexpr size_t kNumberDigitsMax = 14;

int64_t LowBits(int64_t value, int bits) {
  return value & ((int64_t{1} << bits) - 1);
}

MessageStatus StatusFromBits(int64_t bits) {
  const int64_t known =
      std::min(bits, static_cast<int64_t>(MessageStatus::kRead));
  return static_cast<MessageStatus>(known);
}

void AppendEscaped(std::string& out, absl::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '%':
        out += "%25";
        break;
      case '&':
        out += "%26";
        break;
      case '=':
        out += "%3D";
        break;
      default:
        out += c;
    }
  }
}

absl::StatusOr<std::string> Unescape(absl::string_view text) {
  std::string out;
  while (!text.empty()) {
    if (text[0] != '%') {
      out += text[0];
      text.remove_prefix(1);
      continue;
    }
    if (text.size() < 3 ||
        !absl::ascii_isxdigit(static_cast<unsigned char>(text[1])) ||
        !absl::ascii_isxdigit(static_cast<unsigned char>(text[2]))) {
      return absl::DataLossError("a stored form has a broken escape");
    }
    out += absl::HexStringToBytes(text.substr(1, 2));
    text.remove_prefix(3);
  }
  return out;
}

}  // namespace

int64_t PackMessageFold(const MessageFold& fold) {
  int64_t packed = fold.message_sequence + kSequenceBias;
  packed = packed << kStatusBits | static_cast<int64_t>(fold.status);
  return packed << kSeenBits | static_cast<int64_t>(fold.seen);
}

MessageFold UnpackMessageFold(int64_t packed) {
  MessageFold fold;
  fold.seen = static_cast<uint32_t>(LowBits(packed, kSeenBits));
  packed >>= kSeenBits;
  fold.status = StatusFromBits(LowBits(packed, kStatusBits));
  fold.message_sequence = (packed >> kStatusBits) - kSequenceBias;
  return fold;
}

int64_t PackEventFold(const EventFold& fold) {
  int64_t packed = static_cast<int64_t>(fold.message_status);
  packed = packed << 1 | int64_t{fold.effective};
  packed = packed << kSourceBits | static_cast<int64_t>(fold.source);
  return packed << kStatusBits | static_cast<int64_t>(fold.status);
}

EventFold UnpackEventFold(int64_t packed) {
  EventFold fold;
  fold.status = StatusFromBits(LowBits(packed, kStatusBits));
  packed >>= kStatusBits;
  fold.source = static_cast<EventSource>(LowBits(packed, kSourceBits));
  packed >>= kSourceBits;
  fold.effective = LowBits(packed, 1) != 0;
  fold.message_status = StatusFromBits(LowBits(packed >> 1, kStatusBits));
  return fold;
}

std::optional<int64_t> NumberToInteger(absl::string_view address) {
  const bool fits =
      address.size() >= 2 && address.size() <= kNumberDigitsMax + 1;
  if (!fits || address[0] != '+' || address[1] == '0') return std::nullopt;
  int64_t number = 0;
  for (const char c : address.substr(1)) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(c))) {
      return std::nullopt;
    }
    number = number * 10 + (c - '0');
  }
  return number;
}

std::string IntegerToNumber(int64_t number) {
  return absl::StrCat("+", number);
}

std::string EncodeForm(const Parameters& parameters) {
  std::string form;
  for (const auto& [name, value] : parameters) {
    if (!form.empty()) form += '&';
    AppendEscaped(form, name);
    form += '=';
    AppendEscaped(form, value);
  }
  return form;
}

absl::StatusOr<Parameters> DecodeForm(absl::string_view form) {
  Parameters parameters;
  if (form.empty()) return parameters;
  for (const absl::string_view pair : absl::StrSplit(form, '&')) {
    const size_t equals = pair.find('=');
    if (equals == absl::string_view::npos) {
      return absl::DataLossError("a stored form has a name without a value");
    }
    absl::StatusOr<std::string> name = Unescape(pair.substr(0, equals));
    if (!name.ok()) return name.status();
    absl::StatusOr<std::string> value = Unescape(pair.substr(equals + 1));
    if (!value.ok()) return value.status();
    parameters.emplace_back(*std::move(name), *std::move(value));
  }
  return parameters;
}

}  // namespace sidwatch
