// What a subscribed track does with the reports of its subscriber.
#include <algorithm>

#include "sfu/published_track.h"
#include "sfu/room.h"
#include "sfu/subscribed_track.h"
#include "sfu/transport.h"

namespace turms::sfu {

void SubscribedTrack::resend(const ForwardContext& context, uint16_t out_sequence) {
  SentPackets::Entry* entry = sent_.find(out_sequence);
  if (entry == nullptr) return;
  if (redundancy_) {
    redundancy_->on_request(context.now, out_sequence, packets_);
    red_distance_ = redundancy_->distance();
  }
  if (key_frame_asked_at_ && static_cast<int16_t>(out_sequence - *key_frame_asked_at_) < 0) return;
  if (entry->state == SentPackets::State::kExpected) {
    const ReceiveStream& stream = source_->stream(entry->encoding);
    auto newest = rtc::rtp::SeqNum(static_cast<uint16_t>(stream.highest()));
    int64_t sequence =
        stream.highest() + rtc::rtp::SeqNum(entry->source_sequence).distance_from(newest);
    bool expected = entry->encoding == current_ && entry->epoch == (epoch_ & 3) &&
                    sequence >= source_first_ && stream.losses.expects(sequence);
    if (!expected) send_filler(context, *entry);
    return;
  }
  bool parameter_set = entry->state == SentPackets::State::kParameterSet;
  if (entry->state != SentPackets::State::kSent && !parameter_set) return;
  if (entry->resends >= kMaxResends) return;
  // A key frame has made it worthless, and the path needs its bits.
  const PathControl* path = transport_.send->path.get();
  bool before_begin = static_cast<int16_t>(out_sequence - begin_sequence_) < 0;
  if (path != nullptr && before_begin && path->congested()) return;
  auto apart_ms = static_cast<uint32_t>(std::min<int64_t>(100, 2 * to_ms(round_trip_)));
  if (entry->resends > 0 && entry->age_ms(context.now_ms) < apart_ms) return;
  if (parameter_set) {
    if (!resend_parameter_set(context, *entry)) return;
  } else if (!again(context, *entry)) {
    return;
  } else if (path != nullptr && rtx_ssrc_ != rtc::Ssrc() && path->repairs_twice(context.now)) {
    again(context, *entry);
  }
  ++entry->resends;
  entry->time_ms = context.now_ms & SentPackets::kTimeMask;
}

/// Sends it again, or has it wait for its turn.
bool SubscribedTrack::again(const ForwardContext& context, SentPackets::Entry& entry) {
  // Sound has no RTX: the packet goes out as it did the first time, to the last byte, for SRTP
  // encrypts it with the same key stream again.
  bool rtx = rtx_ssrc_ != rtc::Ssrc();
  if (!rtx && (source_->is_video() || send_time_at_ != 0)) return false;
  auto packet = read_source(entry);
  if (!packet) return false;
  PathControl* path = source_->is_video() ? transport_.send->path.get() : nullptr;
  size_t size = header_size_ + rtc::rtp::kRtxOverhead + packet->payload.size();
  if (path != nullptr && !path->may_repair(context.now, size)) {
    ++context.counters.repairs_refused;
    return false;
  }
  if (path != nullptr && !path->pass(context.now, size)) {
    return path->queue(
        context.now,
        {.ssrc = ssrc_, .sequence = entry.out_sequence, .retransmission = true, .size = size});
  }
  paced_ = path != nullptr;
  bool sent = send_again(context, entry, *packet);
  paced_ = false;
  return sent;
}

void SubscribedTrack::resend_queued(const ForwardContext& context, uint16_t out_sequence) {
  SentPackets::Entry* entry = sent_.find(out_sequence);
  if (entry == nullptr || entry->state != SentPackets::State::kSent) return;
  auto packet = read_source(*entry);
  if (!packet) return;
  paced_ = true;
  send_again(context, *entry, *packet);
  paced_ = false;
}

size_t SubscribedTrack::send_probe(const ForwardContext& context, size_t size) {
  // A paused one still carries padding: else nothing would ever show that the path is better.
  if (rtx_ssrc_ == rtc::Ssrc() || last_rtx_payload_type_ == 0) return 0;
  constexpr size_t kWorthAPacket = 300;
  constexpr uint16_t kRecent = 32;
  uint64_t before = bytes_;
  paced_ = true;
  // What might have been lost is of more use than padding.
  for (uint16_t back = 1;
       current_ >= 0 && back <= kRecent && bytes_ - before + kWorthAPacket <= size; ++back) {
    SentPackets::Entry* entry = sent_.find(static_cast<uint16_t>(next_sequence_ - back));
    if (entry == nullptr || entry->state != SentPackets::State::kSent) continue;
    auto packet = read_source(*entry);
    if (packet && packet->payload.size() >= kWorthAPacket)
      write<Form::kRtx>(context, *entry, *packet);
  }
  while (bytes_ - before < size) {
    if (send_padding_packet(context, size - (bytes_ - before)) == 0) break;
  }
  paced_ = false;
  return bytes_ - before;
}

std::optional<SourcePacket> SubscribedTrack::read_source(const SentPackets::Entry& entry) const {
  const ReceiveStream& stream = source_->stream(entry.encoding);
  if ((stream.epoch() & 3) != entry.epoch) return std::nullopt;
  return source_->read_stored(stream, entry.source_sequence);
}

bool SubscribedTrack::send_again(const ForwardContext& context, SentPackets::Entry& entry,
                                 const SourcePacket& packet) {
  OutCodec codec = select(packet, entry.red != 0).codec;
  bool sent = false;
  if (rtx_ssrc_ != rtc::Ssrc()) {
    sent = codec.rtx_payload_type != 0 && write<Form::kRtx>(context, entry, packet);
  } else {
    sent = codec.payload_type != kNoPayloadType && write<Form::kAgain>(context, entry, packet);
  }
  if (sent) ++resends_;
  return sent;
}

SubscribedTrack::Reported SubscribedTrack::on_report_block(TimePoint now, uint32_t now_ntp,
                                                           const rtc::rtcp::ReportBlock& block) {
  if (redundancy_) {
    redundancy_->on_report(now, block);
    red_distance_ = redundancy_->distance();
  }
  Reported reported;
  if (highest_reported_ != 0) {
    reported.lost = block.cumulative_lost - lost_;
    reported.expected = static_cast<int32_t>(block.extended_highest_sequence - highest_reported_);
  }
  highest_reported_ = block.extended_highest_sequence;
  lost_ = std::max<int32_t>(block.cumulative_lost, 0);
  jitter_ = block.jitter;
  bool acknowledged = playout_delay_ && started_ &&
                      static_cast<int16_t>(static_cast<uint16_t>(block.extended_highest_sequence) -
                                           static_cast<uint16_t>(playout_delay_sent_)) > 0;
  if (acknowledged) {
    playout_delay_.reset();
    build_template();
  }
  reported.round_trip = round_trip_;
  if (block.last_sr == 0) return reported;
  // RFC 3550 section 6.4.1, in 1/65536 s.
  uint32_t trip = now_ntp - block.last_sr - block.delay_since_last_sr;
  if (trip > 10 * 65536) return reported;  // more than 10 s, or negative by rounding
  round_trip_ = std::chrono::microseconds(static_cast<int64_t>(trip) * 1'000'000 / 65536);
  round_trip_us_ = static_cast<uint32_t>(to_us(round_trip_));
  reported.round_trip = round_trip_;
  return reported;
}

uint32_t SubscribedTrack::rtp_time_at(TimePoint now) const {
  int64_t rate = source_->clock_rate();
  auto ticks = [&](Duration d) { return static_cast<uint32_t>(to_us(d) * rate / 1'000'000); };
  if (last_encoding_ >= 0) {
    const ReceiveStream& stream = source_->stream(last_encoding_);
    if (const auto& report = stream.sender_report(); report && stream.epoch() == epoch_) {
      if (auto local = source_->transport().receive->clock.local(report->ntp)) {
        return report->rtp_time + ticks(now - *local) + timestamp_offset_;
      }
    }
  }
  return last_timestamp_ + ticks(now - last_sent_);
}

void SubscribedTrack::measure(Duration interval) {
  const int64_t us = std::max<int64_t>(to_us(interval), 1);
  bits_per_second_ = static_cast<uint32_t>(std::min<uint64_t>(
      (bytes_ - measured_bytes_) * 8 * 1'000'000 / static_cast<uint64_t>(us), UINT32_MAX));
  measured_bytes_ = bytes_;
}

SubscriptionStatistics SubscribedTrack::statistics(TimePoint now) const {
  // Who is silent is measured no more.
  constexpr Duration kSilent = 2s;
  SubscriptionStatistics s;
  s.subscription = id_;
  s.packets = packets_;
  s.bytes = bytes_;
  s.packets_lost = static_cast<uint64_t>(lost_);
  s.round_trip_us = round_trip_us_;
  s.source = next_source->id();
  s.bits_per_second = now - last_sent_ < kSilent ? bits_per_second_ : 0;
  s.resends = resends_;
  s.key_frame_requests = key_frame_requests_;
  s.current_spatial = current_layer();
  s.current_temporal = current_ < 0 ? -1 : selector_ ? selector_->temporal() : temporal_;
  s.allocated_spatial = decision.spatial;
  s.allocated_temporal = decision.spatial < 0 ? -1 : decision.temporal;
  s.paused = decision.paused;
  if (!request.paused && next_source->is_video()) {
    s.wanted_spatial = std::min(request.max_spatial, next_source->layer_count() - 1);
  }
  s.jitter_us = static_cast<uint32_t>(uint64_t{jitter_} * 1'000'000 / source_->clock_rate());
  return s;
}

}  // namespace turms::sfu
