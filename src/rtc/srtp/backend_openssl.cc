#include "rtc/srtp/backend_openssl.h"

#include <openssl/evp.h>

#include "base/check.h"
#include "base/crypto.h"
#include "rtc/hmac_sha1.h"

namespace turms::rtc::srtp {
namespace {

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
/// Keyed once; only the IV changes per packet (keying costs as much as a whole packet).
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

Context make_context(const EVP_CIPHER* cipher, ByteView key) {
  Context context(EVP_CIPHER_CTX_new());
  TURMS_CHECK(context != nullptr);
  TURMS_CHECK(EVP_EncryptInit_ex(context.get(), cipher, nullptr, key.data(), nullptr) == 1);
  return context;
}

class GcmCipher final : public Cipher {
 public:
  GcmCipher(const EVP_CIPHER* cipher, ByteView key) : context_(make_context(cipher, key)) {}

  void seal(const CipherJob& job) override {
    TURMS_CHECK(run(job, 1));
    int written = 0;
    TURMS_CHECK(EVP_EncryptFinal_ex(context_.get(), job.tag, &written) == 1);
    TURMS_CHECK(EVP_CIPHER_CTX_ctrl(context_.get(), EVP_CTRL_AEAD_GET_TAG, 16, job.tag) == 1);
  }

  bool open(const CipherJob& job) override {
    TURMS_CHECK(run(job, 0));
    TURMS_CHECK(EVP_CIPHER_CTX_ctrl(context_.get(), EVP_CTRL_AEAD_SET_TAG, 16, job.tag) == 1);
    uint8_t nothing = 0;
    int written = 0;
    return EVP_DecryptFinal_ex(context_.get(), &nothing, &written) == 1;
  }

 private:
  bool run(const CipherJob& job, int encrypt) {
    int written = 0;
    EVP_CIPHER_CTX* context = context_.get();
    return EVP_CipherInit_ex(context, nullptr, nullptr, nullptr, job.iv.data(), encrypt) == 1 &&
           EVP_CipherUpdate(context, nullptr, &written, job.authenticated,
                            static_cast<int>(job.authenticated_size)) == 1 &&
           EVP_CipherUpdate(context, job.text, &written, job.text,
                            static_cast<int>(job.text_size)) == 1;
  }

  Context context_;
};

class CmCipher final : public Cipher {
 public:
  CmCipher(ByteView key, ByteView auth_key)
      : context_(make_context(EVP_aes_128_ctr(), key)), hmac_(auth_key) {}

  void seal(const CipherJob& job) override {
    crypt(job);
    const auto digest = authenticate(job);
    std::memcpy(job.tag, digest.data(), tag_size(Profile::kAes128CmSha1_80));
  }

  bool open(const CipherJob& job) override {
    const auto digest = authenticate(job);
    const size_t size = tag_size(Profile::kAes128CmSha1_80);
    if (!constant_time_equal(ByteView(digest).first(size), ByteView(job.tag, size))) return false;
    crypt(job);
    return true;
  }

 private:
  void crypt(const CipherJob& job) {
    int written = 0;
    TURMS_CHECK(EVP_EncryptInit_ex(context_.get(), nullptr, nullptr, nullptr, job.iv.data()) == 1 &&
                EVP_EncryptUpdate(context_.get(), job.text, &written, job.text,
                                  static_cast<int>(job.text_size)) == 1);
  }
  HmacSha1::Digest authenticate(const CipherJob& job) const {
    return hmac_(
        {ByteView(job.authenticated, job.authenticated_size + job.text_size + job.trailer_size)});
  }

  Context context_;
  HmacSha1 hmac_;
};

class OpenSslBackend final : public Backend {
 public:
  [[nodiscard]] Kind kind() const override { return Kind::kOpenSsl; }

  std::unique_ptr<Cipher> make_cipher(Profile profile, ByteView key, ByteView auth_key) override {
    return make_openssl_cipher(profile, key, auth_key);
  }

  void seal_cm_batch(std::span<const SealRequest> requests) override {
    for (const SealRequest& request : requests) request.cipher->seal(request.job);
  }
};

}  // namespace

std::unique_ptr<Cipher> make_openssl_cipher(Profile profile, ByteView key, ByteView auth_key) {
  switch (profile) {
    case Profile::kAeadAes128Gcm:
      return std::make_unique<GcmCipher>(EVP_aes_128_gcm(), key);
    case Profile::kAeadAes256Gcm:
      return std::make_unique<GcmCipher>(EVP_aes_256_gcm(), key);
    case Profile::kAes128CmSha1_80:
      break;
  }
  return std::make_unique<CmCipher>(key, auth_key);
}

std::unique_ptr<Backend> make_openssl_backend() {
  return std::make_unique<OpenSslBackend>();
}

}  // namespace turms::rtc::srtp
