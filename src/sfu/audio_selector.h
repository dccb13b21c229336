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
  bool live = false;
  bool selected = false;
  bool always = false;    // forwarded besides the others, and not one of them
  bool dominant = false;  // keeps its place while it speaks, whoever is louder
  TimePoint admitted;
  TimePoint last_loud;
};

/// Which microphones of a room are forwarded. While no more than `count` are live, all of them are,
/// silent or not: nothing is lost in a small meeting. Beyond, only those that speak, at most
/// `count`: two packets in a row above the floor admit one, kHold of silence ends it. When all
/// places are taken, it takes that of one that is kLouder below it and has had its kHold. A packet
/// costs O(count) at most, whoever listens.
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
  void dismiss(Microphone& microphone);
  [[nodiscard]] Microphone* replaceable(TimePoint now, const Microphone& challenger) const;

  size_t count_;
  size_t live_ = 0;  // with packets since they were added or unmuted
  std::vector<Microphone*> selected_;
};

}  // namespace turms::sfu
