#include "rtc/bwe/path_delay.h"

#include <gtest/gtest.h>

#include <vector>

namespace turms::rtc::bwe {
namespace {

class BwePathDelayTest : public testing::Test {
 protected:
  /// A message about five packets, 10 ms apart, with delays from one to the other.
  void report(Duration first, Duration last) {
    std::vector<PacketResult> received;
    for (int i = 0; i < 5; ++i) {
      PacketResult packet;
      packet.sent = now_ + i * 10ms;
      packet.received = packet.sent + first + (last - first) * i / 4;
      received.push_back(packet);
    }
    now_ += 50ms;
    path_.on_feedback(now_, received);
  }
  void report(Duration delay) { report(delay, delay); }
  PathDelay path_;
  TimePoint now_{100s};
};

TEST_F(BwePathDelayTest, IsWhatIsAboveTheLeast) {
  for (int i = 0; i < 5; ++i) report(30ms);
  EXPECT_EQ(path_.queue(), 0ms);
  report(40ms, 60ms);
  EXPECT_EQ(path_.queue(), 10ms);
  report(60ms, 80ms);
  EXPECT_EQ(path_.queue(), 30ms);
  EXPECT_FALSE(path_.stepping());
}

TEST_F(BwePathDelayTest, ALongerPathIsTheBaseAfterAMoment) {
  for (int i = 0; i < 5; ++i) report(30ms);
  report(130ms);
  EXPECT_TRUE(path_.stepping());
  for (int i = 0; i < PathDelay::kStepMessages; ++i) report(131ms);
  EXPECT_FALSE(path_.stepping());
  EXPECT_LE(path_.queue(), 2ms);
  report(30ms);
  report(130ms, 140ms);
  EXPECT_GE(path_.queue(), 100ms);  // a shorter one is believed at once
}

TEST_F(BwePathDelayTest, AQueueIsNotTakenForALongerPath) {
  for (int i = 0; i < 5; ++i) report(30ms);
  report(130ms, 150ms);  // one gap, and then it grows
  report(150ms, 190ms);
  EXPECT_FALSE(path_.stepping());
  for (int i = 0; i < 5; ++i) report(190ms);
  EXPECT_EQ(path_.queue(), 160ms);
}

TEST_F(BwePathDelayTest, APathThatStoodStillForAMomentIsThatItWas) {
  for (int i = 0; i < 5; ++i) report(30ms);
  report(200ms, 40ms);
  report(30ms);
  report(30ms);
  EXPECT_FALSE(path_.stepping());
  EXPECT_EQ(path_.queue(), 0ms);
}

TEST_F(BwePathDelayTest, TheBaseIsHeldWhileOthersFillTheQueue) {
  report(30ms);
  report(30ms, 60ms);
  report(60ms, 90ms);
  for (int i = 0; i < 500; ++i) {
    path_.hold(now_);
    report(90ms, 95ms);
  }
  EXPECT_EQ(path_.queue(), 60ms);
  for (int i = 0; i < 500; ++i) report(90ms, 95ms);
  EXPECT_EQ(path_.queue(), 0ms);
}

}  // namespace
}  // namespace turms::rtc::bwe
