#include "livekit/data_notes.h"
#include "livekit/room_testing.h"

namespace turms::livekit::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class RoomWishesTest : public RoomOfTwoTest {
 protected:
  void wish(ParticipantKey from, const std::string& profile) {
    DataReport note;
    note.value = ReceiveProfileSaid{from, profile};
    room->on_data(now, note);
    drain();
  }
  /// What is asked for of the subscriptions to these sources, in order: spatial layer and frame
  /// rate.
  [[nodiscard]] std::string asked() const {
    std::string out;
    for (const auto& [id, sent] : engine.sent) {
      const media::LayerRequest& request = engine.layers.at(id);
      out += request.paused ? "- "
                            : std::to_string(request.max_spatial) + "." +
                                  std::to_string(request.max_fps) + " ";
    }
    return out;
  }
};

TEST_F(RoomWishesTest, ASaverGetsLessAndItsPublisherHearsOfIt) {
  publish(alice, "cam", TrackSource::kCamera, {camera()});
  answer(bob);
  EXPECT_EQ(asked(), "2.0 ");
  EXPECT_THAT(wanted(), ElementsAre("vp8:3"));
  wish(bob, R"({"mode":"saver"})");
  EXPECT_EQ(asked(), "1.15 ");
  pass(5s);
  EXPECT_THAT(wanted(), ElementsAre("vp8:2")) << "nobody wants the largest";
  wish(bob, R"({"mode":"audio"})");
  EXPECT_EQ(asked(), "- ");
  pass(5s);
  EXPECT_THAT(wanted(), ElementsAre("vp8:0"));
  wish(bob, "{}");
  EXPECT_EQ(asked(), "2.0 ");
  EXPECT_THAT(wanted(), ElementsAre("vp8:3"));
}

TEST_F(RoomWishesTest, AProfileThatCannotBeReadChangesNothing) {
  publish(alice, "cam", TrackSource::kCamera, {camera()});
  answer(bob);
  wish(bob, R"({"mode":"saver"})");
  remarks.clear();
  wish(bob, R"({"mode":"turbo"})");
  EXPECT_EQ(asked(), "1.15 ");
  EXPECT_THAT(remarks, SizeIs(1));
}

TEST_F(RoomWishesTest, SoundGoesOn) {
  publish(alice, "mic", TrackSource::kMicrophone, {microphone()});
  answer(bob);
  wish(bob, R"({"mode":"audio"})");
  EXPECT_EQ(asked(), "2.0 ");
}

TEST_F(RoomWishesTest, TracksThatComeLaterAreHeldToIt) {
  wish(bob, R"({"mode":"saver"})");
  publish(alice, "cam", TrackSource::kCamera, {camera()});
  answer(bob);
  EXPECT_EQ(asked(), "1.15 ");
}

TEST_F(RoomWishesTest, ItsRateIsALimitOfThePath) {
  wish(bob, R"({"max_kbps":500})");
  publish(alice, "cam", TrackSource::kCamera, {camera()});
  answer(bob);
  ASSERT_THAT(engine.path_limits, SizeIs(1));
  const auto limit = [&] { return engine.path_limits.begin()->second.max_bps; };
  EXPECT_EQ(limit(), 500'000U);
  say(bob, client::Simulate{client::Scenario::kSubscriberBandwidth, 300'000});
  EXPECT_EQ(limit(), 300'000U);
  say(bob, client::Simulate{client::Scenario::kSubscriberBandwidth, 0});
  EXPECT_EQ(limit(), 500'000U);
  wish(bob, "{}");
  EXPECT_EQ(limit(), 0U);
}

TEST_F(RoomWishesTest, OfFewVideosWhoeverSpeaksIsOne) {
  const std::string cam = publish(alice, "cam", TrackSource::kCamera, {camera()});
  const auto carol = join("carol");
  connect();
  publish(carol, "cam2", TrackSource::kCamera, {camera("1", "cam2")});
  answer(bob);
  // Of bob: alice's, then carol's.
  const auto bobs = [&] {
    std::string out;
    for (const auto& [id, sent] : engine.sent) {
      out += engine.layers.at(id).paused ? '-' : 'x';
    }
    return out;
  };
  EXPECT_EQ(bobs(), "xx");
  wish(bob, R"({"max_videos":1})");
  EXPECT_EQ(bobs(), "x-") << "who came first";
  media::TrackId carols;
  for (const auto& [id, track] : engine.received) carols = track.id;
  room->on_speakers(now, {{carols, 0.5F}});
  drain();
  EXPECT_EQ(bobs(), "-x");
  room->on_speakers(now, {});
  drain();
  EXPECT_EQ(bobs(), "-x") << "who spoke last stays";
  say(carol, client::Leave{});
  EXPECT_EQ(bobs(), "x");
}

}  // namespace
}  // namespace turms::livekit::testing
