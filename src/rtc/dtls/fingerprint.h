#pragma once

#include <array>
#include <optional>

#include "rtc/parameters.h"

struct x509_st;  // X509 of OpenSSL

namespace turms::rtc::dtls {

/// Those of one certificate, by FingerprintHash.
using Fingerprints = std::array<DtlsFingerprint, kFingerprintHashCount>;

/// Of the DER form. Nothing only when OpenSSL fails.
std::optional<Fingerprints> fingerprints_of(const x509_st* certificate);

}  // namespace turms::rtc::dtls
