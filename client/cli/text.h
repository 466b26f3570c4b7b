#ifndef SIDWATCH_CLIENT_CLI_TEXT_H_
#define SIDWATCH_CLIENT_CLI_TEXT_H_

#include <google/protobuf/timestamp.pb.h>

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/cli/options.h"

namespace sidwatch {

// Text as a person, or a program, gets to see it.

// Whom the output is for.
struct OutputStyle {
  OutputFormat format = OutputFormat::kTable;
  bool terminal = false;  // local times, no longer than `width`
  bool colour = false;
  size_t width = 0;  // columns; 0: any
  absl::TimeZone zone = absl::UTCTimeZone();
};

// What the standard output is: a terminal or not, its width, NO_COLOR and
// TERM=dumb.
OutputStyle DetectStyle(OutputFormat format);

enum class Colour { kNone, kGood, kBad, kOpen, kDim };

// `text` in that colour, if `style` has any.
std::string Coloured(absl::string_view text, Colour colour,
                     const OutputStyle& style);

// Foreign text made harmless for a terminal: control characters, marks that
// turn the direction of writing, and bytes that are no UTF-8 become visible
// escapes (\n, \x1b, \u{202e}). Everything else stays.
std::string Printable(absl::string_view text);

// Columns that printable UTF-8 takes; wide characters take two.
size_t DisplayWidth(absl::string_view text);

// At most `width` columns of `text`; what was longer ends with "…".
std::string Shortened(absl::string_view text, size_t width);

// One field of a CSV line (RFC 4180): quoted where it has to be.
std::string CsvField(absl::string_view text);

absl::Time ToTime(const google::protobuf::Timestamp& timestamp);

// RFC 3339 in UTC, with milliseconds; "" for no time.
std::string FormatUtc(const google::protobuf::Timestamp& timestamp);

// For a table: local date and time on a terminal, else as FormatUtc.
std::string FormatDateTime(const google::protobuf::Timestamp& timestamp,
                           const OutputStyle& style);

// "+0.36s", "+2m05s", "+3h12m": how long since the step before.
std::string FormatElapsed(absl::Duration elapsed);

}  // namespace sidwatch

#endif  // SIDWATCH_CLIENT_CLI_TEXT_H_
