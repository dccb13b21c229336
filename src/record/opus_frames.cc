#include "record/opus_frames.h"

#include <algorithm>

namespace turms::record {

std::optional<uint32_t> parse_opus_duration(ByteView packet) {
  if (packet.empty()) return std::nullopt;
  const uint8_t config = packet[0] >> 3;
  uint32_t frame = 0;
  if (config < 12) {
    constexpr uint32_t kSilk[] = {480, 960, 1920, 2880};
    frame = kSilk[config & 3];
  } else if (config < 16) {
    frame = (config & 1) != 0 ? 960 : 480;
  } else {
    frame = 120U << (config & 3);
  }
  uint32_t count = 1;
  switch (packet[0] & 3) {
    case 0:
      break;
    case 3:
      if (packet.size() < 2) return std::nullopt;
      count = packet[1] & 0x3F;
      break;
    default:
      count = 2;
      break;
  }
  const uint32_t samples = frame * count;
  if (samples == 0 || samples > 5760) return std::nullopt;  // 120 ms at most
  return samples;
}

void OpusFrames::fill(int64_t rtp_time, std::vector<Frame>& out) {
  if (!end_ || rtp_time - *end_ > kMaxFill) return;
  while (*end_ + kSilence <= rtp_time) {
    // Silence of one CELT frame of 20 ms.
    out.push_back({.data = {0xF8, 0xFF, 0xFE}, .rtp_time = *end_, .key_frame = true});
    *end_ += kSilence;
    ++filled_;
  }
}

void OpusFrames::add(const TrackPacket& packet, std::vector<Frame>& out) {
  const auto samples = parse_opus_duration(packet.payload);
  if (!samples) return;
  if (end_) {
    if (packet.rtp_time + *samples <= *end_) return;
    fill(packet.rtp_time, out);
  }
  // A packet that overlaps what was filled goes behind it: late by less than a silent frame.
  const int64_t at = end_ ? std::max(*end_, packet.rtp_time) : packet.rtp_time;
  out.push_back({.data = packet.payload, .rtp_time = at, .key_frame = true});
  end_ = packet.rtp_time + *samples;
}

}  // namespace turms::record
