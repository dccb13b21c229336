#include "livekit/room_testing.h"

namespace turms::livekit::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class RoomQualityTest : public RoomOfTwoTest {
 protected:
  void set(ParticipantKey key, const std::string& sid, VideoQuality quality,
           bool disabled = false) {
    client::UpdateTrackSettings settings;
    settings.track_sids = {sid};
    settings.quality = quality;
    settings.disabled = disabled;
    say(key, settings);
  }
};

// ---- dynacast

TEST_F(RoomQualityTest, APublisherHearsWhatIsWatched) {
  const std::string cam = publish(alice, "cam", TrackSource::kCamera, {camera()});
  EXPECT_THAT(wanted(), IsEmpty()) << "nobody receives it yet";
  answer(bob);
  EXPECT_THAT(wanted(), ElementsAre("vp8:3"));

  set(bob, cam, VideoQuality::kLow);
  EXPECT_THAT(wanted(), IsEmpty());
  pass(5s);
  EXPECT_THAT(wanted(), ElementsAre("vp8:1"));

  // The most that anybody wants.
  const auto carol = join("carol");
  answer(carol);
  EXPECT_THAT(wanted(), ElementsAre("vp8:3"));
  set(carol, cam, VideoQuality::kMedium);
  pass(5s);
  EXPECT_THAT(wanted(), ElementsAre("vp8:2"));
  say(carol, client::Leave{});
  pass(5s);
  EXPECT_THAT(wanted(), ElementsAre("vp8:1"));
  set(bob, cam, VideoQuality::kLow, true);
  pass(5s);
  EXPECT_THAT(wanted(), ElementsAre("vp8:0"));
  set(bob, cam, VideoQuality::kHigh);
  EXPECT_THAT(wanted(), ElementsAre("vp8:3"));
}

TEST_F(RoomQualityTest, ATrackThatNobodyWatchesIsPausedAfterAWhile) {
  JoinParameters none = as("bob");
  none.auto_subscribe = false;
  bob = join(std::move(none));
  publish(alice, "cam", TrackSource::kCamera, {camera()});
  pass(9s);
  EXPECT_THAT(wanted(), IsEmpty());
  pass(1s);
  EXPECT_THAT(wanted(), ElementsAre("vp8:0"));
}

TEST_F(RoomQualityTest, AfterAMuteAndAResumeItIsSaidAgain) {
  const std::string cam = publish(alice, "cam", TrackSource::kCamera, {camera()});
  answer(bob);
  EXPECT_THAT(wanted(), ElementsAre("vp8:3"));
  say(alice, MuteTrack{cam, true});
  set(bob, cam, VideoQuality::kLow);
  pass(1min);
  EXPECT_THAT(wanted(), IsEmpty());
  say(alice, MuteTrack{cam, false});
  EXPECT_THAT(wanted(), ElementsAre("vp8:1"));
  ASSERT_TRUE(room->resume(now, "alice", false));
  drain();
  EXPECT_THAT(wanted(), ElementsAre("vp8:1"));
}

TEST_F(RoomQualityTest, AnUnpublishedTrackHasNoTimer) {
  const std::string cam = publish(alice, "cam", TrackSource::kCamera, {camera()});
  answer(bob);
  set(bob, cam, VideoQuality::kLow);
  auto stopped = camera();
  stopped.sending = false;
  say(alice, client::Description{{"offer", client_offer({stopped}), ++offer_ids, {}}});
  wanted();
  pass(1min);
  EXPECT_THAT(wanted(), IsEmpty());
}

TEST_F(RoomQualityTest, OfSoundNothingIsSaid) {
  publish(alice, "mic", TrackSource::kMicrophone, {microphone()});
  answer(bob);
  pass(1min);
  EXPECT_THAT(wanted(), IsEmpty());
}

// ---- connection quality

