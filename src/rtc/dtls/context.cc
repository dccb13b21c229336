#include "rtc/dtls/context.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <stdexcept>

#include "base/check.h"
#include "base/crypto.h"
#include "rtc/dtls/fingerprint.h"

namespace turms::rtc::dtls {
namespace {

/// AES-GCM alone, since Records speaks nothing else: every WebRTC peer has the first one (RFC 8827
/// section 6.5). The RSA ones serve against a remote certificate with an RSA key.
constexpr const char* kCiphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384";
/// The server's order decides.
constexpr const char* kSrtpProfiles =
    "SRTP_AEAD_AES_128_GCM:SRTP_AEAD_AES_256_GCM:SRTP_AES128_CM_SHA1_80";

void need(bool done, const char* what) {
  if (!done) throw std::runtime_error(std::string("OpenSSL: ") + what + " failed");
}

}  // namespace

Certificate::Certificate() {
  key_ = EVP_EC_gen("P-256");
  certificate_ = X509_new();
  need(key_ != nullptr && certificate_ != nullptr, "making a key");
  X509* x = certificate_;
  std::array<uint8_t, 8> serial{};
  secure_random(serial);
  X509_NAME* name = X509_get_subject_name(x);
  const bool made =
      X509_set_version(x, X509_VERSION_3) == 1 &&
      ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), load_be64(serial.data()) >> 1 | 1) == 1 &&
      // Who it is lies in the fingerprint alone, so it has no need of a clock (RFC 8827
      // section 6.5).
      ASN1_TIME_set_string(X509_getm_notBefore(x), "20200101000000Z") == 1 &&
      ASN1_TIME_set_string(X509_getm_notAfter(x), "99991231235959Z") == 1 &&
      X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                 reinterpret_cast<const unsigned char*>("WebRTC"), -1, -1,
                                 0) == 1 &&
      X509_set_issuer_name(x, name) == 1 && X509_set_pubkey(x, key_) == 1 &&
      X509_sign(x, key_, EVP_sha256()) > 0;
  need(made, "making a certificate");
  const auto fingerprints = fingerprints_of(x);
  need(fingerprints.has_value(), "making a fingerprint");
  fingerprint_ = (*fingerprints)[static_cast<size_t>(FingerprintHash::kSha256)];
}

Certificate::~Certificate() {
  X509_free(certificate_);
  EVP_PKEY_free(key_);
}

Context::Context() {
  ctx_ = SSL_CTX_new(DTLS_method());
  need(ctx_ != nullptr, "making a context");
  need(SSL_CTX_set_min_proto_version(ctx_, DTLS1_2_VERSION) == 1 &&
           SSL_CTX_use_certificate(ctx_, certificate_.certificate_) == 1 &&
           SSL_CTX_use_PrivateKey(ctx_, certificate_.key_) == 1 &&
           SSL_CTX_set_cipher_list(ctx_, kCiphers) == 1 &&
           SSL_CTX_set1_groups_list(ctx_, "X25519:P-256:P-384") == 1,
       "configuring a context");
  restrict_srtp_profiles(kSrtpProfiles);
  SSL_CTX_set_options(ctx_, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
                                SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_session_cache_mode(ctx_, SSL_SESS_CACHE_OFF);
  // Both sides show a certificate; whether it is the right one is settled by its fingerprint, which
  // may become known after the handshake.
  SSL_CTX_set_verify(ctx_, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_cert_verify_callback(
      ctx_, [](X509_STORE_CTX*, void*) { return 1; }, nullptr);
}

Context::~Context() {
  SSL_CTX_free(ctx_);
}

void Context::restrict_srtp_profiles(const char* names) {
  // Zero is success here, unlike everywhere else in OpenSSL.
  TURMS_CHECK(SSL_CTX_set_tlsext_use_srtp(ctx_, names) == 0);
}

}  // namespace turms::rtc::dtls
