#include "record/video_frames.h"

namespace turms::record {

std::optional<Frame> VideoFrames::complete() {
  const int64_t time = *time_;
  time_.reset();
  std::optional<Frame> frame;
  if (!broken_) frame = depacketizer_->finish();
  if (!frame || (needs_key_ && !frame->key_frame)) {
    ++dropped_;
    needs_key_ = true;
    return std::nullopt;
  }
  needs_key_ = false;
  frame->rtp_time = time;
  return frame;
}

std::optional<Frame> VideoFrames::add(const TrackPacket& packet, bool gap) {
  if (gap) {
    // What is missing may have been the end of this frame, whole others, the beginning of the next.
    if (time_) ++dropped_;
    time_.reset();
    needs_key_ = true;
  }
  if (packet.payload.empty()) return std::nullopt;
  std::optional<Frame> done;
  if (time_ && *time_ != packet.rtp_time) done = complete();
  if (!time_) {
    time_ = packet.rtp_time;
    broken_ = false;
    depacketizer_->begin();
  }
  if (!broken_ && !depacketizer_->add(packet.payload)) broken_ = true;
  // Should a frame have ended without a marker and the next be of one packet, that one waits for
  // the packet after it.
  if (packet.marker && !done) done = complete();
  return done;
}

}  // namespace turms::record
