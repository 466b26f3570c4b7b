#ifndef SIDWATCH_SERVER_WEBHOOK_FORM_PARAMETERS_H_
#define SIDWATCH_SERVER_WEBHOOK_FORM_PARAMETERS_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/status_event.h"

namespace sidwatch {

// application/x-www-form-urlencoded, as in form bodies and queries.

// Far more than Twilio ever sends: a body of 64 KiB could name 32768.
inline constexpr size_t kFormParametersMax = 1000;

// Takes a form apart, in the order received: repeated names, empty names and
// empty values are kept, a name without '=' has an empty value, nothing is
// trimmed. Empty pieces ("a=1&&b=2") are no parameters.
//
// '+' is a space and %XX a byte, in either case of the digits. A '%' that two
// hex digits do not follow stays as it is, as form parsers do: Twilio sends
// none, and refusing one would lose a callback. The bytes may be any,
// NUL and broken UTF-8 included.
//
// Errors: RESOURCE_EXHAUSTED past kFormParametersMax.
absl::StatusOr<Parameters> ParseForm(absl::string_view text);

// The opposite: letters, digits and "*-._" as they are, a space as '+', every
// other byte as %XX. ParseForm gives `parameters` back.
std::string WriteForm(const Parameters& parameters);

// The first value of that name, "" when there is none.
absl::string_view FindParameter(const Parameters& parameters,
                                absl::string_view name);

// Undoes '+' and %XX as ParseForm does.
std::string DecodeFormText(absl::string_view text);

// Writes `byte` as %XX, in upper case.
void AppendPercentByte(unsigned char byte, std::string& out);

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_WEBHOOK_FORM_PARAMETERS_H_
