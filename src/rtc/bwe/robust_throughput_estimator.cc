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

void RobustThroughputEstimator::Gaps::add(Duration gap) {
  if (gap > largest) {
    seconds = largest == second ? seconds + 1 : 1;
    second = std::exchange(largest, gap);
  } else if (gap > second) {
    second = gap;
    seconds = 1;
  } else if (gap == second) {
    ++seconds;
  }
}

bool RobustThroughputEstimator::Gaps::remove(Duration gap) {
  if (gap < second) return true;
  // One that is as large as the second stays, whichever of them it is.
  return gap == second && --seconds > 0;
}

void RobustThroughputEstimator::add(const PacketResult& packet) {
  if (size_ == kCapacity) drop_first();
  if (size_ == window_.size()) grow();
  const Packet added{packet.sent, packet.received, packet.size + packet.untracked};
  at(size_++) = added;
  bytes_ += added.size;
  const bool arrived_in_order = size_ == 1 || added.received >= at(size_ - 2).received;
  if (!arrived_in_order) {
    // Feedback has overtaken feedback.
    for (size_t i = size_ - 1; i > 0 && at(i).received < at(i - 1).received; --i) {
      std::swap(at(i), at(i - 1));
    }
    stale_ = true;
  } else if (size_ > 1) {
    gaps_.add(added.received - at(size_ - 2).received);
  }
  if (!arrived_in_order || added.sent < newest_sent_) disordered_ = size_;
  if (added.sent > newest_sent_) {
    newest_sent_ = added.sent;
    newest_size_ = added.size;
  }
  if (at(size_ - 1).received - packet.received > kMaxReordering) start_again();
}

void RobustThroughputEstimator::grow() {
  std::vector<Packet> larger(std::max(2 * window_.size(), kFirstCapacity));
  for (size_t i = 0; i < size_; ++i) larger[i] = at(i);
  window_ = std::move(larger);
  first_ = 0;
}

void RobustThroughputEstimator::start_again() {
  size_ = 0;
  bytes_ = 0;
  gaps_ = {};
  stale_ = false;
  disordered_ = 0;
  newest_sent_ = latest_dropped_sent_ = TimePoint::min();
}

void RobustThroughputEstimator::drop_first() {
  const Packet& first = at(0);
  latest_dropped_sent_ = std::max(latest_dropped_sent_, first.sent);
  bytes_ -= first.size;
  if (size_ > 1 && !gaps_.remove(at(1).received - first.received)) stale_ = true;
  if (disordered_ > 0) --disordered_;
  first_ = (first_ + 1) & (window_.size() - 1);
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
  if (std::exchange(stale_, false)) {
    gaps_ = {};
    for (size_t i = 1; i < size_; ++i) gaps_.add(at(i).received - at(i - 1).received);
  }
  Sums sums;
  const Duration span = at(size_ - 1).received - at(0).received;
  sums.time = std::max<Duration>(span - gaps_.largest + gaps_.second, 1ms);
  sums.bytes = bytes_ - at(0).size;
  sums.packets = size_;
  return sums;
}

/// Without the size of the last packet: it left at the end of the time measured. Packets sent
/// before one that already left the window were overtaken, and would stretch the time.
RobustThroughputEstimator::Sums RobustThroughputEstimator::sent_sums() const {
  const bool in_order = disordered_ == 0 && at(0).sent < newest_sent_;
  if (!in_order) return sent_sums_by_scan();
  return {size_, std::max<Duration>(newest_sent_ - at(0).sent, 1ms), bytes_ - newest_size_};
}

RobustThroughputEstimator::Sums RobustThroughputEstimator::sent_sums_by_scan() const {
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
