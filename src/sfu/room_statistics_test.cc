// What a room tells of its subscriptions, and how it counts them.
#include <gtest/gtest.h>

#include "sfu/room_testing.h"

namespace turms::sfu {
namespace {

using namespace testing_support;

constexpr std::array<rtc::Ssrc, 2> kEncodings = {rtc::Ssrc(1111), rtc::Ssrc(1121)};

class RoomStatistics : public testing::Test {
 protected:
  void start(bool has_path) {
    call_.publish.encodings = {{"", kEncodings[0], rtc::Ssrc()}, {"", kEncodings[1], rtc::Ssrc()}};
    call_.room.add_transport(kPublisher, call_.publisher);
    call_.room.add_transport(kSubscriber, call_.subscriber, has_path);
    call_.room.transport_connected(call_.now, kPublisher);
    call_.room.transport_connected(call_.now, kSubscriber);
    call_.room.add_receive_track(call_.now, call_.publish);
    call_.room.add_send_track(call_.now, call_.subscribe, {});
  }
  /// Both encodings, 30 pictures a second, about 90 and 260 kbit/s. Each 30th is a key frame.
  void watch(int pictures, size_t encodings = kEncodings.size()) {
    for (int i = 0; i < pictures; ++i, ++picture_) {
      for (size_t e = 0; e < encodings; ++e) {
        Bytes payload = Call::vp8(picture_, picture_ % 30 == 0);
        payload.resize(e == 0 ? 350 : 1050);
        call_.send(Call::header(picture_, 96, kEncodings[e]), payload);
      }
      call_.advance(33ms);
    }
  }
  SubscriptionStatistics subscription() {
    const RoomSnapshot snapshot = call_.room.snapshot(call_.now, {});
    EXPECT_EQ(snapshot.subscriptions.size(), 1U);
    return snapshot.subscriptions.front();
  }
  /// The one that there is, as counted for the metrics.
  void expect_limit(LayerLimit limit) {
    EXPECT_STREQ(to_string(subscription().limit), to_string(limit));
    std::array<uint64_t, kLayerLimitCount> counted{};
    ++counted[static_cast<size_t>(limit)];
    EXPECT_EQ(call_.room.counters().decisions.limited, counted);
  }

