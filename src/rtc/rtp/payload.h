#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "rtc/parameters.h"

/// Payload formats, as far as forwarding needs them: is this the start of a key frame, which layer
/// is it in, and what has to be rewritten when layers are switched. All functions take the RTP
/// payload without padding and answer nothing on a malformed one.
namespace turms::rtc::rtp {

/// VP8 payload descriptor (RFC 7741 section 4.2).
struct Vp8Descriptor {
  uint8_t size = 0;  // bytes before the VP8 payload header
  bool start_of_partition = false;
  uint8_t partition = 0;
  bool non_reference = false;
  bool has_picture_id = false;
  bool picture_id_is_15_bit = false;
  uint16_t picture_id = 0;
  bool has_tl0_picture_index = false;
  uint8_t tl0_picture_index = 0;
  bool has_temporal_id = false;
  uint8_t temporal_id = 0;
  bool layer_sync = false;  // Y: depends on the base layer only
  bool has_key_index = false;
  uint8_t key_index = 0;
  bool key_frame = false;  // first packet of one

  [[nodiscard]] bool start_of_frame() const { return start_of_partition && partition == 0; }
};
std::optional<Vp8Descriptor> parse_vp8(ByteView payload);

/// Overwrites the numbers that the descriptor `at` (parsed from this payload) has, keeping its
/// size: a 7-bit picture id gets the low 7 bits.
void rewrite_vp8(MutableByteView payload, const Vp8Descriptor& at, uint16_t picture_id,
                 uint8_t tl0_picture_index, uint8_t key_index);

/// VP9 payload descriptor (RFC 9628 section 4.2), without scalability structure and references.
struct Vp9Descriptor {
  uint8_t size = 0;  // bytes before the VP9 payload, scalability structure included
  bool has_picture_id = false;
  bool picture_id_is_15_bit = false;
  uint16_t picture_id = 0;
  bool inter_predicted = false;           // P
  bool flexible = false;                  // F
  bool start_of_frame = false;            // B: of a layer frame
  bool end_of_frame = false;              // E
  bool has_structure = false;             // V
  bool not_reference_for_higher = false;  // Z
  bool has_layers = false;
  uint8_t spatial_id = 0;
  uint8_t temporal_id = 0;
  bool switching_up_point = false;     // U
  bool inter_layer_dependent = false;  // D
  bool has_tl0_picture_index = false;
  uint8_t tl0_picture_index = 0;
  bool key_frame = false;  // first packet of one: of the base spatial layer
};
std::optional<Vp9Descriptor> parse_vp9(ByteView payload);

/// As rewrite_vp8. References are differences of picture ids, so all ids of a stream must move by
/// the same amount.
void rewrite_vp9(MutableByteView payload, const Vp9Descriptor& at, uint16_t picture_id,
                 uint8_t tl0_picture_index);

/// What every codec has in common.
struct FrameInfo {
  bool key_frame = false;       // this packet begins a frame that decoding can start at
  bool start_of_frame = false;  // of a layer frame
  bool end_of_frame = false;
  uint8_t spatial_id = 0;
  uint8_t temporal_id = 0;
};

/// H264 (RFC 6184): key frame when the packet begins an SPS or an IDR slice, alone, in a STAP-A, or
/// as the first FU-A fragment. The start of a frame is not told by the payload: `start_of_frame` is
/// set only for parameter sets, access unit delimiters and first slices.
std::optional<FrameInfo> inspect_h264(ByteView payload);
/// H265 (RFC 7798): key frame when the packet begins a VPS, SPS, or IRAP slice.
std::optional<FrameInfo> inspect_h265(ByteView payload);
/// AV1 RTP payload: key frame when N is set (a new coded video sequence) and a sequence header OBU
/// leads.
std::optional<FrameInfo> inspect_av1(ByteView payload);

/// Dispatches on the codec; `marker` ends a frame where the payload does not tell. Audio: every
/// packet is a frame and none is called a key frame. Nothing when malformed.
std::optional<FrameInfo> inspect_payload(Codec codec, ByteView payload, bool marker);

/// Bytes of LiveKit's packet trailer at the end of the last packet of a frame: fields about the
/// frame, then their length with itself and the magic, inverted, then "LKTS". 0 when there is none.
uint8_t packet_trailer_size(ByteView payload);

/// RED (RFC 2198).
struct RedPrimary {
  uint8_t payload_type = 0;
  ByteView payload;
};
inline constexpr size_t kMaxRedBlocks = 8;
/// The primary block, which is the last one; nothing when malformed or behind more than
/// kMaxRedBlocks redundant ones.
std::optional<RedPrimary> parse_red_primary(ByteView payload);

}  // namespace turms::rtc::rtp
