#include "sfu/bandwidth_allocator.h"

#include <gtest/gtest.h>

#include <vector>

namespace turms::sfu {
namespace {

/// Simulcast 150, 500 and 1700 kbit/s with three temporal layers each.
LayerDemand camera(uint64_t id, uint32_t tile_pixels = 1280 * 720) {
  LayerDemand d;
  d.subscription = SubscriptionId(id);
  d.request.tile_pixels = tile_pixels;
  d.layer_count = 3;
  d.temporal_count = 3;
  d.active_layers = 7;
  d.bits_per_second = {{{80'000, 110'000, 150'000, 0},
                        {270'000, 370'000, 500'000, 0},
                        {900'000, 1'250'000, 1'700'000, 0}}};
  return d;
}

struct Table {
  const std::vector<LayerDecision>& at(uint64_t target, Duration later = 100ms,
                                       uint64_t proven = 0) {
    now += later;
    auto d = allocator.allocate(
        now, demands,
        {target, proven, now, audio, bases_always, slack, unknown, calm, tried, now, crowded});
    decisions.assign(d.begin(), d.end());
    return decisions;
  }
  void settle(uint64_t target, Duration length) {
    for (Duration spent{}; spent < length; spent += 100ms) at(target);
  }
  [[nodiscard]] int spatial(size_t i) const { return decisions[i].spatial; }

  BandwidthAllocator allocator;
  std::vector<LayerDemand> demands;
  std::vector<LayerDecision> decisions;
  uint64_t audio = 0;
  bool bases_always = false;
  uint64_t slack = 0;
  bool unknown = false;
  bool calm = false;
  uint64_t tried = 0;
  bool crowded = false;
  TimePoint now{100s};
};

TEST(BandwidthAllocator, GivesAllWhereThereIsRoom) {
  Table t;
  t.demands = {camera(2)};
  t.audio = 40'000;
  t.at(3'000'000);
  EXPECT_EQ(t.spatial(0), 2);
  EXPECT_EQ(t.decisions[0].temporal, 2);
  EXPECT_EQ(t.allocator.allocated_bps(), 1'740'000U);
  EXPECT_EQ(t.allocator.wanted_bps(), 1'740'000U);
  EXPECT_EQ(t.allocator.next_step_bps(), 0U);
}

TEST(BandwidthAllocator, SoundComesFirst) {
  Table t;
  t.demands = {camera(2)};
  t.audio = 40'000;
  t.settle(100'000, 5s);  // enough for the picture alone
  EXPECT_EQ(t.spatial(0), -1);
  EXPECT_TRUE(t.decisions[0].paused);
  EXPECT_EQ(t.allocator.allocated_bps(), 40'000U);
  EXPECT_EQ(t.allocator.wanted_bps(), 1'740'000U);
  EXPECT_EQ(t.allocator.next_step_bps(), 120'000U);
}

TEST(BandwidthAllocator, SendsBasesWhereNothingIsKnownOfThePath) {
  Table t;
  t.demands = {camera(1), camera(2)};
  t.bases_always = true;
  t.settle(20'000, 5s);
  EXPECT_EQ(t.spatial(0), 0);
  EXPECT_EQ(t.spatial(1), 0);
  EXPECT_EQ(t.decisions[0].temporal, 0);
}

TEST(BandwidthAllocator, ALargePictureBeatsNone) {
  Table t;
  t.demands = {camera(1)};
  t.demands[0].request.max_spatial = 0;
  t.demands[0].active_layers = 0b110;
  t.at(3'000'000);
  EXPECT_EQ(t.spatial(0), 1);
}

TEST(BandwidthAllocator, GivesEveryTileItsBaseBeforeOneMore) {
  Table t;
  for (uint64_t i = 0; i < 9; ++i) t.demands.push_back(camera(i + 1, 320 * 180));
  t.at(1'000'000);
  for (size_t i = 0; i < 9; ++i) EXPECT_GE(t.spatial(i), 0) << i;
  EXPECT_LE(t.allocator.allocated_bps(), 1'000'000U);
}

TEST(BandwidthAllocator, PutsScreenShareAndStageFirst) {
  Table t;
  t.demands = {camera(1), camera(2), camera(3)};
  t.demands[1].stage = true;
  t.demands[2].screen_share = true;
  t.at(100'000);
  EXPECT_EQ(t.spatial(0), -1);
  EXPECT_EQ(t.spatial(1), -1);
  EXPECT_EQ(t.spatial(2), 0);
  Table more;
  more.demands = t.demands;
  more.at(2'500'000);
  EXPECT_EQ(more.spatial(2), 2);  // all of the share
  EXPECT_EQ(more.spatial(1), 1);  // the stage to 360p
  EXPECT_EQ(more.spatial(0), 0);
}

TEST(BandwidthAllocator, SendsNothingThatIsNotWantedOrNotThere) {
  Table t;
  t.demands = {camera(1), camera(2)};
  t.demands[0].request.paused = true;
  t.demands[1].active_layers = 0;
  t.at(5'000'000);
  EXPECT_EQ(t.spatial(0), -1);
  EXPECT_EQ(t.spatial(1), -1);
  EXPECT_FALSE(t.decisions[0].paused);
  EXPECT_FALSE(t.decisions[1].paused);
}

TEST(BandwidthAllocator, GoesDownAtOnce) {
  Table t;
  t.demands = {camera(1)};
  t.settle(3'000'000, 1s);
  t.at(600'000);
  EXPECT_EQ(t.spatial(0), 1);
  EXPECT_LE(t.allocator.allocated_bps(), 600'000U);
}

TEST(BandwidthAllocator, ComesBackToAProofOrAfterTenSeconds) {
  Table t;
  t.demands = {camera(1)};
  t.settle(3'000'000, 1s);
  t.at(600'000);
  t.settle(3'000'000, 6s);
  EXPECT_EQ(t.spatial(0), 1);
  Table proven = t;
  proven.at(3'000'000, 100ms, 1'800'000);  // less than 1.15 of it
  EXPECT_LT(proven.allocator.allocated_bps(), 1'700'000U);
  proven.at(3'000'000, 100ms, 2'000'000);
  EXPECT_EQ(proven.spatial(0), 2);
  EXPECT_EQ(proven.allocator.allocated_bps(), 1'700'000U);
  t.settle(3'000'000, 5s);
  EXPECT_EQ(t.spatial(0), 2);
}

TEST(BandwidthAllocator, AnUpgradeThatWasTakenBackNeedsABetterProof) {
  Table t;
  t.demands = {camera(1)};
  t.settle(600'000, 3s);
  ASSERT_EQ(t.spatial(0), 1);
  t.at(2'000'000, 100ms, 2'000'000);  // proven, and too much all the same
  ASSERT_EQ(t.spatial(0), 2);
  t.at(600'000);
  ASSERT_EQ(t.spatial(0), 1);
  Table more = t;
  t.at(3'000'000, 100ms, 2'400'000);  // 1.4 times what it needs
  EXPECT_LT(t.allocator.allocated_bps(), 1'700'000U);
  more.at(3'000'000, 100ms, 2'600'000);
  EXPECT_EQ(more.spatial(0), 2);
}

TEST(BandwidthAllocator, ProofsThatMisledTwiceAreNotBelievedForAWhile) {
  Table t;
  t.demands = {camera(1)};
  t.settle(600'000, 3s);
  for (int i = 0; i < 2; ++i) {
    t.at(4'000'000, 100ms, 4'000'000);  // a policer lets probes through
    ASSERT_EQ(t.spatial(0), 2);
    t.at(600'000);
    ASSERT_EQ(t.spatial(0), 1);
  }
  for (Duration spent{}; spent < BandwidthAllocator::kMisledPenalty - 1s; spent += 100ms) {
    t.at(4'000'000, 100ms, 4'000'000);
    ASSERT_EQ(t.spatial(0), 1);
  }
  t.settle(4'000'000, 2s);
  t.at(4'000'000, 100ms, 4'000'000);
  EXPECT_EQ(t.spatial(0), 2);
}

TEST(BandwidthAllocator, WhatMisledTwiceRisesByATrial) {
  Table t;
  t.demands = {camera(1)};
  t.settle(600'000, 3s);
  for (int i = 0; i < 2; ++i) {
    t.at(4'000'000, 100ms, 4'000'000);
    t.at(600'000);
  }
  t.at(4'000'000, 100ms, 4'000'000);
  ASSERT_EQ(t.spatial(0), 1);
  // The next point: 720p with half of the frames.
  ASSERT_EQ(t.allocator.doubted_bps(), 1'250'000U);
  t.tried = 1'200'000;
  t.at(4'000'000);
  EXPECT_EQ(t.spatial(0), 1);
  t.tried = 1'300'000;
  t.at(4'000'000);
  EXPECT_EQ(t.spatial(0), 2);
  EXPECT_EQ(t.allocator.allocated_bps(), 1'250'000U);
  EXPECT_EQ(t.allocator.doubted_bps(), 1'700'000U);
}

TEST(BandwidthAllocator, InACrowdAProbeIsBelievedForAFifth) {
  Table t;
  t.demands = {camera(1)};
  t.crowded = true;
  t.settle(3'000'000, 8s);
  ASSERT_LE(t.allocator.allocated_bps(), 80'000U);
  EXPECT_GT(t.allocator.doubted_bps(), t.allocator.allocated_bps());
  t.at(3'000'000, 100ms, 3'000'000);
  EXPECT_EQ(t.spatial(0), 1);
  EXPECT_EQ(t.allocator.allocated_bps(), 500'000U);
  t.crowded = false;
  t.at(3'000'000);
  EXPECT_EQ(t.spatial(0), 2);
  EXPECT_EQ(t.allocator.doubted_bps(), 0U);
}

TEST(BandwidthAllocator, BeginsNoLayerAtItsLowestFrameRateAndNoneToSaveBits) {
  Table t;
  t.demands = {camera(1)};
  t.settle(550'000, 3s);
  ASSERT_EQ(t.spatial(0), 1);
  t.demands[0].bits_per_second[2] = {300'000, 450'000, 1'700'000, 0};
  t.at(480'000);  // 360p does not fit any more, and some of 720p would
  EXPECT_EQ(t.spatial(0), 1);
  EXPECT_EQ(t.decisions[0].temporal, 1);
}

TEST(BandwidthAllocator, RisesToTheLowestOfTwoGenerations) {
  Table t;
  t.demands = {camera(1)};
  t.settle(300'000, 3s);
  uint64_t low = t.allocator.allocated_bps();
  t.at(3'000'000);
  EXPECT_EQ(t.allocator.allocated_bps(), low);  // a peak is not believed
  t.settle(3'000'000, 6s);
  EXPECT_EQ(t.spatial(0), 2);
}

TEST(BandwidthAllocator, RidesOutADipBeforePausing) {
  Table t;
  t.demands = {camera(1)};
  t.settle(200'000, 1s);
  t.settle(50'000, 1900ms);
  EXPECT_EQ(t.spatial(0), 0);
  t.settle(50'000, 300ms);
  EXPECT_EQ(t.spatial(0), -1);
  EXPECT_TRUE(t.decisions[0].paused);
}

TEST(BandwidthAllocator, DoesNotPauseWhatGetsThroughInTime) {
  Table t;
  t.demands = {camera(2)};
  t.settle(300'000, 5s);
  t.calm = true;
  t.settle(60'000, 10s);
  EXPECT_EQ(t.spatial(0), 0);
  t.calm = false;
  t.settle(60'000, BandwidthAllocator::kPauseAfter + 200ms);
  EXPECT_TRUE(t.decisions[0].paused);
}

TEST(BandwidthAllocator, KeepsALayerThatIsALittleDearerThanTheTarget) {
  Table t;
  t.demands = {camera(2)};
  t.settle(600'000, 6s);
  ASSERT_EQ(t.spatial(0), 1);
  ASSERT_EQ(t.decisions[0].temporal, 2);
  t.slack = 48'000;
  t.at(480'000);
  EXPECT_EQ(t.decisions[0].temporal, 2);
  t.slack = 0;
  t.at(480'000);
  EXPECT_EQ(t.decisions[0].temporal, 1);
}

TEST(BandwidthAllocator, BeginsWithTheLowestOnAPathOfWhichNothingIsKnown) {
  Table t;
  t.demands = {camera(2)};
  t.bases_always = t.unknown = true;
  t.at(600'000);
  EXPECT_EQ(t.spatial(0), 0);
  t.unknown = false;
  t.at(600'000);
  EXPECT_EQ(t.spatial(0), 1);
}

TEST(BandwidthAllocator, WhatIsAddedHasToFitAtItsPeak) {
  Table t;
  t.demands = {camera(2)};
  t.demands[0].peak = {1, 1.4F, 1};
  t.settle(600'000, 10s);
  EXPECT_EQ(t.spatial(0), 1);
  EXPECT_LT(t.decisions[0].temporal, 2);
  t.demands[0].peak = {1.4F, 1.1F, 1.4F};
  t.settle(600'000, 1s);
  EXPECT_EQ(t.decisions[0].temporal, 2);
}

TEST(BandwidthAllocator, DoesNotFlapATileTwiceInTenSeconds) {
  Table t;
  t.demands = {camera(1)};
  t.settle(200'000, 1s);
  int changes = 0;
  bool paused = false;
  for (int i = 0; i < 20; ++i) {
    for (int n = 0; n < 30; ++n) {
      t.at(i % 2 == 0 ? 30'000 : 200'000);
      changes += t.decisions[0].paused != paused ? 1 : 0;
      paused = t.decisions[0].paused;
    }
  }
  EXPECT_LE(changes, 2 * 6 + 2);  // a minute
}

TEST(BandwidthAllocator, HoldsStillOnASteadyLink) {
  Table t;
  for (uint64_t i = 0; i < 25; ++i) t.demands.push_back(camera(i + 1, 320 * 180 * (1 + i % 3)));
  t.settle(6'000'000, 5s);
  auto before = t.decisions;
  for (int n = 0; n < 600; ++n) {
    t.at(6'000'000 + static_cast<uint64_t>(n % 7) * 40'000);
    for (size_t i = 0; i < before.size(); ++i) {
      EXPECT_EQ(t.decisions[i].spatial, before[i].spatial);
    }
  }
}

}  // namespace
}  // namespace turms::sfu
