#include "rtc/dtls/records.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>

#include <algorithm>
#include <memory>

#include "base/check.h"

namespace turms::rtc::dtls {
namespace {

constexpr uint16_t kVersion = 0xFEFD;
constexpr uint16_t kEpoch = 1;
constexpr size_t kNonce = 8;
constexpr size_t kTag = 16;
constexpr uint64_t kWindow = 64;

/// Sequence with epoch, type, version, plain size (RFC 5246 section 6.2.3.3, RFC 6347
/// section 4.1.2.1).
std::array<uint8_t, 13> additional_data(uint64_t sequence, ContentType type, size_t size) {
  std::array<uint8_t, 13> data;
  store_be64(data.data(), uint64_t{kEpoch} << 48 | sequence);
  data[8] = static_cast<uint8_t>(type);
  store_be16(&data[9], kVersion);
  store_be16(&data[11], static_cast<uint16_t>(size));
  return data;
}

/// RFC 5246 section 6.3.
void derive_key_block(const Secrets& secrets, MutableByteView out) {
  EVP_KDF* kdf = EVP_KDF_fetch(nullptr, "TLS1-PRF", nullptr);
  EVP_KDF_CTX* context = EVP_KDF_CTX_new(kdf);
  EVP_KDF_free(kdf);
  TURMS_CHECK(context != nullptr);
  std::string digest = secrets.aes256 ? "SHA384" : "SHA256";
  std::string label = "key expansion";
  auto master = secrets.master;
  auto server_random = secrets.server_random;
  auto client_random = secrets.client_random;
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest.data(), 0),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET, master.data(), master.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, label.data(), label.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, server_random.data(),
                                        server_random.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, client_random.data(),
                                        client_random.size()),
      OSSL_PARAM_construct_end()};
  TURMS_CHECK(EVP_KDF_derive(context, out.data(), out.size(), parameters) == 1);
  EVP_KDF_CTX_free(context);
}

}  // namespace

std::optional<RecordView> RecordView::parse(ByteView datagram) {
  if (datagram.size() < kRecordHeader || datagram[1] != 0xFE) return std::nullopt;
  const size_t size = kRecordHeader + load_be16(&datagram[11]);
  if (datagram.size() < size) return std::nullopt;
  const uint64_t numbers = load_be64(&datagram[3]);
  return RecordView{static_cast<ContentType>(datagram[0]), static_cast<uint16_t>(numbers >> 48),
                    numbers & 0xFFFFFFFFFFFF, datagram.first(size)};
}

Records::Records(DtlsRole role, const Secrets& secrets, srtp::Backend& backend)
    : backend_(&backend),
      aes256_(secrets.aes256),
      next_sequence_(secrets.next_sequence),
      next_nonce_(secrets.next_nonce) {
  const size_t key = aes256_ ? 32 : 16;
  std::array<uint8_t, 2 * (32 + 4)> block{};
  derive_key_block(secrets, MutableByteView(block).first(2 * (key + 4)));
  Direction& client = role == DtlsRole::kClient ? write_ : read_;
  Direction& server = role == DtlsRole::kClient ? read_ : write_;
  std::memcpy(client.key.data(), &block[0], key);
  std::memcpy(server.key.data(), &block[key], key);
  std::memcpy(client.salt.data(), &block[2 * key], 4);
  std::memcpy(server.salt.data(), &block[2 * key + 4], 4);
}

srtp::Cipher& Records::cipher(Direction& direction) {
  if (direction.cipher == nullptr) {
    const ByteView key(direction.key);
    direction.cipher =
        aes256_ ? backend_->make_cipher(srtp::Profile::kAeadAes256Gcm, key, {})
                : backend_->make_cipher(srtp::Profile::kAeadAes128Gcm, key.first(16), {});
  }
  return *direction.cipher;
}

void Records::seal(ContentType type, ByteView plain, Bytes& out) {
  const size_t start = out.size();
  out.resize(start + kOverhead + plain.size());
  std::copy(plain.begin(), plain.end(), &out[start + kContentOffset]);
  seal_in_place(type, plain.size(), MutableByteView(out).subspan(start));
}

size_t Records::seal_in_place(ContentType type, size_t size, MutableByteView out) {
  TURMS_CHECK(out.size() >= kOverhead + size);
  uint8_t* p = out.data();
  const auto additional = additional_data(next_sequence_, type, size);
  p[0] = static_cast<uint8_t>(type);
  store_be16(p + 1, kVersion);
  std::memcpy(p + 3, additional.data(), 8);
  store_be16(p + 11, static_cast<uint16_t>(kNonce + size + kTag));

  srtp::CipherJob job;
  std::memcpy(job.iv.data(), write_.salt.data(), 4);
  store_be64(&job.iv[4], next_nonce_);
  std::memcpy(p + kRecordHeader, &job.iv[4], kNonce);
  job.authenticated = additional.data();
  job.authenticated_size = additional.size();
  job.text = p + kContentOffset;
  job.text_size = size;
  job.tag = job.text + size;
  cipher(write_).seal(job);
  ++next_sequence_;
  ++next_nonce_;
  return kOverhead + size;
}

std::optional<size_t> Records::decrypt(Direction& direction, const RecordView& record,
                                       MutableByteView out) {
  const ByteView body = record.bytes.subspan(kRecordHeader);
  if (load_be16(&record.bytes[1]) != kVersion || record.epoch != kEpoch) return std::nullopt;
  if (body.size() < kNonce + kTag) return std::nullopt;
  const size_t size = body.size() - kNonce - kTag;
  if (size > out.size()) return std::nullopt;
  std::array<uint8_t, kTag> tag;
  std::memcpy(tag.data(), &body[kNonce + size], kTag);
  std::memcpy(out.data(), &body[kNonce], size);
  const auto additional = additional_data(record.sequence, record.type, size);
  srtp::CipherJob job;
  std::memcpy(job.iv.data(), direction.salt.data(), 4);
  std::memcpy(&job.iv[4], body.data(), kNonce);
  job.authenticated = additional.data();
  job.authenticated_size = additional.size();
  job.text = out.data();
  job.text_size = size;
  job.tag = tag.data();
  return cipher(direction).open(job) ? std::optional(size) : std::nullopt;
}

std::optional<size_t> Records::open(const RecordView& record, MutableByteView out) {
  const uint64_t sequence = record.sequence;
  if (sequence <= highest_) {
    const uint64_t age = highest_ - sequence;
    if (age >= kWindow || (seen_ >> age & 1) != 0) return std::nullopt;
  }
  const auto size = decrypt(read_, record, out);
  if (!size) return std::nullopt;
  if (sequence > highest_) {
    const uint64_t step = sequence - highest_;
    seen_ = step >= kWindow ? 0 : seen_ << step;
    highest_ = sequence;
  }
  seen_ |= uint64_t{1} << (highest_ - sequence);
  return size;
}

std::optional<size_t> Records::open_own(const RecordView& record, MutableByteView out) {
  return decrypt(write_, record, out);
}

}  // namespace turms::rtc::dtls
