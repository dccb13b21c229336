#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <utility>

#include "rtc/bwe/bitrate.h"
#include "rtc/bwe/packet_result.h"

namespace turms::rtc::bwe {

/// What a path carries while a queue stands on it: its bottleneck never rests then, so that what
/// arrives within a tenth of a second is its capacity. A mean over a second, as estimates go by
/// otherwise, still contains what was before the change.
///
/// Bounds: kWindow, and the newest kCapacity packets.
class BottleneckRate {
 public:
  static constexpr Duration kStanding = 20ms;
  static constexpr Duration kWindow = 300ms;
  static constexpr Duration kMinSpan = 60ms;
  static constexpr size_t kMinPackets = 6;
  static constexpr size_t kCapacity = 256;
  /// A queue this high that grows by a quarter of the time that passes is a capacity that fell.
  static constexpr Duration kSudden = 80ms;
  /// What pairs tell of: a while, or the time in which a queue grew.
  static constexpr Duration kPairMemory = 6s;
  static constexpr Duration kPairsNow = 300ms;

  /// `queue`: PathDelay::queue() after `received`, packets in order of arrival.
  void on_feedback(Duration queue, PacketResults received);
  /// Nothing: no queue stands, or it has not been seen for long enough.
  [[nodiscard]] std::optional<Bitrate> rate() const { return rate_; }
  /// How fast packets follow each other that were sent as one: the median of lately. Other traffic
  /// does not slow it.
  [[nodiscard]] std::optional<Bitrate> pairs(Duration lately = kPairMemory) const;
  /// Far more is sent than gets through, as many packets in a row say. One gap alone, as of a path
  /// that became longer or stood still for a moment, does not count.
  [[nodiscard]] bool sudden() const { return sudden_; }

 private:
  static constexpr size_t kPairs = 16;
  static constexpr size_t kLeastPairs = 3;
  static constexpr Duration kAsOne = 1ms;
  static constexpr int32_t kPairSize = 300;

  void note_pairs(PacketResults received);

  struct Packet {
    TimePoint sent{};
    TimePoint received{};
    int64_t size = 0;
  };

  std::array<Packet, kCapacity> packets_;
  size_t newest_ = 0;
  size_t size_ = 0;
  std::optional<PacketResult> before_;  // the newest of the last message
  std::array<std::pair<TimePoint, Bitrate>, kPairs> pairs_;
  size_t next_pair_ = 0;
  std::optional<Bitrate> rate_;
  bool sudden_ = false;
};

}  // namespace turms::rtc::bwe
