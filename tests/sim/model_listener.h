#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "rtc/rtcp/packets.h"
#include "rtc/rtp/packet.h"
#include "sim/synthetic_media.h"

namespace turms::sim {

/// A browser's receive side for one stream of sound: takes RED apart, asks again for what is
/// missing while it is of use, reports. What it heard is judged by the truth inside.
class ModelListener {
 public:
  using SendRtcp = std::function<void(MutableByteView)>;
  struct Options {
    bool nack = false;
    /// From capture to playing: what comes later is concealed.
    Duration playout = 300ms;
    Duration report_interval = 1s;
  };

  ModelListener(rtc::Ssrc ssrc, Options options, SendRtcp send)
      : ssrc_(ssrc), options_(options), send_(std::move(send)) {}

  void on_rtp(TimePoint now, const rtc::rtp::PacketView& packet);
  void on_sender_report(TimePoint now, const rtc::rtcp::SenderInfo& info);
  /// About every 10 ms.
  void poll(TimePoint now);
  void report(TimePoint now);

  /// Share of the frames `captured`, from `begin` to before `end`, that were not there when they
  /// were to be played.
  [[nodiscard]] double concealed(const std::vector<TimePoint>& captured, TimePoint begin,
                                 TimePoint end) const;
  /// Frames by number, and when they were there first.
  [[nodiscard]] const std::map<uint32_t, TimePoint>& heard() const { return heard_; }
  /// Sequence numbers as they came, without repetitions.
  [[nodiscard]] const std::vector<int64_t>& sequences() const { return sequences_; }
  /// RTP times of the packets with those numbers.
  [[nodiscard]] const std::vector<uint32_t>& timestamps() const { return timestamps_; }
  [[nodiscard]] uint64_t red_packets() const { return red_packets_; }
  [[nodiscard]] uint64_t plain_packets() const { return plain_packets_; }
  /// Redundant blocks in the newest packet of RED.
  [[nodiscard]] size_t distance() const { return distance_; }
  [[nodiscard]] bool newest_is_red() const { return newest_is_red_; }
  [[nodiscard]] const Options& options() const { return options_; }

 private:
  struct Missing {
    TimePoint noticed;
    TimePoint asked;
    int tries = 0;
  };

  void take(TimePoint now, ByteView frame);

  rtc::Ssrc ssrc_;
  Options options_;
  SendRtcp send_;
  std::map<uint32_t, TimePoint> heard_;
  rtc::rtp::SeqUnwrapper unwrapper_;
  std::optional<int64_t> first_;
  int64_t highest_ = 0;
  std::map<int64_t, Missing> missing_;
  std::vector<int64_t> sequences_;
  std::vector<uint32_t> timestamps_;
  uint64_t received_ = 0;
  uint64_t received_at_report_ = 0;
  int64_t highest_at_report_ = 0;
  uint64_t red_packets_ = 0;
  uint64_t plain_packets_ = 0;
  size_t distance_ = 0;
  bool newest_is_red_ = false;
  std::optional<rtc::rtcp::SenderInfo> last_report_;
  TimePoint last_report_time_;
};

}  // namespace turms::sim
