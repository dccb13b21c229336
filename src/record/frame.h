#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/time.h"
#include "rtc/parameters.h"

namespace turms::record {

/// What a decoder takes at once, in the form that containers hold: VP8 as it is, VP9 a superframe
/// of its spatial layers, H264 and H265 units behind lengths of four bytes, AV1 a temporal unit
/// without delimiter, Opus a packet.
struct Frame {
  Bytes data;
  int64_t rtp_time = 0;  // unwrapped, in ticks of the codec's clock
  bool key_frame = false;
  // Of a key frame of video.
  uint32_t width = 0;
  uint32_t height = 0;
  /// What a container says about the stream besides: an avcC, hvcC or av1C record. Empty for
  /// others.
  Bytes config;
};

/// Ticks a second of RTP timestamps.
constexpr uint32_t clock_rate(rtc::Codec codec) {
  return codec == rtc::Codec::kOpus ? 48'000 : 90'000;
}
constexpr bool is_audio(rtc::Codec codec) {
  return codec == rtc::Codec::kOpus;
}

}  // namespace turms::record
