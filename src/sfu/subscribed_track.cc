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
  if (!source.is_video()) redundancy_ = std::make_unique<RedundancyControl>();
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
  // A subscriber that prefers RED can get it from those too who do not send it. What is encrypted
  // was so as a whole, and receivers take the blocks apart after decryption.
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
  begin_sequence_ = next_sequence_;
  begin_timestamp_ = packet.timestamp + timestamp_offset_;
  source_first_ = packet.sequence;
  source_highest_ = packet.sequence - 1;
  hold_back = false;
  temporal_ = static_cast<uint8_t>(decision.temporal);
  skipping_ = false;
  skipped_any_ = false;
  key_frame_begins();
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
  if (packet.layering == Layering::kNone) return;
  Numbers theirs = Rewriter::of(packet.layering).numbers(packet);
  const Numbers& last = last_numbers_[static_cast<size_t>(packet.layering)];
  offsets_ = {static_cast<uint16_t>(last.picture + 1 - theirs.picture),
              static_cast<uint8_t>(last.tl0 + 1 - theirs.tl0)};
}

void SubscribedTrack::request_layers(int spatial) {
  if (!selector_) return;
  selector_->request(static_cast<uint8_t>(spatial), static_cast<uint8_t>(temporal_limit()));
}

bool SubscribedTrack::needs_key_frame() const {
  if (current_ < 0 || !selector_) return false;
  return selector_->needs_key_frame(source_->stream(current_).dependencies.get());
}

int SubscribedTrack::current_layer() const {
  if (current_ < 0 || !source_->is_svc() || !selector_) return current_;
  return selector_->spatial();
}

}  // namespace turms::sfu
