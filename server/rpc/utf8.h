#ifndef SIDWATCH_SERVER_RPC_UTF8_H_
#define SIDWATCH_SERVER_RPC_UTF8_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace sidwatch {

// `text` with every byte that is not part of valid UTF-8 replaced by U+FFFD.
//
// A proto3 string must be UTF-8, or the whole response fails to be parsed by
// whoever gets it. What comes from outside (a callback's parameters, Twilio's
// sentences) promises nothing.
std::string ToValidUtf8(absl::string_view text);

// As ToValidUtf8, cut at a character's edge to at most `bytes_max` bytes; a
// cut is shown by "…".
std::string ToValidUtf8(absl::string_view text, size_t bytes_max);

// How many code points valid UTF-8 has.
size_t CountCodePoints(absl::string_view text);

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_RPC_UTF8_H_
