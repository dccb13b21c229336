// The whole estimator over a virtual link: what falls must have fallen, what rises risen.
#include "rtc/bwe/estimator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "rtc/bwe/simulation_testing.h"

namespace turms::rtc::bwe {
namespace {

constexpr uint64_t kSeeds = 5;

class BweLinkTest : public testing::Test {
 protected:
  struct Run {
    std::vector<LinkSample> samples;
    LinkFigures figures;
  };
  static Run run(const std::string& name, uint64_t seed = 1) {
    LinkPlan plan = link_plan(name);
    plan.seed = seed;
    LinkSimulation simulation(plan);
    Run result;
    result.samples = simulation.run();
    result.figures = figures_of(simulation, result.samples);
    return result;
  }
  static void expect_reached(const Run& run, Duration from, Bitrate rate, Duration within) {
    const auto time = time_to_reach(run.samples, from, rate);
    ASSERT_TRUE(time);
    EXPECT_LE(*time, within);
  }
  static void expect_drained(const Run& run, Duration from, Bitrate rate, Duration within) {
    const auto time = time_to_drain(run.samples, from, rate, 50ms);
    ASSERT_TRUE(time);
    EXPECT_LE(*time, within);
  }
};

TEST_F(BweLinkTest, FollowsCapacityUpAndDown) {
  const Run a = run("A rfc8867");
  EXPECT_GE(a.figures.utilisation, 0.85);
  EXPECT_LE(a.figures.queue_p95, 100ms);
  expect_reached(a, 40s, Bitrate::kbps(2000), 5s);
  expect_drained(a, 60s, Bitrate::kbps(600), 3s);
  EXPECT_LT(mean_estimate(a.samples, 65s, 80s), Bitrate::kbps(650));
  expect_reached(a, 80s, Bitrate::kbps(800), 5s);
}

TEST_F(BweLinkTest, JoinsAtOnceAndNotTooHigh) {
  EXPECT_LT(mean_estimate(run("F join 0.5").samples, 2s, 20s), Bitrate::kbps(520));
  expect_reached(run("F join 3"), 0s, Bitrate::kbps(2400), 1500ms);
  expect_reached(run("F join 30"), 0s, Bitrate::kbps(2500), 1500ms);
}

TEST_F(BweLinkTest, ComesBackAfterADeepDrop) {
  const Run g = run("G drop");
  expect_reached(g, 0s, Bitrate::kbps(3600), 3s);
  EXPECT_LT(mean_estimate(g.samples, 35s, 60s), Bitrate::kbps(260));
  EXPECT_GT(mean_estimate(g.samples, 35s, 60s), Bitrate::kbps(100));
  expect_reached(g, 60s, Bitrate::kbps(3600), 5s);
  const Run issue = run("G 4-0.7-4");
  EXPECT_GE(issue.figures.utilisation, 0.9);
  EXPECT_LE(issue.figures.queue_p95, 100ms);
  EXPECT_LT(mean_estimate(issue.samples, 35s, 60s), Bitrate::kbps(710));
  expect_reached(issue, 60s, Bitrate::kbps(3150), 5s);
}

TEST_F(BweLinkTest, FollowsASquareWave) {
  const Run h = run("H square");
  EXPECT_GE(h.figures.utilisation, 0.75);
  EXPECT_LE(h.figures.queue_p95, 120ms);
}

TEST_F(BweLinkTest, RandomLossLowersOnlyWhatItShould) {
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    EXPECT_GE(run("I loss 2", seed).figures.utilisation, 0.95);
    EXPECT_GE(run("I loss 5", seed).figures.utilisation, 0.85);
    const Run ten = run("I loss 10", seed);
    EXPECT_GE(ten.figures.utilisation, 0.5);
    // It does react to that much.
    EXPECT_LT(mean_estimate(ten.samples, 10s, 60s),
              mean_estimate(run("I loss 2", seed).samples, 10s, 60s));
  }
}

TEST_F(BweLinkTest, ADeepBufferStaysEmptyAndAShallowOneIsUsed) {
  const Run m = run("M bloat");
  EXPECT_GE(m.figures.utilisation, 0.85);
  EXPECT_LE(m.figures.queue_p95, 120ms);
  const Run n = run("N shallow");
  EXPECT_GE(n.figures.utilisation, 0.6);
  EXPECT_LE(mean_estimate(n.samples, 10s, 60s), Bitrate::kbps(1050));
}

TEST_F(BweLinkTest, APolicersRateIsFound) {
  for (const auto& [name, kbps] : {std::pair("O policer 0.25", 256), {"O policer 1", 1000}}) {
    SCOPED_TRACE(name);
    const Run o = run(name);
    EXPECT_GE(o.figures.utilisation, 0.75);
    EXPECT_LE(mean_estimate(o.samples, 5s, 60s), Bitrate::kbps(kbps * 5 / 4));
  }
}

TEST_F(BweLinkTest, ALongerPathIsNoCongestion) {
  const Run q = run("Q delay step");
  EXPECT_GE(q.figures.utilisation, 0.9);
  EXPECT_LE(q.figures.queue_p95, 60ms);
  expect_reached(q, 45s, Bitrate::kbps(1800), 3s);
}

TEST_F(BweLinkTest, LostFeedbackIsNoLoss) {
  std::vector<Duration> queues;  // which messages are lost decides much
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const Run r = run("R feedback loss", seed);
    EXPECT_GE(r.figures.utilisation, 0.8);
    EXPECT_LT(mean_estimate(r.samples, 35s, 60s), Bitrate::kbps(1050));
    queues.push_back(r.figures.queue_p95);
  }
  std::ranges::sort(queues);
  EXPECT_LE(queues[kSeeds / 2], 120ms);
  EXPECT_LE(queues.back(), 150ms);
}