  Call call_;
  uint16_t picture_ = 0;
};

TEST_F(RoomStatistics, WhatFlows) {
  start(false);
  watch(120);
  const RoomSnapshot snapshot = call_.room.snapshot(call_.now, {});
  ASSERT_EQ(snapshot.tracks.size(), 1U);
  const TrackStatistics& track = snapshot.tracks.front();
  EXPECT_EQ(track.layer_count, 2);
  EXPECT_EQ(track.active_layers, 0b11);
  EXPECT_NEAR(track.layers[0].frames_per_second, 30.3, 1);
  EXPECT_NEAR(track.layers[1].bits_per_second, 258'000, 20'000);
  const SubscriptionStatistics s = subscription();
  EXPECT_EQ(s.source, kTrack);
  EXPECT_EQ(s.active_layers, 0b11);
  EXPECT_EQ(s.wanted_spatial, 1);
  EXPECT_EQ(s.allocated_spatial, 1);
  EXPECT_EQ(s.current_spatial, 1);
  EXPECT_NEAR(s.bits_per_second, 258'000, 30'000);
  expect_limit(LayerLimit::kNone);
  EXPECT_TRUE(snapshot.paths.empty());
}

TEST_F(RoomStatistics, WhoIsSilentHasNoRate) {
  start(false);
  watch(120);
  call_.advance(3s);
  const RoomSnapshot snapshot = call_.room.snapshot(call_.now, {});
  EXPECT_EQ(snapshot.subscriptions.front().bits_per_second, 0U);
  EXPECT_EQ(snapshot.tracks.front().bits_per_second, 0U);
}

TEST_F(RoomStatistics, RepairIsCounted) {
  start(false);
  watch(2);
  const auto sent = call_.subscriber.of(kOut);
  ASSERT_FALSE(sent.empty());
  call_.nack({sent.back().sequence()});
  call_.pli();
  EXPECT_EQ(subscription().resends, 1U);
  EXPECT_EQ(subscription().key_frame_requests, 1U);
}

TEST_F(RoomStatistics, WhyNoBetterLayer) {
  start(true);
  expect_limit(LayerLimit::kPublisher);
  picture_ = 1;  // a key frame is missing
  watch(1);
  expect_limit(LayerLimit::kKeyFrame);
  watch(90);
  expect_limit(LayerLimit::kNone);
  call_.room.set_layer_request(call_.now, kSubscription, {.max_spatial = 0});
  watch(60);
  expect_limit(LayerLimit::kSubscriber);
  call_.room.set_layer_request(call_.now, kSubscription, {.paused = true});
  expect_limit(LayerLimit::kSubscriber);
  call_.room.set_layer_request(call_.now, kSubscription, {});
  watch(60);
  expect_limit(LayerLimit::kNone);
  call_.room.set_receive_muted(call_.now, kTrack, true);
  expect_limit(LayerLimit::kMuted);
  call_.room.set_receive_muted(call_.now, kTrack, false);
  watch(90, 1);
  expect_limit(LayerLimit::kPublisher);
  EXPECT_EQ(subscription().current_spatial, 0);
}

TEST_F(RoomStatistics, TheNetworkLimits) {
  start(true);
  watch(90);
  expect_limit(LayerLimit::kNone);
  const uint64_t raised = call_.room.counters().decisions.layers_raised;
  call_.room.set_path_limits(call_.now, kSubscriber, {.max_bps = 200'000});
  watch(90);
  expect_limit(LayerLimit::kNetwork);
  EXPECT_EQ(subscription().wanted_spatial, 1);
  EXPECT_EQ(subscription().allocated_spatial, 0);
  EXPECT_EQ(call_.room.counters().decisions.layers_lowered, 1U);
  call_.room.set_path_limits(call_.now, kSubscriber, {.max_bps = 50'000});
  watch(150);
  expect_limit(LayerLimit::kPaused);
  EXPECT_EQ(call_.room.counters().decisions.paused, 1U);
  EXPECT_EQ(call_.room.counters().decisions.layers_raised, raised);
  const RoomSnapshot snapshot = call_.room.snapshot(call_.now, {});
  ASSERT_EQ(snapshot.paths.size(), 1U);
  EXPECT_EQ(snapshot.paths[0].transport, kSubscriber);
  EXPECT_GT(snapshot.paths[0].wanted_bps, snapshot.paths[0].allocated_bps);
  EXPECT_TRUE(snapshot.paths[0].fallback) << "nobody sends feedback here";
}

TEST_F(RoomStatistics, AServerThatIsShortOfTimeLimits) {
  start(false);
  watch(90);
  expect_limit(LayerLimit::kNone);
  call_.room.leave_out_layers(call_.now, 1);
  watch(60);
  expect_limit(LayerLimit::kServer);
  EXPECT_EQ(subscription().wanted_spatial, 1);
  EXPECT_EQ(subscription().current_spatial, 0);
  call_.room.leave_out_layers(call_.now, 0);
  watch(60);
  expect_limit(LayerLimit::kNone);
}

TEST_F(RoomStatistics, OfSomeTransportsAndOfNone) {
  start(true);
  watch(2);
  const TransportId publisher[] = {kPublisher};
  RoomSnapshot snapshot = call_.room.snapshot(call_.now, publisher);
  EXPECT_EQ(snapshot.tracks.size(), 1U);
  EXPECT_TRUE(snapshot.subscriptions.empty());
  const TransportId subscriber[] = {TransportId(77), kSubscriber};
  snapshot = call_.room.snapshot(call_.now, subscriber);
  EXPECT_TRUE(snapshot.tracks.empty());
  EXPECT_EQ(snapshot.subscriptions.size(), 1U);
  EXPECT_EQ(snapshot.paths.size(), 1U);
  call_.room.remove_transport(call_.now, kSubscriber);
  EXPECT_TRUE(call_.room.snapshot(call_.now, {}).subscriptions.empty());
  EXPECT_EQ(call_.room.counters().decisions.limited, (std::array<uint64_t, kLayerLimitCount>{}));
}

}  // namespace
}  // namespace turms::sfu
