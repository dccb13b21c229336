// Layers that a publisher's uplink does not carry.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sfu/layer_trust.h"
#include "sfu/room_testing.h"

namespace turms::sfu {
namespace {

using namespace testing_support;
using ::testing::SizeIs;

constexpr Duration kInterval = 50ms;

TEST(LayerTrust, IsGivenBackAfterASteadySecondAndLaterEachTime) {
  LayerTrust trust;
  TimePoint now{10s};
  EXPECT_TRUE(trust.trusted());
  Duration expected = 1s;
  for (int i = 0; i < 6; ++i) {
    trust.on_failed(now);
    const TimePoint failed = now;
    while (!trust.trusted()) {
      now += kInterval;
      trust.on_frame(now, kInterval, false);
    }
    EXPECT_EQ(now - failed, expected + kInterval) << i;
    expected = std::min<Duration>(expected * 2, LayerTrust::kMaxProof);
    now += 2s;
  }
  now += LayerTrust::kSoon;
  trust.on_failed(now);
  trust.on_frame(now + 50ms, 50ms, false);
  trust.on_frame(now + 600ms, 550ms, true);
  trust.on_frame(now + 1100ms, 50ms, false);
  EXPECT_FALSE(trust.trusted()) << "it paused in between";
  trust.on_frame(now + 1600ms, 50ms, false);
  EXPECT_TRUE(trust.trusted());
}

TEST(LayerTrust, WhatWasSwitchedOffBeginsAnew) {
  LayerTrust trust;
  const TimePoint now{10s};
  trust.on_failed(now);
  trust.on_frame(now + 3s, 3s, true);
  EXPECT_TRUE(trust.trusted());
}

/// What became of the layers since last asked: + or - and the layer.
std::string changes(ThreeSizes& call) {
  std::string out;
  RoomEvents events;
  if (!call.room.take_events(events)) return out;
  for (const auto& change : events.layers) {
    out += (change.started ? '+' : '-') + std::to_string(change.spatial);
  }
  return out;
}

/// Flows for a while, at 20 frames a second.
struct Flowing : ThreeSizes {
  Flowing() {
    frames(3, true);
    for (int i = 0; i < 30; ++i) {
      advance(kInterval);
      frames(3);
    }
    EXPECT_EQ(changes(*this), "+0+1+2");
    requests(1);
  }
  /// All layers, the largest in each `each`th frame only, until something changes.
  std::string slow_until_told(int each, Duration at_most) {
    const TimePoint end = now + at_most;
    for (int i = 1; now < end; ++i) {
      advance(kInterval);
      frames(i % each == 0 ? 3 : 2);
      if (auto told = changes(*this); !told.empty()) return told;
    }
    return "nothing";
  }
};

TEST(LayerFailure, ALayerAtACrippledRateIsLeftWithin500Ms) {
  for (const int each : {4, 5, 8, 20}) {
    Flowing call;
    const TimePoint since = call.now;
    EXPECT_EQ(call.slow_until_told(each, 2s), "-2") << each;
    EXPECT_LE(call.now - since, 500ms) << each;
    EXPECT_EQ(call.requests(1), 1U) << "the next layer is asked for at once";
    // It is not taken for a new one whenever a frame of it comes.
    EXPECT_EQ(call.slow_until_told(each, 5s), "nothing") << each;
  }
}

TEST(LayerFailure, ItComesBackWhenItHasBeenSteadyForASecond) {
  Flowing call;
  call.slow_until_told(5, 2s);
  const TimePoint since = call.now;
  EXPECT_EQ(call.slow_until_told(1, 5s), "+2");
  EXPECT_GE(call.now - since, 1s);
  EXPECT_LE(call.now - since, 1200ms);
}

TEST(LayerFailure, LayersThatSlowDownTogetherAreKept) {
  Flowing call;
  for (int i = 0; i < 10; ++i) {
    call.advance(250ms);
    call.frames(3);
  }
  EXPECT_EQ(changes(call), "");
}

TEST(LayerFailure, AnOutageOfAllIsNobodysFailure) {
  Flowing call;
  for (const Duration outage : {400ms, 1000ms, 4000ms}) {
    call.advance(outage);
    call.frames(1);  // the others come after the next look at them
    call.advance(120ms);
    call.frames(3);
    EXPECT_EQ(changes(call), "") << to_ms(outage);
    for (int i = 0; i < 30; ++i) {
      call.advance(kInterval);
      call.frames(3);
    }
  }
}

TEST(LayerFailure, AMuteIsNoFailure) {
  Flowing call;
  call.slow_until_told(5, 2s);
  call.room.set_receive_muted(call.now, kTrack, true);
  changes(call);
  call.room.set_receive_muted(call.now, kTrack, false);
  call.frames(3, true);
  EXPECT_EQ(changes(call), "+0+1+2");
}

TEST(LayerFailure, ALayerWithAHoleThatNothingFillsGivesWayToAnyLowerKeyFrame) {
  Flowing call;
  const auto seen = [&] { return call.subscriber.of(kOut).size(); };
  // A packet of the largest is lost for good.
  call.lose[2] = true;
  const TimePoint since = call.now;
  std::string told;
  while (told.empty() && call.now - since < 2s) {
    call.advance(kInterval);
    call.frames(3);
    told = changes(call);
  }
  EXPECT_EQ(told, "-2");
  EXPECT_LE(call.now - since, 500ms);
  EXPECT_EQ(call.requests(1), 1U);
  const size_t before = seen();
  call.frames(3);
  EXPECT_EQ(seen(), before) << "what cannot be decoded is not sent";
  call.frames(1, true);
  EXPECT_EQ(seen(), before + 1) << "the smallest shows something first";
  call.frames(2, true);
  EXPECT_EQ(seen(), before + 3) << "until the next is there";
  call.frames(2);
  EXPECT_EQ(seen(), before + 4);
}

TEST(LayerFailure, AFullUplinkIsNotAskedForRepairs) {
  Flowing call;
  call.clocked = true;
  for (int i = 0; i < 30; ++i) {
    call.advance(kInterval);
    call.frames(3);
  }
  EXPECT_EQ(changes(call), "");
  call.publisher.clear();
  call.late = 300ms;
  call.advance(300ms);
  const TimePoint since = call.now;
  std::string told;
  for (int i = 0; told.empty() && call.now - since < 2s; ++i) {
    call.lose[2] = i % 4 != 0;  // three of four
    call.frames(3);
    call.advance(20ms);
    told = changes(call);
  }
  EXPECT_EQ(told, "-2");
  EXPECT_LE(call.now - since, 350ms);
}

TEST(LayerFailure, AHoleThatAKeyFrameHasMadeWorthlessIsNone) {
  Flowing call;
  call.lose[2] = true;
  call.advance(kInterval);
  call.frames(3);
  call.advance(kInterval);
  call.frames(3, true);
  for (int i = 0; i < 20; ++i) {
    call.advance(kInterval);
    call.frames(3);
  }
  EXPECT_EQ(changes(call), "");
}

TEST(LayerFailure, WhatWaitsOnTheWayIsMeasured) {
  Flowing call;
  const auto queue = [&] {
    RoomEvents events;
    for (int i = 0; i < 40; ++i) {
      call.advance(kInterval);
      call.frames(3);
      if (call.room.take_events(events) && !events.tracks.empty()) {
        return events.tracks.at(0).layers[1].queue_us;
      }
    }
    return uint32_t{UINT32_MAX};
  };
  call.clocked = true;
  queue();
  EXPECT_EQ(queue(), 0U);
  call.late = 200ms;
  queue();
  EXPECT_EQ(queue(), 200'000U);
  call.late = 50ms;
  queue();
  EXPECT_EQ(queue(), 50'000U);
}

}  // namespace
}  // namespace turms::sfu
