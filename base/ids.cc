#include "base/ids.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <cstdint>
#include <cstdlib>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace sidwatch {
namespace {

unsigned char* Bytes(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

}  // namespace

std::string RandomBytes(size_t size) {
  std::string bytes(size, '\0');
  if (RAND_bytes(Bytes(bytes), static_cast<int>(size)) != 1) std::abort();
  return bytes;
}

std::string RandomHex(size_t size) {
  return absl::BytesToHexString(RandomBytes(size));
}

std::string MakeUuidV7(absl::Time now) {
  std::string bytes = RandomBytes(16);
  const int64_t millis = absl::ToUnixMillis(now);
  for (size_t i = 0; i < 6; ++i) {
    bytes[i] = static_cast<char>(millis >> (8 * (5 - i)));
  }
  bytes[6] = static_cast<char>((bytes[6] & 0x0F) | 0x70);
  bytes[8] = static_cast<char>((bytes[8] & 0x3F) | 0x80);
  const std::string hex = absl::BytesToHexString(bytes);
  const absl::string_view all = hex;
  return absl::StrCat(all.substr(0, 8), "-", all.substr(8, 4), "-",
                      all.substr(12, 4), "-", all.substr(16, 4), "-",
                      all.substr(20));
}

std::string Sha256(absl::string_view data) {
  std::string digest(32, '\0');
  unsigned int size = 0;
  if (EVP_Digest(data.data(), data.size(), Bytes(digest), &size, EVP_sha256(),
                 nullptr) != 1) {
    std::abort();
  }
  return digest;
}

}  // namespace sidwatch
