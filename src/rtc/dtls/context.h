#pragma once

#include <memory>

#include "rtc/parameters.h"

struct ssl_ctx_st;
struct evp_pkey_st;
struct x509_st;

namespace turms::rtc::dtls {

/// A fresh ECDSA P-256 key with a self-signed certificate: who this process is in DTLS. Made once
/// per process.
class Certificate {
 public:
  Certificate();
  ~Certificate();
  Certificate(const Certificate&) = delete;
  Certificate& operator=(const Certificate&) = delete;

  /// SHA-256 of the DER form, for a=fingerprint.
  [[nodiscard]] const DtlsFingerprint& fingerprint() const { return fingerprint_; }

 private:
  friend class Context;
  evp_pkey_st* key_ = nullptr;
  x509_st* certificate_ = nullptr;
  DtlsFingerprint fingerprint_;
};

/// What all DTLS transports of a process share: the certificate, ciphers, SRTP profiles. Immutable
/// after construction, so any number of threads may use it. Outlives its transports.
class Context {
 public:
  Context();
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  [[nodiscard]] const DtlsFingerprint& fingerprint() const { return certificate_.fingerprint(); }
  /// Offers and accepts these SRTP profiles only, best first: names of OpenSSL joined by colons.
  /// For tests and measurements; the default is what browsers speak, AEAD_AES_128_GCM first.
  void restrict_srtp_profiles(const char* names);

 private:
  friend class Handshake;
  Certificate certificate_;
  ssl_ctx_st* ctx_ = nullptr;
};

}  // namespace turms::rtc::dtls
