#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

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
/// H265 (RFC 7798): key frame when the packet begins a VPS, SPS, or the first slice of an IRAP
/// picture.
std::optional<FrameInfo> inspect_h265(ByteView payload);
/// AV1 RTP payload: key frame when N is set (a new coded video sequence), when the frame header
/// says so, or when a sequence header comes before a frame header that is not in the packet.
std::optional<FrameInfo> inspect_av1(ByteView payload);

/// Reads the elements of an AV1 payload one by one.
class Av1Elements {
 public:
  explicit Av1Elements(ByteView payload);
  /// Nothing at the end or where it is malformed.
  std::optional<ByteView> next();
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool continues() const { return (head_ & 0x80) != 0; }  // Z: begins within an OBU
  [[nodiscard]] bool to_be_continued() const { return (head_ & 0x40) != 0; }  // Y
  [[nodiscard]] bool new_sequence() const { return (head_ & 0x08) != 0; }     // N
  /// Was the one last read the last?
  [[nodiscard]] bool at_end() const { return reader_.remaining() == 0; }

 private:
  ByteReader reader_;
  uint8_t head_ = 0;
  int index_ = 0;
  bool ok_ = true;
};

/// Calls `f` with each whole OBU.
template <class F>
void for_each_obu(ByteView payload, F&& f) {
  Av1Elements elements(payload);
  for (bool first = true; auto obu = elements.next(); first = false) {
    bool fragment =
        (first && elements.continues()) || (elements.at_end() && elements.to_be_continued());
    if (!fragment && !obu->empty()) f(*obu);
  }
}

/// Calls `f` with each whole NAL unit (H264, H265) or OBU (AV1) of a payload, up to where it is
/// malformed. Fragments are left out.
template <class F>
void for_each_unit(Codec codec, ByteView payload, F&& f);

/// Dispatches on the codec; `marker` ends a frame where the payload does not tell. Audio: every
/// packet is a frame and none is called a key frame. Nothing when malformed.
std::optional<FrameInfo> inspect_payload(Codec codec, ByteView payload, bool marker);

/// Bytes of LiveKit's packet trailer at the end of the last packet of a frame: fields about the
/// frame, then their length with itself and the magic, inverted, then "LKTS". 0 when there is none.
uint8_t packet_trailer_size(ByteView payload);

template <class F>
void for_each_unit(Codec codec, ByteView payload, F&& f) {
  constexpr uint8_t kH264Aggregation = 24;
  constexpr uint8_t kH265Aggregation = 48;
  if (payload.size() < 2) return;
  size_t head = 0;
  if (codec == Codec::kH264) {
    uint8_t type = payload[0] & 0x1F;
    if (type != kH264Aggregation) return type < kH264Aggregation ? f(payload) : void();
    head = 1;
  } else if (codec == Codec::kH265) {
    uint8_t type = payload[0] >> 1 & 0x3F;
    if (type != kH265Aggregation) return type < kH265Aggregation ? f(payload) : void();
    head = 2;
  } else if (codec == Codec::kAv1) {
    return for_each_obu(payload, std::forward<F>(f));
  } else {
    return;
  }
  ByteReader reader(payload.subspan(head));
  while (reader.remaining() > 0) {
    ByteView unit = reader.bytes(reader.u16());
    if (!reader.ok()) return;
    f(unit);
  }
}

/// RED (RFC 2198).
struct RedPrimary {
  uint8_t payload_type = 0;
  ByteView payload;
};
inline constexpr size_t kMaxRedBlocks = 8;
/// A redundant block: what an earlier packet carried.
struct RedBlock {
  uint8_t payload_type = 0;
  uint16_t timestamp_offset = 0;  // before the packet's
  ByteView payload;
};
struct RedBlocks {
  std::array<RedBlock, kMaxRedBlocks> blocks;  // oldest first
  size_t count = 0;
};
/// The redundant blocks; none when malformed.
RedBlocks parse_red_redundancy(ByteView payload);
/// Bytes before the blocks of a RED payload with so many redundant ones.
constexpr size_t red_head_size(size_t redundant) {
  return 4 * redundant + 1;
}
/// Writes the heads of a RED payload: `redundant` oldest first, each below 1024 bytes and 16384
/// ticks back. `out` has red_head_size bytes.
void write_red_head(MutableByteView out, std::span<const RedBlock> redundant,
                    uint8_t primary_payload_type);

/// The primary block, which is the last one; nothing when malformed or behind more than
/// kMaxRedBlocks redundant ones.
std::optional<RedPrimary> parse_red_primary(ByteView payload);

}  // namespace turms::rtc::rtp
