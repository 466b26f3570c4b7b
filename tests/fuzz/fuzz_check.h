#ifndef SIDWATCH_TESTS_FUZZ_FUZZ_CHECK_H_
#define SIDWATCH_TESTS_FUZZ_FUZZ_CHECK_H_

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "absl/strings/string_view.h"

namespace sidwatch {

// Ends the run when a promise does not hold, so that libFuzzer keeps the input.
inline void Check(bool holds, const char* promise) {
  if (holds) return;
  std::fprintf(stderr, "broken promise: %s\n", promise);
  std::abort();
}

inline absl::string_view FuzzText(const uint8_t* data, size_t size) {
  return absl::string_view(reinterpret_cast<const char*>(data), size);
}

}  // namespace sidwatch

#endif  // SIDWATCH_TESTS_FUZZ_FUZZ_CHECK_H_
