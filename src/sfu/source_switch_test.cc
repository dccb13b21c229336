// A subscription whose source is replaced by another published track.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sfu/room_testing.h"

namespace turms::sfu {
namespace {

using namespace testing_support;
using rtc::Codec;
using testing::SizeIs;

constexpr TrackId kBackup{11};
constexpr rtc::Ssrc kBackupSource{1211};
constexpr uint8_t kOutH264 = 102;

/// A camera in VP8, and the same in H264; the subscriber takes both.
struct TwoCodecs : Call {
  TwoCodecs() {
    subscribe.codecs.push_back(codec(Codec::kH264, kOutH264, 103, "packetization-mode=1"));
    start();
    ReceiveTrackParameters backup = publish;
    backup.id = kBackup;
    backup.mid = "1";
    backup.codecs = {codec(Codec::kH264, 106, 107, "packetization-mode=1")};
    backup.encodings = {{"", kBackupSource, rtc::Ssrc(0)}};
    room.add_receive_track(now, backup);
  }
  void h264(uint16_t sequence, bool key) {
    const Bytes unit = key ? Bytes{0x67, 0x42, 0, 0x1f} : Bytes{0x41, 0x9a, 1, 2};
    send(header(sequence, 106, kBackupSource), unit);
  }
  [[nodiscard]] std::vector<int> types() const {
    std::vector<int> out;
    for (const auto& packet : subscriber.of(kOut)) out.push_back(packet.payload_type());
    return out;
  }
  [[nodiscard]] size_t requests_for(rtc::Ssrc ssrc) const {
    size_t n = 0;
    publisher.for_each_rtcp([&](const rtc::rtcp::PacketView& p) {
      if (p.kind() == rtc::rtcp::Kind::kPli && p.media_ssrc() == ssrc) ++n;
    });
    return n;
  }
};

TEST(SourceSwitch, HappensAtAKeyFrameAndTheStreamGoesOn) {
  TwoCodecs call;
  call.frame(100, true);
  call.frame(101);
  call.h264(500, false);
  call.room.set_send_source(call.now, kSubscription, kBackup);
  EXPECT_EQ(call.requests_for(kBackupSource), 1U);
  call.now += 33ms;
  call.frame(102);
  call.h264(501, false);
  call.now += 33ms;
  call.h264(502, true);
  call.frame(103);
  call.h264(503, false);
  EXPECT_THAT(call.types(), testing::ElementsAre(100, 100, 100, kOutH264, kOutH264));
  auto packets = call.subscriber.of(kOut);
  for (size_t i = 1; i < packets.size(); ++i) {
    EXPECT_EQ(packets[i].sequence(), packets[i - 1].sequence().plus(1));
    auto step =
        static_cast<int32_t>(packets[i].timestamp().value - packets[i - 1].timestamp().value);
    EXPECT_GT(step, 0);
    EXPECT_LT(step, 9000);
  }
}

TEST(SourceSwitch, WaitsForASourceThatHasNothingYet) {
  TwoCodecs call;
  call.frame(100, true);
  call.room.set_send_source(call.now, kSubscription, kBackup);
  call.frame(101);
  EXPECT_THAT(call.types(), testing::ElementsAre(100, 100));
  call.h264(500, true);
  EXPECT_THAT(call.types(), testing::ElementsAre(100, 100, kOutH264));
}

TEST(SourceSwitch, TheFormerSourceMayEndFirst) {
  TwoCodecs call;
  call.frame(100, true);
  call.room.set_send_source(call.now, kSubscription, kBackup);
  call.room.remove_receive_track(call.now, kTrack);
  call.frame(101);
  call.h264(500, true);
  call.h264(501, false);
  EXPECT_THAT(call.types(), testing::ElementsAre(100, kOutH264, kOutH264));
}

TEST(SourceSwitch, AndBackBeforeItHappened) {
  TwoCodecs call;
  call.frame(100, true);
  call.h264(500, false);
  call.room.set_send_source(call.now, kSubscription, kBackup);
  call.room.set_send_source(call.now, kSubscription, kTrack);
  call.h264(501, true);
  call.frame(101);
  call.room.remove_receive_track(call.now, kBackup);
  call.frame(102);
  EXPECT_THAT(call.types(), testing::ElementsAre(100, 100, 100));
}

TEST(SourceSwitch, APauseEndsBoth) {
  TwoCodecs call;
  call.frame(100, true);
  call.room.set_send_source(call.now, kSubscription, kBackup);
  call.room.set_layer_request(call.now, kSubscription, {.paused = true});
  call.frame(101);
  call.h264(500, true);
  EXPECT_THAT(call.types(), testing::ElementsAre(100));
  call.room.set_layer_request(call.now, kSubscription, {});
  call.h264(501, true);
  EXPECT_THAT(call.types(), testing::ElementsAre(100, kOutH264));
}

TEST(SourceSwitch, RefusesWhatIsNotThereOrNotOfItsKind) {
  TwoCodecs call;
  call.room.set_send_source(call.now, kSubscription, TrackId(99));
  ReceiveTrackParameters sound = call.publish;
  sound.id = TrackId(12);
  sound.mid = "2";
  sound.kind = rtc::MediaKind::kAudio;
  sound.codecs = {codec(Codec::kOpus, 111)};
  sound.encodings = {{"", rtc::Ssrc(1311), rtc::Ssrc(0)}};
  call.room.add_receive_track(call.now, sound);
  call.room.set_send_source(call.now, kSubscription, sound.id);
  EXPECT_EQ(call.room.counters().refused_parameters, 2U);
  call.frame(100, true);
  EXPECT_THAT(call.types(), testing::ElementsAre(100));
}

TEST(SourceSwitch, LayersAreToldWhenTheyStartAndStop) {
  Call call;
  call.start();
  RoomEvents events;
  call.frame(100, true);
  ASSERT_TRUE(call.room.take_events(events));
  ASSERT_EQ(events.layers.size(), 1U);
  EXPECT_TRUE(events.layers[0].started);
  call.room.set_receive_muted(call.now, kTrack, true);
  ASSERT_TRUE(call.room.take_events(events));
  ASSERT_EQ(events.layers.size(), 1U);
  EXPECT_FALSE(events.layers[0].started);
  call.room.set_receive_muted(call.now, kTrack, false);
  call.frame(101, true);
  ASSERT_TRUE(call.room.take_events(events));
  EXPECT_TRUE(events.layers.at(0).started);
}

TEST(LayerStop, IsNoticedWithin500MsAndTheNextLayerServesAtOnce) {
  for (const Duration interval : {33ms, 66ms, 100ms}) {
    ThreeSizes call;
    call.frames(3, true);
    for (int i = 0; i < 30; ++i) {
      call.advance(interval);
      call.frames(3);
    }
    RoomEvents events;
    call.room.take_events(events);
    call.requests(1);
    const TimePoint stopped = call.now;
    const auto seen = [&] { return call.subscriber.of(kOut).size(); };
    const size_t before = seen();
    EXPECT_EQ(before, 33U) << "the largest, once each had begun";

    std::optional<TimePoint> told;
    while (!told && call.now - stopped < 2s) {
      const TimePoint next_frame = call.now + interval;
      while (!told && call.now < next_frame) {
        call.advance(1ms);
        if (!call.room.take_events(events)) continue;
        for (const auto& change : events.layers) {
          EXPECT_FALSE(change.started);
          EXPECT_EQ(change.spatial, 2);
          told = call.now;
        }
      }
      if (!told) call.frames(2);
    }
    ASSERT_TRUE(told);
    EXPECT_LE(*told - stopped, 500ms);
    EXPECT_EQ(seen(), before) << "nothing of the others before a key frame";
    EXPECT_EQ(call.requests(1), 1U) << "at once";
    call.frames(2, true);
    call.frames(2);
    EXPECT_EQ(seen(), before + 2);
    EXPECT_EQ(call.requests(0), 0U) << "the lowest is not needed";
  }
}

TEST(LayerStop, IsNoticedWhereTheOthersGoOnWithFewFrames) {
  for (const Duration interval : {143ms, 200ms}) {
    ThreeSizes call;
    call.frames(3, true);
    for (int i = 0; i < 30; ++i) {
      call.advance(66ms);
      call.frames(3);
    }
    RoomEvents events;
    call.room.take_events(events);
    const TimePoint stopped = call.now;
    bool told = false;
    while (!told && call.now - stopped < 5s) {
      call.advance(interval);
      call.frames(2);
      told = call.room.take_events(events) && !events.layers.empty();
    }
    EXPECT_TRUE(told);
    EXPECT_LE(call.now - stopped, 2s);
  }
}

TEST(LayerStop, IsNotConcludedFromThreeLostFrames) {
  for (const Duration interval : {33ms, 143ms, 200ms}) {
    ThreeSizes call;
    call.frames(3, true);
    for (int i = 0; i < 60; ++i) {
      call.advance(interval);
      call.frames(3);
    }
    RoomEvents events;
    call.room.take_events(events);
    for (const int layers : {2, 2, 2, 3, 3}) {
      call.advance(interval);
      call.frames(layers);
      EXPECT_TRUE(!call.room.take_events(events) || events.layers.empty());
    }
  }
}

TEST(FirstPicture, IsOfTheSizeWhoseKeyFrameComesFirst) {
  ThreeSizes call;
  call.frames(3, true);
  call.advance(1s);
  call.frames(3);
  constexpr TransportId kLate{77};
  CapturingSink late;
  call.room.add_transport(kLate, late);
  call.room.transport_connected(call.now, kLate);
  SendTrackParameters send = call.subscribe;
  send.id = SubscriptionId(78);
  send.transport = kLate;
  call.requests(0);
  call.room.add_send_track(call.now, send, {});
  EXPECT_EQ(call.requests(2), 1U) << "of what it shall have";
  call.frames(3);
  EXPECT_THAT(late.of(kOut), SizeIs(0));

  // One by one, as a publisher paces them; that of the largest comes last.
  const auto packet = [&](size_t layer, uint16_t number, bool key) {
    call.send(Call::header(number, 96, ThreeSizes::kSources[layer]), Call::vp8(number, key));
  };
  packet(0, 104, true);
  EXPECT_THAT(late.of(kOut), SizeIs(1));
  packet(0, 105, false);
  EXPECT_THAT(late.of(kOut), SizeIs(2));
  packet(1, 104, true);
  EXPECT_THAT(late.of(kOut), SizeIs(2)) << "it sees something";
  packet(2, 104, true);
  packet(0, 106, false);
  packet(2, 105, false);
  const auto out = late.of(kOut);
  EXPECT_THAT(out, SizeIs(4)) << "two of the smallest, then of the largest";
  for (size_t i = 1; i < out.size(); ++i) {
    EXPECT_EQ(out[i].sequence().distance_from(out[i - 1].sequence()), 1);
    EXPECT_TRUE(out[i].timestamp().newer_than(out[i - 1].timestamp()));
  }
}

TEST(FirstPicture, IsNeverLargerThanWanted) {
  ThreeSizes call;
  call.frames(3, true);
  call.frames(3);
  constexpr TransportId kLate{77};
  CapturingSink late;
  call.room.add_transport(kLate, late);
  call.room.transport_connected(call.now, kLate);
  SendTrackParameters send = call.subscribe;
  send.id = SubscriptionId(78);
  send.transport = kLate;
  LayerRequest request;
  request.max_spatial = 0;
  call.room.add_send_track(call.now, send, request);
  call.send(Call::header(103, 96, ThreeSizes::kSources[2]), Call::vp8(103, true));
  call.send(Call::header(103, 96, ThreeSizes::kSources[1]), Call::vp8(103, true));
  EXPECT_THAT(late.of(kOut), SizeIs(0));
  call.send(Call::header(103, 96, ThreeSizes::kSources[0]), Call::vp8(103, true));
  EXPECT_THAT(late.of(kOut), SizeIs(1));
}

TEST(LayerStop, ASilentTrackHasLostNoLayer) {
  ThreeSizes call;
  call.frames(3, true);
  call.advance(33ms);
  call.frames(3);
  RoomEvents events;
  call.room.take_events(events);
  call.advance(10s);
  call.room.take_events(events);
  EXPECT_TRUE(events.layers.empty());
}

}  // namespace
}  // namespace turms::sfu