TEST_F(RoomQualityTest, EveryoneConnectedIsToldOf) {
  pass(5s);
  EXPECT_THAT(last<server::ConnectionQualityUpdate>(alice).updates, SizeIs(2));
  pass(1min);
  EXPECT_THAT(take<server::ConnectionQualityUpdate>(alice), IsEmpty()) << "nothing changed";
  // Who comes later hears how the others are.
  const auto carol = join("carol");
  connect();
  EXPECT_THAT(last<server::ConnectionQualityUpdate>(carol).updates, SizeIs(2));
}

TEST_F(RoomQualityTest, APublisherThatBringsNothingIsPoorUnlessItNeedNot) {
  const std::string cam = publish(alice, "cam", TrackSource::kCamera, {camera()});
  answer(bob);
  const auto told = [&] {
    pass(5s);
    const auto updates = take<server::ConnectionQualityUpdate>(bob);
    return updates.empty() ? std::string("nothing")
                           : std::to_string(static_cast<int>(updates.back().updates[0].quality));
  };
  room->on_statistics(now, {{track_id("1"), 100, 0, 0, 0, 1}}, {});
  EXPECT_EQ(told(), "2");
  EXPECT_EQ(told(), "0") << "nothing came";
  say(alice, MuteTrack{cam, true});
  EXPECT_EQ(told(), "2");
  say(alice, MuteTrack{cam, false});
  EXPECT_EQ(told(), "0");
  set(bob, cam, VideoQuality::kOff);
  pass(5s);
  EXPECT_EQ(told(), "2") << "nobody wants it";
}

TEST_F(RoomQualityTest, APublisherIsToldOfLayersThatDoNotGetThrough) {
  const std::string cam = publish(alice, "cam", TrackSource::kCamera, {camera()});
  answer(bob);
  uint64_t packets = 0;
  std::string told;
  // What alice hears of herself, a second at a time.
  const auto seconds = [&](int count, uint8_t layers) {
    told.clear();
    for (int i = 0; i < count; ++i) {
      media::TrackStatistics statistics{.track = track_id("1"), .packets = packets += 200};
      statistics.active_layers = layers;
      room->on_statistics(now, {statistics}, {});
      pass(1s);
      for (const auto& update : take<server::ConnectionQualityUpdate>(alice)) {
        for (const auto& one : update.updates) {
          if (one.participant_sid != room->participant("alice")->sid) continue;
          told += std::to_string(static_cast<int>(one.quality)) + "@" + std::to_string(i + 1) + " ";
        }
      }
    }
    return told;
  };
  EXPECT_EQ(seconds(20, 0b111), "2@5 ");
  EXPECT_EQ(seconds(10, 0b011), "1@3 ");
  EXPECT_EQ(seconds(10, 0b001), "0@3 ");
  EXPECT_THAT(seconds(20, 0b111), ::testing::HasSubstr("2@"));
  // A layer that nobody wants is none that is missing.
  set(bob, cam, VideoQuality::kLow);
  EXPECT_EQ(seconds(6, 0b111), "");
  EXPECT_EQ(seconds(20, 0b001), "");
}

TEST_F(RoomQualityTest, ASubscriberIsToldOfWhatItsPathDoesNotCarry) {
  publish(alice, "cam", TrackSource::kCamera, {camera()});
  answer(bob);
  const auto bobs = [&] {
    std::string out;
    for (const auto& update : take<server::ConnectionQualityUpdate>(bob)) {
      for (const auto& one : update.updates) {
        if (one.participant_sid != room->participant("bob")->sid) continue;
        out += std::to_string(static_cast<int>(one.quality));
      }
    }
    return out;
  };
  media::PathStatistics path;
  path.transport = engine.sent.begin()->second.transport;
  path.wanted_bps = 1'700'000;
  const auto seconds = [&](int count) {
    for (int i = 0; i < count; ++i) {
      room->on_paths({path});
      pass(1s);
    }
    return bobs();
  };
  path.allocated_bps = 1'700'000;
  EXPECT_EQ(seconds(10), "2");
  path.allocated_bps = 400'000;
  EXPECT_EQ(seconds(4), "1");
  path.allocated_bps = 1'700'000;
  EXPECT_EQ(seconds(15), "2");
}

