#include "client/cli/text.h"

#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"

namespace sidwatch {
namespace {

constexpr size_t kNarrowestTerminal = 40;

// One character of UTF-8 at the front of a text.
struct Character {
  absl::string_view bytes;
  std::optional<uint32_t> code_point;  // none: not UTF-8, one byte
};

size_t SequenceSize(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead < 0xe0) return 2;
  if (lead >= 0xe0 && lead < 0xf0) return 3;
  if (lead >= 0xf0 && lead < 0xf5) return 4;
  return 0;
}

bool IsScalarValue(uint32_t code_point, size_t size) {
  static constexpr uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  return code_point >= kSmallest[size] && code_point <= 0x10ffff &&
         (code_point < 0xd800 || code_point > 0xdfff);
}

// `text` is not empty.
Character FirstCharacter(absl::string_view text) {
  const Character broken = {text.substr(0, 1), std::nullopt};
  const auto lead = static_cast<unsigned char>(text[0]);
  const size_t size = SequenceSize(lead);
  if (size == 0 || size > text.size()) return broken;
  if (size == 1) return {text.substr(0, 1), lead};
  uint32_t code_point = lead & (0xffu >> (size + 1));
  for (const char c : text.substr(1, size - 1)) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xc0) != 0x80) return broken;
    code_point = (code_point << 6) | (byte & 0x3f);
  }
  if (!IsScalarValue(code_point, size)) return broken;
  return {text.substr(0, size), code_point};
}

// Unicode's bidirectional controls and line breaks that terminals act on.
bool IsHarmful(uint32_t code_point) {
  return code_point < 0x20 || (code_point >= 0x7f && code_point < 0xa0) ||
         (code_point >= 0x200e && code_point <= 0x200f) ||
         (code_point >= 0x2028 && code_point <= 0x202e) ||
         (code_point >= 0x2066 && code_point <= 0x2069) || code_point == 0xfeff;
}

std::string Escape(const Character& character) {
  if (!character.code_point) {
    return absl::StrFormat("\\x%02x",
                           static_cast<unsigned char>(character.bytes[0]));
  }
  switch (*character.code_point) {
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      return *character.code_point < 0x80
                 ? absl::StrFormat("\\x%02x", *character.code_point)
                 : absl::StrFormat("\\u{%x}", *character.code_point);
  }
}

size_t ColumnsOf(const Character& character) {
  if (!character.code_point) return 1;
  const int columns = wcwidth(static_cast<wchar_t>(*character.code_point));
  return columns < 0 ? 1 : static_cast<size_t>(columns);
}

absl::string_view Escape(Colour colour) {
  switch (colour) {
    case Colour::kGood:
      return "\x1b[32m";
    case Colour::kBad:
      return "\x1b[31m";
    case Colour::kOpen:
      return "\x1b[33m";
    case Colour::kDim:
      return "\x1b[2m";
    case Colour::kNone:
      break;
  }
  return "";
}

bool ColourWanted() {
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  return (no_color == nullptr || *no_color == '\0') &&
         (term == nullptr || absl::string_view(term) != "dumb");
}

}  // namespace

OutputStyle DetectStyle(OutputFormat format) {
  OutputStyle style{.format = format};
  style.terminal = isatty(STDOUT_FILENO) == 1;
  if (!style.terminal) return style;
  style.colour = format == OutputFormat::kTable && ColourWanted();
  style.zone = absl::LocalTimeZone();
  winsize size = {};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    style.width = std::max<size_t>(size.ws_col, kNarrowestTerminal);
  }
  return style;
}

std::string Coloured(absl::string_view text, Colour colour,
                     const OutputStyle& style) {
  if (!style.colour || colour == Colour::kNone) return std::string(text);
  return absl::StrCat(Escape(colour), text, "\x1b[0m");
}

std::string Printable(absl::string_view text) {
  std::string printable;
  while (!text.empty()) {
    const Character character = FirstCharacter(text);
    if (!character.code_point || IsHarmful(*character.code_point)) {
      absl::StrAppend(&printable, Escape(character));
    } else {
      absl::StrAppend(&printable, character.bytes);
    }
    text.remove_prefix(character.bytes.size());
  }
  return printable;
}

size_t DisplayWidth(absl::string_view text) {
  size_t width = 0;
  while (!text.empty()) {
    const Character character = FirstCharacter(text);
    width += ColumnsOf(character);
    text.remove_prefix(character.bytes.size());
  }
  return width;
}

std::string Shortened(absl::string_view text, size_t width) {
  if (DisplayWidth(text) <= width) return std::string(text);
  std::string shortened;
  size_t used = 1;  // the ellipsis
  while (!text.empty()) {
    const Character character = FirstCharacter(text);
    used += ColumnsOf(character);
    if (used > width) break;
    absl::StrAppend(&shortened, character.bytes);
    text.remove_prefix(character.bytes.size());
  }
  return absl::StrCat(shortened, "…");
}

std::string CsvField(absl::string_view text) {
  const bool plain = text.find_first_of(",\"\r\n") == absl::string_view::npos &&
                     !absl::StartsWith(text, " ") && !absl::EndsWith(text, " ");
  if (plain) return std::string(text);
  return absl::StrCat("\"", absl::StrReplaceAll(text, {{"\"", "\"\""}}), "\"");
}

absl::Time ToTime(const google::protobuf::Timestamp& timestamp) {
  return absl::FromUnixSeconds(timestamp.seconds()) +
         absl::Nanoseconds(timestamp.nanos());
}

std::string FormatUtc(const google::protobuf::Timestamp& timestamp) {
  if (timestamp.seconds() == 0 && timestamp.nanos() == 0) return "";
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", ToTime(timestamp),
                          absl::UTCTimeZone());
}

std::string FormatDateTime(const google::protobuf::Timestamp& timestamp,
                           const OutputStyle& style) {
  const std::string utc = FormatUtc(timestamp);
  if (!style.terminal || utc.empty()) return utc;
  return absl::FormatTime("%Y-%m-%d %H:%M:%S", ToTime(timestamp), style.zone);
}

std::string FormatElapsed(absl::Duration elapsed) {
  const int64_t seconds = absl::ToInt64Seconds(elapsed);
  if (elapsed < absl::Minutes(1)) {
    return absl::StrFormat("%+.2fs", absl::ToDoubleSeconds(elapsed));
  }
  if (elapsed < absl::Hours(1)) {
    return absl::StrFormat("+%dm%02ds", seconds / 60, seconds % 60);
  }
  return absl::StrFormat("+%dh%02dm", seconds / 3600, seconds % 3600 / 60);
}

}  // namespace sidwatch
