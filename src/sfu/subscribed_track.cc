#include "sfu/subscribed_track.h"

#include <algorithm>
#include <cstring>

#include "sfu/published_track.h"
#include "sfu/room.h"
#include "sfu/transport.h"

namespace turms::sfu {

using rtc::Codec;
using rtc::CodecParameters;
using rtc::Extension;

namespace {

uint32_t to_clock(Duration d, uint32_t clock_rate) {
  return static_cast<uint32_t>(to_us(d) * clock_rate / 1'000'000);
}

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

/// How well `offered` of a subscriber fits what the publisher sends: 0 not at all.
int fit(const CodecParameters& source, const CodecParameters& offered) {
  if (source.codec != offered.codec) return 0;
  if (source.fmtp == offered.fmtp) return 3;
  if (source.codec != Codec::kH264) return 2;
  // RFC 6184 section 8.1: packetization mode and profile decide whether it can be decoded.
  auto value = [](std::string_view fmtp, std::string_view key) -> std::string_view {
    size_t at = fmtp.find(key);
    if (at == std::string_view::npos) return {};
    std::string_view rest = fmtp.substr(at + key.size());
    return rest.substr(0, rest.find(';'));
  };
  auto mode = [&](const CodecParameters& c) {
    std::string_view m = value(c.fmtp, "packetization-mode=");
    return m.empty() ? std::string_view("0") : m;
  };
  auto profile = [&](const CodecParameters& c) {
    return value(c.fmtp, "profile-level-id=").substr(0, 4);  // without the level
  };
  if (mode(source) != mode(offered)) return 0;
  return profile(source) == profile(offered) ? 2 : 1;
}

}  // namespace

ForwardContext::ForwardContext(TimePoint now_in, RoomCounters& counters_in)
    : now(now_in),
      now_ms(static_cast<uint32_t>(to_ms(now_in.time_since_epoch()))),
      abs_send_time(rtc::rtp::abs_send_time(now_in)),
      counters(counters_in) {}

SubscribedTrack::SubscribedTrack(const SendTrackParameters& parameters,
                                 const LayerRequest& request_in, PublishedTrack& source,
                                 Transport& transport, uint16_t first_sequence,
                                 const std::optional<PlayoutDelay>& playout_delay)
    : next_source(&source),
      request(request_in),
      source_(&source),
      transport_(transport),
      next_sequence_(first_sequence),
      id_(parameters.id),
      ssrc_(parameters.ssrc),
      rtx_ssrc_(parameters.rtx_ssrc),
      accepted_(parameters.codecs),
      extensions_(parameters.extensions),
      mid_(parameters.mid.substr(0, 16)),
      packet_trailer_(parameters.packet_trailer),
      playout_delay_(playout_delay),
      playout_delay_sent_(first_sequence),
      next_rtx_sequence_(first_sequence) {
  match_codecs();
  build_template();
}

void SubscribedTrack::change_source(PublishedTrack& track) {
  source_ = next_source = &track;
  // What was sent so far is not in the new source's history.
  sent_.clear();
  current_ = -1;
  last_encoding_ = -1;
  match_codecs();
  build_template();
}

bool SubscribedTrack::accepts(const PublishedTrack& track, const SourcePacket& packet) const {
  if (&track == source_) return accepts(packet);
  const auto& codecs = track.codecs();
  const auto fits = [&](uint8_t codec) {
    return std::any_of(accepted_.begin(), accepted_.end(), [&](const CodecParameters& candidate) {
      return fit(codecs[codec], candidate) > 0;
    });
  };
  return fits(packet.codec) || (!packet.primary.empty() && fits(packet.primary_codec));
}

void SubscribedTrack::match_codecs() {
  codecs_.fill({});
  const auto& codecs = source_->codecs();
  for (size_t i = 0; i < std::min(codecs.size(), codecs_.size()); ++i) {
    int best = 0;
    for (const auto& candidate : accepted_) {
      int how = fit(codecs[i], candidate);
      if (how <= best) continue;
      best = how;
      codecs_[i] = {candidate.payload_type, candidate.rtx_payload_type, 0};
    }
  }
  // A subscriber that prefers RED gets it from those too who do not send it. What is encrypted was
  // so as a whole, and receivers take the blocks apart after decryption.
  if (accepted_.empty() || accepted_.front().codec != Codec::kRed || source_->encrypted()) return;
  for (size_t i = 0; i < std::min(codecs.size(), codecs_.size()); ++i) {
    bool plain = codecs[i].codec == Codec::kOpus && codecs_[i].payload_type != kNoPayloadType;
    if (plain) codecs_[i].red_payload_type = accepted_.front().payload_type;
  }
}

void SubscribedTrack::build_template() {
  transport_sequence_at_ = send_time_at_ = audio_level_at_ = sparse_ = 0;
  uint8_t unknown[3] = {0x7F, 0, 0};
  std::array<uint8_t, 3> delay{};
  std::array<rtc::rtp::ExtensionValue, 5> list;
  size_t count = 0;
  auto add = [&](Extension extension, ByteView value) {
    if (uint8_t id = extensions_.id(extension); id != 0) list[count++] = {id, value};
  };
  if (!mid_.empty()) add(Extension::kMid, as_bytes(mid_));
  add(Extension::kTransportSequence, ByteView(unknown, 2));
  add(Extension::kAbsSendTime, ByteView(unknown, 3));
  if (source_->extensions().id(Extension::kAudioLevel) != 0) {
    add(Extension::kAudioLevel, ByteView(unknown, 1));
  }
  if (playout_delay_ && source_->is_video()) {
    // Twelve bits each, in steps of 10 ms.
    auto steps = [](uint32_t ms) { return std::min<uint32_t>(ms / 10, 0xFFF); };
    store_be24(delay.data(), steps(playout_delay_->min_ms) << 12 | steps(playout_delay_->max_ms));
    add(Extension::kPlayoutDelay, delay);
  }
  rtc::rtp::Header header;
  header.ssrc = ssrc_;
  // Fits: fixed part, head, mid and at most 14 bytes more in the two-byte form.
  header_size_ = static_cast<uint8_t>(
      rtc::rtp::write_packet(template_, header, std::span(list.data(), count), {}));
  auto place = [&](Extension extension) {
    MutableByteView at = rtc::rtp::find_extension(MutableByteView(template_).first(header_size_),
                                                  extensions_.id(extension));
    return at.empty() ? uint8_t{0} : static_cast<uint8_t>(at.data() - template_.data());
  };
  // A descriptor can be appended to the one-byte form.
  bool one_byte = header_size_ > 16 && load_be16(&template_[12]) == 0xBEDE;
  uint8_t descriptor_id = extensions_.id(Extension::kDependencyDescriptor);
  size_t used = 16;
  for (size_t i = 0; i < count; ++i) used += 1 + list[i].value.size();
  extensions_end_ = static_cast<uint8_t>(one_byte && descriptor_id < 15 ? used : 0);
  transport_sequence_at_ = place(Extension::kTransportSequence);
  send_time_at_ = place(Extension::kAbsSendTime);
  audio_level_at_ = place(Extension::kAudioLevel);
  auto sparse = [&](Extension extension, SparseExtension bit) {
    if (extensions_.id(extension) != 0) sparse_ |= bit;
  };
  sparse(Extension::kDependencyDescriptor, kSparseDependencyDescriptor);
  sparse(Extension::kVideoOrientation, kSparseVideoOrientation);
  if (!playout_delay_) sparse(Extension::kPlayoutDelay, kSparsePlayoutDelay);
  sparse(Extension::kAbsCaptureTime, kSparseCaptureTime);
}

/// What the packet's timestamp is on the line of what was sent so far: by the publisher's clock,
/// else by ours.
uint32_t SubscribedTrack::continued_timestamp(const ForwardContext& context,
                                              const ReceiveStream& stream,
                                              const SourcePacket& packet) const {
  uint32_t by_arrival = last_timestamp_ + to_clock(context.now - last_sent_, source_->clock_rate());
  if (last_encoding_ < 0) return by_arrival;
  const ReceiveStream& before = source_->stream(last_encoding_);
  if (&before == &stream && epoch_ != stream.epoch()) return by_arrival;
  auto translated = ReceiveStream::translate(packet.timestamp, stream, before);
  if (!translated) return by_arrival;
  uint32_t by_reports = *translated + timestamp_offset_;
  auto apart = static_cast<int32_t>(by_reports - by_arrival);
  // Reports that say otherwise by more than this are wrong.
  bool plausible = std::abs(apart) < static_cast<int32_t>(source_->clock_rate());
  return plausible ? by_reports : by_arrival;
}

void SubscribedTrack::begin(const ForwardContext& context, const ReceiveStream& stream,
                            const SourcePacket& packet, int layers_inside) {
  uint8_t epoch = stream.epoch();
  bool other_source = &stream.track() != source_;
  if (!started_) {
    started_ = true;
    timestamp_offset_ = 0;
    if (other_source) change_source(stream.track());
    if (source_->is_video()) open(context, packet);
  } else {
    if (other_source || last_encoding_ != packet.encoding || epoch_ != epoch) {
      timestamp_offset_ = continued_timestamp(context, stream, packet) - packet.timestamp;
    }
    if (other_source) change_source(stream.track());
    // Never back, and never into the frame before: receivers freeze on either.
    if (static_cast<int32_t>(packet.timestamp + timestamp_offset_ - last_timestamp_) <= 0) {
      timestamp_offset_ = last_timestamp_ + 1 - packet.timestamp;
    }
    start_numbers(packet);
  }
  current_ = packet.encoding;
  last_encoding_ = packet.encoding;
  epoch_ = epoch;
  begin_timestamp_ = packet.timestamp + timestamp_offset_;
  source_first_ = packet.sequence;
  source_highest_ = packet.sequence - 1;
  temporal_ = static_cast<uint8_t>(decision.temporal);
  skipping_ = false;
  skipped_any_ = false;
  if (packet.layering > Layering::kVp8) {
    if (!selector_) selector_ = std::make_unique<FrameSelector>();
    selector_->begin();
    request_layers(layers_inside);
  } else {
    selector_.reset();
  }
  send_parameter_sets(context, stream, packet);
}

/// Receivers know pictures and frames by their numbers, which go on where the layer changes.
void SubscribedTrack::start_numbers(const SourcePacket& packet) {
  switch (packet.layering) {
    case Layering::kVp8:
      number_offset_ = static_cast<uint16_t>(last_picture_id_ + 1 - packet.vp8.picture_id);
      tl0_offset_ = static_cast<uint8_t>(last_tl0_ + 1 - packet.vp8.tl0_picture_index);
      break;
    case Layering::kVp9:
      number_offset_ = static_cast<uint16_t>(last_picture_id_ + 1 - packet.vp9.picture_id);
      tl0_offset_ = static_cast<uint8_t>(last_tl0_ + 1 - packet.vp9.tl0_picture_index);
      break;
    case Layering::kDependencies:
      number_offset_ =
          static_cast<uint16_t>(last_frame_number_ + 1 - packet.dependencies->frame_number);
      break;
    case Layering::kNone:
      break;
  }
}

void SubscribedTrack::note_numbers(const SourcePacket& packet, const Rewrite& rewrite) {
  switch (packet.layering) {
    case Layering::kVp8:
      last_picture_id_ = static_cast<uint16_t>(packet.vp8.picture_id + rewrite.number_offset);
      last_tl0_ = static_cast<uint8_t>(packet.vp8.tl0_picture_index + rewrite.tl0_offset);
      break;
    case Layering::kVp9:
      last_picture_id_ = static_cast<uint16_t>(packet.vp9.picture_id + rewrite.number_offset);
      last_tl0_ = static_cast<uint8_t>(packet.vp9.tl0_picture_index + rewrite.tl0_offset);
      break;
    case Layering::kDependencies:
      last_frame_number_ =
          static_cast<uint16_t>(packet.dependencies->frame_number + rewrite.number_offset);
      break;
    case Layering::kNone:
      break;
  }
}

void SubscribedTrack::request_layers(int spatial) {
  if (!selector_) return;
  selector_->request(static_cast<uint8_t>(spatial), static_cast<uint8_t>(decision.temporal));
}

bool SubscribedTrack::needs_key_frame() const {
  if (current_ < 0 || !selector_) return false;
  return selector_->needs_key_frame(source_->stream(current_).dependencies.get());
}

int SubscribedTrack::current_layer() const {
  if (current_ < 0 || !source_->is_svc() || !selector_) return current_;
  return selector_->spatial();
}

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
  auto limit = static_cast<uint8_t>(decision.temporal);
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
    fill_late(context, packet);
    return;
  }
  int64_t gap = packet.sequence - source_highest_ - 1;
  if (!wanted(packet)) {
    // What is missing within one picture that is left out was part of it.
    bool same = skipping_ && skipped_timestamp_ == packet.timestamp;
    if (gap > 0 && !same) {
      keep_places(context, source_highest_ + 1, packet.sequence - 1, packet.encoding);
    }
    source_highest_ = packet.sequence;
    skip_picture(packet);
    return;
  }
  if (gap > 0) {
    keep_places(context, source_highest_ + 1, packet.sequence - 1, packet.encoding);
    bool splits = !packet.primary.empty() && codecs_[packet.codec].payload_type == kNoPayloadType;
    if (splits) fill_from_red(context, packet);
  }
  source_highest_ = packet.sequence;
  skipping_ = false;
  send(context, packet,
       {next_sequence_++, timestamp_offset_, number_offset_, tl0_offset_, ends_picture(packet)});
}

