#include "rtc/srtp/backend.h"

#include <openssl/evp.h>

#include "base/check.h"
#include "rtc/srtp/backend_ipsec_mb.h"
#include "rtc/srtp/backend_openssl.h"

namespace turms::rtc::srtp {

std::unique_ptr<Backend> Backend::create() {
  if (auto backend = make_ipsec_mb_backend()) return backend;
  return make_openssl_backend();
}

std::unique_ptr<Backend> Backend::create(Kind kind) {
  return kind == Kind::kIpsecMb ? make_ipsec_mb_backend() : make_openssl_backend();
}

void Backend::derive(ByteView master_key, std::span<const uint8_t, 16> iv, MutableByteView out) {
  std::memset(out.data(), 0, out.size());
  EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
  TURMS_CHECK(context != nullptr);
  const EVP_CIPHER* cipher = master_key.size() == 32 ? EVP_aes_256_ctr() : EVP_aes_128_ctr();
  int written = 0;
  TURMS_CHECK(EVP_EncryptInit_ex(context, cipher, nullptr, master_key.data(), iv.data()) == 1 &&
              EVP_EncryptUpdate(context, out.data(), &written, out.data(),
                                static_cast<int>(out.size())) == 1);
  EVP_CIPHER_CTX_free(context);
}

}  // namespace turms::rtc::srtp
