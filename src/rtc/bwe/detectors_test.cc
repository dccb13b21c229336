// Delay detection and rate control against the published vectors of libwebrtc's unit tests.
#include <gtest/gtest.h>

#include "rtc/bwe/aimd_rate_control.h"
#include "rtc/bwe/alr_detector.h"
#include "rtc/bwe/inter_arrival_delta.h"
#include "rtc/bwe/link_capacity_estimator.h"
#include "rtc/bwe/trendline_estimator.h"

namespace turms::rtc::bwe {
namespace {

constexpr TimePoint kStart{123'456ms};

/// Feeds up to 24 bursts; gives how many it took to leave the state it began in.
int bursts_to_change(TrendlineEstimator& estimator, double stretch, int first = 1) {
  const Usage before = estimator.usage();
  for (int i = first; i < 25; ++i) {
    const Duration arrival(static_cast<int64_t>(20e6 * stretch));
    estimator.on_burst(arrival, 20ms, kStart + i * arrival);
    if (estimator.usage() != before) return i;
  }
  return 25;
}

TEST(BweTrendlineTest, StaysNormalOnASteadyDelay) {
  TrendlineEstimator estimator;
  EXPECT_EQ(bursts_to_change(estimator, 1.0), 25);
  EXPECT_EQ(estimator.usage(), Usage::kNormal);
}

TEST(BweTrendlineTest, OverusesOnAGrowingDelayAndStaysThere) {
  TrendlineEstimator estimator;
  const int at = bursts_to_change(estimator, 1.1);
  EXPECT_LT(at, 25);
  EXPECT_EQ(estimator.usage(), Usage::kOverusing);
  EXPECT_EQ(bursts_to_change(estimator, 1.1, at + 1), 25);
}

TEST(BweTrendlineTest, UnderusesOnAFallingDelay) {
  TrendlineEstimator estimator;
  const int at = bursts_to_change(estimator, 0.85);
  EXPECT_LT(at, 25);
  EXPECT_EQ(estimator.usage(), Usage::kUnderusing);
  EXPECT_EQ(bursts_to_change(estimator, 0.85, at + 1), 25);
}

TEST(BweInterArrivalTest, GroupsWhatWasSentWithinFiveMilliseconds) {
  InterArrivalDelta inter_arrival;
  EXPECT_FALSE(inter_arrival.on_packet(kStart, kStart + 10ms, kStart));
  EXPECT_FALSE(inter_arrival.on_packet(kStart + 5ms, kStart + 20ms, kStart));  // same group
  EXPECT_FALSE(inter_arrival.on_packet(kStart + 20ms, kStart + 40ms, kStart + 20ms));
  const auto deltas = inter_arrival.on_packet(kStart + 40ms, kStart + 70ms, kStart + 40ms);
  ASSERT_TRUE(deltas);
  EXPECT_EQ(deltas->send, 15ms);
  EXPECT_EQ(deltas->arrival, 20ms);
}

TEST(BweInterArrivalTest, ABurstOfArrivalsIsOneGroup) {
  InterArrivalDelta inter_arrival;
  (void)inter_arrival.on_packet(kStart, kStart + 100ms, kStart);
  // Sent 20 ms apart, arriving 1 ms apart: held up and let go together.
  for (int i = 1; i < 4; ++i) {
    EXPECT_FALSE(inter_arrival.on_packet(kStart + i * 20ms, kStart + 100ms + i * 1ms, kStart));
  }
  EXPECT_FALSE(inter_arrival.on_packet(kStart + 200ms, kStart + 300ms, kStart));
  const auto deltas = inter_arrival.on_packet(kStart + 220ms, kStart + 320ms, kStart);
  ASSERT_TRUE(deltas);
  EXPECT_EQ(deltas->send, 140ms);
  EXPECT_EQ(deltas->arrival, 197ms);
}

TEST(BweInterArrivalTest, AClockThatJumpsStartsAgain) {
  InterArrivalDelta inter_arrival;
  (void)inter_arrival.on_packet(kStart, kStart, kStart);
  (void)inter_arrival.on_packet(kStart + 20ms, kStart + 20ms, kStart + 20ms);
  (void)inter_arrival.on_packet(kStart + 40ms, kStart + 40ms + 5s, kStart + 40ms);
  EXPECT_FALSE(inter_arrival.on_packet(kStart + 60ms, kStart + 60ms + 5s, kStart + 60ms));
  EXPECT_FALSE(inter_arrival.on_packet(kStart + 80ms, kStart + 80ms + 5s, kStart + 80ms));
}

TEST(BweLinkCapacityTest, BoundsLieThreeDeviationsAround) {
  LinkCapacityEstimator capacity;
  EXPECT_FALSE(capacity.upper_bound().finite());
  EXPECT_TRUE(capacity.lower_bound().is_zero());
  capacity.on_overuse(Bitrate::kbps(500));
  EXPECT_EQ(capacity.estimate(), Bitrate::kbps(500));
  // √(0.4·500) ≈ 14.1 kbit/s
  EXPECT_NEAR(capacity.upper_bound().to_kbps(), 542.4, 0.1);
  EXPECT_NEAR(capacity.lower_bound().to_kbps(), 457.6, 0.1);
  capacity.on_overuse(Bitrate::kbps(400));
  EXPECT_EQ(capacity.estimate(), Bitrate::kbps(495));
  capacity.on_probe(Bitrate::kbps(1495));
  EXPECT_EQ(capacity.estimate(), Bitrate::kbps(995));
}

TEST(BweAimdTest, AdditiveIncreaseIsAPacketPerResponseTime) {
  AimdRateControl aimd;
  aimd.set_estimate(Bitrate(30'000), kStart);
  EXPECT_EQ(aimd.additive_increase(), 4000);
  aimd.set_estimate(Bitrate(90'000), kStart);
  EXPECT_NEAR(aimd.additive_increase(), 5000, 1);
  aimd.set_estimate(Bitrate(60'000), kStart);
  aimd.set_rtt(100ms);
  EXPECT_NEAR(aimd.additive_increase(), 5000, 1);
}

TEST(BweAimdTest, PeriodIsThreeSecondsBeforeTheFirstOveruse) {
  AimdRateControl aimd;
  aimd.set_start(Bitrate::kbps(300));
  EXPECT_EQ(aimd.expected_period(), 3s);
  aimd.update(Usage::kOverusing, Bitrate(280'000), kStart);
  EXPECT_NE(aimd.expected_period(), 3s);
}

TEST(BweAimdTest, GrowthStopsAtOneAndAHalfTimesWhatGetsThrough) {
  AimdRateControl aimd;
  aimd.set_estimate(Bitrate(10'000), kStart);
  for (Duration t{}; t < 20s; t += 100ms) aimd.update(Usage::kNormal, Bitrate(10'000), kStart + t);
  EXPECT_TRUE(aimd.valid());
  EXPECT_EQ(aimd.latest(), Bitrate(25'000));
}

TEST(BweAimdTest, LessGettingThroughAloneLowersNothing) {
  AimdRateControl aimd;
  aimd.set_estimate(Bitrate(100'000), kStart);
  for (Duration t{}; t < 20s; t += 100ms) {
    aimd.update(Usage::kNormal, Bitrate(100'000), kStart + t);
  }
  const Bitrate before = aimd.latest();
  EXPECT_NEAR(static_cast<double>(before.bps()), 160'000, 2000);
  EXPECT_EQ(aimd.update(Usage::kNormal, Bitrate(50'000), kStart + 20s), before);
}

TEST(BweAimdTest, OveruseFallsBelowWhatGotThrough) {
  AimdRateControl aimd;
  aimd.set_estimate(Bitrate::kbps(1000), kStart);
  EXPECT_EQ(aimd.update(Usage::kOverusing, Bitrate::kbps(800), kStart + 1s), Bitrate::kbps(675));
}

TEST(BweAimdTest, PeriodHasBounds) {
  AimdRateControl aimd;
  aimd.set_estimate(Bitrate(10'000), kStart);
  aimd.update(Usage::kOverusing, Bitrate(9'999), kStart + 100ms);
  EXPECT_EQ(aimd.expected_period(), 2s);
  AimdRateControl high;
  high.set_estimate(Bitrate(10'010'000), kStart);
  high.update(Usage::kOverusing, Bitrate(11'764), kStart + 100ms);
  EXPECT_EQ(high.expected_period(), 50s);
}

TEST(BweAimdTest, WithoutAStartTheThroughputOfFiveSecondsIsOne) {
  AimdRateControl aimd;
  aimd.update(Usage::kNormal, Bitrate(123'000), kStart);
  EXPECT_FALSE(aimd.valid());
  aimd.update(Usage::kNormal, Bitrate(123'000), kStart + 5001ms);
  EXPECT_TRUE(aimd.valid());
  for (int i = 0; i < 100; ++i) {
    aimd.update(Usage::kNormal, std::nullopt, kStart + 5001ms + i * 100ms);
  }
  EXPECT_LE(aimd.latest().bps(), 123'000 * 3 / 2 + 10'000);
}

class BweAlrTest : public testing::Test {
 protected:
  void send(Duration time, int percent) {
    for (Duration t{}; t < time; t += 10ms) {
      now_ += 10ms;
      alr_.on_sent(now_, 300'000ll * percent * 10 / (8 * 100 * 1000));
    }
  }
  AlrDetector alr_;
  TimePoint now_ = kStart;
};

TEST_F(BweAlrTest, BeginsAtLowUseAndEndsAtHigh) {
  alr_.set_estimate(Bitrate::kbps(300));
  send(1s, 90);
  EXPECT_FALSE(alr_.since());
  send(1500ms, 20);
  EXPECT_TRUE(alr_.since());
  send(4s, 100);
  EXPECT_FALSE(alr_.since());
}

TEST_F(BweAlrTest, AShortSpikeDoesNotEndIt) {
  alr_.set_estimate(Bitrate::kbps(300));
  send(1s, 20);
  EXPECT_TRUE(alr_.since());
  send(100ms, 150);
  EXPECT_TRUE(alr_.since());
  send(3s, 100);
  EXPECT_FALSE(alr_.since());
}

TEST_F(BweAlrTest, ALowerEstimateEndsItShortlyAfter) {
  alr_.set_estimate(Bitrate::kbps(300));
  send(1s, 20);
  EXPECT_TRUE(alr_.since());
  alr_.set_estimate(Bitrate::kbps(60));
  EXPECT_TRUE(alr_.since());
  send(1s, 50);
  EXPECT_FALSE(alr_.since());
}

}  // namespace
}  // namespace turms::rtc::bwe
