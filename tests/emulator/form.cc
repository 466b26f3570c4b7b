#include "tests/emulator/form.h"

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace sidwatch {
namespace {

bool IsHex(char c) {
  return absl::ascii_isxdigit(static_cast<unsigned char>(c));
}

std::string Decode(absl::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out.push_back(' ');
    } else if (text[i] == '%' && i + 2 < text.size() && IsHex(text[i + 1]) &&
               IsHex(text[i + 2])) {
      out += absl::HexStringToBytes(text.substr(i + 1, 2));
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

std::string Encode(absl::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (absl::ascii_isalnum(byte) || c == '-' || c == '_' || c == '.' ||
        c == '*') {
      out.push_back(c);
    } else if (c == ' ') {
      out.push_back('+');
    } else {
      absl::StrAppend(&out, "%",
                      absl::AsciiStrToUpper(
                          absl::StrCat(absl::Hex(byte, absl::kZeroPad2))));
    }
  }
  return out;
}

}  // namespace

Parameters DecodeForm(absl::string_view text) {
  Parameters parameters;
  for (const absl::string_view pair :
       absl::StrSplit(text, '&', absl::SkipEmpty())) {
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(pair, absl::MaxSplits('=', 1));
    parameters.emplace_back(Decode(parts.first), Decode(parts.second));
  }
  return parameters;
}

std::string EncodeForm(const Parameters& parameters) {
  std::string form;
  for (const auto& [name, value] : parameters) {
    absl::StrAppend(&form, form.empty() ? "" : "&", Encode(name), "=",
                    Encode(value));
  }
  return form;
}

std::string ParameterOf(const Parameters& parameters, absl::string_view name) {
  for (const auto& [given, value] : parameters) {
    if (given == name) return value;
  }
  return "";
}

bool HasParameter(const Parameters& parameters, absl::string_view name) {
  for (const auto& [given, value] : parameters) {
    if (given == name) return true;
  }
  return false;
}

}  // namespace sidwatch
