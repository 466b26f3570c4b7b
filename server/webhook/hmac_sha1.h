#ifndef SIDWATCH_SERVER_WEBHOOK_HMAC_SHA1_H_
#define SIDWATCH_SERVER_WEBHOOK_HMAC_SHA1_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace sidwatch {

// A secret that makes HMAC-SHA1 signatures, as Twilio's are.
//
// Each thread keeps a context of OpenSSL that is keyed already for the secrets
// it used last; a signature costs a quarter of what keying it anew would.
//
// Thread safety: immutable. Secrets: the key is wiped when it goes; a thread's
// context of it when four other keys have been used there, or the thread ends.
class HmacSha1Key {
 public:
  explicit HmacSha1Key(absl::string_view key);
  ~HmacSha1Key();
  HmacSha1Key(HmacSha1Key&&) = default;
  HmacSha1Key& operator=(HmacSha1Key&&) = delete;
  HmacSha1Key(const HmacSha1Key&) = delete;
  HmacSha1Key& operator=(const HmacSha1Key&) = delete;

  // The signature of `first` followed by `second`: 28 characters of base64.
  // Ends the process when OpenSSL has no HMAC-SHA1: nothing can be verified.
  std::string Sign(absl::string_view first, absl::string_view second) const;

 private:
  uint64_t id_;  // of this key, never used twice
  std::string key_;
};

}  // namespace sidwatch

#endif  // SIDWATCH_SERVER_WEBHOOK_HMAC_SHA1_H_
