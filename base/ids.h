#ifndef SIDWATCH_BASE_IDS_H_
#define SIDWATCH_BASE_IDS_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace sidwatch {

// `size` bytes from the operating system's generator, by OpenSSL. Ends the
// process when there is no randomness: nothing of ours is safe without.
std::string RandomBytes(size_t size);

// `size` random bytes as 2 × size lower-case hex digits.
std::string RandomHex(size_t size);

// A UUID of version 7 (RFC 9562, section 5.7) in its 36 characters: sorts by
// the millisecond of `now`, unguessable in its other 74 bits.
std::string MakeUuidV7(absl::Time now);

// SHA-256 of `data`, 32 raw bytes.
std::string Sha256(absl::string_view data);

}  // namespace sidwatch

#endif  // SIDWATCH_BASE_IDS_H_
