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
  MutableByteView out = reserve(context, size);
  if (out.empty()) return false;
  put_header(out.data(), {made.payload_type, made.marker, made.sequence, made.ssrc}, made.timestamp,
             take_stamp(context));
  auto body = out.begin() + header_size_;
  body = std::copy(made.prefix.begin(), made.prefix.end(), body);
  std::copy(made.payload.begin(), made.payload.end(), body);
  commit(context, out.first(size));
  ++packets_;
  bytes_ += size;
  payload_bytes_ += made.payload.size();
  return true;
}

void SubscribedTrack::send_filler(const ForwardContext& context, SentPackets::Entry& entry) {
  // Whoever asks for the number learns that there is nothing to wait for.
  if (send_padding(context, entry.out_sequence)) entry.state = SentPackets::State::kFilled;
}

/// Receivers do not know that anything came before the first packet they got, so without a packet
/// before it the loss of the first one is never repaired and costs another key frame.
void SubscribedTrack::open(const ForwardContext& context, const SourcePacket& packet) {
  last_payload_type_ = select(packet, true).codec.payload_type;
  last_timestamp_ = packet.timestamp;
  send_padding(context, next_sequence_++);
}

/// A packet without payload.
bool SubscribedTrack::send_padding(const ForwardContext& context, uint16_t out_sequence) {
  constexpr size_t kPadding = 1;
  size_t size = header_size_ + kPadding;
  MutableByteView out = reserve(context, size);
  if (out.empty()) return false;
  put_header(out.data(), {last_payload_type_, false, out_sequence, ssrc_}, last_timestamp_,
             take_stamp(context));
  out[0] |= 0x20;
  out[header_size_] = kPadding;
  commit(context, out.first(size));
  ++packets_;
  bytes_ += size;
  return true;
}

/// Padding of the RTX stream, whose receiver expects nothing in its numbers.
size_t SubscribedTrack::send_padding_packet(const ForwardContext& context, size_t padding) {
  padding = std::clamp<size_t>(padding, 1, 255);
  size_t size = header_size_ + padding;
  MutableByteView out = reserve(context, size);
  if (out.empty()) return 0;
  put_header(out.data(), {last_rtx_payload_type_, false, next_rtx_sequence_++, rtx_ssrc_},
             last_timestamp_, take_stamp(context));
  out[0] |= 0x20;
  std::fill_n(out.begin() + header_size_, padding, uint8_t{0});
  out[size - 1] = static_cast<uint8_t>(padding);
  commit(context, out.first(size));
  bytes_ += size;
  return size;
}

/// A sender may give its parameter sets only once, long before this subscriber came.
void SubscribedTrack::send_parameter_sets(const ForwardContext& context,
                                          const ReceiveStream& stream, const SourcePacket& packet) {
  const ParameterSets* sets = stream.parameter_sets.get();
  if (sets == nullptr || sets->count() == 0) return;
  Codec codec = source_->codecs()[packet.codec].codec;
  if (packet.opaque || ParameterSets::leads(codec, packet.payload)) return;
  for (size_t i = 0; i < sets->count(); ++i) {
    // No number of the source stands for it.
    SentPackets::Entry& entry = record(static_cast<uint16_t>(i), stream.encoding(),
                                       SentPackets::State::kParameterSet, context.now_ms);
    entry.number_offset = static_cast<uint16_t>(packet.codec);
    entry.tl0_offset = sets->version();
    send_made(context, {entry.out_sequence,
                        packet.timestamp + timestamp_offset_,
                        codecs_[packet.codec].payload_type,
                        ssrc_,
                        false,
                        {},
                        sets->payload(i)});
  }
}

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

void SubscribedTrack::send_pause(TimePoint now, RoomCounters& counters, ByteView trailer) {
  if (!started_) return introduce(now, counters, trailer);
  if (current_ < 0) return;
  const auto& codecs = source_->codecs();
  for (size_t i = 0; i < codecs.size(); ++i) {
    if (codecs[i].codec != Codec::kOpus || codecs_[i].payload_type == kNoPayloadType) continue;
    // A frame of nothing (RFC 6716 section 3.2.1): discontinuous transmission, in which decoders
    // fade out and wait.
    Bytes frame = {0xF8};
    if (source_->encrypted()) frame.insert(frame.end(), trailer.begin(), trailer.end());
    return write_frames(now, counters, frame, i, 1);
  }
}

void SubscribedTrack::write_silence(TimePoint now, RoomCounters& counters, ByteView trailer) {
  const auto& codecs = source_->codecs();
  for (size_t i = 0; i < codecs.size(); ++i) {
    Bytes frame = silence(codecs[i].codec);
    if (frame.empty() || codecs_[i].payload_type == kNoPayloadType) continue;
    if (source_->encrypted()) frame.insert(frame.end(), trailer.begin(), trailer.end());
    return write_frames(now, counters, frame, i, kSilentFrames);
  }
}

void SubscribedTrack::write_frames(TimePoint now, RoomCounters& counters, ByteView frame,
                                   size_t codec, int count) {
  ForwardContext context(now, counters);
  uint32_t step = source_->clock_rate() / 1000 * kSilentMs;
  for (int n = 0; n < count; ++n) {
    last_timestamp_ += step;
    last_sent_ = now;
    send_made(
        context,
        {next_sequence_++, last_timestamp_, codecs_[codec].payload_type, ssrc_, false, {}, frame});
  }
}

// ---- RED (RFC 2198)

bool SubscribedTrack::is_opus(uint8_t payload_type) const {
  auto meaning = source_->payload_types().find(payload_type);
  return meaning && !meaning->rtx && source_->codecs()[meaning->codec].codec == Codec::kOpus;
}

