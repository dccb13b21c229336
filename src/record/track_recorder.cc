#include "record/track_recorder.h"

#include <algorithm>
#include <utility>

#include "rtc/rtcp/packets.h"
#include "rtc/rtp/packet.h"

namespace turms::record {

TrackRecorder::TrackRecorder(rtc::MediaKind kind, std::vector<rtc::CodecParameters> codecs)
    : kind_(kind),
      codecs_(std::move(codecs)),
      clock_(kind == rtc::MediaKind::kAudio ? 48'000 : 90'000) {}

std::optional<rtc::Codec> TrackRecorder::codec_of(uint8_t payload_type) const {
  const auto it = std::ranges::find(codecs_, payload_type, &rtc::CodecParameters::payload_type);
  if (it == codecs_.end()) return std::nullopt;
  return it->codec;
}

void TrackRecorder::receive(const media::PacketQueue::Packet& packet,
                            std::vector<TimedFrame>& out) {
  if (packet.kind == sfu::PacketKind::kRtp) {
    receive_rtp(packet.data, packet.time, out);
  } else {
    receive_rtcp(packet.data, packet.time);
  }
}

void TrackRecorder::receive_rtp(ByteView data, TimePoint arrival, std::vector<TimedFrame>& out) {
  const auto packet = rtc::rtp::PacketView::parse(data);
  if (!packet) return;
  if (!packet->payload().empty()) {
    const auto codec = codec_of(packet->payload_type());
    if (!codec || is_audio(*codec) != (kind_ == rtc::MediaKind::kAudio)) {
      ++dropped_;
      return;
    }
    if (codec_ != *codec) {
      // Another codec begins with a key frame of its own; numbers and times go on.
      drain(arrival + ReorderBuffer::kPatience, out);
      codec_ = *codec;
      if (kind_ == rtc::MediaKind::kVideo) {
        dropped_ += video_ ? video_->dropped() : 0;
        video_.emplace(*codec);
      }
    }
    last_arrival_ = arrival;
    newest_rtp_ = newest_rtp_ ? *newest_rtp_ + packet->timestamp().distance_from(newest_rtp_number_)
                              : int64_t{packet->timestamp().value};
    newest_rtp_number_ = packet->timestamp();
    clock_.on_packet(*newest_rtp_, arrival);
  }
  reorder_.add(*packet, arrival);
  drain(arrival, out);
}

void TrackRecorder::receive_rtcp(ByteView data, TimePoint arrival) {
  rtc::rtcp::Reader reader(data);
  while (const auto packet = reader.next()) {
    if (packet->kind() != rtc::rtcp::Kind::kSenderReport || !newest_rtp_) continue;
    // Made when it left the room: its time is that of the queue, which all tracks share.
    const auto report = rtc::rtcp::sender_info(*packet);
    clock_.on_report(*newest_rtp_ + report.rtp_time.distance_from(newest_rtp_number_), arrival);
  }
}

void TrackRecorder::drain(TimePoint now, std::vector<TimedFrame>& out) {
  while (const auto next = reorder_.next(now)) take(*next, out);
}

void TrackRecorder::take(const ReorderBuffer::Next& next, std::vector<TimedFrame>& out) {
  if (kind_ == rtc::MediaKind::kAudio) {
    frames_.clear();
    if (!next.packet.payload.empty()) audio_.add(next.packet, frames_);
    for (Frame& frame : frames_) put(std::move(frame), out);
    return;
  }
  if (!video_) return;
  if (auto frame = video_->add(next.packet, next.gap)) {
    if (frame->key_frame) key_frame_at_ = next.packet.arrival;
    put(std::move(*frame), out);
  }
}

void TrackRecorder::put(Frame frame, std::vector<TimedFrame>& out) {
  // Players want ascending times: what the clock takes back is spread out again.
  const TimePoint time = std::max(*clock_.at(frame.rtp_time), last_time_ + 1ms);
  last_time_ = time;
  out.push_back({std::move(frame), *codec_, time});
}

void TrackRecorder::tick(TimePoint now, std::vector<TimedFrame>& out) {
  drain(now, out);
  if (kind_ != rtc::MediaKind::kAudio || !audio_.end() || now - last_arrival_ < kSilentAfter)
    return;
  frames_.clear();
  if (const auto until = clock_.rtp_at(now - kSilenceLag)) audio_.fill(*until, frames_);
  for (Frame& frame : frames_) put(std::move(frame), out);
}

bool TrackRecorder::take_key_frame_request(TimePoint now) {
  if (kind_ != rtc::MediaKind::kVideo || !video_) return false;
  const bool due = video_->needs_key_frame() || key_frame_at_ + kKeyFrameInterval <= now;
  if (!due || asked_at_ + kAskAgain > now) return false;
  asked_at_ = now;
  return true;
}

}  // namespace turms::record
