// What a subscribed track does with the reports of its subscriber.
#include <algorithm>
#include <cstring>
#include <utility>

#include "sfu/published_track.h"
#include "sfu/room.h"
#include "sfu/subscribed_track.h"
#include "sfu/transport.h"

namespace turms::sfu {

void SubscribedTrack::resend(const ForwardContext& context, uint16_t out_sequence) {
  SentPackets::Entry* entry = sent_.find(out_sequence);
  if (entry == nullptr) return;
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
  bool parameter_set = entry->state == SentPackets::State::kFilled && entry->marker != 0;
  if (entry->state != SentPackets::State::kSent && !parameter_set) return;
  if (entry->resends >= kMaxResends) return;
  auto apart_ms = static_cast<uint32_t>(std::min<int64_t>(100, 2 * to_ms(round_trip_)));
  if (entry->resends > 0 && entry->age_ms(context.now_ms) < apart_ms) return;
  bool sent = parameter_set              ? resend_parameter_set(context, *entry)
              : rtx_ssrc_ != rtc::Ssrc() ? send_rtx(context, *entry)
                                         : send_again(context, *entry);
  if (sent) {
    ++entry->resends;
    entry->time_ms = context.now_ms & SentPackets::kTimeMask;
  }
}

/// Sound has no RTX: the packet goes out as it did the first time, to the last byte, for SRTP
/// encrypts it with the same key stream again.
bool SubscribedTrack::send_again(const ForwardContext& context, const SentPackets::Entry& entry) {
  if (source_->is_video() || send_time_at_ != 0) return false;
  const ReceiveStream& stream = source_->stream(entry.encoding);
  if ((stream.epoch() & 3) != entry.epoch) return false;
  auto packet = source_->read_stored(stream, entry.source_sequence);
  if (!packet) return false;
  auto [codec, payload] = select(*packet);
  // RED carries it again anyway, and what it would carry along may differ by now.
  if (codec.payload_type == kNoPayloadType || codec.red_payload_type != 0) return false;
  size_t size = header_size(*packet) + payload.size();
  if (size > kMaxPacketSize) return false;
  MutableByteView out = transport_.sink.reserve(size);
  if (out.size() < size) {
    ++context.counters.sink_refused;
    return false;
  }
  uint16_t next = std::exchange(transport_.send->transport_sequence, entry.number_offset);
  Rewrite rewrite{entry.out_sequence, entry.timestamp_offset, 0, 0, entry.marker != 0};
  size_t head =
      write_header(context, *packet, rewrite, out, codec.payload_type, entry.out_sequence, ssrc_);
  transport_.send->transport_sequence = next;
  if (head == 0) return false;
  std::memcpy(out.data() + head, payload.data(), payload.size());
  transport_.sink.commit(head + payload.size(), PacketKind::kRtp);
  bytes_ += head + payload.size();
  ++context.counters.retransmitted_packets;
  return true;
}

bool SubscribedTrack::send_rtx(const ForwardContext& context, SentPackets::Entry& entry) {
  const ReceiveStream& stream = source_->stream(entry.encoding);
  if ((stream.epoch() & 3) != entry.epoch) return false;
  auto packet = source_->read_stored(stream, entry.source_sequence);
  if (!packet) return false;
  auto [codec, payload] = select(*packet);
  if (codec.rtx_payload_type == 0) return false;
  size_t size = header_size(*packet) + rtc::rtp::kRtxOverhead + payload.size();
  if (size > kMaxPacketSize) return false;
  MutableByteView out = transport_.sink.reserve(size);
  if (out.size() < size) {
    ++context.counters.sink_refused;
    return false;
  }
  Rewrite rewrite{entry.out_sequence, entry.timestamp_offset, entry.number_offset, entry.tl0_offset,
                  entry.marker != 0};
  size_t head = write_header(context, *packet, rewrite, out, codec.rtx_payload_type,
                             next_rtx_sequence_, rtx_ssrc_);
  if (head == 0) return false;
  ++next_rtx_sequence_;
  store_be16(&out[head], entry.out_sequence);
  MutableByteView body = out.subspan(head + rtc::rtp::kRtxOverhead, payload.size());
  std::memcpy(body.data(), payload.data(), payload.size());
  rewrite_payload(*packet, rewrite, body);
  size = head + rtc::rtp::kRtxOverhead + payload.size();
  transport_.sink.commit(size, PacketKind::kRtp);
  bytes_ += size;
  ++context.counters.retransmitted_packets;
  return true;
}

void SubscribedTrack::send_filler(const ForwardContext& context, SentPackets::Entry& entry) {
  // Whoever asks for the number learns that there is nothing to wait for.
  if (send_padding(context, entry.out_sequence)) entry.state = SentPackets::State::kFilled;
}

/// Receivers do not know that anything came before the first packet they got, so without a packet
/// before it the loss of the first one is never repaired and costs another key frame.
void SubscribedTrack::open(const ForwardContext& context, const SourcePacket& packet) {
  last_payload_type_ = select(packet).codec.payload_type;
  last_timestamp_ = packet.timestamp;
  send_padding(context, next_sequence_++);
}

/// A packet without payload.
bool SubscribedTrack::send_padding(const ForwardContext& context, uint16_t out_sequence) {
  constexpr size_t kPadding = 1;
  size_t size = header_size_ + kPadding;
  MutableByteView out = transport_.sink.reserve(size);
  if (out.size() < size) {
    ++context.counters.sink_refused;
    return false;
  }
  std::memcpy(out.data(), template_.data(), header_size_);
  out[0] |= 0x20;
  out[1] = last_payload_type_;
  store_be16(&out[2], out_sequence);
  store_be32(&out[4], last_timestamp_);
  if (transport_sequence_at_ != 0) {
    store_be16(&out[transport_sequence_at_], transport_.send->transport_sequence++);
  }
  if (send_time_at_ != 0) store_be24(&out[send_time_at_], context.abs_send_time);
  out[header_size_] = kPadding;
  transport_.sink.commit(size, PacketKind::kRtp);
  ++packets_;
  bytes_ += size;
  return true;
}

void SubscribedTrack::on_report_block(uint32_t now_ntp, const rtc::rtcp::ReportBlock& block) {
  lost_ = std::max<int32_t>(block.cumulative_lost, 0);
  jitter_ = block.jitter;
  bool acknowledged = playout_delay_ && started_ &&
                      static_cast<int16_t>(static_cast<uint16_t>(block.extended_highest_sequence) -
                                           static_cast<uint16_t>(playout_delay_sent_)) > 0;
  if (acknowledged) {
    playout_delay_.reset();
    build_template();
  }
  if (block.last_sr == 0) return;
  // RFC 3550 section 6.4.1, in 1/65536 s.
  uint32_t trip = now_ntp - block.last_sr - block.delay_since_last_sr;
  if (trip > 10 * 65536) return;  // more than 10 s, or negative by rounding
  round_trip_ = std::chrono::microseconds(static_cast<int64_t>(trip) * 1'000'000 / 65536);
  round_trip_us_ = static_cast<uint32_t>(to_us(round_trip_));
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

SubscriptionStatistics SubscribedTrack::statistics(Duration interval) {
  SubscriptionStatistics s;
  s.subscription = id_;
  s.packets = packets_;
  s.bytes = bytes_;
  s.packets_lost = static_cast<uint64_t>(lost_);
  s.round_trip_us = round_trip_us_;
  int64_t us = std::max<int64_t>(to_us(interval), 1);
  s.bits_per_second = static_cast<uint32_t>(std::min<uint64_t>(
      (bytes_ - measured_bytes_) * 8 * 1'000'000 / static_cast<uint64_t>(us), UINT32_MAX));
  measured_bytes_ = bytes_;
  s.current_spatial = current_layer();
  s.current_temporal = current_ < 0 ? -1 : selector_ ? selector_->temporal() : temporal_;
  s.jitter_us = static_cast<uint32_t>(uint64_t{jitter_} * 1'000'000 / source_->clock_rate());
  return s;
}

}  // namespace turms::sfu
