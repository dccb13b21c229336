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
                                 Transport& transport, uint16_t first_sequence)
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
      codecs_[i] = {candidate.payload_type, candidate.rtx_payload_type};
    }
  }
}

void SubscribedTrack::build_template() {
  transport_sequence_at_ = send_time_at_ = audio_level_at_ = sparse_ = 0;
  uint8_t unknown[3] = {0x7F, 0, 0};
  std::array<rtc::rtp::ExtensionValue, 4> list;
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
  rtc::rtp::Header header;
  header.ssrc = ssrc_;
  // Fits: fixed part, head, mid and at most 9 bytes more in the two-byte form.
  header_size_ = static_cast<uint8_t>(
      rtc::rtp::write_packet(template_, header, std::span(list.data(), count), {}));
  auto place = [&](Extension extension) {
    MutableByteView at = rtc::rtp::find_extension(MutableByteView(template_).first(header_size_),
                                                  extensions_.id(extension));
    return at.empty() ? uint8_t{0} : static_cast<uint8_t>(at.data() - template_.data());
  };
  transport_sequence_at_ = place(Extension::kTransportSequence);
  send_time_at_ = place(Extension::kAbsSendTime);
  audio_level_at_ = place(Extension::kAudioLevel);
  auto sparse = [&](Extension extension, SparseExtension bit) {
    if (extensions_.id(extension) != 0) sparse_ |= bit;
  };
  sparse(Extension::kDependencyDescriptor, kSparseDependencyDescriptor);
  sparse(Extension::kVideoOrientation, kSparseVideoOrientation);
  sparse(Extension::kPlayoutDelay, kSparsePlayoutDelay);
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
                            const SourcePacket& packet) {
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
    if (packet.is_vp8) {
      picture_id_offset_ = static_cast<uint16_t>(last_picture_id_ + 1 - packet.vp8.picture_id);
      tl0_offset_ = static_cast<uint8_t>(last_tl0_ + 1 - packet.vp8.tl0_picture_index);
    }
  }
  current_ = packet.encoding;
  last_encoding_ = packet.encoding;
  epoch_ = epoch;
  source_first_ = packet.sequence;
  source_highest_ = packet.sequence - 1;
  temporal_ = static_cast<uint8_t>(decision.temporal);
  skipping_ = false;
  skipped_any_ = false;
}

bool SubscribedTrack::wanted(const SourcePacket& packet) {
  if (packet.payload.empty() || !accepts(packet)) return false;
  if (!packet.is_vp8 || !packet.vp8.has_temporal_id) return true;
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
  if (gap > 0) keep_places(context, source_highest_ + 1, packet.sequence - 1, packet.encoding);
  source_highest_ = packet.sequence;
  skipping_ = false;
  send(context, packet, {next_sequence_++, timestamp_offset_, picture_id_offset_, tl0_offset_});
}

inline void SubscribedTrack::record(const Rewrite& rewrite, uint16_t source_sequence,
                                    uint8_t encoding, SentPackets::State state, uint32_t now_ms) {
  SentPackets::Entry& entry = sent_.claim(rewrite.sequence, now_ms);
  entry.out_sequence = rewrite.sequence;
  entry.source_sequence = source_sequence;
  entry.timestamp_offset = rewrite.timestamp_offset;
  entry.picture_id_offset = rewrite.picture_id_offset;
  entry.tl0_offset = rewrite.tl0_offset;
  entry.encoding = encoding & 3;
  entry.epoch = epoch_ & 3;
  entry.state = state;
  entry.resends = 0;
  entry.time_ms = now_ms;
}

void SubscribedTrack::keep_places(const ForwardContext& context, int64_t first, int64_t last,
                                  uint8_t encoding) {
  if (last - first >= ReceiveStream::kMaxGap) return;  // these are never asked for
  for (int64_t n = first; n <= last; ++n) {
    record({next_sequence_++, timestamp_offset_, picture_id_offset_, tl0_offset_},
           static_cast<uint16_t>(n), encoding, SentPackets::State::kExpected, context.now_ms);
  }
}

void SubscribedTrack::skip_picture(const SourcePacket& packet) {
  skipping_ = true;
  skipped_timestamp_ = packet.timestamp;
  if (!packet.is_vp8 || !packet.vp8.has_picture_id) return;
  if (skipped_any_ && skipped_picture_id_ == packet.vp8.picture_id) return;
  skipped_any_ = true;
  skipped_picture_id_ = packet.vp8.picture_id;
  --picture_id_offset_;  // receivers wait for the pictures that ids tell of
}

