// What happens in a meeting, one thing at a time.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "sim/seeds.h"
#include "sim/world.h"

namespace turms::sim {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

sfu::LayerRequest layer(int spatial) {
  return {false, spatial, 3};
}

/// The longest time without a decoded frame in [from, to].
Duration longest_freeze(const ModelReceiver& receiver, TimePoint from, TimePoint to) {
  Duration longest{};
  TimePoint last = from;
  for (const auto& d : receiver.decoded()) {
    if (d.time < from) continue;
    if (d.time > to) break;
    longest = std::max<Duration>(longest, d.time - last);
    last = d.time;
  }
  return std::max<Duration>(longest, to - last);
}

size_t decoded_in(const ModelReceiver& receiver, TimePoint from, TimePoint to, int layer = -1) {
  return static_cast<size_t>(
      std::count_if(receiver.decoded().begin(), receiver.decoded().end(), [&](const auto& d) {
        return d.time >= from && d.time < to && (layer < 0 || d.truth.layer == layer);
      }));
}

std::optional<TimePoint> first_decoded(const ModelReceiver& receiver, TimePoint from,
                                       int layer = -1) {
  for (const auto& d : receiver.decoded()) {
    if (d.time >= from && (layer < 0 || d.truth.layer == layer)) return d.time;
  }
  return std::nullopt;
}

void expect_sound(World& world, std::initializer_list<const ModelReceiver*> receivers) {
  EXPECT_THAT(world.check().faults(), IsEmpty());
  for (const auto* receiver : receivers) EXPECT_THAT(receiver->faults(), IsEmpty());
}

/// With the room on as many workers as the parameter says: nothing else may be different.
class Scenario : public testing::TestWithParam<size_t> {
 protected:
  static WorldConfig clean(uint64_t seed) {
    WorldConfig config;
    config.seed = seed;
    config.parts = GetParam();
    config.up.delay = config.down.delay = 15ms;
    return config;
  }

  static WorldConfig lossy(uint64_t seed, double loss = 0.03) {
    WorldConfig config = clean(seed);
    config.up.loss = config.down.loss = loss;
    config.up.jitter = config.down.jitter = 5ms;
    return config;
  }

