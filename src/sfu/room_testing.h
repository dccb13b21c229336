#pragma once

#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "base/random.h"
#include "rtc/rtcp/packets.h"
#include "rtc/rtp/packet.h"
#include "sfu/room.h"

namespace turms::sfu::testing_support {

/// Keeps what a room writes for one transport.
class CapturingSink final : public TransportSink {
 public:
  MutableByteView reserve(size_t size) override {
    return refuse ? MutableByteView() : MutableByteView(buffer_).first(size);
  }
  void commit(size_t size, PacketKind kind) override {
    if (!keep) return;
    (kind == PacketKind::kRtp ? rtp : rtcp).emplace_back(buffer_.begin(), buffer_.begin() + size);
  }
  /// Packets of one SSRC, without the empty one that opens it.
  [[nodiscard]] std::vector<rtc::rtp::PacketView> of(rtc::Ssrc ssrc) const {
    std::vector<rtc::rtp::PacketView> found;
    for (const Bytes& bytes : rtp) {
      auto view = rtc::rtp::PacketView::parse(bytes);
      if (!view || view->ssrc() != ssrc) continue;
      if (!found.empty() || !view->payload().empty()) found.push_back(*view);
    }
    return found;
  }
  template <class F>
  void for_each_rtcp(F&& f) const {
    for (const Bytes& bytes : rtcp) {
      rtc::rtcp::Reader reader(bytes);
      while (auto packet = reader.next()) f(*packet);
    }
  }
  [[nodiscard]] size_t count(rtc::rtcp::Kind kind) const {
    size_t n = 0;
    for_each_rtcp([&](const rtc::rtcp::PacketView& p) { n += p.kind() == kind ? 1 : 0; });
    return n;
  }
  void clear() {
    rtp.clear();
    rtcp.clear();
  }

  std::vector<Bytes> rtp;
  std::vector<Bytes> rtcp;
  bool refuse = false;
  bool keep = true;

 private:
  std::array<uint8_t, kMaxPacketSize> buffer_{};
};

inline constexpr TransportId kPublisher{1};
inline constexpr TransportId kSubscriber{2};
inline constexpr TrackId kTrack{10};
inline constexpr SubscriptionId kSubscription{20};
inline constexpr rtc::Ssrc kSource{1111};
inline constexpr rtc::Ssrc kSourceRtx{1112};
inline constexpr rtc::Ssrc kOut{2221};
inline constexpr rtc::Ssrc kOutRtx{2222};

inline rtc::CodecParameters codec(rtc::Codec codec, uint8_t payload_type, uint8_t rtx = 0,
                                  const char* fmtp = "") {
  rtc::CodecParameters c;
  c.codec = codec;
  c.payload_type = payload_type;
  c.rtx_payload_type = rtx;
  bool audio = codec == rtc::Codec::kOpus || codec == rtc::Codec::kRed;
  c.clock_rate = audio ? 48000 : 90000;
  c.nack = c.pli = !audio;
  c.fmtp = fmtp;
  return c;
}

/// One publisher with one track, one subscriber.
struct Call {
  explicit Call(rtc::MediaKind kind = rtc::MediaKind::kVideo) {
    publish.id = kTrack;
    publish.transport = kPublisher;
    publish.kind = kind;
    publish.mid = "0";
    publish.encodings = {{"", kSource, kind == rtc::MediaKind::kVideo ? kSourceRtx : rtc::Ssrc()}};
    subscribe.id = kSubscription;
    subscribe.transport = kSubscriber;
    subscribe.source = kTrack;
    subscribe.mid = "7";
    subscribe.ssrc = kOut;
    if (kind == rtc::MediaKind::kVideo) {
      publish.codecs = {codec(rtc::Codec::kVp8, 96, 97)};
      subscribe.codecs = {codec(rtc::Codec::kVp8, 100, 101)};
      subscribe.rtx_ssrc = kOutRtx;
    } else {
      publish.codecs = {codec(rtc::Codec::kOpus, 111)};
      subscribe.codecs = {codec(rtc::Codec::kOpus, 109)};
    }
  }
  void start() {
    room.add_transport(kPublisher, publisher);
    room.add_transport(kSubscriber, subscriber);
    room.transport_connected(now, kPublisher);
    room.transport_connected(now, kSubscriber);
    room.add_receive_track(now, publish);
    room.add_send_track(now, subscribe, {});
  }
  void rtp(ByteView packet) {
    Bytes copy(packet.begin(), packet.end());
    room.handle_rtp(now, kPublisher, copy);
  }
  void send(const rtc::rtp::Header& header, ByteView payload,
            std::vector<rtc::rtp::ExtensionValue> extensions = {}, uint8_t padding = 0) {
    std::array<uint8_t, 1500> buffer;
    size_t size = rtc::rtp::write_packet(buffer, header, extensions, payload, padding);
    rtp(ByteView(buffer).first(size));
  }
  /// A whole VP8 frame in one packet.
  void frame(uint16_t sequence, bool key = false, uint8_t temporal = 0) {
    send(header(sequence, 96), vp8(sequence, key, temporal));
  }
  static rtc::rtp::Header header(uint16_t sequence, uint8_t payload_type,
                                 rtc::Ssrc ssrc = kSource) {
    return {true, payload_type, rtc::rtp::SeqNum(sequence),
            rtc::rtp::RtpTime(uint32_t{sequence} * 3000), ssrc};
  }
  static Bytes vp8(uint16_t number, bool key, uint8_t temporal = 0) {
    return {0x90,
            0xE0,
            static_cast<uint8_t>(0x80 | (number >> 8 & 0x7F)),
            static_cast<uint8_t>(number),
            static_cast<uint8_t>(number),
            static_cast<uint8_t>(temporal << 6 | 0x20),
            static_cast<uint8_t>(key ? 0x10 : 0x11),
            1,
            2,
            3,
            static_cast<uint8_t>(number >> 8),
            static_cast<uint8_t>(number)};
  }
  void advance(Duration duration) {
    TimePoint end = now + duration;
    while (room.next_timeout() <= end) {
      now = std::max(now, room.next_timeout());
      room.handle_timeout(now);
    }
    now = end;
  }
  void nack(std::vector<rtc::rtp::SeqNum> lost) {
    std::array<uint8_t, 200> buffer;
    rtc::rtcp::Writer writer(buffer);
    writer.nack(rtc::Ssrc(5), kOut, lost);
    room.handle_rtcp(now, kSubscriber, writer.written());
  }
  void pli() {
    std::array<uint8_t, 200> buffer;
    rtc::rtcp::Writer writer(buffer);
    writer.pli(rtc::Ssrc(5), kOut);
    room.handle_rtcp(now, kSubscriber, writer.written());
  }

