#pragma once

#include <memory>
#include <optional>

#include "record/depacketizer.h"
#include "record/reorder_buffer.h"

namespace turms::record {

/// From the packets of a video stream, in order, to the frames that can be decoded: whole ones,
/// from a key frame on, and none after a loss until the next key frame. Sans-IO, one thread.
class VideoFrames {
 public:
  explicit VideoFrames(rtc::Codec codec) : depacketizer_(make_depacketizer(codec)) {}

  /// `gap`: packets before it are missing. The frame that it completes, if any.
  std::optional<Frame> add(const TrackPacket& packet, bool gap);
  /// Nothing can be decoded until a key frame comes: the publisher should be asked for one.
  [[nodiscard]] bool needs_key_frame() const { return needs_key_; }
  [[nodiscard]] uint64_t dropped() const { return dropped_; }

 private:
  std::optional<Frame> complete();

  std::unique_ptr<Depacketizer> depacketizer_;
  std::optional<int64_t> time_;  // of the frame being gathered
  bool broken_ = false;          // it is of no use
  bool needs_key_ = true;
  uint64_t dropped_ = 0;
};

}  // namespace turms::record
