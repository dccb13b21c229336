#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/time.h"

namespace turms::sfu {

/// What the selection remembers of one microphone. Kept by its owner.
struct Microphone {
  float level = 127;  // −dBov of what is above the floor, smoothed: pauses do not count
  uint8_t loud_packets = 0;
  bool selected = false;
  bool pinned = false;  // always selected, besides the others
  TimePoint admitted;
  TimePoint last_loud;
};

/// Which microphones of a room are forwarded: at most `count` and the pinned ones. One that is free
/// to be taken goes to whoever comes, silent or not, so a room with no more microphones than that
/// loses nothing. Beyond, two packets in a row above the floor admit a microphone in place of the
/// quietest that has been silent for kHold, or of one that is kLouder below it and has had its
/// kHold. A packet costs O(count) at most, whoever listens.
class AudioSelector {
 public:
  static constexpr uint8_t kFloor = 50;  // −dBov
  static constexpr int kAdmitPackets = 2;
  static constexpr Duration kHold = 1500ms;
  static constexpr float kLouder = 6;  // dB
  static constexpr float kSmoothing = 0.5F;

  /// 0: all.
  explicit AudioSelector(size_t count) : count_(count) {}

  /// A packet of `microphone` with this level (−dBov): is it forwarded?
  bool on_packet(TimePoint now, Microphone& microphone, uint8_t level);
  /// It is muted, removed, or about to be freed: its place is free.
  void remove(Microphone& microphone);

 private:
  void admit(TimePoint now, Microphone& microphone);
  [[nodiscard]] size_t replaceable(TimePoint now, const Microphone& challenger) const;

  size_t count_;
  std::vector<Microphone*> selected_;  // without the pinned
};

}  // namespace turms::sfu
