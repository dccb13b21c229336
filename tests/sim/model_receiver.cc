#include "sim/model_receiver.h"

#include <fmt/format.h>

namespace turms::sim {

using rtc::rtp::SeqNum;

namespace {
constexpr size_t kMaxFaults = 5;
constexpr rtc::Ssrc kReceiver{0xABCD};
/// Forgotten: far more than the patience lets anything wait.
constexpr int64_t kWindow = 4000;
}  // namespace

void ModelReceiver::fault(std::string what) {
  if (faults_.size() < kMaxFaults) faults_.push_back(name_ + ": " + std::move(what));
}

void ModelReceiver::on_rtp(TimePoint now, const rtc::rtp::PacketView& packet) {
  if (packet.ssrc() == rtx_) {
    auto rtx = rtc::rtp::parse_rtx(packet.payload());
    if (!rtx || !first_) return;
    int64_t sequence = sequences_.peek(rtx->original_sequence);
    if (packet.payload_type() != payload_types_.rtx) fault("wrong RTX payload type");
    if (!packets_.contains(sequence)) ++repaired_;
    take(now, sequence, packet.timestamp().value, packet.marker(), rtx->payload);
    return;
  }
  if (packet.ssrc() != media_) {
    fault(fmt::format("unknown SSRC {}", packet.ssrc()));
    return;
  }
  if (packet.payload_type() != payload_types_.media) fault("wrong payload type");
  int64_t sequence = first_ ? sequences_.peek(packet.sequence()) : packet.sequence().value;
  if (!first_) {
    first_ = sequence;
    key_asked_ = now;  // one is on its way as a rule
  }
  if (sequence > highest_ || received_ == 0) sequences_.unwrap(packet.sequence());
  ++received_;
  take(now, sequence, packet.timestamp().value, packet.marker(), packet.payload());
}

void ModelReceiver::take(TimePoint now, int64_t sequence, uint32_t timestamp, bool marker,
                         ByteView payload) {
  if (packets_.contains(sequence) || sequence < highest_ - kWindow) return;  // the network repeats
  if (packets_.empty()) highest_ = sequence - 1;
  for (int64_t n = highest_ + 1; n < sequence; ++n) missing_[n] = {now, {}, 0};
  highest_ = std::max(highest_, sequence);
  missing_.erase(sequence);
  packets_[sequence] = {payload.empty()};
  while (packets_.begin()->first < highest_ - kWindow) packets_.erase(packets_.begin());
  if (payload.empty()) {
    ++fillers_;
    return;
  }
  auto descriptor = rtc::rtp::parse_vp8(payload);
  auto truth = Truth::of_vp8(payload);
  if (!descriptor || !truth) {
    fault("a packet that is not ours");
    return;
  }
  int64_t time = times_.unwrap(rtc::rtp::RtpTime(timestamp));
  if (decoded_time_ && time <= *decoded_time_) return;  // too late
  Frame& frame = frames_[time];
  if (frame.packets == 0) {
    frame.begun = now;
    frame.timestamp = timestamp;
    frame.truth = truth;
    frame.descriptor = *descriptor;
  }
  if (frame.truth->frame != truth->frame || frame.truth->layer != truth->layer) {
    fault(fmt::format("frames {}/{} and {}/{} have one timestamp", frame.truth->layer,
                      frame.truth->frame, truth->layer, truth->frame));
  }
  if (frame.descriptor.picture_id != descriptor->picture_id) {
    fault(fmt::format("frame {}/{} has two picture ids", truth->layer, truth->frame));
  }
  ++frame.packets;
  if (descriptor->start_of_frame()) {
    frame.first = sequence;
    frame.key = descriptor->key_frame;
  }
  if (marker) frame.last = sequence;
  if (frame.first && frame.last && !frame.completed &&
      static_cast<int64_t>(frame.packets) == *frame.last - *frame.first + 1) {
    frame.completed = now;
    if (frame.packets != truth->count) {
      fault(fmt::format("frame {}/{} is complete with {} of {} packets", truth->layer, truth->frame,
                        frame.packets, truth->count));
    }
  }
  poll(now);
}

bool ModelReceiver::continuous(int64_t from, int64_t to) const {
  for (int64_t n = from; n < to; ++n) {
    if (!packets_.contains(n)) return false;
  }
  return true;
}

void ModelReceiver::poll(TimePoint now) {
  while (step(now) == Step::kDone) {
  }
  send_nacks(now);
  if (waiting_key_ && first_ && now - key_asked_ >= kKeyFrameRetry) request_key_frame(now);
}

ModelReceiver::Step ModelReceiver::step(TimePoint now) {
  if (frames_.empty()) return Step::kWait;
  if (waiting_key_) {
    // Everything before a whole key frame is lost.
    for (auto it = frames_.begin(); it != frames_.end(); ++it) {
      if (!it->second.completed || !it->second.key) continue;
      Frame frame = it->second;
      decoded_time_ = it->first;
      frames_.erase(frames_.begin(), std::next(it));
      waiting_key_ = false;
      decode(now, frame);
      return Step::kDone;
    }
    if (frames_.size() > 300) frames_.erase(frames_.begin());
    return Step::kWait;
  }
  auto it = frames_.begin();
  Frame& frame = it->second;
  bool patient = now - frame.begun < kPatience;
  bool in_order = frame.first && continuous(*decoded_end_ + 1, *frame.first);
  if (!frame.completed || !in_order) {
    // A whole key frame further on makes everything before it dispensable.
    for (auto later = it; later != frames_.end(); ++later) {
      if (!later->second.completed || !later->second.key) continue;
      Frame key = later->second;
      decoded_time_ = later->first;
      frames_.erase(frames_.begin(), std::next(later));
      decode(now, key);
      return Step::kDone;
    }
    if (patient) return Step::kWait;
  }
  bool good = frame.completed.has_value();
  const auto& d = frame.descriptor;
  if (good && !frame.key) {
    if (d.temporal_id == 0) {
      good = d.tl0_picture_index == static_cast<uint8_t>(last_tl0_ + 1);
    } else {
      good = d.tl0_picture_index == last_tl0_ &&
             (d.layer_sync || d.picture_id == ((last_picture_id_ + 1) & 0x7FFF));
    }
  }
  Frame current = frame;
  decoded_time_ = it->first;
  frames_.erase(it);
  if (good) {
    decode(now, current);
    return Step::kDone;
  }
  decoded_end_ = std::max(*decoded_end_, current.last.value_or(*decoded_end_));
  // A frame of a higher temporal layer can be done without.
  bool base =
      current.descriptor.temporal_id == 0 || current.descriptor.tl0_picture_index != last_tl0_;
  if (base) lose(now);
  return Step::kDone;
}

void ModelReceiver::lose(TimePoint now) {
  ++gaps_;
  waiting_key_ = true;
  request_key_frame(now);
}

void ModelReceiver::decode(TimePoint now, const Frame& frame) {
  decoded_end_ = *frame.last;
  last_picture_id_ = frame.descriptor.picture_id;
  if (frame.descriptor.temporal_id == 0) last_tl0_ = frame.descriptor.tl0_picture_index;
  judge(*frame.truth);
  decoded_.push_back({*frame.truth, now, frame.timestamp});
  if (frame.truth->temporal == 0) last_base_ = frame.truth;
}

void ModelReceiver::judge(const Truth& truth) {
  if (truth.key || !last_base_) {
    if (!truth.key) fault("the first frame is no key frame");
    return;
  }
  if (truth.layer != last_base_->layer) {
    fault(fmt::format("layer {} to {} without a key frame", last_base_->layer, truth.layer));
    return;
  }
  uint32_t ahead = truth.frame - last_base_->frame;
  bool right = truth.temporal == 0 ? ahead == 4 : ahead > 0 && ahead < 4;
  if (!right) {
    fault(fmt::format("layer {}: frame {} (T{}) decoded after base frame {}", truth.layer,
                      truth.frame, truth.temporal, last_base_->frame));
  }
  if (!decoded_.empty() && decoded_.back().truth.layer == truth.layer &&
      decoded_.back().truth.frame >= truth.frame) {
    fault(fmt::format("layer {}: frame {} decoded after {}", truth.layer, truth.frame,
                      decoded_.back().truth.frame));
  }
}

void ModelReceiver::request_key_frame(TimePoint now) {
  key_asked_ = now;
  ++key_frame_requests_;
  std::array<uint8_t, 64> buffer;
  rtc::rtcp::Writer writer(buffer);
  writer.pli(kReceiver, media_);
  send_(writer.written());
}

void ModelReceiver::send_nacks(TimePoint now) {
  std::vector<SeqNum> lost;
  for (auto it = missing_.begin(); it != missing_.end();) {
    Missing& m = it->second;
    if (m.tries == kNackTries || it->first < highest_ - 1000) {
      it = missing_.erase(it);
      continue;
    }
    if (m.tries == 0 || now - m.asked >= kNackRetry) {
      ++m.tries;
      m.asked = now;
      lost.push_back(SeqNum(static_cast<uint16_t>(it->first)));
    }
    ++it;
  }
  if (lost.empty()) return;
  nacks_ += lost.size();
  std::array<uint8_t, 1400> buffer;
  rtc::rtcp::Writer writer(buffer);
  if (writer.nack(kReceiver, media_, lost)) send_(writer.written());
}

void ModelReceiver::on_sender_report(TimePoint now, const rtc::rtcp::SenderInfo& info) {
  last_report_ = info;
  last_report_time_ = now;
}

void ModelReceiver::report(TimePoint now) {
  if (!first_) return;
  rtc::rtcp::ReportBlock block;
  block.ssrc = media_;
  block.extended_highest_sequence = static_cast<uint32_t>(highest_);
  block.cumulative_lost =
      static_cast<int32_t>(highest_ - *first_ + 1 - static_cast<int64_t>(received_));
  if (last_report_) {
    block.last_sr = static_cast<uint32_t>(last_report_->ntp >> 16);
    block.delay_since_last_sr =
        static_cast<uint32_t>(to_us(now - last_report_time_) * 65536 / 1'000'000);
  }
  std::array<uint8_t, 200> buffer;
  rtc::rtcp::Writer writer(buffer);
  writer.receiver_report(kReceiver, std::span(&block, 1));
  send_(writer.written());
}

}  // namespace turms::sim
