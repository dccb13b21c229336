#include "sfu/parameter_sets.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "rtc/rtp/payload.h"

namespace turms::sfu {

using rtc::Codec;

namespace {

/// The first Exp-Golomb number behind `offset` bytes, at most 255; 255 when it is none.
uint32_t exp_golomb(ByteView bytes, size_t offset) {
  uint32_t bits = 0;
  for (size_t i = 0; i < 4; ++i) {
    bits = bits << 8 | (offset + i < bytes.size() ? bytes[offset + i] : 0U);
  }
  int zeros = std::countl_zero(bits);
  if (zeros > 7) return 255;
  return std::min<uint32_t>((bits >> (31 - 2 * zeros)) - 1, 255);
}

/// Kind, in the order to be sent, and id of a parameter set; 0 for other units.
uint32_t key_of(Codec codec, ByteView unit) {
  constexpr uint32_t kKind = 0x100;
  if (unit.empty()) return 0;
  if (codec == Codec::kH264) {
    switch (unit[0] & 0x1F) {
      case 7:
        return kKind | exp_golomb(unit, 4);  // behind profile, constraints and level
      case 8:
        return 2 * kKind | exp_golomb(unit, 1);
      default:
        return 0;
    }
  }
  if (codec == Codec::kH265) {
    switch (unit[0] >> 1 & 0x3F) {
      case 32:
        return kKind;
      case 33:
        return 2 * kKind;
      case 34:
        return 3 * kKind | exp_golomb(unit, 2);
      default:
        return 0;
    }
  }
  bool sequence_header = codec == Codec::kAv1 && (unit[0] >> 3 & 0x0F) == 1;
  return sequence_header ? kKind : 0;
}

}  // namespace

void ParameterSets::read(Codec codec, ByteView payload) {
  // A packet of one AV1 element that begins a coded video sequence.
  constexpr uint8_t kAv1Head = 0x18;
  ByteView head = codec == Codec::kAv1 ? ByteView(&kAv1Head, 1) : ByteView();
  rtc::rtp::for_each_unit(codec, payload, [&](ByteView unit) {
    if (uint32_t key = key_of(codec, unit); key != 0) keep(key, head, unit);
  });
}

bool ParameterSets::leads(Codec codec, ByteView payload) {
  bool found = false;
  rtc::rtp::for_each_unit(codec, payload, [&](ByteView unit) {
    uint32_t key = key_of(codec, unit);
    bool picture = codec == Codec::kH264 || codec == Codec::kH265;
    // A PPS alone needs the SPS before it.
    found = found || (key != 0 && (!picture || key >> 8 < (codec == Codec::kH264 ? 2U : 3U)));
  });
  return found;
}

void ParameterSets::keep(uint32_t key, ByteView head, ByteView body) {
  if (head.size() + body.size() > kMaxSize) return;
  auto* end = sets_.data() + count_;
  auto* set = std::find_if(sets_.data(), end, [&](const Set& s) { return s.key == key; });
  bool same = set != end && set->size == head.size() + body.size() &&
              std::equal(body.begin(), body.end(), set->bytes.begin() + head.size());
  if (same) return;
  ++version_;
  if (set == end) {
    if (count_ == kMaxSets) {
      // The last kinds are the ones there are many of.
      --count_;
      --end;
    }
    set = std::find_if(sets_.data(), end, [&](const Set& s) { return s.key > key; });
    std::move_backward(set, end, end + 1);
    ++count_;
  }
  set->key = key;
  set->size = static_cast<uint16_t>(head.size() + body.size());
  std::copy(head.begin(), head.end(), set->bytes.begin());
  std::copy(body.begin(), body.end(), set->bytes.begin() + static_cast<ptrdiff_t>(head.size()));
}

void ParameterSets::clear() {
  if (count_ > 0) ++version_;
  count_ = 0;
}

}  // namespace turms::sfu