TEST_F(BweLinkTest, SkewedClocksAndIdleTimeChangeNothing) {
  for (const char* name : {"S skew +", "S skew -"}) {
    const Run s = run(name);
    EXPECT_GE(s.figures.utilisation, 0.9);
    EXPECT_LE(s.figures.queue_p95, 60ms);
    EXPECT_GT(mean_estimate(s.samples, 500s, 600s), Bitrate::kbps(1700));
    EXPECT_LT(mean_estimate(s.samples, 500s, 600s), Bitrate::kbps(2200));
  }
  const Run idle = run("S idle");
  expect_reached(idle, 610s, Bitrate::kbps(2000), 1s);
}

TEST_F(BweLinkTest, TheSameSeedGivesTheSameCourse) {
  const Run one = run("I loss 10", 7);
  const Run two = run("I loss 10", 7);
  ASSERT_EQ(one.samples.size(), two.samples.size());
  for (size_t i = 0; i < one.samples.size(); ++i) {
    EXPECT_EQ(one.samples[i].estimate, two.samples[i].estimate);
  }
}

TEST(BweEstimatorTest, WithoutFeedbackTheReceiversEstimateDecides) {
  TimePoint now{100s};
  Estimator estimator(now, {});
  for (int i = 0; i < 150; ++i) {
    now += 10ms;
    (void)estimator.on_sent(now, {1000});
    if (now >= estimator.next_deadline()) estimator.on_timeout(now);
  }
  EXPECT_TRUE(estimator.target().fallback);
  estimator.on_remb(now, Bitrate::kbps(400));
  EXPECT_EQ(estimator.target().rate, Bitrate::kbps(400));
  EXPECT_EQ(estimator.target().reason, LimitingReason::kReceiver);
  estimator.on_remb(now, Bitrate::kbps(900));
  EXPECT_EQ(estimator.target().rate, Bitrate::kbps(900));
}

TEST(BweEstimatorTest, ReceiverReportsMoveTheRateBothWays) {
  TimePoint now{100s};
  Estimator::Config config;
  config.transport_feedback = false;
  Estimator estimator(now, config);
  const Bitrate start = estimator.target().rate;
  for (int i = 0; i < 5; ++i) estimator.on_receiver_report(now += 1s, 0, 100, 50ms);
  const Bitrate risen = estimator.target().rate;
  EXPECT_GT(risen, start * 1.2);
  for (int i = 0; i < 3; ++i) estimator.on_receiver_report(now += 1s, 30, 100, 50ms);
  EXPECT_LT(estimator.target().rate, risen * 0.7);
}

TEST(BweEstimatorTest, FeedbackEndsTheFallback) {
  LinkPlan plan = link_plan("F join 3");
  plan.feedback_gap = {{5s, 9s}};
  LinkSimulation simulation(plan);
  const auto& samples = simulation.run();
  EXPECT_FALSE(simulation.estimator().target().fallback);
  const auto back = time_to_reach(samples, 10s, Bitrate::kbps(2400));
  ASSERT_TRUE(back);
  EXPECT_LE(*back, 5s);
}

}  // namespace
}  // namespace turms::rtc::bwe
