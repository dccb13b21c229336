#pragma once

#include <optional>
#include <vector>

#include "media/packet_queue.h"
#include "record/media_clock.h"
#include "record/opus_frames.h"
#include "record/reorder_buffer.h"
#include "record/video_frames.h"
#include "rtc/parameters.h"

namespace turms::record {

struct TimedFrame {
  Frame frame;
  rtc::Codec codec = rtc::Codec::kOpus;
  TimePoint time;  // on the process's line; ascending
};

/// One track of a room, from what a subscription's queue holds to frames on the time line. Sans-IO,
/// one thread. Bounded by its ReorderBuffer and one frame.
class TrackRecorder {
 public:
  /// A key frame is asked for again as long as one is missing.
  static constexpr Duration kAskAgain = 1s;
  /// And from time to time besides, so that the file can be sought in.
  static constexpr Duration kKeyFrameInterval = 20s;
  /// Sound that stays away so long is silence: packets of pauses come each 400 ms.
  static constexpr Duration kSilentAfter = 1500ms;
  static constexpr Duration kSilenceLag = 500ms;

  /// `codecs`: what the payload types of the packets mean.
  TrackRecorder(rtc::MediaKind kind, std::vector<rtc::CodecParameters> codecs);

  /// Appends what the packet completes.
  void receive(const media::PacketQueue::Packet& packet, std::vector<TimedFrame>& out);
  /// Time passes: what was waited for is given up, pauses are filled.
  void tick(TimePoint now, std::vector<TimedFrame>& out);
  /// True: ask the publisher for a key frame now.
  bool take_key_frame_request(TimePoint now);

  [[nodiscard]] uint64_t lost_packets() const { return reorder_.lost(); }
  [[nodiscard]] uint64_t dropped_frames() const {
    return dropped_ + (video_ ? video_->dropped() : 0);
  }
  [[nodiscard]] const MediaClock& clock() const { return clock_; }

 private:
  void receive_rtp(ByteView data, TimePoint arrival, std::vector<TimedFrame>& out);
  void receive_rtcp(ByteView data, TimePoint arrival);
  void drain(TimePoint now, std::vector<TimedFrame>& out);
  void take(const ReorderBuffer::Next& next, std::vector<TimedFrame>& out);
  void put(Frame frame, std::vector<TimedFrame>& out);
  [[nodiscard]] std::optional<rtc::Codec> codec_of(uint8_t payload_type) const;

  const rtc::MediaKind kind_;
  const std::vector<rtc::CodecParameters> codecs_;
  std::optional<rtc::Codec> codec_;  // of what comes now
  ReorderBuffer reorder_;
  MediaClock clock_;
  std::optional<VideoFrames> video_;
  OpusFrames audio_;
  std::vector<Frame> frames_;
  TimePoint last_time_{};
  TimePoint last_arrival_;
  TimePoint asked_at_ = TimePoint::min();
  TimePoint key_frame_at_ = TimePoint::min();
  std::optional<int64_t> newest_rtp_;
  rtc::rtp::RtpTime newest_rtp_number_;
  uint64_t dropped_ = 0;
};

}  // namespace turms::record
