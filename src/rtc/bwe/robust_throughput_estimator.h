#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "rtc/bwe/bitrate.h"
#include "rtc/bwe/packet_result.h"

namespace turms::rtc::bwe {

/// Rate that got through over the last second (libwebrtc goog_cc, RobustThroughputEstimator). One
/// gap of arrivals is left out, so that a path that stops for a moment does not look slow; never
/// above what was sent.
///
/// Feedback costs its own packets: sums are kept, and reckoned anew only where order was lost.
///
/// Bounds: kMaxPackets, oldest out first, and kMaxWindow. Allocates while the rate grows.
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
  // Powers of two.
  static constexpr size_t kFirstCapacity = 64;
  static constexpr size_t kCapacity = 512;
  static_assert(kCapacity > kMaxPackets + 1);

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
  /// The two largest between arrivals.
  struct Gaps {
    Duration largest{};
    Duration second{};
    int seconds = 0;  // so many are as large as the second
    void add(Duration gap);
    /// False: what is left of them is not known.
    bool remove(Duration gap);
  };
  [[nodiscard]] Packet& at(size_t i) { return window_[(first_ + i) & (window_.size() - 1)]; }
  [[nodiscard]] const Packet& at(size_t i) const {
    return window_[(first_ + i) & (window_.size() - 1)];
  }
  void add(const PacketResult& packet);
  void grow();
  void drop_first();
  void start_again();
  [[nodiscard]] bool first_is_outside() const;
  [[nodiscard]] Sums received_sums() const;
  [[nodiscard]] Sums sent_sums() const;
  [[nodiscard]] Sums sent_sums_by_scan() const;

  Duration min_window_;
  std::vector<Packet> window_;
  size_t first_ = 0;
  size_t size_ = 0;
  TimePoint latest_dropped_sent_ = TimePoint::min();
  int64_t bytes_ = 0;  // of all in the window
  mutable Gaps gaps_;  // of the window, unless stale
  mutable bool stale_ = false;
  size_t disordered_ = 0;  // so many from the front on may not be in the order they were sent
  TimePoint newest_sent_ = TimePoint::min();
  int64_t newest_size_ = 0;  // of the first packet sent then
};

}  // namespace turms::rtc::bwe
