// How the tracks of a publisher belong together, and how many of them reach others.
#include <array>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "livekit/room_testing.h"

namespace turms::livekit {
namespace {

using testing::client_offer;
using ::testing::ElementsAre;
using testing::OfferedTrack;
using testing::RoomTest;

TEST_F(RoomTest, WhatBelongsTogetherHasOneStream) {
  make();
  const auto alice = join("alice");
  using enum TrackSource;
  for (const auto& [source, stream] :
       std::map<TrackSource, std::string>{{kCamera, "camera"},
                                          {kMicrophone, "camera"},
                                          {kScreenShare, "screen"},
                                          {kScreenShareAudio, "screen"},
                                          {kUnknown, "unknown"}}) {
    client::AddTrack add;
    add.cid = "cid" + std::to_string(static_cast<int>(source));
    add.info.source = source;
    say(alice, add);
    EXPECT_EQ(last<server::TrackPublished>(alice).track.stream, stream);
    add.cid += "named";
    add.info.stream = "mine";
    say(alice, add);
    EXPECT_EQ(last<server::TrackPublished>(alice).track.stream, "mine");
  }
}

TEST_F(RoomTest, WhereStreamsAreInStepTheirTracksAreOfferedAsOneStream) {
  const auto streams_of = [this](JoinParameters subscriber, const std::string& stream) {
    const auto alice = join("alice");
    for (const OfferedTrack& track : {camera(), microphone()}) {
      client::AddTrack add;
      add.cid = track.cid;
      const bool video = track.kind == rtc::MediaKind::kVideo;
      add.info.type = video ? TrackType::kVideo : TrackType::kAudio;
      add.info.source = video ? TrackSource::kCamera : TrackSource::kMicrophone;
      add.info.stream = stream;
      say(alice, add);
    }
    say(alice, client::Description{{"offer", client_offer({camera(), microphone()}), ++offer_ids}});
    const auto bob = join(std::move(subscriber));
    const auto offer = rtc::sdp::parse(last<server::Description>(bob).description.sdp);
    std::vector<std::string> out;
    for (const auto& section : offer->sections) {
      if (!section.msid) continue;
      EXPECT_TRUE(section.msid->track.starts_with("TR_"));
      const size_t bar = section.msid->stream.find('|');
      EXPECT_EQ(section.msid->stream.substr(0, bar), room->participant("alice")->sid);
      const std::string name = section.msid->stream.substr(bar + 1);
      out.push_back(name == section.msid->track ? "its own" : name);
    }
    return out;
  };
  const auto own = ElementsAre("its own", "its own");
  make({.sync_streams = true});
  EXPECT_THAT(streams_of(as("bob"), ""), ElementsAre("camera", "camera"));
  EXPECT_THAT(streams_of(as("bob"), "mine"), ElementsAre("mine", "mine"));
  JoinParameters firefox = as("bob");
  firefox.firefox = true;
  EXPECT_THAT(streams_of(firefox, ""), own);
  JoinParameters old = as("bob");
  old.protocol = 9;
  EXPECT_THAT(streams_of(old, ""), own);
  old.protocol = 10;
  EXPECT_THAT(streams_of(old, ""), ElementsAre("camera", "camera"));
  // What a publisher calls its stream goes into the descriptions of others.
  for (const char* name :
       {"a b", "a\r\na=ice-lite", "\xc3\xa4", "a;b", "TR_1",
        "longer-than-an-identifier-of-a-stream-may-be-together-with-its-publisher"}) {
    EXPECT_THAT(streams_of(as("bob"), name), own) << name;
  }
  make();
  EXPECT_THAT(streams_of(as("bob"), ""), own);
}

TEST_F(RoomTest, WhatReachesSubscribersIsCounted) {
  make();
  const auto alice = join("alice");
  const auto bob = join("bob");
  const auto carol = join("carol");
  const auto counts = [this] {
    const SubscribedTracks& all = room->subscribed();
    return std::array<uint64_t, 3>{all.audio, all.video, all.ever};
  };
  const std::string sid = publish(alice, "cam", TrackSource::kCamera, {camera()});
  publish(alice, "mic", TrackSource::kMicrophone, {camera(), microphone()});
  EXPECT_THAT(counts(), ElementsAre(0, 0, 0)) << "nobody has agreed yet";
  answer(bob);
  answer(carol);
  EXPECT_THAT(counts(), ElementsAre(2, 2, 4));
  say(bob, client::UpdateSubscription{{sid}, false});
  EXPECT_THAT(counts(), ElementsAre(2, 1, 4));
  say(carol, client::Leave{});
  EXPECT_THAT(counts(), ElementsAre(1, 0, 4));
  say(alice, client::Leave{});
  EXPECT_THAT(counts(), ElementsAre(0, 0, 4));
}

TEST_F(RoomTest, ReceiversAreAskedForThePlayoutDelayOfTheRoom) {
  make({.playout_delay = media::PlayoutDelay{.min_ms = 100, .max_ms = 400}});
  ASSERT_TRUE(engine.room_settings.playout_delay);
  EXPECT_EQ(engine.room_settings.playout_delay->max_ms, 400u);
}

TEST_F(RoomTest, FirefoxIsNotAskedForAPlayoutDelayThatWouldSetSoundAndPictureApart) {
  const auto asked = [this](bool in_step, bool firefox) {
    make({.playout_delay = media::PlayoutDelay{.min_ms = 100, .max_ms = 400},
          .sync_streams = in_step});
    publish(join("alice"), "cam", TrackSource::kCamera, {camera()});
    JoinParameters parameters = as("bob");
    parameters.firefox = firefox;
    answer(join(parameters));
    const bool out = engine.sent.rbegin()->second.extensions.id(rtc::Extension::kPlayoutDelay) != 0;
    room.reset();
    engine.sent.clear();
    heard.clear();
    unanswered.clear();
    return out;
  };
  EXPECT_TRUE(asked(true, false));
  EXPECT_FALSE(asked(true, true));
  EXPECT_TRUE(asked(false, true)) << "there they are not in step anyway";
}

}  // namespace
}  // namespace turms::livekit
