#include "sim/synthetic_media.h"

#include <algorithm>

#include "rtc/rtp/payload.h"

namespace turms::sim {

using rtc::Extension;

namespace {

constexpr uint32_t kMagic = 0x54525448;
constexpr size_t kPacketPayload = 1100;
constexpr size_t kHistory = 1000;
constexpr size_t kDescriptorSize = 6;  // X, extension, 15-bit picture id, TL0PICIDX, TID/KEYIDX
constexpr size_t kVp8HeaderSize = 3;
/// As libwebrtc: a key frame at most this often, however many ask.
constexpr Duration kMinKeyFrameDistance = 300ms;

}  // namespace

void Truth::write(uint8_t* out) const {
  store_be32(out, kMagic);
  out[4] = layer;
  out[5] = static_cast<uint8_t>(temporal | (key ? 0x80 : 0));
  store_be32(out + 6, frame);
  store_be16(out + 10, index);
  store_be16(out + 12, count);
  store_be64(out + 14, static_cast<uint64_t>(captured_us));
  store_be16(out + 22, source);
}

std::optional<Truth> Truth::read(ByteView payload) {
  if (payload.size() < kSize || load_be32(payload.data()) != kMagic) return std::nullopt;
  Truth t;
  t.layer = payload[4];
  t.temporal = payload[5] & 0x7F;
  t.key = (payload[5] & 0x80) != 0;
  t.frame = load_be32(&payload[6]);
  t.index = load_be16(&payload[10]);
  t.count = load_be16(&payload[12]);
  t.captured_us = static_cast<int64_t>(load_be64(&payload[14]));
  t.source = load_be16(&payload[22]);
  return t;
}

std::optional<Truth> Truth::of_vp8(ByteView payload) {
  auto descriptor = rtc::rtp::parse_vp8(payload);
  if (!descriptor || payload.size() < descriptor->size + kVp8HeaderSize) return std::nullopt;
  return read(payload.subspan(descriptor->size + kVp8HeaderSize));
}

namespace ids {

rtc::ExtensionMap publisher_extensions() {
  rtc::ExtensionMap map;
  map.set(Extension::kMid, 4);
  map.set(Extension::kRid, 10);
  map.set(Extension::kRepairedRid, 11);
  map.set(Extension::kAudioLevel, 1);
  map.set(Extension::kTransportSequence, 3);
  return map;
}

rtc::ExtensionMap subscriber_extensions() {
  rtc::ExtensionMap map;
  map.set(Extension::kMid, 2);
  map.set(Extension::kAudioLevel, 5);
  map.set(Extension::kAbsSendTime, 6);
  map.set(Extension::kTransportSequence, 7);
  return map;
}

namespace {
std::vector<rtc::CodecParameters> codecs(rtc::MediaKind kind, uint8_t opus, uint8_t vp8,
                                         uint8_t rtx) {
  rtc::CodecParameters c;
  if (kind == rtc::MediaKind::kAudio) {
    c.codec = rtc::Codec::kOpus;
    c.payload_type = opus;
    c.clock_rate = 48000;
    c.channels = 2;
  } else {
    c.codec = rtc::Codec::kVp8;
    c.payload_type = vp8;
    c.rtx_payload_type = rtx;
    c.clock_rate = 90000;
    c.nack = c.pli = c.transport_cc = true;
  }
  return {c};
}
}  // namespace

std::vector<rtc::CodecParameters> publisher_codecs(rtc::MediaKind kind) {
  return codecs(kind, kOpus, kVp8, kVp8Rtx);
}
std::vector<rtc::CodecParameters> subscriber_codecs(rtc::MediaKind kind) {
  return codecs(kind, kSubscriberOpus, kSubscriberVp8, kSubscriberVp8Rtx);
}

rtc::CodecParameters red(uint8_t payload_type) {
  rtc::CodecParameters c;
  c.codec = rtc::Codec::kRed;
  c.payload_type = payload_type;
  c.clock_rate = 48000;
  c.channels = 2;
  return c;
}

}  // namespace ids

uint32_t SyntheticStream::timestamp_at(TimePoint now) const {
  int64_t us = to_us(now.time_since_epoch());
  return config_.first_timestamp + static_cast<uint32_t>(us * config_.clock_rate / 1'000'000);
}

rtc::rtcp::SenderInfo SyntheticStream::sender_info(TimePoint now) const {
  // The publisher's wall clock is hours away from anyone else's.
  int64_t ns = now.time_since_epoch().count();
  rtc::rtcp::SenderInfo info;
  info.ntp = static_cast<uint64_t>(ns / 1'000'000'000 + 3'900'012'345) << 32 |
             (static_cast<uint64_t>(ns % 1'000'000'000) << 32) / 1'000'000'000;
  info.rtp_time = rtc::rtp::RtpTime(timestamp_at(now));
  info.packets = static_cast<uint32_t>(packets_);
  info.octets = static_cast<uint32_t>(octets_);
  return info;
}

void SyntheticStream::send(TimePoint now, uint32_t timestamp, bool marker, ByteView payload,
                           std::optional<uint8_t> audio_level) {
  (void)now;
  Stored packet{sequence_++, timestamp, marker, Bytes(payload.begin(), payload.end()), audio_level};
  transmit(packet, false);
  if (config_.rtx_ssrc == rtc::Ssrc() && !config_.repeats) return;
  history_.push_back(std::move(packet));
  if (history_.size() > kHistory) history_.pop_front();
}

void SyntheticStream::on_nack(TimePoint, rtc::rtp::SeqNum lost) {
  auto it = std::find_if(history_.begin(), history_.end(),
                         [&](const Stored& s) { return s.sequence == lost.value; });
  if (it == history_.end()) return;
  if (config_.rtx_ssrc == rtc::Ssrc()) return transmit(*it, false);
  Stored rtx{rtx_sequence_++, it->timestamp, it->marker, Bytes(2 + it->payload.size()), {}};
  store_be16(rtx.payload.data(), it->sequence);
  std::copy(it->payload.begin(), it->payload.end(), rtx.payload.begin() + 2);
  transmit(rtx, true);
}

void SyntheticStream::transmit(const Stored& packet, bool rtx) {
  rtc::ExtensionMap map = ids::publisher_extensions();
  std::array<rtc::rtp::ExtensionValue, 4> extensions;
  size_t count = 0;
  std::array<uint8_t, 2> sequence{};
  store_be16(sequence.data(), transport_sequence_++);
  extensions[count++] = {map.id(Extension::kTransportSequence), sequence};
  // libwebrtc stops when a report names the SSRC, and waits for one of its own for RTX.
  if (!acknowledged_ || rtx) {
    extensions[count++] = {map.id(Extension::kMid), as_bytes(config_.mid)};
    if (!config_.rid.empty()) {
      extensions[count++] = {map.id(rtx ? Extension::kRepairedRid : Extension::kRid),
                             as_bytes(config_.rid)};
    }
  }
  uint8_t level = packet.audio_level.value_or(127);
  if (packet.audio_level)
    extensions[count++] = {map.id(Extension::kAudioLevel), ByteView(&level, 1)};
  rtc::rtp::Header header;
  header.marker = packet.marker;
  header.payload_type = rtx ? config_.rtx_payload_type : config_.payload_type;
  header.sequence = rtc::rtp::SeqNum(packet.sequence);
  header.timestamp = rtc::rtp::RtpTime(packet.timestamp);
  header.ssrc = rtx ? config_.rtx_ssrc : config_.ssrc;
  std::array<uint8_t, 1500> buffer;
  size_t size =
      rtc::rtp::write_packet(buffer, header, std::span(extensions).first(count), packet.payload);
  ++packets_;
  octets_ += packet.payload.size();
  send_(MutableByteView(buffer).first(size));
}

void SyntheticStream::restart(rtc::Ssrc ssrc, rtc::Ssrc rtx_ssrc, uint16_t first_sequence,
                              uint32_t first_timestamp) {
  config_.ssrc = ssrc;
  config_.rtx_ssrc = rtx_ssrc;
  config_.first_timestamp = first_timestamp;
  sequence_ = first_sequence;
  acknowledged_ = false;
  history_.clear();
}

SyntheticLayer::SyntheticLayer(uint8_t layer, uint64_t bits_per_second, int frames_per_second,
                               SyntheticStream stream, Rng& rng)
    : layer_(layer),
      bits_per_second_(bits_per_second),
      frames_per_second_(frames_per_second),
      stream_(std::move(stream)),
      rng_(rng),
      picture_id_(static_cast<uint16_t>(rng.below(0x8000))),
      tl0_(static_cast<uint8_t>(rng.below(256))) {}

void SyntheticLayer::restart() {
  key_wanted_ = true;
  last_key_ = TimePoint{};
  picture_id_ = static_cast<uint16_t>(rng_.below(0x8000));
  tl0_ = static_cast<uint8_t>(rng_.below(256));
}

void SyntheticLayer::capture(TimePoint now) {
  if (!enabled) {
    key_wanted_ = true;
    return;
  }
  bool key = key_wanted_ && (frames_.empty() || now - last_key_ >= kMinKeyFrameDistance);
  if (key) {
    key_wanted_ = false;
    last_key_ = now;
    pattern_ = 0;
    ++key_frames_;
  }
  static constexpr std::array<uint8_t, 4> kTemporal = {0, 2, 1, 2};
  // The second half of the group may lean on T1; what comes first leans on the base only.
  static constexpr std::array<bool, 4> kSync = {false, true, true, false};
  auto step = static_cast<size_t>(pattern_);
  pattern_ = (pattern_ + 1) % 4;
  Truth truth;
  truth.layer = layer_;
  truth.source = source;
  truth.temporal = kTemporal[step];
  truth.key = key;
  truth.frame = frame_++;
  truth.captured_us = to_us(now.time_since_epoch());
  if (truth.temporal == 0) ++tl0_;
  picture_id_ = (picture_id_ + 1) & 0x7FFF;

  double base = static_cast<double>(bits_per_second_) / 8 / frames_per_second_;
  double size = base * (0.7 + 0.6 * rng_.unit()) * (key ? 8 : 1);
  auto count = static_cast<uint16_t>(std::max(1.0, size / kPacketPayload + 0.5));
  truth.count = count;
  frames_.push_back(truth);
  size_t body = std::clamp<size_t>(static_cast<size_t>(size) / count, Truth::kSize, kPacketPayload);
  uint32_t timestamp = stream_.timestamp_at(now);
  for (uint16_t i = 0; i < count; ++i) {
    truth.index = i;
    Bytes payload(kDescriptorSize + kVp8HeaderSize + body, 0x5A);
    payload[0] = static_cast<uint8_t>(0x80 | (i == 0 ? 0x10 : 0));
    payload[1] = 0x80 | 0x40 | 0x20;
    store_be16(&payload[2], static_cast<uint16_t>(0x8000 | picture_id_));
    payload[4] = tl0_;
    payload[5] = static_cast<uint8_t>(truth.temporal << 6 | (kSync[step] ? 0x20 : 0));
    payload[kDescriptorSize] = key ? 0x10 : 0x11;  // lowest bit: not a key frame
    truth.write(&payload[kDescriptorSize + kVp8HeaderSize]);
    stream_.send(now, timestamp, i + 1 == count, payload);
  }
}

}  // namespace turms::sim
