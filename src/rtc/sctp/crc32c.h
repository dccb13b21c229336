#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace turms::rtc::sctp {

/// CRC-32C (Castagnoli), SCTP's checksum (RFC 9260 appendix A): the value whose bytes go on the
/// wire lowest first. With the processor's instruction where there is one.
class Crc32c {
 public:
  void add(ByteView data);
  /// In software, for processors without the instruction and to check the other against.
  void add_portable(ByteView data);
  [[nodiscard]] uint32_t value() const { return ~state_; }

 private:
  uint32_t state_ = 0xFFFFFFFF;
};

}  // namespace turms::rtc::sctp
