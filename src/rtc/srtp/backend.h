#pragma once

#include <array>
#include <memory>
#include <span>

#include "base/bytes.h"
#include "rtc/srtp/profile.h"

namespace turms::rtc::srtp {

/// Where one packet's parts lie and with which IV to treat it. `text` is ciphered in place.
struct CipherJob {
  const uint8_t* authenticated = nullptr;  // AEAD: the additional data; CM: ends at `text`
  size_t authenticated_size = 0;
  uint8_t* text = nullptr;
  size_t text_size = 0;
  /// CM only: bytes right behind the text that are authenticated too (the rollover counter, which
  /// the tag then overwrites, or the SRTCP index).
  size_t trailer_size = 0;
  uint8_t* tag = nullptr;        // written by seal(), compared by open()
  std::array<uint8_t, 16> iv{};  // AEAD uses the first 12
};

/// The session keys of one direction of RTP or of RTCP, expanded for one back end. Used by one
/// thread at a time.
class Cipher {
 public:
  virtual ~Cipher() = default;
  virtual void seal(const CipherJob& job) = 0;
  /// False when the tag does not fit; the text is then garbage.
  [[nodiscard]] virtual bool open(const CipherJob& job) = 0;
};

/// One cipher library, for the peers of one thread (it may keep state of work in flight): for SRTP,
/// and with its AEAD profiles for DTLS records. Outlives the ciphers it made.
class Backend {
 public:
  enum class Kind : uint8_t { kOpenSsl, kIpsecMb };

  /// The fastest that this processor runs.
  static std::unique_ptr<Backend> create();
  /// Null when the processor cannot run it.
  static std::unique_ptr<Backend> create(Kind kind);

  virtual ~Backend() = default;
  [[nodiscard]] virtual Kind kind() const = 0;

  /// `auth_key` is empty for AEAD profiles, 20 bytes else.
  virtual std::unique_ptr<Cipher> make_cipher(Profile profile, ByteView key, ByteView auth_key) = 0;

  /// AES-128 in counter mode over zeros: the key derivation of RFC 3711 section 4.3.3 (and of RFC
  /// 7714 with 256 bits).
  static void derive(ByteView master_key, std::span<const uint8_t, 16> iv, MutableByteView out);

  struct SealRequest {
    Cipher* cipher = nullptr;
    CipherJob job;
  };
  static constexpr size_t kMaxBatch = 64;
  /// Seals up to kMaxBatch packets whose ciphers this back end made for kAes128CmSha1_80: SHA-1
  /// gains from several packets at once. (AES-GCM fills the processor with one packet: seal it
  /// directly.)
  virtual void seal_cm_batch(std::span<const SealRequest> requests) = 0;
};

}  // namespace turms::rtc::srtp