bool SubscribedTrack::affords_red() const {
  const PathControl* path = transport_.send->path.get();
  return path == nullptr || !path->saves_on_sound();
}

bool SubscribedTrack::makes_red(const SourcePacket& packet) const {
  if (!affords_red()) return false;
  if (packet.primary.empty()) {
    return red_distance_ > 0 && codecs_[packet.codec].red_payload_type != 0;
  }
  // Publishers carry one again as a rule.
  return red_distance_ > 1 && codecs_[packet.primary_codec].red_payload_type != 0 &&
         rtc::rtp::parse_red_redundancy(packet.payload).count < red_distance_;
}

/// What the packet so many before `packet` carried: from what its publisher repeats of it, or from
/// the history.
std::optional<rtc::rtp::RedBlock> SubscribedTrack::earlier(const SourcePacket& packet,
                                                           size_t back) const {
  const ReceiveStream& stream = source_->stream(packet.encoding);
  // Newest first: the packet itself, then those between.
  for (size_t carrier = 0; carrier <= back; ++carrier) {
    auto number = static_cast<uint16_t>(packet.sequence - static_cast<int64_t>(carrier));
    auto view =
        carrier == 0 ? packet.view : rtc::rtp::PacketView::parse(stream.history.find(number));
    if (!view) continue;
    uint32_t offset = packet.timestamp - view->timestamp().value;
    if (is_opus(view->payload_type())) {
      if (carrier != back) continue;
      return rtc::rtp::RedBlock{0, static_cast<uint16_t>(std::min(offset, uint32_t{0xFFFF})),
                                view->payload()};
    }
    if (carrier == back) {
      auto primary = rtc::rtp::parse_red_primary(view->payload());
      if (!primary || !is_opus(primary->payload_type)) continue;
      return rtc::rtp::RedBlock{0, static_cast<uint16_t>(std::min(offset, uint32_t{0xFFFF})),
                                primary->payload};
    }
    rtc::rtp::RedBlocks red = rtc::rtp::parse_red_redundancy(view->payload());
    size_t place = back - carrier;
    if (place > red.count) continue;
    const rtc::rtp::RedBlock& block = red.blocks[red.count - place];
    if (!is_opus(block.payload_type)) continue;
    offset += block.timestamp_offset;
    return rtc::rtp::RedBlock{0, static_cast<uint16_t>(std::min(offset, uint32_t{0xFFFF})),
                              block.payload};
  }
  return std::nullopt;
}

/// The packets before `packet`, as far as they are known without a gap, as redundant blocks; oldest
/// first.
size_t SubscribedTrack::redundancy(const SourcePacket& packet, OutCodec codec,
                                   std::array<rtc::rtp::RedBlock, kRedundancy>& blocks) const {
  constexpr uint16_t kMaxOffset = 1 << 14;
  constexpr size_t kMaxBlock = 1 << 10;
  size_t count = 0;
  for (size_t back = 1; back <= red_distance_; ++back) {
    auto block = earlier(packet, back);
    if (!block || block->payload.empty() || block->payload.size() >= kMaxBlock ||
        block->timestamp_offset == 0 || block->timestamp_offset >= kMaxOffset) {
      break;
    }
    block->payload_type = codec.payload_type;
    blocks[kRedundancy - back] = *block;
    ++count;
  }
  std::move(blocks.end() - static_cast<ptrdiff_t>(count), blocks.end(), blocks.begin());
  return count;
}

/// Opus as RED, for a subscriber that prefers it and loses packets.
bool SubscribedTrack::write_as_red(const ForwardContext& context, SentPackets::Entry& entry,
                                   const SourcePacket& packet) {
  const auto [codec, primary] = select(packet, false);
  std::array<rtc::rtp::RedBlock, kRedundancy> blocks;
  size_t count = redundancy(packet, codec, blocks);
  std::span<const rtc::rtp::RedBlock> used(blocks.data(), count);
  size_t size = rtc::rtp::red_head_size(count) + primary.size();
  for (const auto& block : used) size += block.payload.size();
  if (header_size(packet) + size > kMaxPacketSize) {
    used = {};
    size = rtc::rtp::red_head_size(0) + primary.size();
  }
  MutableByteView out = reserve(context, header_size(packet) + size);
  if (out.empty()) return false;
  Stamp stamp = take_stamp(context);
  size_t head = write_header(packet, entry,
                             {codec.red_payload_type, entry.marker != 0, entry.out_sequence, ssrc_},
                             stamp, out);
  if (head == 0) return false;
  entry.number_offset = stamp.transport_sequence;
  // What it carries along may differ by the time it is asked for, and must not be encrypted under
  // the same number then. Those that follow carry it again.
  entry.red = 1;
  entry.resends = kMaxResends;
  rtc::rtp::write_red_head(out.subspan(head), used, codec.payload_type);
  auto body = out.begin() + static_cast<ptrdiff_t>(head + rtc::rtp::red_head_size(used.size()));
  for (const auto& block : used) {
    body = std::copy(block.payload.begin(), block.payload.end(), body);
  }
  std::copy(primary.begin(), primary.end(), body);
  commit(context, out.first(head + size));
  count_sent(context, head, size);
  return true;
}

/// A subscriber that gets plain Opus gets what was lost from the redundant blocks, as packets of
/// their own. `packet` is the newest decided on.
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
    auto candidate = static_cast<uint16_t>(next_sequence_ - 1 - back);
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
    entry->state = SentPackets::State::kSent;
    entry->time_ms = context.now_ms & SentPackets::kTimeMask;
    write<Form::kFirst>(context, *entry, lost);
  }
}

}  // namespace turms::sfu
