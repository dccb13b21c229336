#include "rtc/bwe/bottleneck_rate.h"

#include <gtest/gtest.h>

#include <vector>

namespace turms::rtc::bwe {
namespace {

constexpr TimePoint kStart{100s};

/// Packets of 1,000 bytes: one each `sent_every`, arriving each `received_every` after 100 ms.
std::vector<PacketResult> packets(int count, Duration sent_every, Duration received_every) {
  std::vector<PacketResult> out;
  for (int i = 0; i < count; ++i) {
    PacketResult packet;
    packet.sequence = i;
    packet.sent = kStart + i * sent_every;
    packet.received = kStart + 100ms + i * received_every;
    packet.size = 1000;
    out.push_back(packet);
  }
  return out;
}

TEST(BweBottleneckRateTest, IsWhatArrivesWhileAQueueStands) {
  BottleneckRate bottleneck;
  bottleneck.on_feedback(90ms, packets(20, 5ms, 10ms));
  ASSERT_TRUE(bottleneck.rate());
  EXPECT_NEAR(static_cast<double>(bottleneck.rate()->bps()), 800e3, 1e3);
  EXPECT_TRUE(bottleneck.sudden());
}

TEST(BweBottleneckRateTest, WithoutAQueueNothingIsKnown) {
  BottleneckRate bottleneck;
  bottleneck.on_feedback(90ms, packets(20, 5ms, 10ms));
  bottleneck.on_feedback(5ms, packets(20, 5ms, 10ms));
  EXPECT_FALSE(bottleneck.rate());
  EXPECT_FALSE(bottleneck.sudden());
}

TEST(BweBottleneckRateTest, AFewPacketsSayNothing) {
  BottleneckRate bottleneck;
  bottleneck.on_feedback(90ms, packets(5, 5ms, 10ms));
  EXPECT_FALSE(bottleneck.rate());
}

TEST(BweBottleneckRateTest, ALongerPathIsNotSudden) {
  // All of the delay comes between two packets.
  auto received = packets(20, 10ms, 10ms);
  for (size_t i = 10; i < received.size(); ++i) received[i].received += 100ms;
  BottleneckRate bottleneck;
  bottleneck.on_feedback(100ms, received);
  EXPECT_TRUE(bottleneck.rate());
  EXPECT_FALSE(bottleneck.sudden());
}

TEST(BweBottleneckRateTest, AQueueThatStandsIsNotSudden) {
  BottleneckRate bottleneck;
  bottleneck.on_feedback(200ms, packets(20, 10ms, 10ms));
  EXPECT_TRUE(bottleneck.rate());
  EXPECT_FALSE(bottleneck.sudden());
}

TEST(BweBottleneckRateTest, PairsTellTheCapacityOfASharedQueue) {
  // Two packets as one each 50 ms, of which the second comes 2 ms after the first.
  auto received = packets(20, 25ms, 25ms);
  for (size_t i = 1; i < received.size(); i += 2) {
    received[i].sent = received[i - 1].sent;
    received[i].received = received[i - 1].received + 2ms;
  }
  BottleneckRate bottleneck;
  bottleneck.on_feedback(90ms, received);
  ASSERT_TRUE(bottleneck.pairs());
  EXPECT_NEAR(static_cast<double>(bottleneck.pairs()->bps()), 4e6, 1e5);
  bottleneck = BottleneckRate();
  bottleneck.on_feedback(90ms, packets(20, 25ms, 25ms));
  EXPECT_FALSE(bottleneck.pairs());
}

TEST(BweBottleneckRateTest, LooksBackForAWindow) {
  BottleneckRate bottleneck;
  bottleneck.on_feedback(90ms, packets(50, 5ms, 20ms));  // a second at 400 kbit/s
  auto faster = packets(60, 5ms, 10ms);
  for (PacketResult& packet : faster) {
    packet.sent += 250ms;
    packet.received += 1000ms;
  }
  bottleneck.on_feedback(90ms, faster);
  ASSERT_TRUE(bottleneck.rate());
  EXPECT_NEAR(static_cast<double>(bottleneck.rate()->bps()), 800e3, 1e3);
}

}  // namespace
}  // namespace turms::rtc::bwe
