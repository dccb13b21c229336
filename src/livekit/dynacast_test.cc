#include "livekit/dynacast.h"

#include <gtest/gtest.h>

namespace turms::livekit {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kStart{1h};

/// "vp8:2" reads: of VP8 LOW and MEDIUM are wanted.
std::string told(Dynacast& dynacast, TimePoint now) {
  const auto codecs = dynacast.poll(now);
  if (!codecs) return "nothing";
  std::string out;
  for (const server::SubscribedCodec& codec : *codecs) {
    EXPECT_EQ(codec.qualities.size(), 3u);
    int enabled = 0;
    for (const auto& quality : codec.qualities) {
      EXPECT_TRUE(!quality.enabled || static_cast<int>(quality.quality) == enabled);
      if (quality.enabled) ++enabled;
    }
    if (!out.empty()) out += " ";
    out += codec.codec + ":" + std::to_string(enabled);
  }
  return out;
}

TEST(Dynacast, MoreIsToldAtOnce) {
  Dynacast dynacast;
  dynacast.set_wanted(kStart, {{"vp8", VideoQuality::kLow}});
  EXPECT_EQ(told(dynacast, kStart), "vp8:1");
  EXPECT_EQ(told(dynacast, kStart), "nothing");
  dynacast.set_wanted(kStart + 1ms, {{"vp8", VideoQuality::kHigh}});
  EXPECT_EQ(told(dynacast, kStart + 1ms), "vp8:3");
}

TEST(Dynacast, LessIsToldWhenItStaysLess) {
  Dynacast dynacast;
  dynacast.set_wanted(kStart, {{"vp8", VideoQuality::kHigh}});
  EXPECT_EQ(told(dynacast, kStart), "vp8:3");
  dynacast.set_wanted(kStart + 1s, {{"vp8", VideoQuality::kMedium}});
  EXPECT_EQ(dynacast.next_timeout(), kStart + 6s);
  // Still less does not put it off.
  dynacast.set_wanted(kStart + 4s, {{"vp8", VideoQuality::kOff}});
  EXPECT_EQ(dynacast.next_timeout(), kStart + 6s);
  EXPECT_EQ(told(dynacast, kStart + 6s - 1ms), "nothing");
  EXPECT_EQ(told(dynacast, kStart + 6s), "vp8:0");
  EXPECT_EQ(dynacast.next_timeout(), kNever);
}

TEST(Dynacast, WhatComesBackInTimeWasNeverLess) {
  Dynacast dynacast;
  dynacast.set_wanted(kStart, {{"vp8", VideoQuality::kHigh}});
  (void)dynacast.poll(kStart);
  dynacast.set_wanted(kStart + 1s, {{"vp8", VideoQuality::kLow}});
  dynacast.set_wanted(kStart + 2s, {{"vp8", VideoQuality::kHigh}});
  EXPECT_EQ(dynacast.next_timeout(), kNever);
  EXPECT_EQ(told(dynacast, kStart + 1min), "nothing");
}

TEST(Dynacast, ATrackThatNobodyWatchesIsGivenTime) {
  Dynacast dynacast;
  dynacast.set_wanted(kStart, {{"vp8", VideoQuality::kOff}});
  EXPECT_EQ(told(dynacast, kStart + 9s), "nothing");
  EXPECT_EQ(dynacast.next_timeout(), kStart + 10s);
  EXPECT_EQ(told(dynacast, kStart + 10s), "vp8:0");
}

TEST(Dynacast, CodecsAreToldTogetherAndChangeApart) {
  Dynacast dynacast;
  dynacast.set_wanted(kStart, {{"vp9", VideoQuality::kHigh}});
  EXPECT_EQ(told(dynacast, kStart), "vp9:3");
  // Somebody who cannot decode the first asks for the second.
  dynacast.set_wanted(kStart + 1s, {{"vp9", VideoQuality::kMedium}, {"vp8", VideoQuality::kLow}});
  EXPECT_EQ(told(dynacast, kStart + 1s), "vp8:1 vp9:3") << "the less of one waits";
  EXPECT_EQ(told(dynacast, kStart + 6s), "vp8:1 vp9:2");
  dynacast.set_wanted(kStart + 7s, {{"vp9", VideoQuality::kMedium}});
  EXPECT_EQ(told(dynacast, kStart + 12s), "vp8:0 vp9:2");
}

TEST(Dynacast, AMutedTrackHearsAllOfItAfterwards) {
  Dynacast dynacast;
  dynacast.set_muted(true);
  dynacast.set_wanted(kStart, {{"vp8", VideoQuality::kHigh}});
  EXPECT_EQ(told(dynacast, kStart), "nothing");
  dynacast.set_muted(false);
  EXPECT_EQ(told(dynacast, kStart), "vp8:3");
  dynacast.set_muted(false);
  EXPECT_EQ(told(dynacast, kStart), "nothing");
  dynacast.repeat();
  EXPECT_EQ(told(dynacast, kStart), "vp8:3");
}

}  // namespace
}  // namespace turms::livekit
