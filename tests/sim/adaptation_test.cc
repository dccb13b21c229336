// Video that follows a path: the figures of each scenario, printed, and what must hold of them.
#include "sim/adaptation.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "sim/seeds.h"
#include "sim/world.h"

namespace turms::sim {
namespace {

std::string milliseconds(Duration d) {
  return fmt::format("{}", to_ms(d));
}

class Adaptation : public testing::TestWithParam<AdaptationPlan> {};

TEST_P(Adaptation, Figures) {
  for (uint64_t seed : seeds(20)) {
    SCOPED_TRACE(replay_hint(seed));
    const AdaptationFigures f = run_adaptation(GetParam(), seed);
    fmt::print(
        "{:34} {:5.2f} queue {:>4} pacer {:>4} freeze {:>5} longest {:>5} recovery {:>5} "
        "first {:>4} switches {:4.1f} sound {:6.2f}% lost {:5.2f}%\n",
        GetParam().name, f.utility, milliseconds(f.queue_p95), milliseconds(f.pacer_p95),
        milliseconds(f.freeze), milliseconds(f.longest_freeze),
        f.recovery ? milliseconds(*f.recovery) : "-", milliseconds(f.first_frame),
        f.switches_per_minute, f.audio_lost * 100, f.lost * 100);
  }
}

/// A viewer behind a link whose capacity a test sets, with sound.
struct Viewing {
  explicit Viewing(uint64_t seed) : world(config(seed)) {
    Client& publisher = world.add_client();
    video = publisher.publish_video();
    sound = publisher.publish_audio();
    publisher.audio().level = 30;
    world.run_for(2s);
    link.bits_per_second = 3'000'000;
    viewer = &world.add_client(LinkConfig{}, link);
    receiver = &viewer->subscribe_video(video);
    viewer->subscribe_audio(sound);
    world.run_for(8s);
  }
  static WorldConfig config(uint64_t seed) {
    WorldConfig c;
    c.seed = seed;
    c.up.delay = c.down.delay = 10ms;
    c.follows_bandwidth = true;
    return c;
  }
  void capacity(uint64_t bits_per_second) {
    link.bits_per_second = bits_per_second;
    viewer->down().set_config(link);
  }
  [[nodiscard]] int layer() const { return receiver->decoded().back().truth.layer; }
  [[nodiscard]] bool paused() const {
    return !world.stream_states().empty() && world.stream_states().back().paused;
  }
  [[nodiscard]] size_t sounds_in(Duration duration) {
    size_t before = viewer->audio_sequences().size();
    world.run_for(duration);
    return viewer->audio_sequences().size() - before;
  }

  World world;
  LinkConfig link;
  sfu::TrackId video;
  sfu::TrackId sound;
  Client* viewer = nullptr;
  ModelReceiver* receiver = nullptr;
};

TEST(Pausing, SoundGoesOnAndThePictureComesBackByItself) {
  for (uint64_t seed : seeds(10)) {
    SCOPED_TRACE(replay_hint(seed));
    Viewing v(seed);
    EXPECT_EQ(v.layer(), 2);
    v.capacity(110'000);
    v.world.run_for(15s);
    ASSERT_TRUE(v.paused());
    EXPECT_GT(v.sounds_in(5s), 240U);  // of 250
    v.capacity(3'000'000);
    v.world.run_for(8s);
    EXPECT_FALSE(v.paused());
    EXPECT_EQ(v.layer(), 2);
    EXPECT_LT(v.world.now() - v.receiver->decoded().back().time, 200ms);
  }
}

TEST(Pausing, ALimitHoldsWhateverThePathCarriesUntilItIsLifted) {
  for (uint64_t seed : seeds(5)) {
    SCOPED_TRACE(replay_hint(seed));
    Viewing v(seed);
    ASSERT_EQ(v.layer(), 2);
    v.world.room().set_path_limits(v.world.now(), v.viewer->id(), {.max_bps = 280'000});
    v.world.run_for(3s);
    EXPECT_EQ(v.layer(), 0);
    v.world.room().set_path_limits(v.world.now(), v.viewer->id(), {.max_bps = 80'000});
    v.world.run_for(3s);
    EXPECT_TRUE(v.paused());
    v.world.room().set_path_limits(v.world.now(), v.viewer->id(), {});
    v.world.run_for(12s);
    EXPECT_FALSE(v.paused());
    EXPECT_EQ(v.layer(), 2);
  }
}

TEST(Pausing, WhereItIsNotAllowedTheLowestLayerGoesOn) {
  Viewing v(1);
  v.world.room().set_path_limits(v.world.now(), v.viewer->id(), {.allow_pause = false});
  v.capacity(110'000);
  v.world.run_for(15s);
  EXPECT_FALSE(v.paused());
  EXPECT_EQ(v.layer(), 0);
}

INSTANTIATE_TEST_SUITE_P(All, Adaptation, testing::ValuesIn(adaptation_plans()),
                         [](const auto& plan) {
                           std::string name = plan.param.name;
                           std::erase_if(name, [](char c) { return !std::isalnum(c); });
                           return name;
                         });

}  // namespace
}  // namespace turms::sim
