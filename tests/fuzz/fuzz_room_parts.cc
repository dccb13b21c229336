// Messages of a hostile part of a room, into the part with the home and into one without.
#include <algorithm>
#include <array>

#include "sfu/part_message.h"
#include "sfu/room.h"
#include "tests/fuzz/check.h"

namespace {

using namespace turms;

class Sink : public sfu::TransportSink {
 public:
  MutableByteView reserve(size_t size) override {
    fuzz::check(size <= sfu::kMaxPacketSize);
    return MutableByteView(buffer_).first(size);
  }
  void commit(size_t size, sfu::PacketKind) override { fuzz::check(size <= buffer_.size()); }

 private:
  std::array<uint8_t, sfu::kMaxPacketSize> buffer_{};
};

/// Every other message fits.
class Way : public sfu::PartSink {
 public:
  MutableByteView reserve(size_t size) override {
    buffer_.resize(size);
    return ++count_ % 2 == 0 ? MutableByteView() : MutableByteView(buffer_);
  }
  void commit() override { fuzz::check(sfu::PartMessage::parse(buffer_).has_value()); }
  void publish() override {}

 private:
  Bytes buffer_;
  size_t count_ = 0;
};

rtc::CodecParameters codec(rtc::Codec of, uint8_t payload_type, uint8_t rtx, uint32_t clock_rate) {
  rtc::CodecParameters parameters;
  parameters.codec = of;
  parameters.payload_type = payload_type;
  parameters.rtx_payload_type = rtx;
  parameters.clock_rate = clock_rate;
  parameters.nack = parameters.pli = true;
  return parameters;
}

struct World {
  explicit World(bool home) : room({.seed = 1, .settings = {.audio_sources = 1}}) {
    room.add_part(now, kOther, way, !home);
    for (uint64_t i = 1; i <= 2; ++i) {
      room.add_transport(sfu::TransportId(i), sinks[i - 1], true);
      room.transport_connected(now, sfu::TransportId(i));
    }
    for (size_t i = 0; i < rtc::kExtensionCount; ++i) {
      extensions.set(static_cast<rtc::Extension>(i), static_cast<uint8_t>(i + 1));
    }
    // 1 and 2 are published here, 3 and 4 there.
    for (uint64_t i = 1; i <= 4; ++i) add_track(i);
  }
  void add_track(uint64_t i) {
    sfu::ReceiveTrackParameters track;
    track.id = sfu::TrackId(i);
    track.transport = sfu::TransportId(i <= 2 ? 1 : 9);
    track.kind = i % 2 == 0 ? rtc::MediaKind::kAudio : rtc::MediaKind::kVideo;
    track.extensions = extensions;
    if (i % 2 == 0) {
      track.codecs = {codec(rtc::Codec::kOpus, 111, 0, 48000)};
    } else {
      track.codecs = {codec(rtc::Codec::kVp8, 96, 97, 90000),
                      codec(rtc::Codec::kAv1, 45, 46, 90000),
                      codec(rtc::Codec::kH264, 102, 103, 90000)};
      track.encodings = {{.rid = "q"}, {.rid = "h"}};
    }
    if (i <= 2) {
      room.add_receive_track(now, track);
    } else {
      room.add_replica(now, kOther, track);
    }
    sfu::SendTrackParameters send;
    send.id = sfu::SubscriptionId(i);
    send.transport = sfu::TransportId(2);
    send.source = track.id;
    send.ssrc = rtc::Ssrc(static_cast<uint32_t>(1000 * i));
    send.rtx_ssrc = rtc::Ssrc(static_cast<uint32_t>(1000 * i + 1));
    send.codecs = track.codecs;
    send.extensions = extensions;
    room.add_send_track(now, send, {});
  }
  void run(ByteView input) {
    ByteReader reader(input);
    sfu::RoomEvents events;
    for (int i = 0; i < 64 && reader.remaining() > 3; ++i) {
      const uint8_t wait = reader.u8();
      const uint16_t length = reader.u16();
      const ByteView message = reader.bytes(std::min<size_t>(length, reader.remaining()));
      room.handle_part(now, kOther, {&message, 1});
      room.settle_parts(now);
      now += std::chrono::milliseconds(wait);
      if (room.next_timeout() <= now) room.handle_timeout(now);
      room.take_events(events);
    }
    room.remove_receive_track(now, sfu::TrackId(3));
    room.remove_transport(now, sfu::TransportId(1));
    room.settle_parts(now);
  }

  static constexpr sfu::PartId kOther{1};
  TimePoint now{1s};
  std::array<Sink, 2> sinks;
  Way way;
  rtc::ExtensionMap extensions;
  sfu::Room room;
};

}  // namespace

// The input is a sequence of messages: a byte of milliseconds to wait afterwards, two bytes of
// length, then the message.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  for (bool home : {true, false}) World(home).run(ByteView(data, size));
  return 0;
}
