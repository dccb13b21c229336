#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"

namespace turms::rtc::srtp {

/// The numbers of the use_srtp extension (RFC 5764 section 4.1.2, RFC 7714 section 14.2).
enum class Profile : uint16_t {
  kAes128CmSha1_80 = 0x0001,
  kAeadAes128Gcm = 0x0007,
  kAeadAes256Gcm = 0x0008,
};

constexpr bool is_aead(Profile profile) {
  return profile != Profile::kAes128CmSha1_80;
}
constexpr size_t key_size(Profile profile) {
  return profile == Profile::kAeadAes256Gcm ? 32 : 16;
}
constexpr size_t salt_size(Profile profile) {
  return is_aead(profile) ? 12 : 14;
}
constexpr size_t tag_size(Profile profile) {
  return is_aead(profile) ? 16 : 10;
}

/// What protecting adds at most: a 16-byte tag, and for SRTCP the E flag with the index.
inline constexpr size_t kMaxRtpOverhead = 16;
inline constexpr size_t kMaxRtcpOverhead = 16 + 4;

/// Master key and salt of one direction.
struct MasterKey {
  std::array<uint8_t, 32> key{};
  std::array<uint8_t, 14> salt{};
};

}  // namespace turms::rtc::srtp
