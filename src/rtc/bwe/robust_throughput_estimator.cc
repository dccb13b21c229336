#include "rtc/bwe/robust_throughput_estimator.h"

#include <algorithm>
#include <utility>

namespace turms::rtc::bwe {

void RobustThroughputEstimator::on_feedback(PacketResults received) {
  for (const PacketResult& packet : received) {
    if (packet.is_received()) add(packet);
  }
  while (first_is_outside()) drop_first();
}

void RobustThroughputEstimator::add(const PacketResult& packet) {
  if (size_ == kCapacity) drop_first();
  at(size_++) = {packet.sent, packet.received, packet.size + packet.untracked};
  // Nearly always in order already; feedback may overtake feedback.
  for (size_t i = size_ - 1; i > 0 && at(i).received < at(i - 1).received; --i) {
    std::swap(at(i), at(i - 1));
  }
  if (at(size_ - 1).received - packet.received > kMaxReordering) {
    size_ = 0;
    latest_dropped_sent_ = TimePoint::min();
  }
}

void RobustThroughputEstimator::drop_first() {
  latest_dropped_sent_ = std::max(latest_dropped_sent_, at(0).sent);
  first_ = (first_ + 1) % kCapacity;
  --size_;
}

bool RobustThroughputEstimator::first_is_outside() const {
  if (size_ == 0) return false;
  if (size_ > kMaxPackets) return true;
  const Duration span = at(size_ - 1).received - at(0).received;
  return span > kMaxWindow || (size_ > kWindowPackets && span > min_window_);
}

std::optional<Bitrate> RobustThroughputEstimator::rate() const {
  if (size_ < kRequiredPackets) return std::nullopt;
  const Sums received = received_sums();
  const Bitrate receive_rate = rate_of(received.bytes, received.time);
  const Sums sent = sent_sums();
  if (sent.packets < kRequiredPackets) return receive_rate;
  return std::min(rate_of(sent.bytes, sent.time), receive_rate);
}

/// Without the size of the first packet: it arrived at the start of the time measured.
RobustThroughputEstimator::Sums RobustThroughputEstimator::received_sums() const {
  Sums sums;
  Duration largest{};
  Duration second{};
  for (size_t i = 1; i < size_; ++i) {
    sums.bytes += at(i).size;
    const Duration gap = at(i).received - at(i - 1).received;
    if (gap > largest) {
      second = std::exchange(largest, gap);
    } else {
      second = std::max(second, gap);
    }
  }
  const Duration span = at(size_ - 1).received - at(0).received;
  sums.time = std::max<Duration>(span - largest + second, 1ms);
  sums.packets = size_;
  return sums;
}

/// Without the size of the last packet: it left at the end of the time measured. Packets sent
/// before one that already left the window were overtaken, and would stretch the time.
RobustThroughputEstimator::Sums RobustThroughputEstimator::sent_sums() const {
  Sums sums;
  TimePoint first = TimePoint::max();
  TimePoint last = TimePoint::min();
  int64_t last_size = 0;
  for (size_t i = 0; i < size_; ++i) {
    const Packet& packet = at(i);
    if (packet.sent < latest_dropped_sent_) continue;
    if (packet.sent > last) {
      last = packet.sent;
      last_size = packet.size;
    }
    first = std::min(first, packet.sent);
    sums.bytes += packet.size;
    ++sums.packets;
  }
  if (sums.packets == 0) return sums;
  sums.bytes -= last_size;
  sums.time = std::max<Duration>(last - first, 1ms);
  return sums;
}

}  // namespace turms::rtc::bwe
