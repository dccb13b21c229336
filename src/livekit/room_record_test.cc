#include <gtest/gtest.h>

#include "livekit/room_testing.h"
#include "record/recorder.h"

namespace turms::livekit {
namespace {

class RoomRecordTest : public testing::RoomTest {
 protected:
  Result<TrackTap> tap(const std::string& sid) {
    auto out = room->tap_track(sid, record::Recorder::make_queue(rtc::MediaKind::kVideo));
    drain();
    return out;
  }
};

TEST_F(RoomRecordTest, ATrackGoesIntoAQueueThatNobodySees) {
  make();
  const ParticipantKey alice = join("alice");
  const std::string sid = publish(alice, "cam", TrackSource::kCamera, {camera()});
  ASSERT_FALSE(sid.empty());
  take<server::SubscribedQualityUpdate>(alice);
  const auto tapped = tap(sid);
  ASSERT_TRUE(tapped) << tapped.error().message;
  EXPECT_EQ(tapped->publisher, "alice");
  const auto& sent = engine.sent.at(tapped->subscription.value);
  EXPECT_EQ(sent.source, track_id("1"));
  for (const auto& codec : sent.codecs) EXPECT_NE(codec.codec, rtc::Codec::kRed);
  EXPECT_EQ(room->participants().size(), 1U);
  // Its publisher is to send all layers: somebody takes the best.
  pass(20s);
  for (const auto& update : take<server::SubscribedQualityUpdate>(alice)) {
    for (const auto& codec : update.codecs) {
      for (const auto& quality : codec.qualities) EXPECT_TRUE(quality.enabled);
    }
  }
  room->end_tap(tapped->subscription);
  drain();
  EXPECT_FALSE(tap("TR_nobody"));
}

TEST_F(RoomRecordTest, ThatARoomIsRecordedIsToldAtOnce) {
  make();
  const ParticipantKey alice = join("alice");
  take<server::RoomUpdate>(alice);
  room->set_recorded(true);
  drain();
  const auto updates = take<server::RoomUpdate>(alice);
  ASSERT_EQ(updates.size(), 1U);
  EXPECT_TRUE(updates[0].room.active_recording);
  EXPECT_TRUE(room->info().active_recording);
  room->set_recorded(false);
  drain();
  EXPECT_EQ(take<server::RoomUpdate>(alice).size(), 1U);
  EXPECT_FALSE(room->info().active_recording);
}

TEST_F(RoomRecordTest, WhatIsEncryptedEndToEndIsNotRecorded) {
  make();
  const ParticipantKey alice = join("alice");
  client::AddTrack add;
  add.cid = "mic";
  add.info.type = TrackType::kAudio;
  add.info.source = TrackSource::kMicrophone;
  add.info.encryption = EncryptionType::kGcm;
  say(alice, add);
  say(alice, client::Description{{"offer", testing::client_offer({microphone()}), ++offer_ids}});
  const auto published = take<server::TrackPublished>(alice);
  ASSERT_FALSE(published.empty());
  const auto tapped = tap(published.back().track.sid);
  ASSERT_FALSE(tapped);
  EXPECT_EQ(tapped.error().code, ErrorCode::kFailedPrecondition);
}

}  // namespace
}  // namespace turms::livekit
