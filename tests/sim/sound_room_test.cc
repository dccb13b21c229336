// Sound in rooms: many microphones of which few speak, and who has the floor.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "sim/seeds.h"
#include "sim/world.h"

namespace turms::sim {
namespace {

LinkConfig home() {
  LinkConfig link;
  link.delay = 20ms;
  link.jitter = 8ms;
  link.loss = 0.01;
  return link;
}

/// So many microphones, and listeners that take them all.
struct Hall {
  Hall(uint64_t seed, size_t microphones, size_t listeners, uint32_t places, size_t parts)
      : world(WorldConfig{.seed = seed,
                          .up = home(),
                          .down = home(),
                          .settings = {.audio_sources = places},
                          .parts = parts}) {
    for (size_t i = 0; i < microphones; ++i) {
      speakers.push_back(&world.add_client());
      tracks.push_back(speakers.back()->publish_audio());
      speakers.back()->audio().level = 90;
    }
    heard.resize(listeners);
    for (auto& list : heard) {
      Client& client = world.add_client();
      for (sfu::TrackId track : tracks) list.push_back(&client.listen(track));
    }
  }
  [[nodiscard]] uint64_t forwarded() {
    uint64_t sum = 0;
    for (size_t i = 0; i < world.config().parts; ++i) {
      sum += world.room(i).counters().forwarded_packets;
    }
    return sum;
  }
  [[nodiscard]] size_t packets(size_t listener, size_t microphone) const {
    return heard[listener][microphone]->sequences().size();
  }

