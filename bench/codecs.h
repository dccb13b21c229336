#pragma once

#include "rtc/parameters.h"

namespace turms::bench {

/// As browsers publish it.
inline rtc::CodecParameters vp8() {
  rtc::CodecParameters codec;
  codec.codec = rtc::Codec::kVp8;
  codec.payload_type = 96;
  codec.clock_rate = 90000;
  codec.nack = codec.pli = true;
  return codec;
}

}  // namespace turms::bench
