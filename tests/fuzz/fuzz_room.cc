// Decrypted packets of a hostile participant into a room with a publisher and two subscribers.
#include <algorithm>
#include <array>

#include "sfu/room.h"
#include "tests/fuzz/check.h"

namespace {

using namespace turms;

class Sink : public sfu::TransportSink {
 public:
  MutableByteView reserve(size_t size) override {
    fuzz::check(size <= sfu::kMaxPacketSize);
    reserved_ = size;
    return MutableByteView(buffer_).first(size);
  }
  void commit(size_t size, sfu::PacketKind) override { fuzz::check(size <= reserved_); }

 private:
  size_t reserved_ = 0;
  std::array<uint8_t, sfu::kMaxPacketSize> buffer_{};
};

rtc::CodecParameters codec(rtc::Codec c, uint8_t payload_type, uint8_t rtx) {
  rtc::CodecParameters parameters;
  parameters.codec = c;
  parameters.payload_type = payload_type;
  parameters.rtx_payload_type = rtx;
  parameters.clock_rate = 90000;
  parameters.nack = parameters.pli = parameters.transport_cc = true;
  return parameters;
}

}  // namespace

// The input is a sequence of packets: one byte that says which transport and kind, two bytes of
// length, then the packet.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  sfu::Room room({.seed = 1, .wall_at_zero = {}});
  std::array<Sink, 3> sinks;
  TimePoint now{1s};
  for (uint64_t i = 0; i < sinks.size(); ++i) {
    room.add_transport(sfu::TransportId(i + 1), sinks[i], i % 2 == 1);
    room.transport_connected(now, sfu::TransportId(i + 1));
  }
  rtc::ExtensionMap extensions;
  for (size_t i = 0; i < rtc::kExtensionCount; ++i)
    extensions.set(static_cast<rtc::Extension>(i), static_cast<uint8_t>(i + 1));
  sfu::ReceiveTrackParameters track;
  track.id = sfu::TrackId(1);
  track.transport = sfu::TransportId(1);
  track.kind = rtc::MediaKind::kVideo;
  track.mid = "0";
  track.codecs = {codec(rtc::Codec::kVp8, 96, 97), codec(rtc::Codec::kVp9, 98, 99),
                  codec(rtc::Codec::kAv1, 45, 46), codec(rtc::Codec::kH264, 102, 103)};
  track.encodings = {{.rid = "q"}, {.rid = "h"}, {.rid = "f"}};
  track.extensions = extensions;
  room.add_receive_track(now, track);
  for (uint64_t i = 2; i <= 3; ++i) {
    sfu::SendTrackParameters send;
    send.id = sfu::SubscriptionId(i);
    send.transport = sfu::TransportId(i);
    send.source = track.id;
    send.mid = "0";
    send.ssrc = rtc::Ssrc(static_cast<uint32_t>(1000 * i));
    send.rtx_ssrc = rtc::Ssrc(static_cast<uint32_t>(1000 * i + 1));
    send.codecs = track.codecs;
    send.extensions = extensions;
    room.add_send_track(now, send, {});
  }
  ByteReader reader(ByteView(data, size));
  sfu::RoomEvents events;
  for (int i = 0; i < 64 && reader.remaining() > 3; ++i) {
    const uint8_t where = reader.u8();
    const uint16_t length = reader.u16();
    const ByteView bytes = reader.bytes(std::min<size_t>(length, reader.remaining()));
    Bytes packet(bytes.begin(), bytes.end());
    const sfu::TransportId transport(where % 4);
    if ((where & 0x80) != 0) {
      room.handle_rtcp(now, transport, packet);
    } else {
      room.handle_rtp(now, transport, packet);
    }
    now += std::chrono::milliseconds(where >> 2 & 0x1f);
    if (room.next_timeout() <= now) room.handle_timeout(now);
  }
  room.take_events(events);
  return 0;
}
