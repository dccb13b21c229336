#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/bytes.h"
#include "base/random.h"
#include "base/time.h"
#include "rtc/parameters.h"

namespace turms::loadgen {

/// One size of a camera's picture.
struct Layer {
  const char* rid = "";  // empty: the only one
  uint32_t width = 0;
  uint32_t height = 0;
  uint32_t bits_per_second = 0;
  uint32_t frames_per_second = 30;
};
/// What livekit-client sends of a 720p camera, smallest first.
std::span<const Layer> simulcast_layers();
/// 2.3 Mbit/s in one layer: eight equal packets for each of 30 frames.
std::span<const Layer> single_layer();

/// A stream of packets that a publisher sends: an encoding of a camera, or a microphone. Sizes vary
/// as those of a real-time encoder do, with key frames of several times the size.
struct Encoding {
  const Layer* layer = nullptr;  // none: sound
  rtc::Ssrc ssrc;
  bool enabled = true;  // somebody wants it
  uint16_t sequence = 0;
  uint32_t timestamp = 0;
  uint32_t picture = 0;
  uint8_t tl0 = 0;
  uint64_t packets = 0;
  uint64_t octets = 0;
  bool key_frame_wanted = true;

  [[nodiscard]] Duration interval() const;
};

/// One frame, to be cut into `packets` of nearly the same size.
struct Frame {
  bool key = false;
  uint8_t temporal = 0;  // 0 to 2, as 0 2 1 2
  size_t packets = 1;
  size_t payload = 0;  // bytes of each
};
/// The encoding's next one. Moves its timestamp and its numbers.
Frame next_frame(Encoding& encoding, Rng& rng);
/// Writes the VP8 descriptor of packet `index` of the frame (RFC 7741), and of the first packet the
/// frame's head (RFC 6386 section 9.1).
void write_vp8(const Encoding& encoding, const Frame& frame, size_t index, MutableByteView payload);

/// Who talks in a room, when: `talkers` at a time, each for a few seconds.
bool talks(TimePoint now, size_t room, size_t member, size_t members, size_t talkers);

}  // namespace turms::loadgen
