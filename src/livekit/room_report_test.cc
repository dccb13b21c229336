#include "livekit/room_report.h"

#include <boost/json.hpp>

#include "livekit/room_testing.h"

namespace turms::livekit {
namespace {

namespace json = boost::json;
using media::LayerLimit;
using testing::RoomOfTwoTest;

class RoomReportTest : public RoomOfTwoTest {
 protected:
  /// Bob, who receives Alice's camera of 320x180, 640x360 and 1280x720.
  void SetUp() override {
    RoomOfTwoTest::SetUp();
    track_ = publish(alice, "cam", TrackSource::kCamera, {camera()});
  }
  /// What a worker would say.
  media::RoomSnapshot snapshot() {
    media::RoomSnapshot out;
    auto& track = out.tracks.emplace_back();
    track.track = track_id("1");
    track.layer_count = 3;
    track.active_layers = 0b011;
    track.layers[1] = {.packets = 100,
                       .packets_lost = 2,
                       .bits_per_second = 450'000,
                       .jitter_us = 1500,
                       .frames_per_second = 29.97F};
    auto& subscription = out.subscriptions.emplace_back();
    for (const auto& sent : engine.sends_of(track_id("1"))) subscription.subscription = sent.id;
    subscription.source = track_id("1");
    subscription.active_layers = 0b011;
    subscription.wanted_spatial = 2;
    subscription.allocated_spatial = subscription.current_spatial = 0;
    subscription.allocated_temporal = subscription.current_temporal = 1;
    subscription.limit = LayerLimit::kNetwork;
    subscription.bits_per_second = 148'000;
    subscription.round_trip_us = 40'250;
    subscription.resends = 3;
    auto& path = out.paths.emplace_back();
    path.transport = room->transports_of("bob")->back();
    path.estimate_bps = 540'000;
    path.reason = rtc::bwe::LimitingReason::kDelay;
    path.loss = 0.015F;
    return out;
  }