void SubscribedTrack::fill_late(const ForwardContext& context, const SourcePacket& packet) {
  if (packet.sequence < source_first_ || packet.payload.empty() || !accepts(packet)) return;
  if (packet.is_vp8 && packet.temporal_id > temporal_) return;
  // Packets left out since make the true place later than this one.
  auto candidate = static_cast<uint16_t>(next_sequence_ - 1 -
                                         static_cast<uint16_t>(source_highest_ - packet.sequence));
  SentPackets::Entry* entry =
      sent_.find_expected(static_cast<uint16_t>(packet.sequence), packet.encoding & 3, epoch_ & 3,
                          candidate, next_sequence_);
  if (entry == nullptr) return;
  send(context, packet,
       {entry->out_sequence, entry->timestamp_offset, entry->picture_id_offset, entry->tl0_offset});
}

SubscribedTrack::Selected SubscribedTrack::select(const SourcePacket& packet) const {
  OutCodec codec = codecs_[packet.codec];
  if (codec.payload_type == kNoPayloadType && !packet.primary.empty()) {
    return {codecs_[packet.primary_codec], packet.primary};
  }
  return {codec, packet.payload};
}

size_t SubscribedTrack::header_size(const SourcePacket& packet) const {
  return (packet.sparse & sparse_) == 0 ? header_size_ : rtc::rtp::kMaxWrittenHeaderSize;
}

size_t SubscribedTrack::write_header(const ForwardContext& context, const SourcePacket& packet,
                                     MutableByteView out, uint8_t payload_type, uint16_t sequence,
                                     uint32_t timestamp, rtc::Ssrc ssrc) {
  if ((packet.sparse & sparse_) != 0) [[unlikely]] {
    rtc::rtp::Header header{packet.marker, payload_type, rtc::rtp::SeqNum(sequence),
                            rtc::rtp::RtpTime(timestamp), ssrc};
    rtc::rtp::OwnExtensions own;
    own.mid = mid_;
    if (transport_sequence_at_ != 0) {
      own.transport_sequence = transport_.send->transport_sequence++;
    }
    if (send_time_at_ != 0) own.abs_send_time = context.abs_send_time;
    return rtc::rtp::write_forwarded_header(out, packet.view, source_->extensions(), header,
                                            extensions_, own);
  }
  uint8_t* p = out.data();
  copy_header(p, template_.data(), header_size_);
  p[1] = static_cast<uint8_t>((packet.marker ? 0x80 : 0) | payload_type);
  store_be16(p + 2, sequence);
  store_be32(p + 4, timestamp);
  store_be32(p + 8, ssrc.value);
  if (transport_sequence_at_ != 0) {
    store_be16(p + transport_sequence_at_, transport_.send->transport_sequence++);
  }
  if (send_time_at_ != 0) store_be24(p + send_time_at_, context.abs_send_time);
  if (audio_level_at_ != 0) p[audio_level_at_] = packet.audio_level;
  return header_size_;
}

void SubscribedTrack::rewrite_payload(const SourcePacket& packet, const Rewrite& rewrite,
                                      MutableByteView payload) const {
  if (!packet.is_vp8 || (rewrite.picture_id_offset == 0 && rewrite.tl0_offset == 0)) return;
  rtc::rtp::rewrite_vp8(payload, packet.vp8,
                        static_cast<uint16_t>(packet.vp8.picture_id + rewrite.picture_id_offset),
                        static_cast<uint8_t>(packet.vp8.tl0_picture_index + rewrite.tl0_offset),
                        packet.vp8.key_index);
}

void SubscribedTrack::send(const ForwardContext& context, const SourcePacket& packet,
                           const Rewrite& rewrite) {
  bool newest = rewrite.sequence == static_cast<uint16_t>(next_sequence_ - 1);
  uint32_t timestamp = packet.timestamp + rewrite.timestamp_offset;
  if (newest) {
    last_timestamp_ = timestamp;
    last_sent_ = context.now;
    if (packet.is_vp8) {
      last_picture_id_ = static_cast<uint16_t>(packet.vp8.picture_id + rewrite.picture_id_offset);
      last_tl0_ = static_cast<uint8_t>(packet.vp8.tl0_picture_index + rewrite.tl0_offset);
    }
  }
  record(rewrite, static_cast<uint16_t>(packet.sequence), packet.encoding,
         SentPackets::State::kSent, context.now_ms);

  auto [codec, payload] = select(packet);
  last_payload_type_ = codec.payload_type;
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
      write_header(context, packet, out, codec.payload_type, rewrite.sequence, timestamp, ssrc_);
  if (head == 0) return;
  std::memcpy(out.data() + head, payload.data(), payload.size());
  rewrite_payload(packet, rewrite, out.subspan(head, payload.size()));
  transport_.sink.commit(head + payload.size(), PacketKind::kRtp);
  ++packets_;
  bytes_ += head + payload.size();
  payload_bytes_ += payload.size();
  ++context.counters.forwarded_packets;
}

}  // namespace turms::sfu
