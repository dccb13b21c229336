#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "rtc/bwe/bitrate.h"
#include "rtc/bwe/packet_result.h"

namespace turms::rtc::bwe {

/// Rate that got through over the last second (libwebrtc goog_cc, RobustThroughputEstimator). One
/// gap of arrivals is left out, so that a path that stops for a moment does not look slow; never
/// above what was sent.
///
/// Bounds: kMaxPackets, oldest out first, and kMaxWindow.
class RobustThroughputEstimator {
 public:
  static constexpr size_t kRequiredPackets = 10;
  static constexpr size_t kWindowPackets = 20;
  static constexpr size_t kMaxPackets = 500;
  static constexpr Duration kMaxWindow = 5s;
  /// Arrivals this far behind the newest mean that the receiver's clock moved: start again.
  static constexpr Duration kMaxReordering = 1s;

  explicit RobustThroughputEstimator(Duration min_window = 1s) : min_window_(min_window) {}

  /// `received`: received packets in order of arrival.
  void on_feedback(PacketResults received);
  [[nodiscard]] std::optional<Bitrate> rate() const;

 private:
  static constexpr size_t kCapacity = 512;
  static_assert(kCapacity > kMaxPackets + 1 && (kCapacity & (kCapacity - 1)) == 0);

  struct Packet {
    TimePoint sent{};
    TimePoint received{};
    int64_t size = 0;
  };
  struct Sums {
    size_t packets = 0;
    Duration time{};
    int64_t bytes = 0;
  };
  [[nodiscard]] Packet& at(size_t i) { return window_[(first_ + i) % kCapacity]; }
  [[nodiscard]] const Packet& at(size_t i) const { return window_[(first_ + i) % kCapacity]; }
  void add(const PacketResult& packet);
  void drop_first();
  [[nodiscard]] bool first_is_outside() const;
  [[nodiscard]] Sums received_sums() const;
  [[nodiscard]] Sums sent_sums() const;

  Duration min_window_;
  std::array<Packet, kCapacity> window_;
  size_t first_ = 0;
  size_t size_ = 0;
  TimePoint latest_dropped_sent_ = TimePoint::min();
};

}  // namespace turms::rtc::bwe