  template <class F>
  void for_seeds(F&& f, int count = 10) {
    for (uint64_t seed : seeds(count)) {
      SCOPED_TRACE(replay_hint(seed));
      f(seed);
    }
  }
};

INSTANTIATE_TEST_SUITE_P(OnWorkers, Scenario, testing::Values(1, 2, 3),
                         [](const auto& test) { return std::to_string(test.param); });

TEST_P(Scenario, LateSubscriberSeesSoon) {
  // Many, since it is the rare loss of a single packet that makes one wait.
  constexpr int kSeeds = 200;
  for_seeds(
      [](uint64_t seed) {
        World world(lossy(seed));
        Client& publisher = world.add_client();
        auto track = publisher.publish_video();
        auto& early = world.add_client().subscribe_video(track, layer(2));
        world.run_for(3s);
        TimePoint joined = world.now();
        auto& late = world.add_client().subscribe_video(track, layer(2));
        world.run_for(2s);
        auto first = first_decoded(late, joined);
        ASSERT_TRUE(first);
        EXPECT_LT(*first - joined, 800ms);
        expect_sound(world, {&early, &late});
      },
      kSeeds);
}

TEST_P(Scenario, ManyJoinersCauseFewKeyFrames) {
  World world(clean(1));
  Client& publisher = world.add_client();
  auto track = publisher.publish_video();
  world.run_for(1s);
  std::vector<ModelReceiver*> receivers;
  for (int i = 0; i < 50; ++i) {
    receivers.push_back(&world.add_client().subscribe_video(track, layer(2)));
    world.run_for(60ms);
  }
  world.run_for(1s);
  // 4 s, at most two key frames a second and layer, and those at the beginning.
  for (auto& l : publisher.layers()) EXPECT_LE(l->key_frames(), 10U);
  for (auto* receiver : receivers) EXPECT_GT(receiver->decoded().size(), 0U);
  expect_sound(world, {});
}

TEST_P(Scenario, MutedPublisherIsSilentAndComesBackWithAKeyFrame) {
  for_seeds([](uint64_t seed) {
    World world(lossy(seed));
    Client& publisher = world.add_client();
    auto track = publisher.publish_video();
    auto& receiver = world.add_client().subscribe_video(track, layer(2));
    world.run_for(2s);
    world.room().set_receive_muted(world.now(), track, true);
    world.run_for(100ms);
    uint64_t packets = world.check().media_packets();
    world.run_for(2s);
    // Holes of before may still be filled.
    EXPECT_LE(world.check().media_packets(), packets + 3);
    TimePoint unmuted = world.now();
    world.room().set_receive_muted(world.now(), track, false);
    world.run_for(2s);
    auto first = first_decoded(receiver, unmuted, 2);
    ASSERT_TRUE(first);
    EXPECT_LT(*first - unmuted, 1100ms);
    expect_sound(world, {&receiver});
    EXPECT_LE(world.check().holes(), 30U);
  });
}

TEST_P(Scenario, PausedSubscriberResumes) {
  for_seeds([](uint64_t seed) {
    World world(lossy(seed));
    Client& publisher = world.add_client();
    auto track = publisher.publish_video();
    Client& subscriber = world.add_client();
    auto& receiver = subscriber.subscribe_video(track, layer(1));
    auto& other = world.add_client().subscribe_video(track, layer(1));
    world.run_for(2s);
    TimePoint paused = world.now();
    subscriber.room().set_layer_request(world.now(), subscriber.subscription(receiver),
                                        {true, 1, 3});
    world.run_for(2s);
    EXPECT_EQ(decoded_in(receiver, paused + 800ms, world.now()), 0U);
    TimePoint resumed = world.now();
    subscriber.room().set_layer_request(world.now(), subscriber.subscription(receiver), layer(1));
    world.run_for(2s);
    auto first = first_decoded(receiver, resumed);
    ASSERT_TRUE(first);
    EXPECT_LT(*first - resumed, 900ms);
    EXPECT_LT(longest_freeze(other, paused, world.now()), 700ms);
    expect_sound(world, {&receiver, &other});
  });
}

TEST_P(Scenario, LayerFollowsTheRequestWithoutFreezing) {
  for_seeds([](uint64_t seed) {
    World world(clean(seed));
    Client& publisher = world.add_client();
    auto track = publisher.publish_video();
    Client& subscriber = world.add_client();
    auto& receiver = subscriber.subscribe_video(track, layer(0));
    world.run_for(1500ms);
    TimePoint begin = world.now();
    for (int wanted : {2, 0, 1, 2, 1, 0, 2}) {
      TimePoint asked = world.now();
      subscriber.room().set_layer_request(world.now(), subscriber.subscription(receiver),
                                          layer(wanted));
      world.run_for(1500ms);
      auto first = first_decoded(receiver, asked + 1ms, wanted);
      ASSERT_TRUE(first) << wanted;
      EXPECT_LT(*first - asked, 700ms);
      EXPECT_EQ(receiver.decoded().back().truth.layer, wanted);
    }
    EXPECT_LT(longest_freeze(receiver, begin, world.now()), 250ms);
    // Without loss nothing is missing and nothing is asked for.
    EXPECT_EQ(world.check().holes(), 0U);
    EXPECT_EQ(receiver.nacks(), 0U);
    EXPECT_EQ(receiver.gaps(), 0);
    expect_sound(world, {&receiver});
  });
}

TEST_P(Scenario, TemporalLayersGoDownAtOnceAndUpAtASyncPoint) {
  World world(clean(3));
  Client& publisher = world.add_client();
  auto track = publisher.publish_video();
  Client& subscriber = world.add_client();
  auto& receiver = subscriber.subscribe_video(track, {false, 1, 0});
  world.run_for(2s);
  TimePoint t0 = world.now();
  EXPECT_NEAR(static_cast<double>(decoded_in(receiver, t0 - 1s, t0)), 7.5, 1.5);
  subscriber.room().set_layer_request(t0, subscriber.subscription(receiver), {false, 1, 3});
  world.run_for(2s);
  TimePoint t1 = world.now();
  EXPECT_NEAR(static_cast<double>(decoded_in(receiver, t1 - 1s, t1)), 30, 1.5);
  subscriber.room().set_layer_request(t1, subscriber.subscription(receiver), {false, 1, 1});
  world.run_for(2s);
  TimePoint t2 = world.now();
  EXPECT_NEAR(static_cast<double>(decoded_in(receiver, t2 - 1s, t2)), 15, 1.5);
  EXPECT_EQ(world.check().holes(), 0U);
  EXPECT_EQ(receiver.gaps(), 0);
  expect_sound(world, {&receiver});
}

TEST_P(Scenario, ALayerSwitchedOffIsReplacedByTheNextLowerAndComesBack) {
  for_seeds([](uint64_t seed) {
    World world(lossy(seed));
    Client& publisher = world.add_client();
    auto track = publisher.publish_video();
    auto& receiver = world.add_client().subscribe_video(track, layer(2));
    world.run_for(2s);
    EXPECT_EQ(receiver.decoded().back().truth.layer, 2);
    publisher.layers()[2]->enabled = false;
    world.run_for(4s);
    EXPECT_EQ(receiver.decoded().back().truth.layer, 1);
    publisher.layers()[2]->enabled = true;
    world.run_for(2s);
    EXPECT_EQ(receiver.decoded().back().truth.layer, 2);
    expect_sound(world, {&receiver});
  });
}

TEST_P(Scenario, ALayerThatStopsFreezesThePictureNoLongerThanItTakesToNotice) {
  for_seeds([](uint64_t seed) {
    World world(clean(seed));
    Client& publisher = world.add_client();
    auto track = publisher.publish_video();
    auto& receiver = world.add_client().subscribe_video(track, layer(2));
    world.run_for(2s);
    for (const int left : {1, 0}) {
      ASSERT_EQ(receiver.decoded().back().truth.layer, left + 1);
      const TimePoint stopped = world.now();
      publisher.layers()[static_cast<size_t>(left) + 1]->enabled = false;
      world.run_for(2s);
      auto first = first_decoded(receiver, stopped, left);
      ASSERT_TRUE(first) << left;
      // 500 ms to notice, a round trip and a frame to get a key frame.
      EXPECT_LT(*first - stopped, 700ms);
      EXPECT_EQ(receiver.decoded().back().truth.layer, left);
    }
    expect_sound(world, {&receiver});
  });
}

TEST_P(Scenario, OneBadSubscriberHarmsNobodyElse) {
  for_seeds([](uint64_t seed) {
    WorldConfig config = clean(seed);
    World world(config);
    Client& publisher = world.add_client();
    auto track = publisher.publish_video();
    LinkConfig bad = config.down;
    bad.loss = 0.2;
    auto& unlucky = world.add_client(bad, bad).subscribe_video(track, layer(1));
    auto& lucky = world.add_client().subscribe_video(track, layer(1));
    world.run_for(2s);
    TimePoint from = world.now();
    world.run_for(6s);
    EXPECT_LT(longest_freeze(lucky, from, world.now()), 150ms);
    EXPECT_EQ(lucky.gaps(), 0);
    EXPECT_GT(decoded_in(unlucky, from, world.now()), 100U);
    for (auto& l : publisher.layers()) EXPECT_LE(l->key_frames(), 18U);
    expect_sound(world, {&unlucky, &lucky});
  });
}

TEST_P(Scenario, HeavyReorderingIsNoLoss) {
  for_seeds([](uint64_t seed) {
    WorldConfig config = clean(seed);
    config.up.reorder = config.down.reorder = 0.3;
    config.up.reorder_delay = config.down.reorder_delay = 25ms;
    config.up.duplicate = 0.05;
    World world(config);
    Client& publisher = world.add_client();
    auto track = publisher.publish_video();
    auto& receiver = world.add_client().subscribe_video(track, layer(2));
    const TimePoint start = world.now();
    world.run_for(5s);
    // Places of the layer that was left are not filled any more: what of it was late when it was
    // left. Of 400 seeds that is more than five for two, and never more than seven, on any number
    // of workers.
    EXPECT_LE(world.check().holes(), 8U);
    EXPECT_EQ(receiver.gaps(), 0);
    // A key frame whose first packet came late may have to be asked for again; from then on every
    // frame is there, but for the few still on their way.
    const auto first = first_decoded(receiver, start);
    ASSERT_TRUE(first);
    EXPECT_LT(*first - start, 600ms);
    const auto frames = static_cast<size_t>((world.now() - *first) * kFramesPerSecond / 1s);
    EXPECT_GE(receiver.decoded().size() + 3, frames);
    expect_sound(world, {&receiver});
  });
}

TEST_P(Scenario, BurstLossAndASlowLinkEndInAPicture) {
  for_seeds([](uint64_t seed) {
    WorldConfig config = clean(seed);
    config.up.burst_start = config.down.burst_start = 0.004;
    config.up.burst_length = config.down.burst_length = 8;
    LinkConfig slow = config.down;
    slow.bits_per_second = 3'000'000;
    World world(config);
    Client& publisher = world.add_client();
    auto track = publisher.publish_video();
    auto& receiver = world.add_client(config.up, slow).subscribe_video(track, layer(2));
    world.run_for(8s);
    EXPECT_GT(receiver.decoded().size(), 150U);
    expect_sound(world, {&receiver});
  });
}

TEST_P(Scenario, APublisherThatStartsOverWithOtherSsrcsGoesOn) {
  for_seeds([](uint64_t seed) {
    World world(lossy(seed));
    Client& publisher = world.add_client();
    auto track = publisher.publish_video();
    auto& receiver = world.add_client().subscribe_video(track, layer(2));
    world.run_for(3s);
    for (auto& l : publisher.layers()) l->restart();
    publisher.restart_video();
    TimePoint restarted = world.now();
    world.run_for(3s);
    auto first = first_decoded(receiver, restarted + 200ms, 2);
    ASSERT_TRUE(first);
    EXPECT_LT(*first - restarted, 1500ms);
    EXPECT_GT(decoded_in(receiver, world.now() - 1s, world.now(), 2), 20U);
    // No fault may come from the jump of everything but the SSRC towards the subscriber. (The truth
    // numbers of frames go on over a restart.)
    expect_sound(world, {&receiver});
  });
}

TEST_P(Scenario, PublisherChangesItsAddress) {
  for_seeds([](uint64_t seed) {
    WorldConfig config = clean(seed);
    config.encrypted = true;
    World world(config);
    Client& publisher = world.add_client();
    auto track = publisher.publish_video();
    Client& subscriber = world.add_client();
    auto& receiver = subscriber.subscribe_video(track, layer(2));
    world.run_for(3s);
    ASSERT_GT(receiver.decoded().size(), 30U);
    publisher.change_address();
    TimePoint changed = world.now();
    world.run_for(3s);
    EXPECT_LT(longest_freeze(receiver, changed, world.now()), 1500ms);
    EXPECT_GT(decoded_in(receiver, world.now() - 1s, world.now()), 25U);
    // One who only listens is found again by its next consent check, some seconds later.
    subscriber.change_address();
    world.run_for(8s);
    EXPECT_GT(decoded_in(receiver, world.now() - 1s, world.now()), 25U);
    expect_sound(world, {&receiver});
  });
}

TEST_P(Scenario, SenderReportsKeepTheClockOverLayerSwitches) {
  for_seeds([](uint64_t seed) {
    World world(clean(seed));
    Client& publisher = world.add_client();
    auto track = publisher.publish_video();
    Client& subscriber = world.add_client();
    auto& receiver = subscriber.subscribe_video(track, layer(0));
    world.run_for(3s);
    std::optional<Duration> usual;
    for (int wanted : {2, 0, 1, 2}) {
      subscriber.room().set_layer_request(world.now(), subscriber.subscription(receiver),
                                          layer(wanted));
      world.run_for(2500ms);
      ASSERT_TRUE(receiver.last_report());
      const auto& d = receiver.decoded().back();
      ASSERT_EQ(d.truth.layer, wanted);
      auto ahead = static_cast<int32_t>(receiver.last_report()->rtp_time.value - d.timestamp);
      auto ntp_us =
          static_cast<int64_t>((receiver.last_report()->ntp >> 32) % 100'000) * 1'000'000 +
          static_cast<int64_t>(((receiver.last_report()->ntp & 0xFFFFFFFF) * 1'000'000) >> 32);
      int64_t captured_at = ntp_us - int64_t{ahead} * 1'000'000 / 90'000;
      Duration difference = std::chrono::microseconds(captured_at - d.truth.captured_us);
      if (!usual) usual = difference;
      EXPECT_LT(std::abs(to_us(difference - *usual)), 3000);
    }
  });
}

TEST_P(Scenario, StatisticsTellRatesLayersAndLoss) {
  World world(lossy(1, 0.05));
  Client& publisher = world.add_client();
  auto track = publisher.publish_video();
  Client& subscriber = world.add_client();
  auto& receiver = subscriber.subscribe_video(track, layer(1));
  world.run_for(5s);
  ASSERT_TRUE(world.track_statistics().contains(track));
  const auto& t = world.track_statistics().at(track);
  EXPECT_EQ(t.active_layers, 7);
  EXPECT_NEAR(t.bits_per_second, 2'400'000, 700'000);
  const auto& s = world.subscription_statistics().at(subscriber.subscription(receiver));
  EXPECT_EQ(s.current_spatial, 1);
  EXPECT_NEAR(s.bits_per_second, 550'000, 250'000);
  EXPECT_NEAR(s.round_trip_us, 32'000, 12'000);
  EXPECT_GT(s.packets_lost, 5U);
  std::vector<int> started;
  for (const auto& e : world.layer_changes()) {
    if (e.started) started.push_back(e.spatial);
  }
  std::sort(started.begin(), started.end());
  EXPECT_THAT(started, ElementsAre(0, 1, 2));
  EXPECT_GT(publisher.feedback_messages(), 40U);
}

TEST_P(Scenario, WhoSpeaksIsToldAndNoiseIsNot) {
  World world(lossy(1));
  Client& a = world.add_client();
  Client& b = world.add_client();
  Client& c = world.add_client();
  auto track_a = a.publish_audio();
  auto track_b = b.publish_audio();
  c.publish_audio();
  c.audio().level = 45;  // a fan
  Client& listener = world.add_client();
  listener.subscribe_audio(track_a);
  world.run_for(2s);
  EXPECT_THAT(world.speakers(), IsEmpty());

  auto told = [&] {
    std::vector<sfu::TrackId> tracks;
    for (const auto& s : world.speakers().back().speakers) tracks.push_back(s.track);
    return tracks;
  };
  TimePoint spoke = world.now();
  a.audio().level = 20;
  world.run_for(1s);
  ASSERT_FALSE(world.speakers().empty());
  EXPECT_LT(world.speakers().front().time - spoke, 330ms);  // the way of a packet is 30 ms
  EXPECT_THAT(told(), ElementsAre(track_a));
  b.audio().level = 8;  // louder
  world.run_for(2s);
  EXPECT_THAT(told(), ElementsAre(track_a, track_b)) << "whoever has the floor keeps it";
  size_t changes = world.speakers().size();
  world.run_for(3s);
  EXPECT_EQ(world.speakers().size(), changes) << "nothing changed";
  a.audio().level = 127;
  a.audio().silent = true;  // discontinuous transmission
  world.run_for(1500ms);
  EXPECT_THAT(told(), ElementsAre(track_b));
  b.audio().stopped = true;  // not even that
  world.run_for(1500ms);
  EXPECT_THAT(told(), IsEmpty());
  for (const auto& told_once : world.speakers()) {
    for (const auto& s : told_once.speakers) {
      EXPECT_GT(s.level, 0);
      EXPECT_LE(s.level, 1);
    }
  }
}

TEST_P(Scenario, AudioNumbersAreContiguousOverMute) {
  World world(clean(1));
  Client& a = world.add_client();
  auto track = a.publish_audio();
  Client& listener = world.add_client();
  listener.subscribe_audio(track);
  world.run_for(1s);
  world.room().set_receive_muted(world.now(), track, true);
  world.run_for(1s);
  world.room().set_receive_muted(world.now(), track, false);
  world.run_for(1s);
  const auto& sequences = listener.audio_sequences();
  EXPECT_NEAR(static_cast<double>(sequences.size()), 100, 6);
  for (size_t i = 1; i < sequences.size(); ++i) {
    ASSERT_EQ(static_cast<uint16_t>(sequences[i] - sequences[i - 1]), 1);
  }
}

TEST_P(Scenario, LeavingEndsEverything) {
  World world(lossy(1));
  Client& publisher = world.add_client();
  auto track = publisher.publish_video();
  Client& one = world.add_client();
  auto& first = one.subscribe_video(track, layer(2));
  Client& two = world.add_client();
  auto& second = two.subscribe_video(track, layer(2));
  world.run_for(2s);
  one.leave();
  world.run_for(2s);
  EXPECT_GT(decoded_in(second, world.now() - 1s, world.now()), 20U);
  publisher.leave();
  world.run_for(3s);
  EXPECT_EQ(decoded_in(second, world.now() - 1s, world.now()), 0U);
  expect_sound(world, {&first, &second});
  two.leave();
  world.run_for(1s);
  EXPECT_EQ(world.room().next_timeout(), kNever) << "a room without tracks sleeps";
}

}  // namespace
}  // namespace turms::sim
