#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>

#include "base/bytes.h"

namespace turms::rtc {

/// HMAC-SHA1 (RFC 2104) with the key's two blocks hashed once: what STUN and the CM profile of SRTP
/// authenticate with. 40 bytes per key and no allocation per message, which OpenSSL 3.0's EVP_MAC
/// cannot offer (it duplicates its digest context on each use).
class HmacSha1 {
 public:
  static constexpr size_t kSize = 20;
  using Digest = std::array<uint8_t, kSize>;

  explicit HmacSha1(ByteView key);

  [[nodiscard]] Digest operator()(std::initializer_list<ByteView> parts) const;

  /// SHA-1's chaining value after the key block XOR ipad, and XOR opad, as words of this machine.
  using State = std::array<uint32_t, 5>;
  [[nodiscard]] const State& inner() const { return inner_; }
  [[nodiscard]] const State& outer() const { return outer_; }

 private:
  State inner_;
  State outer_;
};

}  // namespace turms::rtc
