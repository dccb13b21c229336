#include "rtc/rtp/payload.h"

namespace turms::rtc::rtp {
namespace {

/// In the form that VP8 (RFC 7741) and VP9 (RFC 9628) share. Returns its size.
size_t write_picture_id(MutableByteView out, uint16_t picture_id, bool is_15_bit) {
  if (!is_15_bit) {
    out[0] = picture_id & 0x7F;
    return 1;
  }
  store_be16(out.data(), static_cast<uint16_t>(0x8000 | (picture_id & 0x7FFF)));
  return 2;
}

}  // namespace

std::optional<Vp8Descriptor> parse_vp8(ByteView payload) {
  ByteReader reader(payload);
  Vp8Descriptor d;
  uint8_t first = reader.u8();
  d.non_reference = (first & 0x20) != 0;
  d.start_of_partition = (first & 0x10) != 0;
  d.partition = first & 0x07;
  if ((first & 0x80) != 0) {
    uint8_t extension = reader.u8();
    if ((extension & 0x80) != 0) {
      d.has_picture_id = true;
      uint8_t id = reader.u8();
      d.picture_id = id & 0x7F;
      if ((id & 0x80) != 0) {
        d.picture_id_is_15_bit = true;
        d.picture_id = static_cast<uint16_t>(d.picture_id << 8 | reader.u8());
      }
    }
    if ((extension & 0x40) != 0) {
      d.has_tl0_picture_index = true;
      d.tl0_picture_index = reader.u8();
    }
    if ((extension & 0x30) != 0) {
      uint8_t tid = reader.u8();
      d.has_temporal_id = (extension & 0x20) != 0;
      d.has_key_index = (extension & 0x10) != 0;
      if (d.has_temporal_id) {
        d.temporal_id = tid >> 6;
        d.layer_sync = (tid & 0x20) != 0;
      }
      if (d.has_key_index) d.key_index = tid & 0x1F;
    }
  }
  if (!reader.ok() || reader.remaining() == 0) return std::nullopt;
  d.size = static_cast<uint8_t>(reader.position());
  // RFC 7741 section 4.3: the inverse key frame flag is the lowest bit of the payload header.
  d.key_frame = d.start_of_frame() && (payload[d.size] & 0x01) == 0;
  return d;
}

void rewrite_vp8(MutableByteView payload, const Vp8Descriptor& at, uint16_t picture_id,
                 uint8_t tl0_picture_index, uint8_t key_index) {
  size_t position = 2;
  if (at.has_picture_id) {
    position += write_picture_id(payload.subspan(position), picture_id, at.picture_id_is_15_bit);
  }
  if (at.has_tl0_picture_index) payload[position++] = tl0_picture_index;
  if (at.has_key_index) {
    payload[position] = static_cast<uint8_t>((payload[position] & 0xE0) | (key_index & 0x1F));
  }
}

namespace {

/// RFC 9628 section 4.2.1.
bool skip_vp9_structure(ByteReader& reader) {
  uint8_t head = reader.u8();
  size_t layers = static_cast<size_t>(head >> 5) + 1;
  if ((head & 0x10) != 0) reader.skip(layers * 4);  // width and height of each
  if ((head & 0x08) != 0) {
    uint8_t pictures = reader.u8();
    for (int i = 0; i < pictures && reader.ok(); ++i) {
      uint8_t picture = reader.u8();
      reader.skip(picture >> 2 & 0x03);
    }
  }
  return reader.ok();
}

}  // namespace

std::optional<Vp9Descriptor> parse_vp9(ByteView payload) {
  ByteReader reader(payload);
  Vp9Descriptor d;
  uint8_t first = reader.u8();
  d.has_picture_id = (first & 0x80) != 0;
  d.inter_predicted = (first & 0x40) != 0;
  d.has_layers = (first & 0x20) != 0;
  d.flexible = (first & 0x10) != 0;
  d.start_of_frame = (first & 0x08) != 0;
  d.end_of_frame = (first & 0x04) != 0;
  d.has_structure = (first & 0x02) != 0;
  d.not_reference_for_higher = (first & 0x01) != 0;
  if (d.has_picture_id) {
    uint8_t id = reader.u8();
    d.picture_id = id & 0x7F;
    if ((id & 0x80) != 0) {
      d.picture_id_is_15_bit = true;
      d.picture_id = static_cast<uint16_t>(d.picture_id << 8 | reader.u8());
    }
  }
  if (d.has_layers) {
    uint8_t layer = reader.u8();
    d.temporal_id = layer >> 5;
    d.switching_up_point = (layer & 0x10) != 0;
    d.spatial_id = layer >> 1 & 0x07;
    d.inter_layer_dependent = (layer & 0x01) != 0;
    if (!d.flexible) {
      d.has_tl0_picture_index = true;
      d.tl0_picture_index = reader.u8();
    }
  }
  if (d.flexible && d.inter_predicted) {
    // Up to three reference differences, each saying whether another follows.
    bool more = true;
    for (int i = 0; more; ++i) {
      if (i == 3) return std::nullopt;
      more = (reader.u8() & 0x01) != 0;
    }
  }
  if (d.has_structure && !skip_vp9_structure(reader)) return std::nullopt;
  if (!reader.ok() || reader.remaining() == 0 || reader.position() > UINT8_MAX) {
    return std::nullopt;
  }
  d.size = static_cast<uint8_t>(reader.position());
  // The base layer of what is sent, which need not be layer 0.
  d.key_frame = !d.inter_predicted && d.start_of_frame && !d.inter_layer_dependent;
  return d;
}

void rewrite_vp9(MutableByteView payload, const Vp9Descriptor& at, uint16_t picture_id,
                 uint8_t tl0_picture_index) {
  size_t position = 1;
  if (at.has_picture_id) {
    position += write_picture_id(payload.subspan(position), picture_id, at.picture_id_is_15_bit);
  }
  if (at.has_layers && at.has_tl0_picture_index) payload[position + 1] = tl0_picture_index;
}

uint8_t packet_trailer_size(ByteView payload) {
  constexpr size_t kEnvelope = 5;
  if (payload.size() <= kEnvelope) return 0;
  const uint8_t* end = payload.data() + payload.size();
  if (end[-4] != 'L' || end[-3] != 'K' || end[-2] != 'T' || end[-1] != 'S') return 0;
  auto size = static_cast<uint8_t>(~end[-5]);
  return size >= kEnvelope && size < payload.size() ? size : 0;
}

namespace {

constexpr uint8_t kH264Slice = 1;
constexpr uint8_t kH264Idr = 5;
constexpr uint8_t kH264Sei = 6;
constexpr uint8_t kH264Sps = 7;
constexpr uint8_t kH264Pps = 8;
constexpr uint8_t kH264Delimiter = 9;
constexpr uint8_t kH264StapA = 24;
constexpr uint8_t kH264FuA = 28;

void note_h264_unit(FrameInfo& info, ByteView unit) {
  uint8_t type = unit[0] & 0x1F;
  // first_mb_in_slice = 0 is coded as a single set bit (Exp-Golomb).
  bool first_slice = unit.size() > 1 && (unit[1] & 0x80) != 0;
  switch (type) {
    case kH264Sps:
      info.key_frame = true;
      info.start_of_frame = true;
      break;
    case kH264Pps:
    case kH264Sei:
    case kH264Delimiter:
      info.start_of_frame = true;
      break;
    case kH264Idr:
      info.key_frame = info.key_frame || first_slice;
      info.start_of_frame = info.start_of_frame || first_slice;
      break;
    case kH264Slice:
      info.start_of_frame = info.start_of_frame || first_slice;
      break;
    default:
      break;
  }
}

}  // namespace

std::optional<FrameInfo> inspect_h264(ByteView payload) {
  if (payload.empty()) return std::nullopt;
  FrameInfo info;
  uint8_t type = payload[0] & 0x1F;
  if (type == kH264StapA) {
    ByteReader reader(payload.subspan(1));
    if (reader.remaining() == 0) return std::nullopt;
    while (reader.remaining() > 0) {
      ByteView unit = reader.bytes(reader.u16());
      if (!reader.ok() || unit.empty()) return std::nullopt;
      note_h264_unit(info, unit);
    }
    return info;
  }
  if (type == kH264FuA) {
    if (payload.size() < 3) return std::nullopt;
    bool start = (payload[1] & 0x80) != 0;
    if (start) {
      // The unit as it was: its header's type is in the FU header, its body follows.
      ByteView unit = payload.subspan(1);
      note_h264_unit(info, unit);
    }
    return info;
  }
  if (type == 0 || type > 23) return std::nullopt;  // reserved, or of the interleaved mode
  note_h264_unit(info, payload);
  return info;
}

namespace {

constexpr uint8_t kH265FirstIrap = 16;
constexpr uint8_t kH265LastIrap = 23;
constexpr uint8_t kH265Vps = 32;
constexpr uint8_t kH265Sps = 33;
constexpr uint8_t kH265Aggregation = 48;
constexpr uint8_t kH265Fragmentation = 49;

/// `body` is what follows the head of the unit.
bool begins_h265_key(uint8_t type, ByteView body) {
  if (type == kH265Vps || type == kH265Sps) return true;
  if (type < kH265FirstIrap || type > kH265LastIrap) return false;
  return !body.empty() && (body[0] & 0x80) != 0;  // first_slice_segment_in_pic_flag
}
uint8_t h265_type(uint8_t first) {
  return first >> 1 & 0x3F;
}

}  // namespace

std::optional<FrameInfo> inspect_h265(ByteView payload) {
  if (payload.size() < 3) return std::nullopt;
  FrameInfo info;
  uint8_t tid = payload[1] & 0x07;
  if (tid == 0) return std::nullopt;
  info.temporal_id = tid - 1;
  uint8_t type = h265_type(payload[0]);
  if (type == kH265Aggregation) {
    ByteReader reader(payload.subspan(2));
    while (reader.remaining() > 0) {
      ByteView unit = reader.bytes(reader.u16());
      if (!reader.ok() || unit.size() < 2) return std::nullopt;
      info.key_frame = info.key_frame || begins_h265_key(h265_type(unit[0]), unit.subspan(2));
    }
    info.start_of_frame = info.key_frame;
    return info;
  }
  if (type == kH265Fragmentation) {
    bool start = (payload[2] & 0x80) != 0;
    info.key_frame = start && begins_h265_key(payload[2] & 0x3F, payload.subspan(3));
  } else {
    info.key_frame = begins_h265_key(type, payload.subspan(2));
  }
  info.start_of_frame = info.key_frame;
  return info;
}

namespace {

constexpr uint8_t kObuSequenceHeader = 1;
constexpr uint8_t kObuFrameHeader = 3;
constexpr uint8_t kObuFrame = 6;

std::optional<size_t> read_leb128(ByteReader& reader) {
  size_t value = 0;
  for (int shift = 0; shift < 32; shift += 7) {
    uint8_t byte = reader.u8();
    if (!reader.ok()) return std::nullopt;
    value |= static_cast<size_t>(byte & 0x7F) << shift;
    if ((byte & 0x80) == 0) return value;
  }
  return std::nullopt;
}

/// The body of an OBU: behind its header, extension and size.
ByteView obu_body(ByteView obu) {
  ByteReader reader(obu);
  uint8_t head = reader.u8();
  if ((head & 0x04) != 0) reader.skip(1);
  if ((head & 0x02) != 0 && !read_leb128(reader)) return {};
  return reader.ok() ? obu.subspan(reader.position()) : ByteView();
}

}  // namespace

Av1Elements::Av1Elements(ByteView payload) : reader_(payload) {
  head_ = reader_.u8();
  ok_ = reader_.ok() && reader_.remaining() > 0;
}

std::optional<ByteView> Av1Elements::next() {
  if (!ok_ || reader_.remaining() == 0) return std::nullopt;
  // W: how many elements there are, the last one without a length; 0: all have lengths.
  int count = head_ >> 4 & 0x03;
  size_t size = reader_.remaining();
  if (count == 0 || index_ != count - 1) {
    auto length = read_leb128(reader_);
    ok_ = length.has_value();
    if (!ok_) return std::nullopt;
    size = *length;
  }
  ++index_;
  ByteView element = reader_.bytes(size);
  ok_ = reader_.ok();
  return ok_ ? std::optional(element) : std::nullopt;
}

std::optional<FrameInfo> inspect_av1(ByteView payload) {
  Av1Elements elements(payload);
  if (!elements.ok()) return std::nullopt;
  FrameInfo info;
  if (elements.continues()) {
    if (elements.new_sequence()) return std::nullopt;
    return info;
  }
  info.start_of_frame = true;
  bool sequence_header = false;
  bool first = true;
  while (auto obu = elements.next()) {
    if (obu->empty()) continue;
    uint8_t type = (*obu)[0] >> 3 & 0x0F;
    if (first && ((*obu)[0] & 0x04) != 0 && obu->size() >= 2) {
      info.temporal_id = (*obu)[1] >> 5;
      info.spatial_id = (*obu)[1] >> 3 & 0x03;
    }
    first = first && type == 2;  // a temporal delimiter, which has no layer
    if (type == kObuSequenceHeader) sequence_header = true;
    if (type != kObuFrame && type != kObuFrameHeader) continue;
    // show_existing_frame, then frame_type, of which 0 is a key frame.
    ByteView body = obu_body(*obu);
    info.key_frame = elements.new_sequence() || (!body.empty() && (body[0] & 0xE0) == 0);
    return info;
  }
  if (!elements.ok()) return std::nullopt;
  info.key_frame = elements.new_sequence() || sequence_header;
  return info;
}

std::optional<FrameInfo> inspect_payload(Codec codec, ByteView payload, bool marker) {
  switch (codec) {
    case Codec::kVp8: {
      auto d = parse_vp8(payload);
      if (!d) return std::nullopt;
      return FrameInfo{d->key_frame, d->start_of_frame(), marker, 0, d->temporal_id};
    }
    case Codec::kVp9: {
      auto d = parse_vp9(payload);
      if (!d) return std::nullopt;
      return FrameInfo{d->key_frame, d->start_of_frame, d->end_of_frame, d->spatial_id,
                       d->temporal_id};
    }
    case Codec::kH264:
    case Codec::kH265:
    case Codec::kAv1: {
      auto info = codec == Codec::kH264   ? inspect_h264(payload)
                  : codec == Codec::kH265 ? inspect_h265(payload)
                                          : inspect_av1(payload);
      if (info) info->end_of_frame = marker;
      return info;
    }
    case Codec::kOpus:
    case Codec::kRed:
    case Codec::kPcmu:
    case Codec::kPcma:
      return FrameInfo{false, true, true, 0, 0};
  }
  return std::nullopt;
}

RedBlocks parse_red_redundancy(ByteView payload) {
  RedBlocks out;
  auto primary = parse_red_primary(payload);
  if (!primary) return out;
  ByteReader reader(payload);
  size_t bytes = 0;
  while (out.count < kMaxRedBlocks) {
    uint8_t head = reader.u8();
    if ((head & 0x80) == 0) break;
    uint32_t rest = reader.u24();
    RedBlock& block = out.blocks[out.count++];
    block.payload_type = head & 0x7F;
    block.timestamp_offset = static_cast<uint16_t>(rest >> 10);
    block.payload = payload.subspan(0, rest & 0x3FF);  // the place follows below
    bytes += rest & 0x3FF;
  }
  size_t at = payload.size() - primary->payload.size() - bytes;
  for (size_t i = 0; i < out.count; ++i) {
    out.blocks[i].payload = payload.subspan(at, out.blocks[i].payload.size());
    at += out.blocks[i].payload.size();
  }
  return out;
}

void write_red_head(MutableByteView out, std::span<const RedBlock> redundant,
                    uint8_t primary_payload_type) {
  uint8_t* p = out.data();
  for (const RedBlock& block : redundant) {
    *p = static_cast<uint8_t>(0x80 | block.payload_type);
    store_be24(p + 1, uint32_t{block.timestamp_offset} << 10 |
                          static_cast<uint32_t>(block.payload.size()));
    p += 4;
  }
  *p = primary_payload_type & 0x7F;
}

std::optional<RedPrimary> parse_red_primary(ByteView payload) {
  ByteReader reader(payload);
  size_t redundant = 0;
  for (size_t blocks = 0;; ++blocks) {
    uint8_t head = reader.u8();
    if (!reader.ok() || blocks > kMaxRedBlocks) return std::nullopt;
    if ((head & 0x80) == 0) {
      reader.skip(redundant);
      if (!reader.ok()) return std::nullopt;
      return RedPrimary{head, payload.subspan(reader.position())};
    }
    redundant += reader.u24() & 0x3FF;
  }
}

}  // namespace turms::rtc::rtp