  std::string track_;
};

TEST_F(RoomReportTest, TellsOfTracksInWordsOfTheRoom) {
  answer(bob);
  const RoomReport report = room->report(snapshot(), "");
  ASSERT_EQ(report.participants.size(), 2u);
  const ParticipantReport& publisher = report.participants[0];
  EXPECT_EQ(publisher.identity, "alice");
  EXPECT_TRUE(publisher.subscriptions.empty());
  EXPECT_FALSE(publisher.path);
  ASSERT_EQ(publisher.published.size(), 1u);
  EXPECT_EQ(publisher.published[0].track, track_);
  ASSERT_EQ(publisher.published[0].layers.size(), 3u);
  EXPECT_EQ(publisher.published[0].layers[1].layer.width, 640u);
  EXPECT_TRUE(publisher.published[0].layers[1].active);
  EXPECT_FALSE(publisher.published[0].layers[2].active);

  const ParticipantReport& subscriber = report.participants[1];
  ASSERT_TRUE(subscriber.path);
  ASSERT_EQ(subscriber.subscriptions.size(), 1u);
  const SubscriptionReport& subscription = subscriber.subscriptions[0];
  EXPECT_EQ(subscription.publisher, "alice");
  EXPECT_EQ(subscription.best.height, 720u);
  EXPECT_EQ(subscription.wanted.height, 720u);
  EXPECT_EQ(subscription.sent.width, 320u);
  EXPECT_EQ(explain(subscription, subscriber.path),
            "320x180 of 1280x720: the network carries 540 kbit/s");
}

TEST_F(RoomReportTest, OfOneParticipantAlone) {
  answer(bob);
  const RoomReport report = room->report(snapshot(), "bob");
  ASSERT_EQ(report.participants.size(), 1u);
  EXPECT_EQ(report.participants[0].identity, "bob");
  EXPECT_FALSE(room->transports_of("mallory"));
  const auto transports = room->transports_of("alice");
  ASSERT_TRUE(transports);
  EXPECT_EQ(transports->size(), 2u) << "one that it publishes by, one that it receives by";
}

TEST_F(RoomReportTest, WhatTheClientHasNotAcceptedIsTold) {
  const RoomReport report = room->report(snapshot(), "bob");
  ASSERT_EQ(report.participants[0].subscriptions.size(), 1u);
  const SubscriptionReport& subscription = report.participants[0].subscriptions[0];
  EXPECT_FALSE(subscription.negotiated);
  EXPECT_EQ(limit_of(subscription), "not_negotiated");
  EXPECT_EQ(explain(subscription, {}), "nothing yet: its client has not accepted it");
}

TEST_F(RoomReportTest, AsJson) {
  answer(bob);
  const json::value value = json::parse(to_json(room->report(snapshot(), "")));
  EXPECT_EQ(value.at("room").as_string(), "lounge");
  EXPECT_FALSE(value.at("truncated").as_bool());
  const json::value& published = value.at_pointer("/participants/0/published/0");
  EXPECT_EQ(published.at("source").as_string(), "camera");
  EXPECT_EQ(published.at("codec").as_string(), "VP8");
  const json::value& layer = published.at_pointer("/layers/1");
  EXPECT_EQ(layer.at_pointer("/layer/width").to_number<int>(), 640);
  EXPECT_EQ(layer.at("bits_per_second").to_number<int>(), 450'000);
  EXPECT_DOUBLE_EQ(layer.at("frames_per_second").to_number<double>(), 30);
  EXPECT_DOUBLE_EQ(layer.at("jitter_ms").to_number<double>(), 1.5);
  const json::value& bob_says = value.at_pointer("/participants/1");
  EXPECT_EQ(bob_says.at_pointer("/path/limited_by").as_string(), "delay");
  EXPECT_DOUBLE_EQ(bob_says.at_pointer("/path/loss").to_number<double>(), 0.015);
  const json::value& subscription = bob_says.at_pointer("/subscriptions/0");
  EXPECT_EQ(subscription.at("limit").as_string(), "network");
  EXPECT_EQ(subscription.at_pointer("/wanted/height").to_number<int>(), 720);
  EXPECT_EQ(subscription.at_pointer("/sent/width").to_number<int>(), 320);
  EXPECT_EQ(subscription.at_pointer("/sent/temporal").to_number<int>(), 1);
  EXPECT_DOUBLE_EQ(subscription.at("round_trip_ms").to_number<double>(), 40.25);
  EXPECT_TRUE(value.at_pointer("/participants/0/path").is_null());
}

/// Of 320x180, 640x360 and 1280x720.
SubscriptionReport video(LayerLimit limit, int wanted, int allocated, int sent,
                         uint8_t active = 0b111) {
  const auto layer = [](int spatial) {
    LayerChoice out{.spatial = spatial};
    if (spatial >= 0) out.width = 320U << spatial, out.height = 180U << spatial;
    return out;
  };
  SubscriptionReport out;
  out.type = TrackType::kVideo;
  out.negotiated = true;
  out.best = layer(2);
  out.wanted = layer(wanted);
  out.allocated = layer(allocated);
  out.sent = layer(sent);
  out.statistics.limit = limit;
  out.statistics.active_layers = active;
  return out;
}

TEST(RoomReportWords, OfVideo) {
  const struct {
    SubscriptionReport subscription;
    const char* words;
  } cases[] = {
      {video(LayerLimit::kNone, 2, 2, 2), "1280x720, the best there is"},
      {video(LayerLimit::kNotConnected, 2, -1, -1), "nothing yet: its connection is not up"},
      {video(LayerLimit::kMuted, 2, -1, -1), "nothing: muted by the publisher"},
      {video(LayerLimit::kSubscriber, 0, 0, 0),
       "320x180 of 1280x720: the subscriber asks for no more"},
      {video(LayerLimit::kSubscriber, -1, -1, -1),
       "nothing: the subscriber wants none, or does not show it"},
      {video(LayerLimit::kPublisher, 2, 1, 1, 0b011),
       "640x360 of 1280x720: the publisher sends no more"},
      {video(LayerLimit::kPublisher, 2, -1, -1, 0), "nothing: the publisher sends none"},
      {video(LayerLimit::kPaused, 2, -1, -1), "paused: the network carries 1.2 Mbit/s"},
      {video(LayerLimit::kKeyFrame, 2, 2, -1), "nothing yet: waits for a key frame of 1280x720"},
      {video(LayerLimit::kKeyFrame, 2, 2, 0), "320x180: waits for a key frame of 1280x720"},
      {video(LayerLimit::kNetwork, 2, 1, 1), "640x360 of 1280x720: the network carries 1.2 Mbit/s"},
      {video(LayerLimit::kServer, 2, 1, 1), "640x360 of 1280x720: the server is short of time"},
      {video(LayerLimit::kNetwork, 2, 2, 2),
       "1280x720 with fewer pictures a second: the network carries 1.2 Mbit/s"},
      {video(LayerLimit::kNetwork, 1, 1, 1),
       "640x360 of 1280x720 with fewer pictures a second: the network carries 1.2 Mbit/s"},
  };
  media::PathStatistics path;
  path.estimate_bps = 1'210'000;
  for (const auto& c : cases) EXPECT_EQ(explain(c.subscription, path), c.words);
}

TEST(RoomReportWords, OfSound) {
  SubscriptionReport sound;
  sound.negotiated = true;
  EXPECT_EQ(explain(sound, {}), "sound as it is published");
  sound.statistics.limit = LayerLimit::kOthersSpeak;
  EXPECT_EQ(explain(sound, {}), "nothing: others speak");
}

}  // namespace
}  // namespace turms::livekit
