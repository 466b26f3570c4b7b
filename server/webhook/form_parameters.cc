#include "server/webhook/form_parameters.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

namespace sidwatch {
namespace {

// The value of a hex digit, -1 for any other character.
int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = absl::ascii_tolower(static_cast<unsigned char>(c));
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// The byte that a '%' at `at` begins, -1 when it begins none.
int PercentByte(absl::string_view text, size_t at) {
  if (text.size() - at < 3) return -1;
  const int high = HexValue(text[at + 1]);
  const int low = HexValue(text[at + 2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

void AppendEncoded(absl::string_view text, std::string& out) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (absl::ascii_isalnum(byte) || absl::StrContains("*-._", c)) {
      out.push_back(c);
    } else if (c == ' ') {
      out.push_back('+');
    } else {
      AppendPercentByte(byte, out);
    }
  }
}

}  // namespace

void AppendPercentByte(unsigned char byte, std::string& out) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  out.push_back('%');
  out.push_back(kDigits[byte >> 4]);
  out.push_back(kDigits[byte & 15]);
}

std::string DecodeFormText(absl::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const int byte = text[i] == '%' ? PercentByte(text, i) : -1;
    if (byte >= 0) {
      decoded.push_back(static_cast<char>(byte));
      i += 2;
    } else {
      decoded.push_back(text[i] == '+' ? ' ' : text[i]);
    }
  }
  return decoded;
}

absl::StatusOr<Parameters> ParseForm(absl::string_view text) {
  Parameters parameters;
  while (!text.empty()) {
    const size_t end = text.find('&');
    const absl::string_view piece = text.substr(0, end);
    text.remove_prefix(end == absl::string_view::npos ? text.size() : end + 1);
    if (piece.empty()) continue;
    if (parameters.size() == kFormParametersMax) {
      return absl::ResourceExhaustedError("more than 1000 form parameters");
    }
    const size_t equals = piece.find('=');
    const absl::string_view value = equals == absl::string_view::npos
                                        ? absl::string_view()
                                        : piece.substr(equals + 1);
    parameters.emplace_back(DecodeFormText(piece.substr(0, equals)),
                            DecodeFormText(value));
  }
  return parameters;
}

std::string WriteForm(const Parameters& parameters) {
  std::string text;
  for (const auto& [name, value] : parameters) {
    if (!text.empty()) text.push_back('&');
    AppendEncoded(name, text);
    text.push_back('=');
    AppendEncoded(value, text);
  }
  return text;
}

absl::string_view FindParameter(const Parameters& parameters,
                                absl::string_view name) {
  for (const auto& [key, value] : parameters) {
    if (key == name) return value;
  }
  return "";
}

}  // namespace sidwatch
