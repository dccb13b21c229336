#include "record/stream_config.h"

#include <array>
#include <utility>

#include "record/bit_reader.h"

namespace turms::record {
namespace {

/// A unit of H264 or H265 without emulation prevention bytes, of which `skip` bytes are its header.
/// Bounded: nothing that is read lies further in.
Bytes unescape(ByteView unit, size_t skip) {
  constexpr size_t kMaxSet = 4096;
  Bytes out;
  int zeros = 0;
  for (size_t i = skip; i < unit.size() && out.size() < kMaxSet; ++i) {
    if (zeros >= 2 && unit[i] == 3) {
      zeros = 0;
      continue;
    }
    zeros = unit[i] == 0 ? zeros + 1 : 0;
    out.push_back(unit[i]);
  }
  return out;
}

/// Takes off what the parameter set cuts away at each side, in units of `x` and `y` pixels. False:
/// nothing would be left.
bool crop(BitReader& in, uint64_t x, uint64_t y, uint64_t& width, uint64_t& height) {
  const uint64_t left = in.ue();
  const uint64_t right = in.ue();
  const uint64_t top = in.ue();
  const uint64_t bottom = in.ue();
  if ((left + right) * x >= width || (top + bottom) * y >= height) return false;
  width -= (left + right) * x;
  height -= (top + bottom) * y;
  return true;
}

void skip_scaling_list(BitReader& in, int size) {
  // Deltas are signed; their sum modulo 256 decides whether more follow.
  int last = 8;
  int next = 8;
  for (int i = 0; i < size && in.ok(); ++i) {
    if (next != 0) {
      const uint32_t code = in.ue();
      const int delta =
          (code & 1) != 0 ? static_cast<int>(code / 2 + 1) : -static_cast<int>(code / 2);
      next = (last + delta % 256 + 256) % 256;
    }
    if (next != 0) last = next;
  }
}

bool plausible(uint64_t width, uint64_t height) {
  return width > 0 && height > 0 && width <= 16'384 && height <= 16'384;
}

void append_set(Bytes& out, ByteView set) {
  out.push_back(static_cast<uint8_t>(set.size() >> 8));
  out.push_back(static_cast<uint8_t>(set.size()));
  out.insert(out.end(), set.begin(), set.end());
}

}  // namespace

std::optional<PictureSize> parse_vp8_key_frame(ByteView frame) {
  if (frame.size() < 10 || (frame[0] & 1) != 0) return std::nullopt;
  if (frame[3] != 0x9D || frame[4] != 0x01 || frame[5] != 0x2A) return std::nullopt;
  const uint32_t width = (frame[6] | frame[7] << 8) & 0x3FFF;
  const uint32_t height = (frame[8] | frame[9] << 8) & 0x3FFF;
  if (!plausible(width, height)) return std::nullopt;
  return PictureSize{width, height};
}

std::optional<Vp9FrameHead> parse_vp9_frame(ByteView frame) {
  BitReader in(frame);
  if (in.bits(2) != 2) return std::nullopt;
  const uint32_t low = in.bits(1);
  const uint32_t profile = in.bits(1) << 1 | low;
  if (profile == 3) in.skip(1);
  Vp9FrameHead head;
  if (in.flag()) return in.ok() ? std::optional(head) : std::nullopt;  // shows an earlier one
  head.key_frame = !in.flag();
  const bool shown = in.flag();
  const bool resilient = in.flag();
  const auto read_size = [&] {
    const uint32_t width = in.bits(16) + 1;
    const uint32_t height = in.bits(16) + 1;
    if (in.ok() && plausible(width, height)) head.size = PictureSize{width, height};
  };
  if (head.key_frame) {
    if (in.bits(24) != 0x498342) return std::nullopt;
    if (profile >= 2) in.skip(1);
    const bool srgb = in.bits(3) == 7;
    if (!srgb) in.skip(1);
    if (profile == 1 || profile == 3) in.skip(srgb ? 1 : 3);
    read_size();
    return in.ok() ? std::optional(head) : std::nullopt;
  }
  const bool intra_only = !shown && in.flag();
  if (!resilient) in.skip(2);
  if (intra_only) return in.ok() ? std::optional(head) : std::nullopt;
  in.skip(8 + 3 * 4);  // which frames it refreshes and refers to
  for (int reference = 0; reference < 3; ++reference) {
    if (in.flag()) return in.ok() ? std::optional(head) : std::nullopt;  // as large as that one
  }
  read_size();
  return in.ok() ? std::optional(head) : std::nullopt;
}

std::optional<PictureSize> parse_h264_sps(ByteView unit) {
  if (unit.size() < 5 || unit.size() > UINT16_MAX) return std::nullopt;
  const Bytes rbsp = unescape(unit, 1);
  BitReader in(rbsp);
  const uint32_t profile = in.bits(8);
  in.skip(16);
  in.ue();  // id
  uint32_t chroma = 1;
  bool separate = false;
  switch (profile) {
    case 100:
    case 110:
    case 122:
    case 244:
    case 44:
    case 83:
    case 86:
    case 118:
    case 128: {
      chroma = in.ue();
      if (chroma == 3) separate = in.flag();
      in.ue();
      in.ue();
      in.skip(1);
      if (in.flag()) {
        for (int i = 0; i < (chroma == 3 ? 12 : 8); ++i) {
          if (in.flag()) skip_scaling_list(in, i < 6 ? 16 : 64);
        }
      }
      break;
    }
    default:
      break;
  }
  in.ue();  // log2_max_frame_num_minus4
  const uint32_t order = in.ue();
  if (order == 0) {
    in.ue();
  } else if (order == 1) {
    in.skip(1);
    in.se();
    in.se();
    const uint32_t count = in.ue();
    if (count > 255) return std::nullopt;
    for (uint32_t i = 0; i < count; ++i) in.se();
  }
  in.ue();  // max_num_ref_frames
  in.skip(1);
  const uint64_t columns = uint64_t{in.ue()} + 1;
  const uint64_t rows = uint64_t{in.ue()} + 1;
  const bool frames_only = in.flag();
  if (!frames_only) in.skip(1);
  in.skip(1);
  uint64_t width = columns * 16;
  uint64_t height = rows * 16 * (frames_only ? 1 : 2);
  if (in.flag()) {
    const bool halved = !separate && chroma != 0;
    const uint64_t x = halved && chroma != 3 ? 2 : 1;
    const uint64_t y = (halved && chroma == 1 ? 2 : 1) * (frames_only ? 1 : 2);
    if (!crop(in, x, y, width, height)) return std::nullopt;
  }
  if (!in.ok() || !plausible(width, height)) return std::nullopt;
  return PictureSize{static_cast<uint32_t>(width), static_cast<uint32_t>(height)};
}

Bytes make_avcc(ByteView sps, ByteView pps) {
  Bytes out = {1, sps[1], sps[2], sps[3], 0xFC | 3, 0xE0 | 1};
  append_set(out, sps);
  out.push_back(1);
  append_set(out, pps);
  return out;
}

std::optional<H265Sps> parse_h265_sps(ByteView unit) {
  if (unit.size() > UINT16_MAX) return std::nullopt;
  const Bytes rbsp = unescape(unit, 2);
  if (rbsp.size() < 14) return std::nullopt;
  H265Sps out;
  BitReader in(rbsp);
  in.skip(4);
  const uint32_t sub_layers = in.bits(3);
  out.temporal_layers = static_cast<uint8_t>(sub_layers + 1);
  out.temporal_nesting = in.flag();
  out.profile_tier_level.assign(rbsp.begin() + 1, rbsp.begin() + 13);
  in.skip(12 * 8);
  if (sub_layers > 0) {
    std::array<bool, 8> profile{};
    std::array<bool, 8> level{};
    for (uint32_t i = 0; i < 8; ++i) {
      const bool there = i < sub_layers;
      profile[i] = in.flag() && there;
      level[i] = in.flag() && there;
    }
    for (uint32_t i = 0; i < sub_layers; ++i) in.skip((profile[i] ? 88 : 0) + (level[i] ? 8 : 0));
  }
  in.ue();  // id
  const uint32_t chroma = in.ue();
  if (chroma > 3) return std::nullopt;
  if (chroma == 3) in.skip(1);
  uint64_t width = in.ue();
  uint64_t height = in.ue();
  if (in.flag()) {
    const uint64_t x = chroma == 1 || chroma == 2 ? 2 : 1;
    const uint64_t y = chroma == 1 ? 2 : 1;
    if (!crop(in, x, y, width, height)) return std::nullopt;
  }
  const uint32_t luma = in.ue();
  const uint32_t depth = in.ue();
  if (!in.ok() || luma > 8 || depth > 8 || !plausible(width, height)) return std::nullopt;
  out.size = {static_cast<uint32_t>(width), static_cast<uint32_t>(height)};
  out.chroma_format = static_cast<uint8_t>(chroma);
  out.luma_depth = static_cast<uint8_t>(8 + luma);
  out.chroma_depth = static_cast<uint8_t>(8 + depth);
  return out;
}

Bytes make_hvcc(const H265Sps& parsed, ByteView vps, ByteView sps, ByteView pps) {
  Bytes out = {1};
  out.insert(out.end(), parsed.profile_tier_level.begin(), parsed.profile_tier_level.end());
  out.insert(out.end(), {0xF0, 0x00, 0xFC});  // no segmentation and parallelism told
  out.push_back(0xFC | parsed.chroma_format);
  out.push_back(static_cast<uint8_t>(0xF8 | (parsed.luma_depth - 8)));
  out.push_back(static_cast<uint8_t>(0xF8 | (parsed.chroma_depth - 8)));
  out.insert(out.end(), {0, 0});  // frame rate not told
  out.push_back(static_cast<uint8_t>(parsed.temporal_layers << 3 |
                                     (parsed.temporal_nesting ? 1 << 2 : 0) | 3));
  out.push_back(3);
  for (const auto& [type, set] : {std::pair<uint8_t, ByteView>{32, vps}, {33, sps}, {34, pps}}) {
    out.push_back(0x80 | type);
    out.insert(out.end(), {0, 1});
    append_set(out, set);
  }
  return out;
}

namespace {

struct Av1Color {
  bool high_depth = false;
  bool twelve_bit = false;
  bool monochrome = false;
  bool subsampling_x = true;
  bool subsampling_y = true;
  uint32_t sample_position = 0;
};

/// color_config(), section 5.5.2.
Av1Color read_color(BitReader& in, uint32_t profile) {
  Av1Color color;
  color.high_depth = in.flag();
  if (profile == 2 && color.high_depth) color.twelve_bit = in.flag();
  if (profile != 1) color.monochrome = in.flag();
  uint32_t primaries = 2;
  uint32_t transfer = 2;
  uint32_t matrix = 2;
  if (in.flag()) {
    primaries = in.bits(8);
    transfer = in.bits(8);
    matrix = in.bits(8);
  }
  if (color.monochrome) {
    in.skip(1);
    return color;
  }
  if (primaries == 1 && transfer == 13 && matrix == 0) {
    color.subsampling_x = color.subsampling_y = false;
    return color;
  }
  in.skip(1);
  if (profile == 1) {
    color.subsampling_x = color.subsampling_y = false;
  } else if (profile == 2) {
    color.subsampling_x = color.twelve_bit ? in.flag() : true;
    color.subsampling_y = color.twelve_bit && color.subsampling_x ? in.flag() : false;
  }
  if (color.subsampling_x && color.subsampling_y) color.sample_position = in.bits(2);
  return color;
}

struct Av1Levels {
  uint32_t level = 0;
  bool tier = false;
};

/// Timing, decoder model and operating points; those of the first one are kept.
Av1Levels read_levels(BitReader& in) {
  Av1Levels first;
  bool model = false;
  int delay_bits = 0;
  if (in.flag()) {
    in.skip(64);
    if (in.flag()) in.ue();
    model = in.flag();
    if (model) {
      delay_bits = static_cast<int>(in.bits(5)) + 1;
      in.skip(32 + 5 + 5);
    }
  }
  const bool display_delay = in.flag();
  const uint32_t points = in.bits(5) + 1;
  for (uint32_t i = 0; i < points && in.ok(); ++i) {
    in.skip(12);
    const uint32_t level = in.bits(5);
    const bool tier = level > 7 && in.flag();
    if (i == 0) first = {level, tier};
    if (model && in.flag()) in.skip(static_cast<size_t>(2 * delay_bits) + 1);
    if (display_delay && in.flag()) in.skip(4);
  }
  return first;
}

/// What stands between the size and the colors.
void skip_av1_tools(BitReader& in, bool reduced) {
  if (!reduced && in.flag()) in.skip(7);  // frame ids
  in.skip(3);
  if (!reduced) {
    in.skip(4);
    const bool order = in.flag();
    if (order) in.skip(2);
    const uint32_t screen = in.flag() ? 2 : in.bits(1);
    if (screen > 0 && !in.flag()) in.skip(1);
    if (order) in.skip(3);
  }
  in.skip(3);
}

/// Header and size of an OBU.
std::optional<ByteView> av1_body(ByteView obu) {
  if (obu.empty()) return std::nullopt;
  size_t at = (obu[0] & 0x04) != 0 ? 2 : 1;
  if ((obu[0] & 0x02) != 0) {
    while (at < obu.size() && (obu[at] & 0x80) != 0) ++at;
    ++at;
  }
  if (at >= obu.size()) return std::nullopt;
  return obu.subspan(at);
}

}  // namespace

std::optional<Av1Sequence> parse_av1_sequence(ByteView obu) {
  const auto body = av1_body(obu);
  if (!body) return std::nullopt;
  BitReader in(*body);
  const uint32_t profile = in.bits(3);
  in.skip(1);
  const bool reduced = in.flag();
  const Av1Levels levels = reduced ? Av1Levels{.level = in.bits(5)} : read_levels(in);
  const int width_bits = static_cast<int>(in.bits(4)) + 1;
  const int height_bits = static_cast<int>(in.bits(4)) + 1;
  const uint32_t width = in.bits(width_bits) + 1;
  const uint32_t height = in.bits(height_bits) + 1;
  skip_av1_tools(in, reduced);
  const Av1Color color = read_color(in, profile);
  if (!in.ok() || profile > 2 || !plausible(width, height)) return std::nullopt;
  Av1Sequence out;
  out.size = {width, height};
  out.config = {0x81, static_cast<uint8_t>(profile << 5 | levels.level),
                static_cast<uint8_t>((levels.tier ? 0x80 : 0) | (color.high_depth ? 0x40 : 0) |
                                     (color.twelve_bit ? 0x20 : 0) | (color.monochrome ? 0x10 : 0) |
                                     (color.subsampling_x ? 0x08 : 0) |
                                     (color.subsampling_y ? 0x04 : 0) | color.sample_position),
                0};
  out.config.insert(out.config.end(), obu.begin(), obu.end());
  return out;
}

}  // namespace turms::record