  Room room{RoomConfig{1, WallTime{1'700'000'000'000}}};
  CapturingSink publisher;
  CapturingSink subscriber;
  ReceiveTrackParameters publish;
  SendTrackParameters subscribe;
  TimePoint now{100s};
};

/// A camera in three sizes, of which the subscriber has the largest.
struct ThreeSizes : Call {
  static constexpr std::array kSources = {rtc::Ssrc(1201), rtc::Ssrc(1202), rtc::Ssrc(1203)};

  ThreeSizes() {
    publish.encodings.clear();
    for (size_t i = 0; i < kSources.size(); ++i) {
      publish.encodings.push_back({std::string(1, "qhf"[i]), kSources[i], rtc::Ssrc()});
    }
    start();
  }
  /// A frame of each of the lowest layers.
  void frames(size_t layers, bool key = false) {
    for (size_t i = 0; i < layers; ++i) {
      const uint16_t number = ++numbers[i];
      if (std::exchange(lose[i], false)) continue;
      rtc::rtp::Header head = header(number, 96, kSources[i]);
      if (clocked) {
        const auto captured = to_ms((now - late).time_since_epoch());
        head.timestamp = rtc::rtp::RtpTime(static_cast<uint32_t>(captured * 90));
      }
      send(head, vp8(number, key));
    }
  }
  /// Requests for a key frame of a layer since last asked.
  size_t requests(size_t layer) {
    size_t n = 0;
    publisher.for_each_rtcp([&](const rtc::rtcp::PacketView& p) {
      if (p.kind() == rtc::rtcp::Kind::kPli && p.media_ssrc() == kSources[layer]) ++n;
    });
    publisher.clear();
    return n;
  }

  std::array<uint16_t, 3> numbers = {100, 100, 100};
  std::array<bool, 3> lose{};  // the next frame of the layer
  bool clocked = false;        // timestamps follow the clock, `late` behind it
  Duration late{};
};

}  // namespace turms::sfu::testing_support
