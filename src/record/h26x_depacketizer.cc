#include "record/h26x_depacketizer.h"

namespace turms::record {
namespace {

enum H264 : uint8_t {
  kSlice = 1,
  kIdr = 5,
  kSps = 7,
  kPps = 8,
  kDelimiter = 9,
  kStapA = 24,
  kFuA = 28
};
enum H265 : uint8_t {
  kLastSlice = 31,
  kFirstIrap = 16,
  kLastIrap = 23,
  kVps265 = 32,
  kSps265 = 33,
  kPps265 = 34,
  kDelimiter265 = 35,
  kAggregate265 = 48,
  kFragment265 = 49,
};

uint8_t type_264(ByteView unit) {
  return unit[0] & 0x1F;
}
uint8_t type_265(ByteView unit) {
  return unit[0] >> 1 & 0x3F;
}

}  // namespace

void H26xDepacketizer::begin() {
  data_.clear();
  fragment_.clear();
  in_fragment_ = false;
  units_ = 0;
  picture_ = whole_ = key_ = false;
}

bool H26xDepacketizer::add(ByteView payload) {
  if (payload.size() < 2 || data_.size() + fragment_.size() + payload.size() > kMaxFrame) {
    return false;
  }
  const uint8_t type = h265_ ? type_265(payload) : type_264(payload);
  if (type == (h265_ ? uint8_t{kFragment265} : uint8_t{kFuA})) return add_fragment(payload);
  if (in_fragment_) return false;
  if (type == (h265_ ? uint8_t{kAggregate265} : uint8_t{kStapA})) return add_aggregate(payload);
  if (type > (h265_ ? uint8_t{kAggregate265} : uint8_t{kStapA})) return false;
  return take_unit(payload);
}

bool H26xDepacketizer::add_aggregate(ByteView payload) {
  ByteReader in(payload.subspan(h265_ ? 2 : 1));
  while (in.remaining() > 0) {
    const ByteView unit = in.bytes(in.u16());
    if (!in.ok() || !take_unit(unit)) return false;
  }
  return true;
}

bool H26xDepacketizer::add_fragment(ByteView payload) {
  const size_t head = h265_ ? 3 : 2;
  if (payload.size() < head) return false;
  const uint8_t flags = payload[head - 1];
  const bool first = (flags & 0x80) != 0;
  if (first == in_fragment_) return false;
  if (first) {
    if (h265_) {
      fragment_ = {static_cast<uint8_t>((payload[0] & 0x81) | (flags & 0x3F) << 1), payload[1]};
    } else {
      fragment_ = {static_cast<uint8_t>((payload[0] & 0xE0) | (flags & 0x1F))};
    }
  }
  in_fragment_ = (flags & 0x40) == 0;
  const ByteView rest = payload.subspan(head);
  fragment_.insert(fragment_.end(), rest.begin(), rest.end());
  return in_fragment_ || take_unit(fragment_);
}

bool H26xDepacketizer::keep(Bytes& set, ByteView unit) {
  if (unit.size() > kMaxSet) return false;
  set.assign(unit.begin(), unit.end());
  return true;
}

bool H26xDepacketizer::take_unit(ByteView unit) {
  if (unit.size() < (h265_ ? 2U : 1U) || ++units_ > kMaxUnits) return false;
  const uint8_t type = h265_ ? type_265(unit) : type_264(unit);
  if (h265_) {
    if (type == kDelimiter265) return true;
    if (type == kVps265 && !keep(vps_, unit)) return false;
    if (type == kSps265 && !keep(sps_, unit)) return false;
    if (type == kPps265 && !keep(pps_, unit)) return false;
    if (type <= kLastSlice) take_slice(unit, type >= kFirstIrap && type <= kLastIrap);
  } else {
    if (type == kDelimiter) return true;
    if (type == kSps && !keep(sps_, unit)) return false;
    if (type == kPps && !keep(pps_, unit)) return false;
    if (type >= kSlice && type <= kIdr) take_slice(unit, type == kIdr);
  }
  uint8_t length[4];
  store_be32(length, static_cast<uint32_t>(unit.size()));
  data_.insert(data_.end(), length, length + 4);
  data_.insert(data_.end(), unit.begin(), unit.end());
  return true;
}

void H26xDepacketizer::take_slice(ByteView unit, bool key) {
  // first_mb_in_slice is 0, first_slice_segment_in_pic_flag is set: the same bit.
  const size_t head = h265_ ? 2 : 1;
  if (!picture_) {
    whole_ = unit.size() > head && (unit[head] & 0x80) != 0;
    key_ = key;
  }
  picture_ = true;
}

bool H26xDepacketizer::describe(Frame& frame) const {
  if (sps_.empty() || pps_.empty()) return false;
  if (!h265_) {
    const auto size = parse_h264_sps(sps_);
    if (!size) return false;
    frame.width = size->width;
    frame.height = size->height;
    frame.config = make_avcc(sps_, pps_);
    return true;
  }
  const auto sps = parse_h265_sps(sps_);
  if (!sps || vps_.empty()) return false;
  frame.width = sps->size.width;
  frame.height = sps->size.height;
  frame.config = make_hvcc(*sps, vps_, sps_, pps_);
  return true;
}

std::optional<Frame> H26xDepacketizer::finish() {
  if (in_fragment_ || !picture_ || !whole_) return std::nullopt;
  Frame frame;
  frame.key_frame = key_;
  if (key_ && !describe(frame)) return std::nullopt;
  frame.data = std::move(data_);
  begin();
  return frame;
}

}  // namespace turms::record
