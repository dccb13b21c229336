#include "rtc/bwe/probe_controller.h"

#include <gtest/gtest.h>

#include <vector>

namespace turms::rtc::bwe {
namespace {

using Cause = ProbeController::Cause;

/// Upstream's behaviour, against the published vectors of its unit tests.
class BweProbeControllerTest : public testing::Test {
 protected:
  std::vector<int64_t> take() {
    std::vector<int64_t> rates;
    while (const auto cluster = probes_.take()) rates.push_back(cluster->rate.bps());
    return rates;
  }
  void start() { probes_.set_bitrates(now_, Bitrate(300), Bitrate(100), Bitrate(10'000)); }
  void estimate(int64_t bps) { probes_.set_estimate(now_, Bitrate(bps), Cause::kDelay); }
  void pass(Duration time) {
    now_ += time;
    probes_.process(now_);
  }

  ProbeController probes_{{false, true}};
  TimePoint now_{100s};
};
using Rates = std::vector<int64_t>;

TEST_F(BweProbeControllerTest, BeginsWithThreeAndSixTimesTheStart) {
  start();
  const auto first = probes_.take();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->rate, Bitrate(900));
  EXPECT_EQ(first->duration, 15ms);
  EXPECT_EQ(first->min_packets, 5);
  EXPECT_EQ(take(), (Rates{1800}));
}

TEST_F(BweProbeControllerTest, WaitsForTheTransport) {
  probes_.set_available(now_, false);
  start();
  EXPECT_TRUE(take().empty());
  probes_.set_available(now_, true);
  EXPECT_EQ(take().size(), 2u);
}

TEST_F(BweProbeControllerTest, GoesOnAboveSeventyPercentOfTheProbe) {
  start();
  (void)take();
  estimate(1000);  // 0.7 · 1800 = 1260
  EXPECT_TRUE(take().empty());
  estimate(1800);
  EXPECT_EQ(take(), (Rates{3600}));
}

TEST_F(BweProbeControllerTest, GivesUpAfterASecond) {
  start();
  (void)take();
  pass(5s);
  estimate(1800);
  EXPECT_TRUE(take().empty());
}

TEST_F(BweProbeControllerTest, AHigherMaximumIsTried) {
  start();
  (void)take();
  pass(5s);
  estimate(300);
  probes_.set_bitrates(now_, Bitrate(300), Bitrate(100), Bitrate(10'100));
  EXPECT_EQ(take(), (Rates{10'100}));
}

TEST_F(BweProbeControllerTest, AfterADropInAlrTheOldRateIsTried) {
  start();
  (void)take();
  estimate(500);
  probes_.set_alr(now_);
  now_ += 5001ms;
  probes_.process(now_);
  (void)take();
  now_ += 1001ms;
  estimate(500);
  probes_.process(now_);
  (void)take();
  estimate(250);
  probes_.on_recovered(now_);
  EXPECT_EQ(take(), (Rates{425}));
}

TEST_F(BweProbeControllerTest, ProbesInAlrEveryFiveSeconds) {
  start();
  (void)take();
  estimate(500);
  probes_.set_alr(now_);
  pass(5s);
  EXPECT_EQ(take(), (Rates{1000}));
  estimate(500);
  pass(4s);
  EXPECT_TRUE(take().empty());
  pass(1s);
  EXPECT_EQ(take(), (Rates{1000}));
}

TEST_F(BweProbeControllerTest, NoneWhileDelayOrLossSpeakAgainst) {
  start();
  (void)take();
  for (const Cause cause : {Cause::kDelayIncreased, Cause::kLoss, Cause::kRoundTrip}) {
    probes_.set_estimate(now_, Bitrate(500), cause);
    probes_.set_alr(now_);
    pass(6s);
    EXPECT_TRUE(take().empty());
  }
  probes_.set_estimate(now_, Bitrate(500), Cause::kLossRecovering);
  pass(6s);
  EXPECT_EQ(take(), (Rates{750}));
}

/// What is ours: demand.
class BweDemandTest : public BweProbeControllerTest {
 protected:
  BweDemandTest() { probes_ = ProbeController(); }
  void demand(int64_t wanted, int64_t allocated, int64_t step = 0) {
    probes_.set_demand(now_, {Bitrate(wanted), Bitrate(allocated), Bitrate(step)});
  }
};

TEST_F(BweDemandTest, NobodyWantsNothingIsProbed) {
  start();
  EXPECT_TRUE(take().empty());
  demand(5000, 0);
  EXPECT_EQ(take(), (Rates{900}));
  estimate(880);
  EXPECT_EQ(take(), (Rates{1760}));  // the next one when that got through
}

TEST_F(BweDemandTest, UnmetDemandProbesOutsideAlr) {
  demand(5000, 1000);
  start();
  (void)take();
  estimate(1000);
  (void)take();
  pass(1100ms);
  EXPECT_EQ(take(), (Rates{1500}));
  demand(5000, 5000);
  pass(20s);
  EXPECT_TRUE(take().empty());
}

TEST_F(BweDemandTest, AimsAtTheNextStepWithinThreeTimesTheEstimate) {
  demand(5000, 1000, 2000);
  start();
  (void)take();
  estimate(1000);
  (void)take();
  pass(1100ms);
  EXPECT_EQ(take(), (Rates{2300}));
  demand(9000, 1000, 4000);
  pass(30s);
  pass(1100ms);
  EXPECT_EQ(take(), (Rates{3000}));
}

TEST_F(BweDemandTest, FailuresSpaceTheTriesAndSuccessDoubles) {
  demand(9000, 1000);
  start();
  (void)take();
  estimate(1000);
  std::vector<TimePoint> tries;
  for (int i = 0; i < 6000; ++i) {
    pass(10ms);
    if (!take().empty()) tries.push_back(now_);
  }
  ASSERT_GE(tries.size(), 5u);
  EXPECT_LT(tries[1] - tries[0], 2100ms);
  EXPECT_GT(tries[4] - tries[3], tries[1] - tries[0]);
  EXPECT_LE(tries.back() - tries[tries.size() - 2], 11100ms);
  while (take().empty()) pass(10ms);
  estimate(1400);
  EXPECT_EQ(take(), (Rates{2800}));
}

TEST_F(BweDemandTest, AfterADropThePathHasToBeCleanForASecond) {
  demand(9000, 1000);
  start();
  (void)take();
  pass(1100ms);
  (void)take();
  estimate(4000);
  (void)take();
  pass(1100ms);
  estimate(1000);
  (void)take();
  const TimePoint drop = now_;
  while (take().empty() && now_ < drop + 10s) {
    if (now_ >= drop + 1s) probes_.set_clean(drop + 1s);
    pass(10ms);
  }
  EXPECT_GE(now_ - drop, 2s);
  EXPECT_LT(now_ - drop, 4s);
}

}  // namespace
}  // namespace turms::rtc::bwe
