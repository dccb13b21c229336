#define NO_COMPAT_IMB_API_053  // else the header defines macros such as ENCRYPT and SHA1
#include "rtc/srtp/backend_ipsec_mb.h"

#include <intel-ipsec-mb.h>

#include "base/check.h"
#include "base/crypto.h"
#include "rtc/hmac_sha1.h"
#include "rtc/srtp/backend_openssl.h"

namespace turms::rtc::srtp {
namespace {

/// Fewer packets are faster one by one.
constexpr size_t kMinBatch = 4;
constexpr size_t kCmTag = tag_size(Profile::kAes128CmSha1_80);

struct FreeManager {
  void operator()(IMB_MGR* manager) const { free_mb_mgr(manager); }
};
using Manager = std::unique_ptr<IMB_MGR, FreeManager>;

template <int kBits>
class GcmCipher final : public Cipher {
 public:
  GcmCipher(IMB_MGR* manager, ByteView key) : manager_(manager) {
    if constexpr (kBits == 128) {
      IMB_AES128_GCM_PRE(manager_, key.data(), &key_);
    } else {
      IMB_AES256_GCM_PRE(manager_, key.data(), &key_);
    }
  }

  void seal(const CipherJob& job) override {
    gcm_context_data context;
    if constexpr (kBits == 128) {
      IMB_AES128_GCM_ENC(manager_, &key_, &context, job.text, job.text, job.text_size,
                         job.iv.data(), job.authenticated, job.authenticated_size, job.tag, 16);
    } else {
      IMB_AES256_GCM_ENC(manager_, &key_, &context, job.text, job.text, job.text_size,
                         job.iv.data(), job.authenticated, job.authenticated_size, job.tag, 16);
    }
  }

  bool open(const CipherJob& job) override {
    gcm_context_data context;
    std::array<uint8_t, 16> tag;
    if constexpr (kBits == 128) {
      IMB_AES128_GCM_DEC(manager_, &key_, &context, job.text, job.text, job.text_size,
                         job.iv.data(), job.authenticated, job.authenticated_size, tag.data(), 16);
    } else {
      IMB_AES256_GCM_DEC(manager_, &key_, &context, job.text, job.text, job.text_size,
                         job.iv.data(), job.authenticated, job.authenticated_size, tag.data(), 16);
    }
    return constant_time_equal(tag, ByteView(job.tag, tag.size()));
  }

 private:
  IMB_MGR* manager_;
  gcm_key_data key_;
};

/// HMAC-SHA1 runs in the lanes of several packets at once, so that one packet alone takes as long
/// as eight do; one alone goes through OpenSSL.
class CmCipher final : public Cipher {
 public:
  CmCipher(IMB_MGR* manager, ByteView key, ByteView auth_key)
      : single_(make_openssl_cipher(Profile::kAes128CmSha1_80, key, auth_key)), hmac_(auth_key) {
    alignas(16) std::array<uint8_t, sizeof(keys_)> unused_decryption_keys;
    IMB_AES_KEYEXP_128(manager, key.data(), keys_.data(), unused_decryption_keys.data());
  }

  void seal(const CipherJob& job) override { single_->seal(job); }
  bool open(const CipherJob& job) override { return single_->open(job); }

