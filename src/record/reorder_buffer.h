#pragma once

#include <map>
#include <optional>

#include "base/time.h"
#include "record/frame.h"
#include "rtc/rtp/packet.h"

namespace turms::record {

/// One RTP packet of a track, with its numbers unwrapped. No payload: padding, or a place that was
/// kept for what never came.
struct TrackPacket {
  int64_t sequence = 0;
  int64_t rtp_time = 0;
  bool marker = false;
  TimePoint arrival;
  Bytes payload;
};

/// Puts the packets of one stream in order. What is missing is waited for while the room asks its
/// publisher again (kPatience), at most kMaxPackets and kMaxBytes of later ones; then it is given
/// up.
class ReorderBuffer {
 public:
  /// sfu::LossTracker gives a packet up after a second.
  static constexpr Duration kPatience = 1200ms;
  static constexpr size_t kMaxPackets = 2048;
  static constexpr size_t kMaxBytes = 4 * 1024 * 1024;

  void add(const rtc::rtp::PacketView& packet, TimePoint arrival);

  struct Next {
    TrackPacket packet;
    bool gap = false;  // something is missing before it
  };
  /// The next packet in order, if it is there or the one before was given up.
  std::optional<Next> next(TimePoint now);

  [[nodiscard]] uint64_t lost() const { return lost_; }
  [[nodiscard]] size_t waiting() const { return packets_.size(); }

 private:
  rtc::rtp::SeqUnwrapper sequences_;
  rtc::rtp::TimeUnwrapper times_;
  std::map<int64_t, TrackPacket> packets_;
  size_t bytes_ = 0;
  std::optional<int64_t> expected_;
  uint64_t lost_ = 0;
};

}  // namespace turms::record