void SubscribedTrack::keep_places(const ForwardContext& context, int64_t first, int64_t last,
                                  uint8_t encoding) {
  if (last - first >= ReceiveStream::kMaxGap) return;  // these are never asked for
  for (int64_t n = first; n <= last; ++n) {
    record({next_sequence_++, timestamp_offset_, number_offset_, tl0_offset_, false},
           static_cast<uint16_t>(n), encoding, SentPackets::State::kExpected, context.now_ms);
  }
}

void SubscribedTrack::skip_picture(const SourcePacket& packet) {
  skipping_ = true;
  skipped_timestamp_ = packet.timestamp;
  if (!packet.is_vp8() || !packet.vp8.has_picture_id) return;
  if (skipped_any_ && skipped_picture_id_ == packet.vp8.picture_id) return;
  skipped_any_ = true;
  skipped_picture_id_ = packet.vp8.picture_id;
  --number_offset_;  // receivers wait for the pictures that ids tell of
}

void SubscribedTrack::fill_late(const ForwardContext& context, const SourcePacket& packet) {
  if (packet.sequence < source_first_ || !wanted_late(packet)) return;
  // Packets left out since make the true place later than this one.
  auto candidate = static_cast<uint16_t>(next_sequence_ - 1 -
                                         static_cast<uint16_t>(source_highest_ - packet.sequence));
  SentPackets::Entry* entry =
      sent_.find_expected(static_cast<uint16_t>(packet.sequence), packet.encoding & 3, epoch_ & 3,
                          candidate, next_sequence_);
  if (entry == nullptr) return;
  send(context, packet,
       {entry->out_sequence, entry->timestamp_offset, entry->number_offset, entry->tl0_offset,
        ends_picture(packet)});
}