// ---- speakers

TEST_F(RoomQualityTest, AJoinerHearsWhoSpeaks) {
  publish(alice, "mic", TrackSource::kMicrophone, {microphone()});
  room->on_speakers(now, {{track_id("2"), 0.5F}});
  drain();
  const auto carol = join("carol");
  EXPECT_THAT(take<server::SpeakersChanged>(carol), IsEmpty());
  connect();
  const auto speakers = last<server::SpeakersChanged>(carol).speakers;
  ASSERT_THAT(speakers, SizeIs(1));
  EXPECT_TRUE(speakers[0].active);
}

// ---- updates of others

TEST_F(RoomQualityTest, InALargeRoomUpdatesAreGathered) {
  for (size_t i = 0; i < Room::kLargeRoom; ++i) join("guest" + std::to_string(i));
  pass(1s);
  heard.clear();
  const auto mute_all = [&](bool muted) {
    for (int i = 0; i < 3; ++i) {
      Room::ParticipantChange change;
      change.name = (muted ? "quiet" : "loud") + std::to_string(i);
      ASSERT_TRUE(room->update_participant(now, "guest" + std::to_string(i), change));
      drain();
    }
  };
  mute_all(true);
  EXPECT_THAT(take<server::ParticipantUpdate>(alice), SizeIs(1)) << "the first at once";
  pass(Room::kUpdateInterval);
  const auto gathered = take<server::ParticipantUpdate>(alice);
  ASSERT_THAT(gathered, SizeIs(1));
  EXPECT_THAT(gathered[0].participants, SizeIs(2));
}

// ---- webhooks and rights

TEST_F(RoomQualityTest, TracksOfWhoNeverGotInAreNotReported) {
  events.clear();
  const auto carol = join("carol");
  publish(carol, "mic", TrackSource::kMicrophone, {microphone()});
  say(carol, client::Leave{});
  EXPECT_THAT(take_events(), ElementsAre(RoomEvent::kParticipantConnectionAborted));

  const auto dave = join("dave");
  publish(dave, "mic", TrackSource::kMicrophone, {microphone()});
  EXPECT_THAT(take_events(), IsEmpty());
  connect();
  EXPECT_THAT(take_events(),
              ElementsAre(RoomEvent::kParticipantJoined, RoomEvent::kTrackPublished));
}

TEST_F(RoomQualityTest, WhoMayNotPublishIsNoPublisher) {
  publish(alice, "mic", TrackSource::kMicrophone, {microphone()});
  EXPECT_TRUE(room->participant("alice")->is_publisher);
  Room::ParticipantChange change;
  change.permission = room->participant("alice")->permission;
  change.permission->can_publish = false;
  ASSERT_TRUE(room->update_participant(now, "alice", change));
  drain();
  EXPECT_FALSE(room->participant("alice")->is_publisher);
  EXPECT_EQ(room->info().num_publishers, 0u);
}

TEST_F(RoomQualityTest, SizesOfLayersCanChange) {
  const std::string cam = publish(alice, "cam", TrackSource::kCamera, {camera()});
  say(alice, client::UpdateVideoLayers{cam, {{VideoQuality::kHigh, 1920, 1080, 5, 0, 0, ""}}});
  const auto layers = room->participant("alice")->tracks[0].layers;
  ASSERT_THAT(layers, SizeIs(3));
  EXPECT_EQ(layers[2].width, 1920u);
  EXPECT_EQ(layers[0].width, 320u);
  say(alice, client::UpdateVideoLayers{"TR_unknown", {}});
}

}  // namespace
}  // namespace turms::livekit::testing
