#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"

/// What containers say about a video stream, made from what the stream says about itself. Each
/// answers nothing on what is malformed.
namespace turms::record {

struct PictureSize {
  uint32_t width = 0;
  uint32_t height = 0;
  bool operator==(const PictureSize&) const = default;
};

/// Of a VP8 frame; nothing when it is no key frame (RFC 6386 section 9.1).
std::optional<PictureSize> parse_vp8_key_frame(ByteView frame);

/// Of a VP9 frame that says its size itself: a key frame, or one of an upper spatial layer that is
/// predicted from a lower one (VP9 specification section 6.2).
struct Vp9FrameHead {
  bool key_frame = false;
  std::optional<PictureSize> size;
};
std::optional<Vp9FrameHead> parse_vp9_frame(ByteView frame);

/// H.264 section 7.3.2.1.1, cropping taken off.
std::optional<PictureSize> parse_h264_sps(ByteView unit);
/// AVCDecoderConfigurationRecord, ISO/IEC 14496-15 section 5.3.3.1; lengths of four bytes. `sps`
/// has passed parse_h264_sps().
Bytes make_avcc(ByteView sps, ByteView pps);

struct H265Sps {
  PictureSize size;
  uint8_t chroma_format = 1;
  uint8_t luma_depth = 8;
  uint8_t chroma_depth = 8;
  uint8_t temporal_layers = 1;
  bool temporal_nesting = false;
  Bytes profile_tier_level;  // 12 bytes
};
/// H.265 section 7.3.2.2.
std::optional<H265Sps> parse_h265_sps(ByteView unit);
/// HEVCDecoderConfigurationRecord, ISO/IEC 14496-15 section 8.3.3.1.
Bytes make_hvcc(const H265Sps& parsed, ByteView vps, ByteView sps, ByteView pps);

struct Av1Sequence {
  PictureSize size;
  Bytes config;  // av1C, AV1 in ISOBMFF section 2.3.3
};
/// `obu`: a sequence header with its header and size (AV1 section 5.5).
std::optional<Av1Sequence> parse_av1_sequence(ByteView obu);

}  // namespace turms::record