SubscribedTrack::Selected SubscribedTrack::select(const SourcePacket& packet) const {
  OutCodec codec = codecs_[packet.codec];
  if (codec.payload_type == kNoPayloadType && !packet.primary.empty()) {
    return {codecs_[packet.primary_codec], packet.primary};
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

size_t SubscribedTrack::write_header(const ForwardContext& context, const SourcePacket& packet,
                                     const Rewrite& rewrite, MutableByteView out,
                                     uint8_t payload_type, uint16_t sequence, rtc::Ssrc ssrc) {
  uint32_t timestamp = packet.timestamp + rewrite.timestamp_offset;
  uint8_t rare = packet.sparse & sparse_;
  bool descriptor_only = rare == kSparseDependencyDescriptor &&
                         packet.dependency_bytes.size() <= 16 && extensions_end_ != 0;
  if (rare != 0 && (!descriptor_only || changes_targets(packet))) [[unlikely]] {
    return write_rare_header(context, packet, rewrite, out,
                             {rewrite.marker, payload_type, rtc::rtp::SeqNum(sequence),
                              rtc::rtp::RtpTime(timestamp), ssrc});
  }
  uint8_t* p = out.data();
  copy_header(p, template_.data(), header_size_);
  p[1] = static_cast<uint8_t>((rewrite.marker ? 0x80 : 0) | payload_type);
  store_be16(p + 2, sequence);
  store_be32(p + 4, timestamp);
  store_be32(p + 8, ssrc.value);
  if (transport_sequence_at_ != 0) {
    store_be16(p + transport_sequence_at_, transport_.send->transport_sequence++);
  }
  if (send_time_at_ != 0) store_be24(p + send_time_at_, context.abs_send_time);
  if (audio_level_at_ != 0) p[audio_level_at_] = packet.audio_level;
  return rare == 0 ? header_size_ : append_descriptor(packet, rewrite, out);
}

/// Behind what the template has.
size_t SubscribedTrack::append_descriptor(const SourcePacket& packet, const Rewrite& rewrite,
                                          MutableByteView out) const {
  ByteView value = packet.dependency_bytes;
  uint8_t* p = out.data() + extensions_end_;
  *p++ = static_cast<uint8_t>(extensions_.id(Extension::kDependencyDescriptor) << 4 |
                              (value.size() - 1));
  std::memcpy(p, value.data(), value.size());
  rtc::rtp::set_frame_number(MutableByteView(p, value.size()),
                             static_cast<uint16_t>(load_be16(&value[1]) + rewrite.number_offset));
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
size_t SubscribedTrack::write_rare_header(const ForwardContext& context, const SourcePacket& packet,
                                          const Rewrite& rewrite, MutableByteView out,
                                          const rtc::rtp::Header& header) {
  rtc::rtp::OwnExtensions own;
  own.mid = mid_;
  if (transport_sequence_at_ != 0) own.transport_sequence = transport_.send->transport_sequence++;
  if (send_time_at_ != 0) own.abs_send_time = context.abs_send_time;
  std::array<uint8_t, 255> descriptor;
  size_t size = 0;
  if ((packet.sparse & sparse_ & kSparseDependencyDescriptor) != 0) {
    size = write_descriptor(packet, rewrite.number_offset, descriptor);
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

void SubscribedTrack::rewrite_payload(const SourcePacket& packet, const Rewrite& rewrite,
                                      MutableByteView payload) const {
  if (rewrite.number_offset == 0 && rewrite.tl0_offset == 0) return;
  if (packet.is_vp8()) {
    rtc::rtp::rewrite_vp8(payload, packet.vp8,
                          static_cast<uint16_t>(packet.vp8.picture_id + rewrite.number_offset),
                          static_cast<uint8_t>(packet.vp8.tl0_picture_index + rewrite.tl0_offset),
                          packet.vp8.key_index);
  } else if (packet.layering == Layering::kVp9) {
    rtc::rtp::rewrite_vp9(payload, packet.vp9,
                          static_cast<uint16_t>(packet.vp9.picture_id + rewrite.number_offset),
                          static_cast<uint8_t>(packet.vp9.tl0_picture_index + rewrite.tl0_offset));
  }
}

void SubscribedTrack::send(const ForwardContext& context, const SourcePacket& packet,
                           const Rewrite& rewrite) {
  bool newest = rewrite.sequence == static_cast<uint16_t>(next_sequence_ - 1);
  if (newest) {
    last_timestamp_ = packet.timestamp + rewrite.timestamp_offset;
    last_sent_ = context.now;
    note_numbers(packet, rewrite);
  }
  Rewrite kept = rewrite;
  // Sound has no numbers to rewrite; sent again it has to be the same to the byte.
  if (!source_->is_video()) kept.number_offset = transport_.send->transport_sequence;
  record(kept, static_cast<uint16_t>(packet.sequence), packet.encoding, SentPackets::State::kSent,
         context.now_ms);

  auto [codec, payload] = select(packet);
  last_payload_type_ = codec.payload_type;
  if (codec.red_payload_type != 0) return send_as_red(context, packet, rewrite);
  size_t size = header_size(packet) + payload.size();
  if (size > kMaxPacketSize) {
    ++context.counters.oversized;
    return;
  }
  MutableByteView out = transport_.sink.reserve(size);
  if (out.size() < size) {
    ++context.counters.sink_refused;
    return;
  }
  size_t head =
      write_header(context, packet, rewrite, out, codec.payload_type, rewrite.sequence, ssrc_);
  if (head == 0) return;
  std::memcpy(out.data() + head, payload.data(), payload.size());
  rewrite_payload(packet, rewrite, out.subspan(head, payload.size()));
  transport_.sink.commit(head + payload.size(), PacketKind::kRtp);
  count_sent(context, head, payload.size());
}

void SubscribedTrack::count_sent(const ForwardContext& context, size_t head, size_t payload) {
  ++packets_;
  bytes_ += head + payload;
  payload_bytes_ += payload;
  ++context.counters.forwarded_packets;
}

}  // namespace turms::sfu
