#include "livekit/room_testing.h"

namespace turms::livekit::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr uint8_t kPreferRegression = 0;
constexpr uint8_t kSimulcast = 1;

/// Tracks that are published in more than one codec.
class RoomCodecsTest : public RoomOfTwoTest {
 protected:
  /// In VP9, with VP8 for those who need it.
  std::string publish_vp9(uint8_t policy) {
    client::AddTrack add;
    add.cid = "cam";
    add.info.type = TrackType::kVideo;
    add.info.source = TrackSource::kCamera;
    add.info.backup_codec_policy = policy;
    add.info.layers = {{VideoQuality::kLow, 320, 180, 0, 0, 0, ""},
                       {VideoQuality::kMedium, 640, 360, 0, 0, 0, ""},
                       {VideoQuality::kHigh, 1280, 720, 0, 0, 0, ""}};
    add.info.codecs = {{"vp9", "", "cam", {}, 0, ""}, {"video/VP8", "", "", {}, 0, ""}};
    say(alice, add);
    published = last<server::TrackPublished>(alice).track;
    offer(false);
    return published.sid;
  }

  /// As clients do when they hear that the second codec is wanted.
  void publish_vp8(const std::string& sid) {
    client::AddTrack add;
    add.cid = "cam-in-vp8";
    add.sid = sid;
    add.info.type = TrackType::kVideo;
    add.info.source = TrackSource::kCamera;
    add.info.layers = {{VideoQuality::kLow, 320, 180, 0, 0, 0, ""},
                       {VideoQuality::kHigh, 640, 360, 0, 0, 0, ""}};
    add.info.codecs = {{"vp8", "", "cam-in-vp8", {}, 0, ""}};
    say(alice, add);
    EXPECT_EQ(last<server::TrackPublished>(alice).cid, "cam-in-vp8");
    offer(true);
  }

  void offer(bool with_vp8) {
    std::vector<OfferedTrack> tracks = {{"1", rtc::MediaKind::kVideo, "cam", {}, true}};
    if (with_vp8) tracks.push_back({"2", rtc::MediaKind::kVideo, "cam-in-vp8", {"q", "h"}, true});
    say(alice, client::Description{{"offer", client_offer(tracks), ++offer_ids, {}}});
  }

  [[nodiscard]] size_t receiving(const std::string& mid) const {
    return engine.sends_of(track_id(mid)).size();
  }

  TrackInfo published;
};

TEST_F(RoomCodecsTest, AllCodecsAreAnnounced) {
  publish_vp9(kSimulcast);
  ASSERT_THAT(published.codecs, SizeIs(2));
  EXPECT_EQ(published.codecs[0].mime_type, "video/VP9");
  EXPECT_EQ(published.codecs[0].video_layer_mode, 2) << "all layers in one stream";
  EXPECT_EQ(published.codecs[1].mime_type, "video/VP8");
  EXPECT_EQ(published.codecs[1].video_layer_mode, 1);
  EXPECT_THAT(published.codecs[1].layers, SizeIs(3));
  EXPECT_FALSE(published.simulcast);
  const TrackInfo track = room->participant("alice")->tracks.at(0);
  EXPECT_EQ(track.mime_type, "video/VP9");
  EXPECT_EQ(track.codecs[0].mid, "1");
  EXPECT_EQ(track.codecs[1].mid, "");
}

TEST_F(RoomCodecsTest, WhoDecodesTheFirstReceivesIt) {
  publish_vp9(kSimulcast);
  answer(bob);
  EXPECT_EQ(receiving("1"), 1u);
  EXPECT_THAT(wanted(), ElementsAre("vp9:3"));
}

TEST_F(RoomCodecsTest, WhoDoesNotMakesThePublisherSendTheSecond) {
  const std::string sid = publish_vp9(kSimulcast);
  const auto carol = join("carol");
  answer(carol);
  answer(bob, "VP9");
  EXPECT_EQ(receiving("1"), 1u);
  EXPECT_THAT(take<server::SubscriptionResponse>(bob), IsEmpty());
  EXPECT_EQ(wanted().back(), "vp8:3 vp9:3");

  publish_vp8(sid);
  EXPECT_EQ(receiving("1"), 1u) << "carol stays with the better";
  EXPECT_EQ(receiving("2"), 1u);
  EXPECT_EQ(room->participant("alice")->tracks.at(0).codecs[1].mid, "2");
  EXPECT_THAT(room->participant("alice")->tracks, SizeIs(1)) << "it is one track";
}

TEST_F(RoomCodecsTest, InASmallRoomEveryoneTakesTheSecondThen) {
  const std::string sid = publish_vp9(kPreferRegression);
  const auto carol = join("carol");
  answer(carol);
  answer(bob, "VP9");
  publish_vp8(sid);
  EXPECT_EQ(receiving("1"), 0u);
  EXPECT_EQ(receiving("2"), 2u);
  wanted();
  pass(5s);
  EXPECT_THAT(wanted(), ElementsAre("vp8:3 vp9:0")) << "the first is sent to nobody";
}