  World world;
  std::vector<Client*> speakers;
  std::vector<sfu::TrackId> tracks;
  std::vector<std::vector<ModelListener*>> heard;
};

/// With the room on as many workers as the parameter says: nothing else may be different.
class Hearing : public testing::TestWithParam<size_t> {};

INSTANTIATE_TEST_SUITE_P(OnWorkers, Hearing, testing::Values(1, 2),
                         [](const auto& test) { return std::to_string(test.param); });

TEST_P(Hearing, OfAHundredMicrophonesEachListenerGetsTheTwoThatSpeak) {
  for (uint64_t seed : seeds(3)) {
    Hall hall(seed, 100, 3, 10, GetParam());
    hall.world.run_for(3s);
    // All are known to be there, and cost nothing further.
    uint64_t before = hall.forwarded();
    hall.world.run_for(2s);
    EXPECT_EQ(hall.forwarded(), before) << replay_hint(seed);
    std::vector<size_t> silent;
    for (size_t m = 0; m < 100; ++m) silent.push_back(hall.packets(0, m));

    hall.speakers[17]->audio().level = 25;
    hall.world.run_for(1s);
    hall.speakers[58]->audio().level = 30;
    TimePoint both = hall.world.now();
    hall.world.run_for(10s);
    TimePoint end = hall.world.now() - 500ms;
    for (size_t l = 0; l < hall.heard.size(); ++l) {
      for (size_t m = 0; m < 100; ++m) {
        bool speaks = m == 17 || m == 58;
        auto& listener = *hall.heard[l][m];
        if (!speaks) {
          EXPECT_NEAR(static_cast<double>(hall.packets(l, m)), static_cast<double>(silent[m]), 5)
              << m << " " << replay_hint(seed);
          continue;
        }
        // From the first word on.
        double missed = listener.concealed(hall.speakers[m]->audio().captured, both, end);
        EXPECT_LT(missed, 0.05) << m << " " << replay_hint(seed);
        EXPECT_GT(hall.packets(l, m), 450U) << m << " " << replay_hint(seed);
      }
    }
  }
}

TEST_P(Hearing, InASmallMeetingNobodyIsLeftOut) {
  for (uint64_t seed : seeds(3)) {
    Hall hall(seed, 10, 1, 10, GetParam());
    hall.world.run_for(10s);
    for (size_t m = 0; m < 10; ++m) EXPECT_GT(hall.packets(0, m), 450U) << replay_hint(seed);
  }
}

TEST_P(Hearing, WhoIsHeardAgainGoesOnWithTheNextNumber) {
  for (uint64_t seed : seeds(5)) {
    Hall hall(seed, 12, 1, 4, GetParam());
    hall.world.run_for(2s);
    Rng rng(seed);
    for (int turn = 0; turn < 30; ++turn) {
      auto m = static_cast<size_t>(rng.below(12));
      hall.speakers[m]->audio().level = 25;
      hall.world.run_for(std::chrono::milliseconds(200 + rng.below(1500)));
      hall.speakers[m]->audio().level = 95;
      hall.world.run_for(std::chrono::milliseconds(rng.below(2500)));
    }
    hall.world.run_for(2s);
    for (size_t m = 0; m < 12; ++m) {
      auto& listener = *hall.heard[0][m];
      auto sequences = listener.sequences();
      if (sequences.size() < 20) continue;
      std::sort(sequences.begin(), sequences.end());
      // What is missing was lost on the way, not left out.
      auto expected = static_cast<double>(sequences.back() - sequences.front() + 1);
      EXPECT_GT(static_cast<double>(sequences.size()) / expected, 0.94) << replay_hint(seed);
      std::vector<std::pair<int64_t, uint32_t>> packets;
      for (size_t i = 0; i < listener.sequences().size(); ++i) {
        packets.emplace_back(listener.sequences()[i], listener.timestamps()[i]);
      }
      std::sort(packets.begin(), packets.end());
      for (size_t i = 1; i < packets.size(); ++i) {
        ASSERT_GT(static_cast<int32_t>(packets[i].second - packets[i - 1].second), 0)
            << "timestamps never go back " << replay_hint(seed);
      }
    }
  }
}

LinkConfig five_percent() {
  LinkConfig link;
  link.delay = 50ms;
  link.jitter = 5ms;
  link.loss = 0.05;
  return link;
}

struct Heard {
  double concealed = 0;
  double red_share = 0;
};

/// A minute of one speaker and one listener.
Heard talk(uint64_t seed, const LinkConfig& up, const LinkConfig& down, AudioOptions publisher,
           ModelListener::Options options, bool takes_red) {
  World world(WorldConfig{.seed = seed, .up = up, .down = down});
  Client& speaker = world.add_client();
  auto track = speaker.publish_audio(publisher);
  speaker.audio().level = 25;
  Client& client = world.add_client();
  ModelListener& listener = client.listen(track, options, takes_red);
  world.run_for(1s);
  TimePoint begin = world.now();
  world.run_for(60s);
  Heard out;
  out.concealed = listener.concealed(speaker.audio().captured, begin, world.now() - 500ms);
  auto all = static_cast<double>(listener.red_packets() + listener.plain_packets());
  out.red_share = static_cast<double>(listener.red_packets()) / all;
  return out;
}

/// 5 % lost both ways at a round trip of 100 ms: of what is spoken at most 0.5 % is concealed, as
/// a mean over the seeds.
TEST(SoundRoom, RedRepairsFivePercentLossBothWays) {
  double sum = 0;
  double without = 0;
  auto all = seeds(10);
  for (uint64_t seed : all) {
    // What the receiver's buffer adds to a way of 100 ms.
    ModelListener::Options options{.nack = true, .playout = 100ms + 150ms};
    Heard heard = talk(seed, five_percent(), five_percent(), {.red = true}, options, true);
    EXPECT_GT(heard.red_share, 0.95) << replay_hint(seed);
    sum += heard.concealed;
    options.nack = false;
    without += talk(seed, five_percent(), five_percent(), {}, options, false).concealed;
  }
  auto n = static_cast<double>(all.size());
  fmt::print("concealed: {:.2f} % repaired, {:.2f} % without\n", sum / n * 100, without / n * 100);
  EXPECT_LE(sum / n, 0.005);
  EXPECT_GE(without / n, 0.08) << "there is something to repair";
}

/// Encrypted sound has no RED: what is lost is asked for again, on both ways.
TEST(SoundRoom, RequestsRepairWhereThereIsNoRed) {
  double sum = 0;
  auto all = seeds(10);
  for (uint64_t seed : all) {
    ModelListener::Options options{.nack = true, .playout = 100ms + 300ms};
    sum += talk(seed, five_percent(), five_percent(), {.nack = true}, options, false).concealed;
  }
  auto n = static_cast<double>(all.size());
  fmt::print("concealed: {:.2f} %\n", sum / n * 100);
  EXPECT_LE(sum / n, 0.005);
}

TEST(SoundRoom, WithoutLossNoRedIsMade) {
  LinkConfig clean;
  clean.delay = 20ms;
  for (uint64_t seed : seeds(3)) {
    Heard heard = talk(seed, clean, clean, {}, {.report_interval = 5s}, true);
    EXPECT_LT(heard.red_share, 0.1) << replay_hint(seed);
    EXPECT_LT(heard.concealed, 1e-9) << replay_hint(seed);
  }
}

/// Turns of two people, as they come out of a network.
TEST_P(Hearing, TheFloorChangesWithin300MillisecondsAndNotForACough) {
  for (uint64_t seed : seeds(10)) {
    World world(WorldConfig{.seed = seed, .up = home(), .down = home(), .parts = GetParam()});
    Client& alice = world.add_client();
    Client& bob = world.add_client();
    Client& fan = world.add_client();
    auto track_a = alice.publish_audio();
    auto track_b = bob.publish_audio();
    fan.publish_audio();
    alice.audio().level = bob.audio().level = 90;
    fan.audio().level = 42;
    world.run_for(2s);
    EXPECT_THAT(world.speakers(), testing::IsEmpty()) << replay_hint(seed);
    auto first = [&] {
      const auto& list = world.speakers().back().speakers;
      return list.empty() ? sfu::TrackId() : list.front().track;
    };
    Rng rng(seed);
    for (int turn = 0; turn < 10; ++turn) {
      Client& speaks = turn % 2 == 0 ? alice : bob;
      Client& listens = turn % 2 == 0 ? bob : alice;
      sfu::TrackId track = turn % 2 == 0 ? track_a : track_b;
      listens.audio().level = 90;
      speaks.audio().level = static_cast<uint8_t>(20 + rng.below(10));
      // What the way of a packet takes is not ours to save.
      world.run_for(300ms + 30ms);
      ASSERT_EQ(first(), track) << turn << " " << replay_hint(seed);
      world.run_for(1500ms);
      // A cough, louder than the speech.
      listens.audio().level = 5;
      world.run_for(200ms);
      listens.audio().level = 90;
      world.run_for(1500ms);
      size_t told = 0;
      for (const auto& event : world.speakers()) {
        if (event.time < world.now() - 3s) continue;
        ++told;
        ASSERT_FALSE(event.speakers.empty()) << replay_hint(seed);
        EXPECT_EQ(event.speakers.front().track, track) << turn << " " << replay_hint(seed);
      }
      EXPECT_LE(told, 10U) << replay_hint(seed);
    }
  }
}

}  // namespace
}  // namespace turms::sim
