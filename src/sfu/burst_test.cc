// A burst is a matter of speed only: whatever is handed over together must come out as if it had
// come one by one.
#include <gtest/gtest.h>

#include "sfu/room_testing.h"

namespace turms::sfu {
namespace {

using namespace testing_support;
using rtc::Ssrc;

constexpr TrackId kVoice{11};
constexpr Ssrc kVoiceSource{3333};
constexpr int kSubscribers = 3;

/// Two layers of video and a voice of one publisher, to subscribers who ask for different layers.
struct Meeting {
  Meeting() {
    room.add_transport(kPublisher, publisher);
    room.transport_connected(now, kPublisher);
    ReceiveTrackParameters video = Call().publish;
    video.encodings = {{"q", kSource, kSourceRtx}, {"f", Ssrc(1121), Ssrc(1122)}};
    room.add_receive_track(now, video);
    ReceiveTrackParameters voice = Call(rtc::MediaKind::kAudio).publish;
    voice.id = kVoice;
    voice.mid = "1";
    voice.encodings = {{"", kVoiceSource, Ssrc()}};
    room.add_receive_track(now, voice);
    for (int i = 0; i < kSubscribers; ++i) {
      const TransportId transport(100 + i);
      room.add_transport(transport, sinks[i]);
      room.transport_connected(now, transport);
      SendTrackParameters send = Call().subscribe;
      send.id = SubscriptionId(200 + i);
      send.transport = transport;
      LayerRequest request;
      request.max_spatial = i % 2;
      room.add_send_track(now, send, request);
      SendTrackParameters sound = Call(rtc::MediaKind::kAudio).subscribe;
      sound.id = SubscriptionId(300 + i);
      sound.transport = transport;
      sound.source = kVoice;
      sound.ssrc = Ssrc(4444);
      room.add_send_track(now, sound, {});
    }
  }
  void handle(std::vector<Bytes> packets) {
    std::vector<MutableByteView> views(packets.begin(), packets.end());
    room.handle_rtp(now, kPublisher, views);
  }
  void advance(Duration duration) {
    const TimePoint end = now + duration;
    while (room.next_timeout() <= end) {
      now = std::max(now, room.next_timeout());
      room.handle_timeout(now);
    }
    now = end;
  }

  Room room{RoomConfig{1, WallTime{1'700'000'000'000}}};
  TimePoint now{100s};
  CapturingSink publisher;
  std::array<CapturingSink, kSubscribers> sinks;
};

Bytes packet(const rtc::rtp::Header& header, ByteView payload) {
  std::array<uint8_t, 1500> buffer;
  const size_t size = rtc::rtp::write_packet(buffer, header, {}, payload);
  return {buffer.begin(), buffer.begin() + static_cast<ptrdiff_t>(size)};
}

/// Frames of one to six packets in both layers with a voice between them; some packets lost, late
/// or sent again over RTX, some frames key frames.
std::vector<std::vector<Bytes>> turns(uint64_t seed) {
  Rng rng(seed);
  std::vector<std::vector<Bytes>> turns;
  std::array<uint16_t, 2> sequence{10, 500};
  std::array<uint16_t, 2> rtx{1, 1};
  for (uint16_t frame = 0; frame < 200; ++frame) {
    std::vector<Bytes> turn;
    for (size_t layer = 0; layer < 2; ++layer) {
      const Ssrc ssrc = layer == 0 ? kSource : Ssrc(1121);
      const bool key = rng.below(20) == 0;
      const auto pieces = 1 + rng.below(6);
      for (size_t i = 0; i < pieces; ++i) {
        rtc::rtp::Header header = Call::header(sequence[layer]++, 96, ssrc);
        header.timestamp = rtc::rtp::RtpTime(uint32_t{frame} * 3000);
        header.marker = i + 1 == pieces;
        Bytes payload = Call::vp8(frame, key);
        if (i > 0) payload[0] = 0x80;  // not the start
        const auto fate = rng.below(20);
        if (fate == 0) continue;
        if (fate == 1) {
          Bytes again(2);
          store_be16(again.data(), header.sequence.value);
          again.insert(again.end(), payload.begin(), payload.end());
          header.sequence = rtc::rtp::SeqNum(rtx[layer]++);
          header.ssrc = Ssrc(ssrc.value + 1);
          header.payload_type = 97;
          payload = again;
        }
        turn.push_back(packet(header, payload));
        if (fate == 2 && turn.size() > 1) std::swap(turn.back(), turn[turn.size() - 2]);
      }
    }
    const rtc::rtp::Header voice{false, 111, rtc::rtp::SeqNum(frame),
                                 rtc::rtp::RtpTime(uint32_t{frame} * 960), kVoiceSource};
    turn.insert(turn.begin() + static_cast<ptrdiff_t>(rng.below(turn.size() + 1)),
                packet(voice, Bytes{1, 2, 3}));
    turns.push_back(std::move(turn));
  }
  return turns;
}

TEST(Burst, WritesWhatItsPacketsWouldOneByOne) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    Meeting together;
    Meeting apart;
    for (const auto& turn : turns(seed)) {
      together.handle(turn);
      for (const Bytes& bytes : turn) apart.handle({bytes});
      together.advance(33ms);
      apart.advance(33ms);
    }
    for (int i = 0; i < kSubscribers; ++i) {
      ASSERT_GT(apart.sinks[i].rtp.size(), 300U) << "seed " << seed;
      ASSERT_EQ(together.sinks[i].rtp, apart.sinks[i].rtp) << "seed " << seed;
      ASSERT_EQ(together.sinks[i].rtcp, apart.sinks[i].rtcp) << "seed " << seed;
    }
    ASSERT_EQ(together.publisher.rtcp, apart.publisher.rtcp) << "seed " << seed;
  }
}

TEST(Burst, LongerThanIsWorkedAtOnceLosesNothing) {
  Call call;
  call.start();
  call.frame(1, true);
  std::vector<Bytes> packets;
  for (uint16_t n = 2; n < 202; ++n)
    packets.push_back(packet(Call::header(n, 96), Call::vp8(n, false)));
  std::vector<MutableByteView> views(packets.begin(), packets.end());
  call.room.handle_rtp(call.now, kPublisher, views);
  const auto out = call.subscriber.of(kOut);
  ASSERT_EQ(out.size(), 201U);
  for (size_t i = 1; i < out.size(); ++i) {
    ASSERT_EQ(out[i].sequence().distance_from(out[i - 1].sequence()), 1);
  }
}

}  // namespace
}  // namespace turms::sfu
