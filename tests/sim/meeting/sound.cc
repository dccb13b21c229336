#include "sim/meeting/sound.h"

#include <algorithm>
#include <array>
#include <cstdlib>

namespace turms::sim {

namespace {

// RFC 2198 section 3.
constexpr uint8_t kMoreFollow = 0x80;
constexpr size_t kRedundantHead = 4;
// RFC 6716 section 3.1: one frame of CELT, fullband, 20 ms, that holds nothing.
constexpr std::array<uint8_t, 3> kSilence = {0xF8, 0xFF, 0xFE};
constexpr int64_t kTicksPerSecond = 48'000;

std::optional<Sound> read_red(uint8_t opus, ByteView payload) {
  Sound out;
  std::vector<size_t> sizes;
  while (!payload.empty() && (payload[0] & kMoreFollow) != 0) {
    if (payload.size() < kRedundantHead || (payload[0] & 0x7F) != opus) return std::nullopt;
    const uint32_t head = load_be32(payload.data());
    out.earlier.push_back({{}, head >> 10 & 0x3FFF});
    sizes.push_back(head & 0x3FF);
    payload = payload.subspan(kRedundantHead);
  }
  if (payload.empty() || payload[0] != opus) return std::nullopt;
  payload = payload.subspan(1);
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (payload.size() < sizes[i]) return std::nullopt;
    const auto truth = Truth::read(payload.first(sizes[i]));
    if (!truth) return std::nullopt;
    out.earlier[i].truth = *truth;
    payload = payload.subspan(sizes[i]);
  }
  const auto truth = Truth::read(payload);
  if (!truth) return std::nullopt;
  out.truth = *truth;
  return out;
}

}  // namespace

std::optional<Sound> Sound::read(const SoundTypes& types, const rtc::rtp::PacketView& packet) {
  if (types.red != 0 && packet.payload_type() == types.red) {
    return read_red(types.opus, packet.payload());
  }
  if (packet.payload_type() != types.opus) return std::nullopt;
  Sound out;
  if (std::ranges::equal(packet.payload(), kSilence)) {
    out.silence = true;
    return out;
  }
  const auto truth = Truth::read(packet.payload());
  if (!truth) return std::nullopt;
  out.truth = *truth;
  return out;
}

bool Sound::coherent() const {
  uint32_t before = UINT32_MAX;  // the oldest comes first
  return std::ranges::all_of(earlier, [&](const Earlier& each) {
    const int64_t ticks =
        (truth.captured_us - each.truth.captured_us) * kTicksPerSecond / 1'000'000;
    const bool ordered = each.ticks_before < before && each.ticks_before > 0;
    before = each.ticks_before;
    // Clocks are whole ticks.
    return ordered && each.truth.source == truth.source &&
           std::abs(ticks - static_cast<int64_t>(each.ticks_before)) <= 1;
  });
}

size_t SilenceRuns::add(uint16_t sequence) {
  sequences_.insert(sequence);
  size_t run = 1;
  for (const int step : {-1, 1}) {
    auto next = static_cast<uint16_t>(sequence + step);
    for (; sequences_.contains(next) && run < sequences_.size(); ++run) {
      next = static_cast<uint16_t>(next + step);
    }
  }
  return run;
}

}  // namespace turms::sim
