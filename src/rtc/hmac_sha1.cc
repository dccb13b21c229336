// The low-level SHA-1 calls are marked deprecated in OpenSSL 3, but EVP has no way to start from a
// kept chaining value.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "rtc/hmac_sha1.h"

#include <openssl/sha.h>

namespace turms::rtc {
namespace {

constexpr size_t kBlock = 64;

HmacSha1::State state_of(const SHA_CTX& context) {
  return {context.h0, context.h1, context.h2, context.h3, context.h4};
}

SHA_CTX resume(const HmacSha1::State& state) {
  SHA_CTX context;
  SHA1_Init(&context);
  context.h0 = state[0];
  context.h1 = state[1];
  context.h2 = state[2];
  context.h3 = state[3];
  context.h4 = state[4];
  context.Nl = kBlock * 8;  // one block was hashed
  return context;
}

HmacSha1::State hash_key_block(std::array<uint8_t, kBlock> block, uint8_t pad) {
  for (uint8_t& byte : block) byte ^= pad;
  SHA_CTX context;
  SHA1_Init(&context);
  SHA1_Update(&context, block.data(), block.size());
  return state_of(context);
}

}  // namespace

HmacSha1::HmacSha1(ByteView key) {
  std::array<uint8_t, kBlock> block{};
  if (key.size() > kBlock) {
    SHA1(key.data(), key.size(), block.data());
  } else if (!key.empty()) {
    std::memcpy(block.data(), key.data(), key.size());
  }
  inner_ = hash_key_block(block, 0x36);
  outer_ = hash_key_block(block, 0x5c);
}

HmacSha1::Digest HmacSha1::operator()(std::initializer_list<ByteView> parts) const {
  Digest digest;
  SHA_CTX context = resume(inner_);
  for (ByteView part : parts) SHA1_Update(&context, part.data(), part.size());
  SHA1_Final(digest.data(), &context);
  context = resume(outer_);
  SHA1_Update(&context, digest.data(), digest.size());
  SHA1_Final(digest.data(), &context);
  return digest;
}

}  // namespace turms::rtc
