#include "encryption.h"

#include <openssl/evp.h>

#include <algorithm>
#include <memory>
#include <string_view>

#include "base/crypto.h"

namespace turms::push {

namespace {

constexpr size_t kTagBytes = 16;
constexpr size_t kKeyBytes = 16;
constexpr size_t kNonceBytes = 12;
/// Ends the data of a record, of the last one and of others.
constexpr uint8_t kLast = 2;
constexpr uint8_t kMore = 1;

void append(Bytes& out, ByteView bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

/// HKDF (RFC 5869) with SHA-256, of one block. `info` comes with its final zero.
Bytes derive(ByteView salt, ByteView key, ByteView info, size_t length) {
  const auto extracted = hmac_sha256(salt, key);
  Bytes block(info.begin(), info.end());
  block.push_back(1);
  const auto expanded = hmac_sha256(extracted, block);
  return Bytes(expanded.begin(), expanded.begin() + static_cast<ptrdiff_t>(length));
}

Bytes derive(ByteView salt, ByteView key, std::string_view info, size_t length) {
  Bytes bytes(info.begin(), info.end());
  bytes.push_back(0);
  return derive(salt, key, ByteView(bytes), length);
}

/// RFC 8188 section 2.3: the number of the record into the end of the nonce.
Bytes nonce_of(const Bytes& base, uint64_t record) {
  Bytes nonce = base;
  for (size_t i = 0; i < 8; ++i) {
    nonce[kNonceBytes - 1 - i] ^= static_cast<uint8_t>(record >> (8 * i));
  }
  return nonce;
}

bool seal(const Bytes& key, const Bytes& nonce, const Bytes& plain, Bytes& out) {
  struct Free {
    void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
  };
  const std::unique_ptr<EVP_CIPHER_CTX, Free> context(EVP_CIPHER_CTX_new());
  const size_t begin = out.size();
  out.resize(begin + plain.size() + kTagBytes);
  int length = 0;
  int rest = 0;
  return EVP_EncryptInit_ex(context.get(), EVP_aes_128_gcm(), nullptr, key.data(), nonce.data()) ==
             1 &&
         EVP_EncryptUpdate(context.get(), out.data() + begin, &length, plain.data(),
                           static_cast<int>(plain.size())) == 1 &&
         EVP_EncryptFinal_ex(context.get(), out.data() + begin + length, &rest) == 1 &&
         EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes,
                             out.data() + begin + plain.size()) == 1;
}

}  // namespace

Result<Bytes> encode(ByteView plaintext, ByteView key, const ContentCoding& coding) {
  const size_t overhead = kTagBytes + 1;
  if (coding.key_id.size() > 255 || coding.record_size <= overhead + coding.padding) {
    return fail(ErrorCode::kInvalidArgument, "records without room for data");
  }
  const Bytes content_key = derive(coding.salt, key, "Content-Encoding: aes128gcm", kKeyBytes);
  const Bytes nonce = derive(coding.salt, key, "Content-Encoding: nonce", kNonceBytes);
  Bytes out(coding.salt.begin(), coding.salt.end());
  for (const int shift : {24, 16, 8, 0}) {
    out.push_back(static_cast<uint8_t>(coding.record_size >> shift));
  }
  out.push_back(static_cast<uint8_t>(coding.key_id.size()));
  append(out, coding.key_id);
  for (uint64_t record = 0;; ++record) {
    const bool last = plaintext.size() <= coding.record_size - overhead;
    const size_t most = coding.record_size - overhead - (last ? 0 : coding.padding);
    const ByteView data = plaintext.first(std::min(plaintext.size(), most));
    Bytes plain(data.begin(), data.end());
    plain.push_back(last ? kLast : kMore);
    if (!last) plain.resize(plain.size() + coding.padding);
    if (!seal(content_key, nonce_of(nonce, record), plain, out)) {
      return fail(ErrorCode::kInternal, "AES-GCM failed");
    }
    if (last) return out;
    plaintext = plaintext.subspan(data.size());
  }
}

Result<Bytes> encrypt(ByteView plaintext, ByteView receiver, ByteView auth, const P256Key& sender,
                      const Salt& salt) {
  if (plaintext.size() > kMaxPlaintext) return fail(ErrorCode::kInvalidArgument, "too long");
  auto secret = sender.shared_secret(receiver);
  if (!secret) return std::unexpected(std::move(secret.error()));
  constexpr std::string_view kInfo("WebPush: info\0", 14);
  Bytes info(kInfo.begin(), kInfo.end());
  append(info, receiver);
  append(info, sender.public_key());
  const Bytes key = derive(auth, *secret, ByteView(info), 32);
  ContentCoding coding;
  coding.salt = salt;
  coding.key_id.assign(sender.public_key().begin(), sender.public_key().end());
  return encode(plaintext, key, coding);
}

Result<Bytes> encrypt(ByteView plaintext, ByteView receiver, ByteView auth) {
  auto sender = P256Key::generate();
  if (!sender) return std::unexpected(std::move(sender.error()));
  Salt salt;
  secure_random(salt);
  return encrypt(plaintext, receiver, auth, *sender, salt);
}

}  // namespace turms::push
