#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace turms::rtc {

enum class DatagramKind : uint8_t { kStun, kDtls, kRtp, kRtcp, kUnknown };

/// What a datagram on a shared port is, by its first byte (RFC 7983 section 7; RFC 9443 keeps these
/// ranges), RTP and RTCP by the second one (RFC 5761 section 4).
inline DatagramKind classify(ByteView datagram) {
  if (datagram.size() < 2) return DatagramKind::kUnknown;
  const uint8_t first = datagram[0];
  if (first <= 3) return DatagramKind::kStun;
  if (first >= 20 && first <= 63) return DatagramKind::kDtls;
  if (first >= 128 && first <= 191) {
    const uint8_t type = datagram[1];
    return type >= 192 && type <= 223 ? DatagramKind::kRtcp : DatagramKind::kRtp;
  }
  return DatagramKind::kUnknown;  // ZRTP, TURN channels, QUIC: not spoken here
}

}  // namespace turms::rtc
