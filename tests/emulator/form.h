#ifndef SIDWATCH_TESTS_EMULATOR_FORM_H_
#define SIDWATCH_TESTS_EMULATOR_FORM_H_

#include <string>

#include "absl/strings/string_view.h"
#include "storage/status_event.h"

namespace sidwatch {

// application/x-www-form-urlencoded, in the order of its text; names may
// repeat. Of a broken percent escape the bytes are kept.
Parameters DecodeForm(absl::string_view text);
std::string EncodeForm(const Parameters& parameters);

// The value of the first parameter of that name, "" when there is none.
std::string ParameterOf(const Parameters& parameters, absl::string_view name);
bool HasParameter(const Parameters& parameters, absl::string_view name);

}  // namespace sidwatch

#endif  // SIDWATCH_TESTS_EMULATOR_FORM_H_
