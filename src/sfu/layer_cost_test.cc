#include "sfu/layer_cost.h"

#include <gtest/gtest.h>

namespace turms::sfu {
namespace {

constexpr size_t kPacket = 962;  // 1,000 bytes on the wire

struct Layer {
  /// Half a second of 20 frames a second, each of one packet.
  void run(int packets_a_frame = 1, bool key_frame = false) {
    for (int frame = 0; frame < 10; ++frame) {
      int count = frame == 0 && key_frame ? 30 : packets_a_frame;
      for (int i = 0; i < count; ++i) cost.on_packet(0, kPacket, frame == 0 && key_frame);
    }
    cost.measure(500ms);
  }
  LayerCost cost;
};

TEST(LayerCost, CountsHeadersOfTheNetwork) {
  Layer layer;
  layer.run();
  EXPECT_EQ(layer.cost.bits_per_second(0), 160'000U);
}

TEST(LayerCost, IsThatOfTheTemporalLayersUpToOne) {
  LayerCost cost;
  for (int i = 0; i < 10; ++i) cost.on_packet(static_cast<uint8_t>(i % 2), kPacket);
  cost.measure(500ms);
  EXPECT_EQ(cost.temporal_count(), 2);
  EXPECT_EQ(cost.bits_per_second(0), 80'000U);
  EXPECT_EQ(cost.bits_per_second(1), 160'000U);
}

TEST(LayerCost, AKeyFrameIsAFrameOfUsualSize) {
  Layer layer;
  for (int i = 0; i < 6; ++i) layer.run();
  layer.run(1, true);
  EXPECT_NEAR(layer.cost.bits_per_second(0), 160'000, 16'000);
  EXPECT_LT(layer.cost.peak(), 1.15F);
}

TEST(LayerCost, RemembersTheLargestOfEightSeconds) {
  Layer layer;
  for (int i = 0; i < 6; ++i) layer.run(2);
  for (int i = 0; i < 10; ++i) layer.run(1);
  EXPECT_NEAR(layer.cost.bits_per_second(0), 160'000, 1'000);
  EXPECT_NEAR(layer.cost.peak(), 2, 0.01);
  for (int i = 0; i < 16; ++i) layer.run(1);
  EXPECT_LT(layer.cost.peak(), 1.01F);
}

TEST(LayerCost, OneThatStandsStillIsNotForNothing) {
  Layer layer;
  for (int i = 0; i < 6; ++i) layer.run(2);
  for (int i = 0; i < 10; ++i) layer.run(0);
  EXPECT_NEAR(layer.cost.bits_per_second(0), 160'000, 2'000);
  for (int i = 0; i < 16; ++i) layer.run(0);
  EXPECT_EQ(layer.cost.bits_per_second(0), 0U);
}

TEST(LayerCost, BeginsAnew) {
  Layer layer;
  for (int i = 0; i < 6; ++i) layer.run(2);
  layer.cost.reset();
  EXPECT_EQ(layer.cost.bits_per_second(0), 0U);
  EXPECT_EQ(layer.cost.age(), 0);
}

}  // namespace
}  // namespace turms::sfu