  /// `digest` and what `job` points to must stay until finish().
  void submit(IMB_MGR* manager, const CipherJob& job, uint8_t* digest) {
    IMB_JOB* work = IMB_GET_NEXT_JOB(manager);
    // The library refuses to cipher nothing.
    work->cipher_mode = job.text_size == 0 ? IMB_CIPHER_NULL : IMB_CIPHER_CNTR;
    work->cipher_direction = IMB_DIR_ENCRYPT;
    work->chain_order = IMB_ORDER_CIPHER_HASH;
    work->enc_keys = keys_.data();
    work->dec_keys = keys_.data();
    work->key_len_in_bytes = 16;
    work->src = job.authenticated;
    work->dst = job.text;
    work->cipher_start_src_offset_in_bytes = job.authenticated_size;
    work->msg_len_to_cipher_in_bytes = job.text_size;
    work->iv = job.iv.data();
    work->iv_len_in_bytes = job.iv.size();
    work->hash_alg = IMB_AUTH_HMAC_SHA_1;
    work->hash_start_src_offset_in_bytes = 0;
    work->msg_len_to_hash_in_bytes = job.authenticated_size + job.text_size + job.trailer_size;
    work->auth_tag_output = digest;
    work->auth_tag_output_len_in_bytes = HmacSha1::kSize;  // it knows 12 or 20, not 10
    work->u.HMAC._hashed_auth_key_xor_ipad = reinterpret_cast<const uint8_t*>(hmac_.inner().data());
    work->u.HMAC._hashed_auth_key_xor_opad = reinterpret_cast<const uint8_t*>(hmac_.outer().data());
    work = IMB_SUBMIT_JOB(manager);
    TURMS_CHECK(work == nullptr || work->status == IMB_STATUS_COMPLETED);
    while ((work = IMB_GET_COMPLETED_JOB(manager)) != nullptr) {
      TURMS_CHECK(work->status == IMB_STATUS_COMPLETED);
    }
  }

  static void finish(IMB_MGR* manager) {
    while (const IMB_JOB* work = IMB_FLUSH_JOB(manager)) {
      TURMS_CHECK(work->status == IMB_STATUS_COMPLETED);
    }
  }

 private:
  std::unique_ptr<Cipher> single_;
  alignas(16) std::array<uint8_t, 11 * 16> keys_;
  HmacSha1 hmac_;
};

class IpsecMbBackend final : public Backend {
 public:
  explicit IpsecMbBackend(Manager manager) : manager_(std::move(manager)) {}

  [[nodiscard]] Kind kind() const override { return Kind::kIpsecMb; }

  std::unique_ptr<Cipher> make_cipher(Profile profile, ByteView key, ByteView auth_key) override {
    switch (profile) {
      case Profile::kAeadAes128Gcm:
        return std::make_unique<GcmCipher<128>>(manager_.get(), key);
      case Profile::kAeadAes256Gcm:
        return std::make_unique<GcmCipher<256>>(manager_.get(), key);
      case Profile::kAes128CmSha1_80:
        break;
    }
    return std::make_unique<CmCipher>(manager_.get(), key, auth_key);
  }

  void seal_cm_batch(std::span<const SealRequest> requests) override {
    TURMS_CHECK(requests.size() <= kMaxBatch);
    if (requests.size() < kMinBatch) {
      for (const SealRequest& request : requests) request.cipher->seal(request.job);
      return;
    }
    std::array<std::array<uint8_t, HmacSha1::kSize>, kMaxBatch> digests;
    for (size_t i = 0; i < requests.size(); ++i) {
      static_cast<CmCipher*>(requests[i].cipher)
          ->submit(manager_.get(), requests[i].job, digests[i].data());
    }
    CmCipher::finish(manager_.get());
    for (size_t i = 0; i < requests.size(); ++i) {
      std::memcpy(requests[i].job.tag, digests[i].data(), kCmTag);
    }
  }

 private:
  Manager manager_;
};

}  // namespace

std::unique_ptr<Backend> make_ipsec_mb_backend() {
  Manager manager(alloc_mb_mgr(0));
  if (manager == nullptr) return nullptr;
  IMB_ARCH arch = IMB_ARCH_NONE;
  init_mb_mgr_auto(manager.get(), &arch);
  if (imb_get_errno(manager.get()) != 0 || arch == IMB_ARCH_NONE ||
      (manager->features & IMB_FEATURE_AESNI) == 0) {
    return nullptr;
  }
  return std::make_unique<IpsecMbBackend>(std::move(manager));
}

}  // namespace turms::rtc::srtp
