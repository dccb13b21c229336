#include "livekit/layer_watch.h"

#include <gtest/gtest.h>

namespace turms::livekit {
namespace {

using namespace std::chrono_literals;

struct Watched {
  /// Looks once a second, with these layers flowing; what is missing at the end.
  int pass(Duration duration, uint8_t flowing, int wanted = 3) {
    int missing = 0;
    for (const TimePoint end = now + duration; now < end;) {
      now += 1s;
      watch.set_flowing(flowing);
      missing = watch.missing(now, wanted);
    }
    return missing;
  }
  LayerWatch watch;
  TimePoint now{100s};
};

TEST(LayerWatch, WhatCameAndStoppedIsMissedSoon) {
  Watched track;
  EXPECT_EQ(track.pass(30s, 0b111), 0);
  EXPECT_EQ(track.pass(1s, 0b011), 0) << "it may be back at once";
  EXPECT_EQ(track.pass(2s, 0b011), 1);
  EXPECT_EQ(track.pass(1s, 0b001), 1);
  EXPECT_EQ(track.pass(2s, 0b001), 2);
  EXPECT_EQ(track.pass(1s, 0b111), 0);
}

TEST(LayerWatch, WhatNeverCameIsMissedAfterTenSeconds) {
  Watched track;
  EXPECT_EQ(track.pass(10s, 0b001), 0) << "encoders begin with the lowest";
  EXPECT_EQ(track.pass(1s, 0b001), 2);
}

TEST(LayerWatch, WhatNobodyWantsIsNotMissed) {
  Watched track;
  track.pass(20s, 0b111);
  EXPECT_EQ(track.pass(20s, 0b001, 1), 0);
  // Wanted again: the publisher needs a moment.
  EXPECT_EQ(track.pass(9s, 0b001), 0);
  EXPECT_EQ(track.pass(2s, 0b001), 2);
}

TEST(LayerWatch, TheBestThatFlowsCounts) {
  Watched track;
  track.pass(3s, 0b111);
  EXPECT_EQ(track.pass(20s, 0b101), 0);
}

}  // namespace
}  // namespace turms::livekit
