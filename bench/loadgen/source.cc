#include "bench/loadgen/source.h"

#include <algorithm>
#include <array>

namespace turms::loadgen {
namespace {

constexpr size_t kMaxPayload = 1160;
constexpr size_t kVp8Descriptor = 6;
constexpr double kKeyFrame = 6;     // times an ordinary frame
constexpr double kVariation = 0.3;  // of a frame's size, either way
constexpr Duration kTalk = std::chrono::milliseconds(2500);
// Temporal layers as 0 2 1 2: what frames of each take of the rate, by an encoder's habit.
constexpr std::array<uint8_t, 4> kTemporal = {0, 2, 1, 2};
constexpr std::array<double, 3> kShare = {1.6, 1.2, 0.6};

}  // namespace

std::span<const Layer> simulcast_layers() {
  static constexpr std::array<Layer, 3> kLayers = {{{"q", 320, 180, 160'000, 20},
                                                    {"h", 640, 360, 450'000, 20},
                                                    {"f", 1280, 720, 1'700'000, 30}}};
  return kLayers;
}

std::span<const Layer> single_layer() {
  static constexpr std::array<Layer, 1> kLayers = {{{"", 1280, 720, 2'300'000, 30}}};
  return kLayers;
}

Duration Encoding::interval() const {
  if (layer == nullptr) return std::chrono::milliseconds(20);
  return Duration(std::chrono::seconds(1)) / layer->frames_per_second;
}

Frame next_frame(Encoding& encoding, Rng& rng) {
  const Layer& layer = *encoding.layer;
  Frame frame;
  frame.key = encoding.key_frame_wanted;
  encoding.key_frame_wanted = false;
  encoding.timestamp += 90'000 / layer.frames_per_second;
  if (layer.rid[0] == '\0') {
    ++encoding.picture;
    frame.packets = 8;
    frame.payload = kMaxPayload;
    return frame;
  }
  encoding.picture = frame.key ? (encoding.picture | 3) + 1 : encoding.picture + 1;
  frame.temporal = kTemporal[encoding.picture % 4];
  if (frame.temporal == 0) ++encoding.tl0;
  const double usual = layer.bits_per_second / 8.0 / layer.frames_per_second;
  const double factor = frame.key ? kKeyFrame : kShare[frame.temporal];
  const double vary = 1 + kVariation * (static_cast<double>(rng.below(2001)) / 1000.0 - 1);
  const auto bytes = static_cast<size_t>(std::max(usual * factor * vary, 60.0));
  frame.packets = (bytes + kMaxPayload - kVp8Descriptor - 1) / (kMaxPayload - kVp8Descriptor);
  frame.payload = bytes / frame.packets + kVp8Descriptor;
  return frame;
}

void write_vp8(const Encoding& encoding, const Frame& frame, size_t index,
               MutableByteView payload) {
  const bool layered = encoding.layer->rid[0] != '\0';
  // X and S in the descriptor; I, L and T in its extension; a 15-bit picture id.
  payload[0] = static_cast<uint8_t>(0x80 | (index == 0 ? 0x10 : 0));
  payload[1] = layered ? 0xE0 : 0x80;
  store_be16(&payload[2], static_cast<uint16_t>(0x8000 | (encoding.picture & 0x7fff)));
  size_t at = 4;
  if (layered) {
    payload[4] = encoding.tl0;
    const uint32_t place = encoding.picture % 4;
    const bool sync = place == 1 || place == 2;  // Y: depends on the base layer only
    payload[5] = static_cast<uint8_t>(frame.temporal << 6 | (sync ? 0x20 : 0));
    at = kVp8Descriptor;
  }
  if (index != 0) return;
  payload[at] = frame.key ? 0x10 : 0x11;
  payload[at + 1] = payload[at + 2] = 0;
  if (!frame.key) return;
  const auto width = static_cast<uint16_t>(encoding.layer->width);
  const auto height = static_cast<uint16_t>(encoding.layer->height);
  const std::array<uint8_t, 7> start{0x9d,
                                     0x01,
                                     0x2a,
                                     static_cast<uint8_t>(width),
                                     static_cast<uint8_t>(width >> 8),
                                     static_cast<uint8_t>(height),
                                     static_cast<uint8_t>(height >> 8)};
  std::copy(start.begin(), start.end(), payload.begin() + static_cast<ptrdiff_t>(at) + 3);
}

bool talks(TimePoint now, size_t room, size_t member, size_t members, size_t talkers) {
  if (members == 0) return false;
  // Turns of rooms are not in step.
  const Duration phase = kTalk * static_cast<int64_t>(room % 16) / 16;
  const auto turn = static_cast<size_t>((now.time_since_epoch() + phase) / kTalk);
  return (member + members - turn % members) % members < talkers;
}

}  // namespace turms::loadgen
