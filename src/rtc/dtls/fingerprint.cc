#include "rtc/dtls/fingerprint.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

namespace turms::rtc::dtls {

std::optional<Fingerprints> fingerprints_of(const X509* certificate) {
  const std::array<const EVP_MD*, kFingerprintHashCount> functions = {EVP_sha1(), EVP_sha256(),
                                                                      EVP_sha384(), EVP_sha512()};
  Fingerprints out;
  for (size_t i = 0; i < out.size(); ++i) {
    out[i].hash = static_cast<FingerprintHash>(i);
    unsigned size = 0;
    if (X509_digest(certificate, functions[i], out[i].digest.data(), &size) != 1 ||
        size != digest_size(out[i].hash)) {
      return std::nullopt;
    }
  }
  return out;
}

}  // namespace turms::rtc::dtls
