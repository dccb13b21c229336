// The way of a packet through a subscribed track: what is decided, and how that is written.
#include <algorithm>
#include <cstring>

#include "sfu/published_track.h"
#include "sfu/room.h"
#include "sfu/subscribed_track.h"
#include "sfu/transport.h"

namespace turms::sfu {

using rtc::Extension;

namespace {

/// memcpy of a size known only at run time costs as much as the rest of a header: name the usual
/// ones.
inline void copy_header(uint8_t* to, const uint8_t* from, size_t size) {
  switch (size) {
    case 12:
      std::memcpy(to, from, 12);
      return;
    case 20:
      std::memcpy(to, from, 20);
      return;
    case 24:
      std::memcpy(to, from, 24);
      return;
    case 28:
      std::memcpy(to, from, 28);
      return;
    default:
      std::memcpy(to, from, size);
  }
}

}  // namespace

// ---- Deciding

bool SubscribedTrack::wanted(const SourcePacket& packet) {
  if (packet.payload.empty() || !accepts(packet)) return false;
  if (packet.is_vp8()) return wanted_vp8(packet);
  return packet.layering == Layering::kNone || !selector_ || selector_->wants(packet);
}

bool SubscribedTrack::wanted_late(const SourcePacket& packet) {
  if (packet.payload.empty() || !accepts(packet)) return false;
  if (packet.is_vp8()) return packet.temporal_id <= temporal_;
  return packet.layering == Layering::kNone || !selector_ || selector_->wants_late(packet);
}

bool SubscribedTrack::wanted_vp8(const SourcePacket& packet) {
  if (!packet.vp8.has_temporal_id) return true;
  auto limit = static_cast<uint8_t>(temporal_limit());
  if (limit < temporal_) temporal_ = limit;  // leaving the higher layers out is always possible
  if (packet.temporal_id <= temporal_) return true;
  // Going up is possible where a frame depends on the base layer only (RFC 7741, Y), or where
  // everything starts anew.
  if (packet.temporal_id <= limit && packet.vp8.start_of_frame() && packet.vp8.layer_sync) {
    temporal_ = packet.temporal_id;
    return true;
  }
  return false;
}

void SubscribedTrack::forward(const ForwardContext& context, const SourcePacket& packet) {
  if (packet.sequence <= source_highest_) {
    SentPackets::Entry* late = decide_late(context, packet);
    if (late != nullptr) leave(context, *late, packet);
    return;
  }
  bool missing = packet.sequence > source_highest_ + 1;
  SentPackets::Entry* entry = decide(context, packet);
  if (entry == nullptr) return;
  if (missing && takes_apart(packet)) fill_from_red(context, packet);
  leave(context, *entry, packet);
}

void SubscribedTrack::leave(const ForwardContext& context, SentPackets::Entry& entry,
                            const SourcePacket& packet) {
  PathControl* path = transport_.send->path.get();
  if (path == nullptr || !source_->is_video()) {
    write<Form::kFirst>(context, entry, packet);
    return;
  }
  size_t size = header_size_ + packet.payload.size();
  if (packet.can_start) key_frame_timestamp_ = packet.timestamp;
  if (path->pass(context.now, size)) [[likely]] {
    paced_ = true;
    write<Form::kFirst>(context, entry, packet);
    paced_ = false;
    return;
  }
  entry.state = SentPackets::State::kQueued;
  // What cannot be told, encrypted frames for instance, must not be waited for.
  bool begins = packet.can_start || (packet.opaque && packet.start_of_frame);
  bool key = packet.can_start || packet.timestamp == key_frame_timestamp_;
  bool queued = path->queue(context.now, {.ssrc = ssrc_,
                                          .sequence = entry.out_sequence,
                                          .key_frame = key,
                                          .key_frame_begin = begins,
                                          .size = size});
  if (!queued) {
    entry.state = SentPackets::State::kExpected;
    ++context.counters.pacer_refused;
  }
}

void SubscribedTrack::write_queued(const ForwardContext& context, uint16_t out_sequence) {
  SentPackets::Entry* entry = sent_.find(out_sequence);
  if (entry == nullptr || entry->state != SentPackets::State::kQueued) return;
  auto packet = read_source(*entry);
  paced_ = true;
  bool written = packet && write<Form::kFirst>(context, *entry, *packet);
  paced_ = false;
  entry->state = written ? SentPackets::State::kSent : SentPackets::State::kExpected;
  if (written) entry->time_ms = context.now_ms & SentPackets::kTimeMask;
}

void SubscribedTrack::drop_queued(uint16_t out_sequence) {
  SentPackets::Entry* entry = sent_.find(out_sequence);
  if (entry == nullptr || entry->state != SentPackets::State::kQueued) return;
  entry->state = SentPackets::State::kExpected;
}

void SubscribedTrack::commit(const ForwardContext& context, ByteView written, bool numbered) {
  SendSide& side = *transport_.send;
  if (side.numbers) [[unlikely]] {
    side.note(rtc::Ssrc(load_be32(&written[8])), load_be16(&written[2]), !numbered);
  }
  transport_.sink.commit(written.size(), PacketKind::kRtp);
  const bool counts = numbered && (transport_sequence_at_ != 0 || side.numbers);
  side.on_sent(context.now, written.size(), counts, !source_->is_video(), paced_);
}

/// A packet newer than all before: nullptr when it is left out.
SentPackets::Entry* SubscribedTrack::decide(const ForwardContext& context,
                                            const SourcePacket& packet) {
  int64_t gap = packet.sequence - source_highest_ - 1;
  if (!wanted(packet)) {
    // What is missing within one picture that is left out was part of it.
    bool same = skipping_ && skipped_timestamp_ == packet.timestamp;
    if (gap > 0 && !same) {
      keep_places(context, source_highest_ + 1, packet.sequence - 1, packet.encoding);
    }
    source_highest_ = packet.sequence;
    skip_picture(packet);
    return nullptr;
  }
  if (gap > 0) keep_places(context, source_highest_ + 1, packet.sequence - 1, packet.encoding);
  source_highest_ = packet.sequence;
  skipping_ = false;
  SentPackets::Entry& entry = record(static_cast<uint16_t>(packet.sequence), packet.encoding,
                                     SentPackets::State::kSent, context.now_ms);
  entry.marker = ends_picture(packet) ? 1 : 0;
  note_newest(context, entry, packet);
  return &entry;
}

/// One that comes late, in the place kept for it: nullptr when there is none.
SentPackets::Entry* SubscribedTrack::decide_late(const ForwardContext& context,
                                                 const SourcePacket& packet) {
  if (packet.sequence < source_first_ || !wanted_late(packet)) return nullptr;
  // Packets left out since make the true place later than this one.
  auto candidate = static_cast<uint16_t>(next_sequence_ - 1 -
                                         static_cast<uint16_t>(source_highest_ - packet.sequence));
  SentPackets::Entry* entry =
      sent_.find_expected(static_cast<uint16_t>(packet.sequence), packet.encoding & 3, epoch_ & 3,
                          candidate, next_sequence_);
  if (entry == nullptr) return nullptr;
  entry->state = SentPackets::State::kSent;
  entry->marker = ends_picture(packet) ? 1 : 0;
  entry->time_ms = context.now_ms & SentPackets::kTimeMask;
  if (entry->out_sequence == static_cast<uint16_t>(next_sequence_ - 1)) {
    note_newest(context, *entry, packet);
  }
  return entry;
}

void SubscribedTrack::note_newest(const ForwardContext& context, const SentPackets::Entry& entry,
                                  const SourcePacket& packet) {
  last_timestamp_ = packet.timestamp + entry.timestamp_offset;
  last_sent_ = context.now;
  if (packet.layering == Layering::kNone) return;
  Numbers theirs = Rewriter::of(packet.layering).numbers(packet);
  last_numbers_[static_cast<size_t>(packet.layering)] = {
      static_cast<uint16_t>(theirs.picture + entry.number_offset),
      static_cast<uint8_t>(theirs.tl0 + entry.tl0_offset)};
}

void SubscribedTrack::keep_places(const ForwardContext& context, int64_t first, int64_t last,
                                  uint8_t encoding) {
  if (last - first >= ReceiveStream::kMaxGap) return;  // these are never asked for
  for (int64_t n = first; n <= last; ++n) {
    record(static_cast<uint16_t>(n), encoding, SentPackets::State::kExpected, context.now_ms);
  }
}

void SubscribedTrack::skip_picture(const SourcePacket& packet) {
  skipping_ = true;
  skipped_timestamp_ = packet.timestamp;
  const Rewriter& rewriter = Rewriter::of(packet.layering);
  if (!rewriter.closes_up(packet)) return;
  uint16_t picture = rewriter.numbers(packet).picture;
  if (skipped_any_ && skipped_picture_id_ == picture) return;
  skipped_any_ = true;
  skipped_picture_id_ = picture;
  --offsets_.picture;
}

// ---- Writing

SubscribedTrack::Selected SubscribedTrack::select(const SourcePacket& packet, bool red) const {
  OutCodec codec = codecs_[packet.codec];
  if ((!red || codec.payload_type == kNoPayloadType) && !packet.primary.empty()) {
    OutCodec inner = codecs_[packet.primary_codec];
    if (inner.payload_type != kNoPayloadType || codec.payload_type == kNoPayloadType) {
      return {inner, packet.primary};
    }
  }
  ByteView payload = packet.payload;
  if (packet.trailer != 0 && !packet_trailer_) {
    payload = payload.first(payload.size() - packet.trailer);
  }
  return {codec, payload};
}

size_t SubscribedTrack::header_size(const SourcePacket& packet) const {
  return (packet.sparse & sparse_) == 0 ? header_size_ : rtc::rtp::kMaxWrittenHeaderSize;
}

MutableByteView SubscribedTrack::reserve(const ForwardContext& context, size_t size) {
  if (size > kMaxPacketSize) {
    ++context.counters.oversized;
    return {};
  }
  MutableByteView out = transport_.sink.reserve(size);
  if (out.size() >= size) [[likely]]
    return out;
  ++context.counters.sink_refused;
  return {};
}

Stamp SubscribedTrack::take_stamp(const ForwardContext& context) const {
  return transport_.send->stamp(context);
}

template <SubscribedTrack::Form form>
bool SubscribedTrack::write(const ForwardContext& context, SentPackets::Entry& entry,
                            const SourcePacket& packet) {
  // What came as RED goes on as RED: loss begins long before it is reported.
  const bool red = form == Form::kFirst ? source_->is_video() || affords_red() : entry.red != 0;
  auto [codec, payload] = select(packet, red);
  if constexpr (form == Form::kFirst) {
    last_payload_type_ = codec.payload_type;
    last_rtx_payload_type_ = codec.rtx_payload_type;
    if (codec.red_payload_type != 0 || !packet.primary.empty()) {
      if (makes_red(packet)) return write_as_red(context, entry, packet);
      entry.red = payload.data() == packet.payload.data() ? 1 : 0;
    }
  }
  constexpr size_t kPrefix = form == Form::kRtx ? rtc::rtp::kRtxOverhead : 0;
  MutableByteView out = reserve(context, header_size(packet) + kPrefix + payload.size());
  if (out.empty()) return false;
  Target target{codec.payload_type, entry.marker != 0, entry.out_sequence, ssrc_};
  if constexpr (form == Form::kRtx) {
    target.payload_type = codec.rtx_payload_type;
    target.sequence = next_rtx_sequence_;
    target.ssrc = rtx_ssrc_;
  }
  Stamp stamp;
  if constexpr (form == Form::kAgain) {
    stamp.transport_sequence = entry.number_offset;
  } else {
    stamp = take_stamp(context);
  }
  size_t head = write_header(packet, entry, target, stamp, out);
  if (head == 0) return false;
  if constexpr (form == Form::kRtx) {
    ++next_rtx_sequence_;
    store_be16(&out[head], entry.out_sequence);
  }
  MutableByteView body = out.subspan(head + kPrefix, payload.size());
  std::memcpy(body.data(), payload.data(), payload.size());
  if (source_->is_video()) {
    Numbers by{entry.number_offset, entry.tl0_offset};
    auto rewrite = Rewriter::of(packet.layering).rewrite;
    if (rewrite != nullptr && (by.picture != 0 || by.tl0 != 0)) rewrite(packet, by, body);
  } else if constexpr (form == Form::kFirst) {
    entry.number_offset = stamp.transport_sequence;
  }
  size_t size = head + kPrefix + payload.size();
  commit(context, out.first(size), form != Form::kAgain);
  if constexpr (form == Form::kFirst) {
    count_sent(context, head, payload.size());
  } else {
    bytes_ += size;
    ++context.counters.retransmitted_packets;
  }
  return true;
}

template bool SubscribedTrack::write<SubscribedTrack::Form::kFirst>(const ForwardContext&,
                                                                    SentPackets::Entry&,
                                                                    const SourcePacket&);
template bool SubscribedTrack::write<SubscribedTrack::Form::kAgain>(const ForwardContext&,
                                                                    SentPackets::Entry&,
                                                                    const SourcePacket&);
template bool SubscribedTrack::write<SubscribedTrack::Form::kRtx>(const ForwardContext&,
                                                                  SentPackets::Entry&,
                                                                  const SourcePacket&);

/// What each packet's header begins with, from the template.
void SubscribedTrack::put_header(uint8_t* p, const Target& target, uint32_t timestamp,
                                 const Stamp& stamp) const {
  copy_header(p, template_.data(), header_size_);
  p[1] = static_cast<uint8_t>((target.marker ? 0x80 : 0) | target.payload_type);
  store_be16(p + 2, target.sequence);
  store_be32(p + 4, timestamp);
  store_be32(p + 8, target.ssrc.value);
  if (transport_sequence_at_ != 0) store_be16(p + transport_sequence_at_, stamp.transport_sequence);
  if (send_time_at_ != 0) store_be24(p + send_time_at_, stamp.abs_send_time);
}

size_t SubscribedTrack::write_header(const SourcePacket& packet, const SentPackets::Entry& entry,
                                     const Target& target, const Stamp& stamp,
                                     MutableByteView out) {
  uint8_t rare = packet.sparse & sparse_;
  bool descriptor_only = rare == kSparseDependencyDescriptor &&
                         packet.dependency_bytes.size() <= 16 && extensions_end_ != 0;
  if (rare != 0 && (!descriptor_only || changes_targets(packet))) [[unlikely]] {
    return write_rare_header(packet, entry, target, stamp, out);
  }
  put_header(out.data(), target, packet.timestamp + entry.timestamp_offset, stamp);
  if (audio_level_at_ != 0) out[audio_level_at_] = packet.audio_level;
  return rare == 0 ? header_size_ : append_descriptor(packet, entry.number_offset, out);
}

/// Behind what the template has.
size_t SubscribedTrack::append_descriptor(const SourcePacket& packet, uint16_t number_offset,
                                          MutableByteView out) const {
  ByteView value = packet.dependency_bytes;
  uint8_t* p = out.data() + extensions_end_;
  *p++ = static_cast<uint8_t>(extensions_.id(Extension::kDependencyDescriptor) << 4 |
                              (value.size() - 1));
  std::memcpy(p, value.data(), value.size());
  rtc::rtp::set_frame_number(MutableByteView(p, value.size()),
                             static_cast<uint16_t>(load_be16(&value[1]) + number_offset));
  size_t end = extensions_end_ + 1 + value.size();
  size_t padded = (end + 3) & ~size_t{3};
  std::fill(out.begin() + static_cast<ptrdiff_t>(end), out.begin() + static_cast<ptrdiff_t>(padded),
            uint8_t{0});
  store_be16(&out[14], static_cast<uint16_t>((padded - 16) / 4));
  return padded;
}

bool SubscribedTrack::changes_targets(const SourcePacket& packet) const {
  if (packet.layering != Layering::kDependencies || !selector_) return false;
  if (!packet.dependencies->first_packet && !packet.dependencies->active_targets) return false;
  uint32_t known = packet.dependencies->active_targets.value_or(told_targets_);
  return known != selector_->sent_targets(*packet.reader);
}

/// With extensions that few packets have.
size_t SubscribedTrack::write_rare_header(const SourcePacket& packet,
                                          const SentPackets::Entry& entry, const Target& target,
                                          const Stamp& stamp, MutableByteView out) {
  rtc::rtp::Header header{target.marker, target.payload_type, rtc::rtp::SeqNum(target.sequence),
                          rtc::rtp::RtpTime(packet.timestamp + entry.timestamp_offset),
                          target.ssrc};
  rtc::rtp::OwnExtensions own;
  own.mid = mid_;
  if (transport_sequence_at_ != 0) own.transport_sequence = stamp.transport_sequence;
  if (send_time_at_ != 0) own.abs_send_time = stamp.abs_send_time;
  std::array<uint8_t, 255> descriptor;
  size_t size = 0;
  if ((packet.sparse & sparse_ & kSparseDependencyDescriptor) != 0) {
    size = write_descriptor(packet, entry.number_offset, descriptor);
  }
  own.dependency_descriptor = ByteView(descriptor).first(size);
  return rtc::rtp::write_forwarded_header(out, packet.view, source_->extensions(), header,
                                          extensions_, own);
}

size_t SubscribedTrack::write_descriptor(const SourcePacket& packet, uint16_t number_offset,
                                         MutableByteView out) {
  ByteView value = packet.dependency_bytes;
  size_t size = 0;
  if (changes_targets(packet)) {
    told_targets_ = selector_->sent_targets(*packet.reader);
    size = rtc::rtp::write_active_targets(out, value, *packet.dependencies,
                                          packet.reader->structure()->target_count, told_targets_);
  }
  if (size == 0) {
    size = std::min(value.size(), out.size());
    std::memcpy(out.data(), value.data(), size);
  }
  rtc::rtp::set_frame_number(out, static_cast<uint16_t>(load_be16(&value[1]) + number_offset));
  return size;
}

void SubscribedTrack::count_sent(const ForwardContext& context, size_t head, size_t payload) {
  ++packets_;
  bytes_ += head + payload;
  payload_bytes_ += payload;
  ++context.counters.forwarded_packets;
}

}  // namespace turms::sfu
