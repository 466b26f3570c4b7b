#include "server/webhook/hmac_sha1.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <memory>

namespace sidwatch {
namespace {

constexpr size_t kDigestBytes = 20;
constexpr size_t kBase64Bytes = 28;

struct FreeContext {
  void operator()(EVP_MAC_CTX* context) const { ::EVP_MAC_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_MAC_CTX, FreeContext>;

const unsigned char* Bytes(absl::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

void Require(bool ok) {
  if (ok) return;
  std::fputs("OpenSSL cannot compute HMAC-SHA1; is a FIPS policy set?\n",
             stderr);
  std::abort();
}

Context MakeContext(absl::string_view key) {
  // Lives as long as the process: looking an algorithm up is slow.
  static EVP_MAC* const hmac = ::EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  Require(hmac != nullptr);
  Context context(::EVP_MAC_CTX_new(hmac));
  char digest[] = "SHA1";
  const OSSL_PARAM parameters[] = {
      ::OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      ::OSSL_PARAM_construct_end()};
  // An empty key must not be taken for none.
  const auto* bytes = key.empty() ? Bytes("") : Bytes(key);
  Require(::EVP_MAC_init(context.get(), bytes, key.size(), parameters) == 1);
  return context;
}

// This thread's context keyed with `key`, ready for a message.
EVP_MAC_CTX* ContextOf(uint64_t id, absl::string_view key) {
  struct Slot {
    uint64_t id = 0;
    Context context;
  };
  thread_local std::array<Slot, 4> slots;
  thread_local size_t oldest = 0;
  for (Slot& slot : slots) {
    if (slot.id != id) continue;
    // Without a key it starts over with the one it has.
    Require(::EVP_MAC_init(slot.context.get(), nullptr, 0, nullptr) == 1);
    return slot.context.get();
  }
  Slot& slot = slots[oldest];
  oldest = (oldest + 1) % slots.size();
  slot = {.id = id, .context = MakeContext(key)};
  return slot.context.get();
}

uint64_t NextId() {
  static std::atomic<uint64_t> last{0};
  return ++last;
}

}  // namespace

HmacSha1Key::HmacSha1Key(absl::string_view key) : id_(NextId()), key_(key) {}

HmacSha1Key::~HmacSha1Key() { ::OPENSSL_cleanse(key_.data(), key_.size()); }

std::string HmacSha1Key::Sign(absl::string_view first,
                              absl::string_view second) const {
  EVP_MAC_CTX* const context = ContextOf(id_, key_);
  std::array<unsigned char, kDigestBytes> digest;
  size_t size = 0;
  Require(::EVP_MAC_update(context, Bytes(first), first.size()) == 1 &&
          ::EVP_MAC_update(context, Bytes(second), second.size()) == 1 &&
          ::EVP_MAC_final(context, digest.data(), &size, digest.size()) == 1 &&
          size == kDigestBytes);
  std::array<unsigned char, kBase64Bytes + 1> text;  // and its NUL
  ::EVP_EncodeBlock(text.data(), digest.data(), kDigestBytes);
  return std::string(reinterpret_cast<const char*>(text.data()), kBase64Bytes);
}

}  // namespace sidwatch
