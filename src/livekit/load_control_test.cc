#include "livekit/load_control.h"

#include <gtest/gtest.h>

namespace turms::livekit {
namespace {

using Full = LoadControl::Full;

class LoadControlTest : public testing::Test {
 protected:
  /// So many seconds of this load.
  void run(int seconds, std::vector<double> workers, double service = 0.1, double packets = 0) {
    for (int i = 0; i < seconds; ++i) {
      now_ += LoadControl::kInterval;
      control_.sample(now_, {workers, service, packets});
    }
  }
  /// Seconds of this load until worker 0 leaves out so many layers.
  int until(int left_out, double load) {
    for (int seconds = 0; seconds < 1000; ++seconds) {
      if (control_.left_out()[0] == left_out) return seconds;
      run(1, {load});
    }
    ADD_FAILURE() << "never";
    return 0;
  }

  LoadControl control_{{.admit_cpu = 0.8, .admit_packets_per_second = 1000, .shed_cpu = 0.9}};
  TimePoint now_{100s};
};

TEST_F(LoadControlTest, TheDoorClosesWhenAllWorkersAreBusy) {
  run(10, {0.85, 0.5});
  EXPECT_EQ(control_.full(), Full::kNo) << "there is room on the second";
  run(2, {0.85, 0.81});
  EXPECT_EQ(control_.full(), Full::kNo) << "a busy moment is no load";
  run(1, {0.85, 0.81});
  EXPECT_EQ(control_.full(), Full::kWorkers);
}

TEST_F(LoadControlTest, TheDoorOpensWhenThereHasBeenRoomForAWhile) {
  run(3, {0.85});
  ASSERT_EQ(control_.full(), Full::kWorkers);
  run(60, {0.75});
  EXPECT_EQ(control_.full(), Full::kWorkers) << "nearly full is not free";
  run(2, {0.5});
  run(3, {0.78});
  run(5, {0.5});
  EXPECT_EQ(control_.full(), Full::kWorkers) << "it was not calm for long enough";
  run(2, {0.5});
  EXPECT_EQ(control_.full(), Full::kNo);
}

TEST_F(LoadControlTest, TheServiceAndPacketsHaveLimitsToo) {
  run(3, {0.1}, 0.9);
  EXPECT_EQ(control_.full(), Full::kService);
  run(20, {0.1}, 0.1, 950);
  EXPECT_EQ(control_.full(), Full::kService);
  run(20, {0.1}, 0.1, 850);
  EXPECT_EQ(control_.full(), Full::kNo);
  run(3, {0.1}, 0.1, 1001);
  EXPECT_EQ(control_.full(), Full::kPackets);
}

TEST_F(LoadControlTest, WithoutLimitsNothingHappens) {
  LoadControl control({.admit_cpu = 0, .admit_packets_per_second = 0, .shed_cpu = 0});
  for (int i = 0; i < 100; ++i) control.sample(now_ += 1s, {{1, 1}, 1, 1e9});
  EXPECT_EQ(control.full(), Full::kNo);
  EXPECT_EQ(control.left_out(), (std::vector<int>{0, 0}));
}

TEST_F(LoadControlTest, LayersGoDownStepByStepWhereAWorkerIsShort) {
  run(3, {0.95, 0.5});
  EXPECT_EQ(control_.left_out(), (std::vector<int>{1, 0}));
  run(2, {0.95, 0.5});
  EXPECT_EQ(control_.left_out(), (std::vector<int>{1, 0})) << "the first step needs its time";
  run(1, {0.95, 0.5});
  EXPECT_EQ(control_.left_out(), (std::vector<int>{2, 0}));
  run(100, {0.95, 0.5});
  EXPECT_EQ(control_.left_out(), (std::vector<int>{2, 0})) << "the lowest layer stays";
}

TEST_F(LoadControlTest, LayersComeBackOneAfterTheOther) {
  run(6, {0.95});
  ASSERT_EQ(control_.left_out()[0], 2);
  run(100, {0.7});
  EXPECT_EQ(control_.left_out()[0], 2) << "what comes back costs";
  EXPECT_NEAR(until(1, 0.5), 11, 2);
  EXPECT_NEAR(until(0, 0.5), 11, 2);
}

TEST_F(LoadControlTest, WhatHadToGoAgainWaitsLonger) {
  run(3, {0.95});
  ASSERT_EQ(control_.left_out()[0], 1);
  int waited = until(0, 0.5);
  for (int i = 0; i < 6; ++i) {
    until(1, 0.95);
    const int before = waited;
    waited = until(0, 0.5);
    EXPECT_GE(waited, before);
  }
  EXPECT_NEAR(waited, 161, 3) << "at most";
  run(40, {0.5});
  until(1, 0.95);
  EXPECT_NEAR(until(0, 0.5), 11, 3) << "it held in between";
}

}  // namespace
}  // namespace turms::livekit
