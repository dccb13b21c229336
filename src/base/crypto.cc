#include "base/crypto.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "base/check.h"

namespace turms {

std::array<uint8_t, 32> sha256(ByteView data) {
  std::array<uint8_t, 32> out;
  unsigned int size = 0;
  TURMS_CHECK(EVP_Digest(data.data(), data.size(), out.data(), &size, EVP_sha256(), nullptr) == 1);
  return out;
}

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  TURMS_CHECK(context_ != nullptr && EVP_DigestInit_ex(context_, EVP_sha256(), nullptr) == 1);
}

Sha256::~Sha256() {
  EVP_MD_CTX_free(context_);
}

void Sha256::add(ByteView data) {
  TURMS_CHECK(EVP_DigestUpdate(context_, data.data(), data.size()) == 1);
}

std::array<uint8_t, 32> Sha256::finish() {
  std::array<uint8_t, 32> out;
  unsigned int size = 0;
  TURMS_CHECK(EVP_DigestFinal_ex(context_, out.data(), &size) == 1);
  return out;
}

std::array<uint8_t, 32> hmac_sha256(ByteView key, ByteView data) {
  std::array<uint8_t, 32> out;
  unsigned int size = 0;
  // OpenSSL takes a null key for "the key of the last call".
  const uint8_t empty = 0;
  TURMS_CHECK(HMAC(EVP_sha256(), key.empty() ? &empty : key.data(), static_cast<int>(key.size()),
                   data.data(), data.size(), out.data(), &size) != nullptr);
  return out;
}

bool constant_time_equal(ByteView a, ByteView b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

void secure_random(MutableByteView out) {
  TURMS_CHECK(RAND_bytes(out.data(), static_cast<int>(out.size())) == 1);
}

std::string secure_random_token(size_t length) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  std::string out;
  out.reserve(length);
  std::array<uint8_t, 64> pool;
  while (out.size() < length) {
    secure_random(pool);
    for (uint8_t b : pool) {
      // 248 = 4 × 62: above it a remainder would favour the first letters.
      if (b < 248 && out.size() < length) out += kAlphabet[b % kAlphabet.size()];
    }
  }
  return out;
}

}  // namespace turms
