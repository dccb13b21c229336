// What a subscribed track sends that no publisher sent in this form.
#include <algorithm>
#include <cstring>

#include "sfu/published_track.h"
#include "sfu/room.h"
#include "sfu/subscribed_track.h"
#include "sfu/transport.h"

namespace turms::sfu {

using rtc::Codec;

namespace {

/// Frames of 20 ms.
constexpr int kSilentFrames = 5;
/// Of a muted track, in place of pictures: some of them may get lost.
constexpr int kEmptyPackets = 5;
constexpr uint32_t kSilentMs = 20;

/// A frame of silence: for Opus one of CELT that says there is nothing (RFC 6716 section 3.1), for
/// G.711 160 samples of zero.
Bytes silence(Codec codec) {
  constexpr size_t kSamples = 160;
  switch (codec) {
    case Codec::kOpus:
      return {0xF8, 0xFF, 0xFE};
    case Codec::kPcmu:
      return Bytes(kSamples, 0xFF);
    case Codec::kPcma:
      return Bytes(kSamples, 0xD5);
    default:
      return {};
  }
}

}  // namespace

bool SubscribedTrack::send_made(const ForwardContext& context, const Made& made) {
  size_t size = header_size_ + made.prefix.size() + made.payload.size();
  MutableByteView out = transport_.sink.reserve(size);
  if (out.size() < size) {
    ++context.counters.sink_refused;
    return false;
  }
  uint8_t* p = out.data();
  std::memcpy(p, template_.data(), header_size_);
  p[1] = static_cast<uint8_t>((made.marker ? 0x80 : 0) | made.payload_type);
  store_be16(p + 2, made.sequence);
  store_be32(p + 4, made.timestamp);
  store_be32(p + 8, made.ssrc.value);
  if (transport_sequence_at_ != 0) {
    store_be16(p + transport_sequence_at_, transport_.send->transport_sequence++);
  }
  if (send_time_at_ != 0) store_be24(p + send_time_at_, context.abs_send_time);
  auto body = out.begin() + header_size_;
  body = std::copy(made.prefix.begin(), made.prefix.end(), body);
  std::copy(made.payload.begin(), made.payload.end(), body);
  transport_.sink.commit(size, PacketKind::kRtp);
  ++packets_;
  bytes_ += size;
  payload_bytes_ += made.payload.size();
  return true;
}

/// A sender may give its parameter sets only once, long before this subscriber came.
void SubscribedTrack::send_parameter_sets(const ForwardContext& context,
                                          const ReceiveStream& stream, const SourcePacket& packet) {
  const ParameterSets* sets = stream.parameter_sets.get();
  if (sets == nullptr || sets->count() == 0) return;
  Codec codec = source_->codecs()[packet.codec].codec;
  if (packet.opaque || ParameterSets::leads(codec, packet.payload)) return;
  for (size_t i = 0; i < sets->count(); ++i) {
    Rewrite rewrite{next_sequence_++, timestamp_offset_, static_cast<uint16_t>(packet.codec),
                    sets->version(), true};
    // No number of the source stands for it.
    record(rewrite, static_cast<uint16_t>(i), stream.encoding(), SentPackets::State::kFilled,
           context.now_ms);
    send_made(context, {rewrite.sequence,
                        packet.timestamp + timestamp_offset_,
                        codecs_[packet.codec].payload_type,
                        ssrc_,
                        false,
                        {},
                        sets->payload(i)});
  }
}

/// `entry` says by its marker that a parameter set went out under it.
bool SubscribedTrack::resend_parameter_set(const ForwardContext& context,
                                           const SentPackets::Entry& entry) {
  const ReceiveStream& stream = source_->stream(entry.encoding);
  const ParameterSets* sets = stream.parameter_sets.get();
  OutCodec codec = codecs_[entry.number_offset % codecs_.size()];
  bool same = sets != nullptr && (stream.epoch() & 3) == entry.epoch &&
              sets->version() == entry.tl0_offset && entry.source_sequence < sets->count();
  if (!same || rtx_ssrc_ == rtc::Ssrc() || codec.rtx_payload_type == 0) return false;
  std::array<uint8_t, rtc::rtp::kRtxOverhead> original{};
  store_be16(original.data(), entry.out_sequence);
  return send_made(context, {next_rtx_sequence_++, begin_timestamp_, codec.rtx_payload_type,
                             rtx_ssrc_, false, original, sets->payload(entry.source_sequence)});
}

void SubscribedTrack::send_silence(TimePoint now, RoomCounters& counters, ByteView trailer) {
  if (current_ >= 0 && !source_->is_video() && started_) write_silence(now, counters, trailer);
}

void SubscribedTrack::introduce(TimePoint now, RoomCounters& counters, ByteView trailer) {
  if (started_ || !transport_.connected) return;
  last_sent_ = now;
  if (!source_->is_video()) {
    write_silence(now, counters, trailer);
  } else {
    const auto* codec = std::ranges::find_if(
        codecs_, [](const OutCodec& one) { return one.payload_type != kNoPayloadType; });
    if (codec == codecs_.end()) return;
    last_payload_type_ = codec->payload_type;
    ForwardContext context(now, counters);
    for (int n = 0; n < kEmptyPackets; ++n) send_padding(context, next_sequence_++);
  }
  started_ = true;
}

void SubscribedTrack::write_silence(TimePoint now, RoomCounters& counters, ByteView trailer) {
  const auto& codecs = source_->codecs();
  ForwardContext context(now, counters);
  for (size_t i = 0; i < codecs.size(); ++i) {
    Bytes frame = silence(codecs[i].codec);
    if (frame.empty() || codecs_[i].payload_type == kNoPayloadType) continue;
    if (source_->encrypted()) frame.insert(frame.end(), trailer.begin(), trailer.end());
    uint32_t step = source_->clock_rate() / 1000 * kSilentMs;
    for (int n = 0; n < kSilentFrames; ++n) {
      last_timestamp_ += step;
      last_sent_ = now;
      send_made(
          context,
          {next_sequence_++, last_timestamp_, codecs_[i].payload_type, ssrc_, false, {}, frame});
    }
    return;
  }
}

// ---- RED (RFC 2198)

/// The packets before `packet`, as far as the history has them without a gap, as redundant blocks;
/// oldest first.
size_t SubscribedTrack::redundancy(const SourcePacket& packet,
                                   std::array<rtc::rtp::RedBlock, kRedundancy>& blocks) const {
  constexpr uint32_t kMaxOffset = 1 << 14;
  constexpr size_t kMaxBlock = 1 << 10;
  const ReceiveStream& stream = source_->stream(packet.encoding);
  size_t count = 0;
  for (size_t back = 1; back <= kRedundancy; ++back) {
    auto number = static_cast<uint16_t>(packet.sequence - static_cast<int64_t>(back));
    auto view = rtc::rtp::PacketView::parse(stream.history.find(number));
    if (!view || view->payload_type() != packet.view.payload_type()) break;
    uint32_t offset = packet.timestamp - view->timestamp().value;
    ByteView payload = view->payload();
    if (payload.empty() || payload.size() >= kMaxBlock || offset == 0 || offset >= kMaxOffset)
      break;
    blocks[kRedundancy - back] = {codecs_[packet.codec].payload_type, static_cast<uint16_t>(offset),
                                  payload};
    ++count;
  }
  std::move(blocks.end() - static_cast<ptrdiff_t>(count), blocks.end(), blocks.begin());
  return count;
}

/// Plain Opus as RED, for a subscriber that prefers it.
void SubscribedTrack::send_as_red(const ForwardContext& context, const SourcePacket& packet,
                                  const Rewrite& rewrite) {
  std::array<rtc::rtp::RedBlock, kRedundancy> blocks;
  size_t count = redundancy(packet, blocks);
  std::span<const rtc::rtp::RedBlock> used(blocks.data(), count);
  size_t size = rtc::rtp::red_head_size(count) + packet.payload.size();
  for (const auto& block : used) size += block.payload.size();
  if (header_size(packet) + size > kMaxPacketSize) {
    used = {};
    size = rtc::rtp::red_head_size(0) + packet.payload.size();
  }
  if (header_size(packet) + size > kMaxPacketSize) {
    ++context.counters.oversized;
    return;
  }
  MutableByteView out = transport_.sink.reserve(header_size(packet) + size);
  if (out.size() < header_size(packet) + size) {
    ++context.counters.sink_refused;
    return;
  }
  const OutCodec& codec = codecs_[packet.codec];
  size_t head =
      write_header(context, packet, rewrite, out, codec.red_payload_type, rewrite.sequence, ssrc_);
  if (head == 0) return;
  rtc::rtp::write_red_head(out.subspan(head), used, codec.payload_type);
  auto body = out.begin() + static_cast<ptrdiff_t>(head + rtc::rtp::red_head_size(used.size()));
  for (const auto& block : used) {
    body = std::copy(block.payload.begin(), block.payload.end(), body);
  }
  std::copy(packet.payload.begin(), packet.payload.end(), body);
  transport_.sink.commit(head + size, PacketKind::kRtp);
  count_sent(context, head, size);
}

/// A subscriber without RED gets what was lost from the redundant blocks, as packets of their own.
void SubscribedTrack::fill_from_red(const ForwardContext& context, const SourcePacket& packet) {
  rtc::rtp::RedBlocks red = rtc::rtp::parse_red_redundancy(packet.payload);
  for (size_t back = 1; back <= red.count; ++back) {
    const rtc::rtp::RedBlock& block = red.blocks[red.count - back];
    auto meaning = source_->payload_types().find(block.payload_type);
    if (block.payload.empty() || !meaning || meaning->rtx ||
        codecs_[meaning->codec].payload_type == kNoPayloadType) {
      continue;
    }
    int64_t sequence = packet.sequence - static_cast<int64_t>(back);
    if (sequence < source_first_) return;
    auto candidate = static_cast<uint16_t>(next_sequence_ - back);
    SentPackets::Entry* entry =
        sent_.find_expected(static_cast<uint16_t>(sequence), packet.encoding & 3, epoch_ & 3,
                            candidate, next_sequence_);
    if (entry == nullptr) continue;
    SourcePacket lost = packet;
    lost.sequence = sequence;
    lost.timestamp = packet.timestamp - block.timestamp_offset;
    lost.payload = block.payload;
    lost.primary = {};
    lost.codec = meaning->codec;
    lost.marker = false;
    lost.sparse = 0;
    send(context, lost, {entry->out_sequence, entry->timestamp_offset, 0, 0, false});
  }
}

}  // namespace turms::sfu