TEST_F(RoomCodecsTest, InALargerRoomMostKeepTheFirst) {
  const std::string sid = publish_vp9(kPreferRegression);
  for (const char* guest : {"carol", "dave", "erin"}) answer(join(guest));
  answer(bob, "VP9");
  publish_vp8(sid);
  EXPECT_EQ(receiving("1"), 3u);
  EXPECT_EQ(receiving("2"), 1u);
}

TEST_F(RoomCodecsTest, WhenTheSecondEndsTheFirstIsTakenAgain) {
  const std::string sid = publish_vp9(kPreferRegression);
  const auto carol = join("carol");
  answer(carol);
  answer(bob, "VP9");
  publish_vp8(sid);
  offer(false);
  EXPECT_THAT(engine.received, SizeIs(1));
  EXPECT_EQ(receiving("1"), 1u);
  EXPECT_THAT(room->participant("alice")->tracks, SizeIs(1));
  wanted();
  // It may come back.
  publish_vp8(sid);
  EXPECT_EQ(receiving("2"), 2u);
}

TEST_F(RoomCodecsTest, WhoDecodesNeitherIsTold) {
  client::AddTrack add;
  add.cid = "cam";
  add.info.type = TrackType::kVideo;
  add.info.source = TrackSource::kCamera;
  add.info.codecs = {{"vp9", "", "cam", {}, 0, ""}};
  say(alice, add);
  const std::string sid = last<server::TrackPublished>(alice).track.sid;
  offer(false);
  answer(bob, "VP9");
  const auto response = last<server::SubscriptionResponse>(bob);
  EXPECT_EQ(response.track_sid, sid);
  EXPECT_EQ(response.error, server::SubscriptionError::kCodecUnsupported);
}

TEST_F(RoomCodecsTest, ACodecThatWasNotAnnouncedIsAdded) {
  client::AddTrack add;
  add.cid = "cam";
  add.info.type = TrackType::kVideo;
  add.info.source = TrackSource::kCamera;
  add.info.codecs = {{"vp9", "", "cam", {}, 0, ""}};
  say(alice, add);
  const std::string sid = last<server::TrackPublished>(alice).track.sid;
  offer(false);
  publish_vp8(sid);
  EXPECT_THAT(room->participant("alice")->tracks.at(0).codecs, SizeIs(2));
  answer(bob);
  EXPECT_EQ(receiving("2"), 1u);
}

TEST_F(RoomCodecsTest, SoundInASecondCodecIsAskedForWhenSomebodyNeedsIt) {
  client::AddTrack add;
  add.cid = "mic";
  add.info.source = TrackSource::kMicrophone;
  add.info.codecs = {{"PCMU", "", "mic", {}, 0, ""}, {"audio/opus", "", "mic-in-opus", {}, 0, ""}};
  say(alice, add);
  published = last<server::TrackPublished>(alice).track;
  OfferedTrack first{"1", rtc::MediaKind::kAudio, "mic", {}, true};
  say(alice, client::Description{{"offer", client_offer({first}), ++offer_ids, {}}});
  EXPECT_EQ(room->participant("alice")->tracks.at(0).codecs[0].mime_type, "audio/PCMU");
  const auto carol = join("carol");
  answer(carol);
  answer(bob, "PCMU");
  EXPECT_EQ(receiving("1"), 1u) << "carol's";
  EXPECT_THAT(take<server::SubscriptionResponse>(bob), IsEmpty());
  const auto wanted = last<server::SubscribedAudioCodecUpdate>(alice);
  EXPECT_EQ(wanted.track_sid, published.sid);
  ASSERT_THAT(wanted.codecs, SizeIs(2));
  EXPECT_EQ(wanted.codecs[0].codec, "opus");
  EXPECT_TRUE(wanted.codecs[0].enabled);

  add.cid = "mic-in-opus";
  add.sid = published.sid;
  add.info.codecs = {{"opus", "", "mic-in-opus", {}, 0, ""}};
  say(alice, add);
  OfferedTrack second{"2", rtc::MediaKind::kAudio, "mic-in-opus", {}, true};
  say(alice, client::Description{{"offer", client_offer({first, second}), ++offer_ids, {}}});
  EXPECT_EQ(receiving("1"), 1u);
  EXPECT_EQ(receiving("2"), 1u);
}

TEST_F(RoomCodecsTest, AnUnknownTrackGetsNoCodec) {
  client::AddTrack add;
  add.cid = "cam";
  add.sid = "TR_unknown";
  add.info.type = TrackType::kVideo;
  say(alice, add);
  EXPECT_EQ(last<server::RequestResponse>(alice).reason, server::RequestReason::kNotFound);
}

TEST_F(RoomCodecsTest, MutesHoldForAllCodecs) {
  const std::string sid = publish_vp9(kSimulcast);
  publish_vp8(sid);
  const auto first = track_id("1");
  const auto second = track_id("2");
  say(alice, MuteTrack{sid, true});
  EXPECT_TRUE(engine.muted.at(first.value));
  EXPECT_TRUE(engine.muted.at(second.value));
}

}  // namespace
}  // namespace turms::livekit::testing
