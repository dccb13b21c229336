#include "sfu/rise_trial.h"

#include <gtest/gtest.h>

namespace turms::sfu {
namespace {

/// A path of which 500 kbit/s are used, and a layer that would make it 900.
class RiseTrialTest : public testing::Test {
 protected:
  /// As feedback comes, each 50 ms; what is padded gets through.
  void run(Duration length) {
    for (Duration spent{}; spent < length; spent += 50ms) {
      now_ += 50ms;
      seen_.acknowledged_bps = std::max(seen_.allocated_bps, trial_.rate_bps());
      trial_.update(now_, seen_);
    }
  }
  /// How long it takes until one begins.
  Duration until_next(Duration most) {
    const TimePoint from = now_;
    while (!trial_.running() && now_ - from < most) run(50ms);
    return now_ - from;
  }
  /// Where a queue grows as soon as there is padding.
  void fail_next() {
    until_next(200s);
    ASSERT_TRUE(trial_.running());
    run(200ms);
    seen_.queue = RiseTrial::kQueueOfSmall + 1ms;
    run(50ms);
    EXPECT_FALSE(trial_.running());
    EXPECT_EQ(trial_.rate_bps(), 0U);
    seen_.queue = 0ms;
  }

  RiseTrial trial_{1};
  RiseTrial::Seen seen_ = {.allocated_bps = 500'000,
                           .step_bps = 900'000,
                           .wanted_bps = 2'000'000,
                           .crowd_bps = 4'000'000,
                           .rtt = 100ms};
  TimePoint now_{100s};
};

TEST_F(RiseTrialTest, WhatGetsThroughForAWhileIsProven) {
  until_next(10s);
  ASSERT_TRUE(trial_.running());
  EXPECT_LE(trial_.rate_bps(), 550'000U);
  run(RiseTrial::kRamp);
  EXPECT_GE(trial_.rate_bps(), 1'000'000U);  // twice of what is sent
  run(RiseTrial::kHold);
  EXPECT_FALSE(trial_.proof());  // the round trip
  run(150ms);
  ASSERT_TRUE(trial_.proof());
  EXPECT_GE(trial_.proof()->bps, 1'000'000U);
  EXPECT_FALSE(trial_.running());
}

TEST_F(RiseTrialTest, NothingIsTriedWhereNothingIsDoubted) {
  seen_.step_bps = 0;
  EXPECT_GE(until_next(60s), 60s);
}

TEST_F(RiseTrialTest, APathThatIsNotQuietIsNotTried) {
  seen_.queue = 20ms;
  EXPECT_GE(until_next(60s), 60s);
  seen_.queue = 5ms;
  EXPECT_GE(until_next(60s), RiseTrial::kQuiet);
  EXPECT_TRUE(trial_.running());
}

TEST_F(RiseTrialTest, WithNobodyElseTheFirstComesLater) {
  seen_.crowd_bps = 0;
  EXPECT_GE(until_next(60s), RiseTrial::kAlone);
  EXPECT_TRUE(trial_.running());
}

TEST_F(RiseTrialTest, FailuresWaitLongerAndTryNoMoreThanTheStep) {
  fail_next();
  EXPECT_FALSE(trial_.proof());
  until_next(10s);
  run(RiseTrial::kRamp);
  EXPECT_EQ(trial_.rate_bps(), 945'000U);  // of 900
  seen_.queue = 50ms;
  run(50ms);
  seen_.queue = 0ms;
  for (int i = 0; i < 4; ++i) fail_next();
  EXPECT_GE(until_next(60s), RiseTrial::kMaxRetryInCrowd / 2);
}

TEST_F(RiseTrialTest, WhoWouldHaveMuchStopsAtTheFirstSignAndWaitsLonger) {
  seen_.step_bps = 2'000'000;
  until_next(10s);
  run(200ms);
  seen_.overusing = true;
  run(50ms);
  EXPECT_FALSE(trial_.running());
  seen_.overusing = false;
  EXPECT_GE(until_next(60s), 2 * RiseTrial::kFirstRetry);

  RiseTrialTest::seen_.step_bps = 900'000;
  trial_ = RiseTrial(1);
  until_next(10s);
  run(200ms);
  seen_.overusing = true;
  run(50ms);
  EXPECT_TRUE(trial_.running());  // a small part: others may give way
}

TEST_F(RiseTrialTest, APolicerIsLeftAlone) {
  until_next(10s);
  run(200ms);
  seen_.recent_loss = 0.3;
  run(50ms);
  EXPECT_FALSE(trial_.running());
  seen_.recent_loss = 0;
  EXPECT_GE(until_next(200s), RiseTrial::kMaxRetry / 2);
}

TEST_F(RiseTrialTest, LossesThatWereThereBeforeSayNothing) {
  seen_.loss = 0.05;
  seen_.recent_loss = 0.1;
  until_next(10s);
  run(RiseTrial::kRamp + RiseTrial::kHold + 200ms);
  EXPECT_TRUE(trial_.proof());
}

TEST_F(RiseTrialTest, PaddingThatCouldNotBeSentProvesNothing) {
  until_next(10s);
  while (trial_.running()) {
    now_ += 50ms;
    seen_.acknowledged_bps = 500'000;
    trial_.update(now_, seen_);
  }
  EXPECT_FALSE(trial_.proof());
}

TEST_F(RiseTrialTest, WhatDoesNotLastWasInVain) {
  until_next(10s);
  run(RiseTrial::kRamp + RiseTrial::kHold + 200ms);
  ASSERT_TRUE(trial_.proof());
  seen_.allocated_bps = 900'000;
  seen_.step_bps = 0;
  run(3s);
  EXPECT_TRUE(trial_.proof());
  seen_.allocated_bps = 500'000;
  seen_.step_bps = 900'000;
  run(50ms);
  EXPECT_FALSE(trial_.proof());
  EXPECT_FALSE(trial_.running());
}

}  // namespace
}  // namespace turms::sfu
