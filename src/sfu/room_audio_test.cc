// Of many microphones those that speak are forwarded.
#include <gtest/gtest.h>

#include <array>
#include <memory>

#include "sfu/room_testing.h"

namespace turms::sfu {
namespace {

using namespace testing_support;

constexpr uint8_t kLevelId = 1;

/// Two publishers with a microphone each, one listener, one place.
struct Conference {
  Conference() {
    RoomConfig config{1, WallTime{1'700'000'000'000}};
    config.settings.audio_sources = 1;
    room = std::make_unique<Room>(config);
    room->add_transport(kSubscriber, listener);
    room->transport_connected(now, kSubscriber);
    for (uint32_t i = 0; i < 2; ++i) {
      TransportId transport(100 + i);
      room->add_transport(transport, publishers[i]);
      room->transport_connected(now, transport);
      ReceiveTrackParameters track;
      track.id = TrackId(10 + i);
      track.transport = transport;
      track.mid = "0";
      track.codecs = {codec(rtc::Codec::kOpus, 111)};
      track.encodings = {{"", rtc::Ssrc(1000 + i), rtc::Ssrc()}};
      track.extensions.set(rtc::Extension::kAudioLevel, kLevelId);
      room->add_receive_track(now, track);
      SendTrackParameters send;
      send.id = SubscriptionId(20 + i);
      send.transport = kSubscriber;
      send.source = track.id;
      send.ssrc = rtc::Ssrc(2000 + i);
      send.codecs = {codec(rtc::Codec::kOpus, 109)};
      room->add_send_track(now, send, {});
    }
  }
  void turn(std::array<uint8_t, 2> levels) {
    for (uint32_t i = 0; i < 2; ++i) {
      std::array<uint8_t, 200> buffer;
      rtc::rtp::ExtensionValue level{kLevelId, ByteView(&levels[i], 1)};
      rtc::rtp::Header header{false, 111, rtc::rtp::SeqNum(sequence),
                              rtc::rtp::RtpTime(uint32_t{sequence} * 960), rtc::Ssrc(1000 + i)};
      const std::array<uint8_t, 3> payload = {1, 2, 3};
      size_t size = rtc::rtp::write_packet(buffer, header, std::span(&level, 1), payload);
      room->handle_rtp(now, TransportId(100 + i), MutableByteView(buffer).first(size));
    }
    ++sequence;
    now += 20ms;
    while (room->next_timeout() <= now) room->handle_timeout(now);
  }
  [[nodiscard]] auto heard(uint32_t i) const { return listener.of(rtc::Ssrc(2000 + i)); }

  std::array<CapturingSink, 2> publishers;
  CapturingSink listener;
  std::unique_ptr<Room> room;
  TimePoint now{100s};
  uint16_t sequence = 100;
};

TEST(RoomAudio, LeavesOutWhoIsSilentAndGoesOnWithoutAGap) {
  Conference c;
  for (int i = 0; i < 100; ++i) c.turn({20, 100});
  EXPECT_EQ(c.heard(0).size(), 100U);
  EXPECT_TRUE(c.heard(1).empty());
  for (int i = 0; i < 100; ++i) c.turn({100, 20});  // the hold is 75 of them
  size_t second = c.heard(1).size();
  EXPECT_GT(second, 20U);
  EXPECT_LT(second, 30U);
  size_t first = c.heard(0).size();
  for (int i = 0; i < 100; ++i) c.turn({20, 100});
  auto packets = c.heard(0);
  ASSERT_GT(packets.size(), first);
  for (size_t i = 1; i < packets.size(); ++i) {
    EXPECT_EQ(packets[i].sequence().distance_from(packets[i - 1].sequence()), 1) << i;
  }
  // The pause is in the timestamps.
  uint32_t pause = packets[first].timestamp().value - packets[first - 1].timestamp().value;
  EXPECT_GT(pause, 960U * 50);
}

}  // namespace
}  // namespace turms::sfu
