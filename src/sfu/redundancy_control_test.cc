#include "sfu/redundancy_control.h"

#include <gtest/gtest.h>

namespace turms::sfu {
namespace {

/// Reports of a stream of 50 packets a second.
struct Link {
  void run(Duration length, double loss, Duration interval = 1s) {
    for (TimePoint end = now + length; now < end;) {
      now += interval;
      auto packets = static_cast<uint32_t>(to_ms(interval) / 20);
      highest += packets;
      lost += packets * loss;
      rtc::rtcp::ReportBlock block;
      block.extended_highest_sequence = highest;
      block.cumulative_lost = static_cast<int32_t>(lost);
      block.fraction_lost = static_cast<uint8_t>(loss * 256);
      control.on_report(now, block);
    }
  }
  RedundancyControl control;
  TimePoint now{100s};
  uint32_t highest = 1000;
  double lost = 0;
};

TEST(RedundancyControl, BeginsWithOneAndNeedsNoneWithoutLoss) {
  Link link;
  EXPECT_EQ(link.control.distance(), 1);
  link.run(1s, 0);
  EXPECT_EQ(link.control.distance(), 0);
}

TEST(RedundancyControl, OneAboveTwoPercentTwoAboveEight) {
  Link link;
  link.run(10s, 0.015);
  EXPECT_EQ(link.control.distance(), 0);
  link.run(3s, 0.05);
  EXPECT_EQ(link.control.distance(), 1);
  link.run(60s, 0.07);
  EXPECT_EQ(link.control.distance(), 1);
  link.run(3s, 0.1);
  EXPECT_EQ(link.control.distance(), 2);
}

TEST(RedundancyControl, IsSlowToTakeLess) {
  Link link;
  link.run(3s, 0.1);
  link.run(9s, 0);
  EXPECT_EQ(link.control.distance(), 2);
  link.run(2s, 0);
  EXPECT_EQ(link.control.distance(), 1);
  link.run(11s, 0);
  EXPECT_EQ(link.control.distance(), 0);
  // Around the bar it stays.
  link.run(2s, 0.03);
  for (int i = 0; i < 20; ++i) {
    link.run(2s, 0.015);
    EXPECT_EQ(link.control.distance(), 1);
  }
}

TEST(RedundancyControl, HeedsRequestsBetweenReports) {
  Link link;
  link.run(5s, 0);
  link.control.on_request(link.now, 10, 1000);
  link.control.on_request(link.now + 100ms, 10, 1005);  // the same again
  link.control.on_request(link.now + 200ms, 30, 1010);
  EXPECT_EQ(link.control.distance(), 0);
  link.control.on_request(link.now + 400ms, 40, 1020);
  EXPECT_EQ(link.control.distance(), 1);
  for (uint16_t n = 41; n < 46; ++n) link.control.on_request(link.now + 500ms, n, 1025);
  EXPECT_EQ(link.control.distance(), 2);
}

TEST(RedundancyControl, TakesFewRequestsForChance) {
  Link link;
  link.run(5s, 0);
  for (int i = 0; i < 50; ++i) {
    link.control.on_request(link.now + i * 1s, static_cast<uint16_t>(i * 50), 1000 + i * 50U);
  }
  EXPECT_EQ(link.control.distance(), 0);
}

TEST(RedundancyControl, IgnoresReportsThatCannotBe) {
  Link link;
  link.run(5s, 0);
  rtc::rtcp::ReportBlock block;
  block.extended_highest_sequence = 5;  // back
  block.cumulative_lost = 100'000;
  link.control.on_report(link.now, block);
  block.extended_highest_sequence = 0x7000'0000;
  block.cumulative_lost = -5;
  link.control.on_report(link.now, block);
  EXPECT_EQ(link.control.distance(), 0);
}

}  // namespace
}  // namespace turms::sfu
