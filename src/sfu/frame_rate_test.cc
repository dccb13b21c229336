// How many pictures a second a subscriber asks for.
#include <gtest/gtest.h>

#include "sfu/room_testing.h"

namespace turms::sfu {
namespace {

using namespace testing_support;

class FrameRateTest : public testing::Test {
 protected:
  FrameRateTest() {
    call_.start();
    call_.frame(0, true);
  }
  void ask(uint32_t max_fps) {
    call_.room.set_layer_request(call_.now, kSubscription, {.max_fps = max_fps});
  }
  /// What is forwarded of four seconds, per second. Pictures of 1..3 temporal layers come at this
  /// rate; their measurement settles before.
  size_t forwarded(int fps, int temporal_layers) {
    const auto play = [&](int frames) {
      for (int i = 0; i < frames; ++i) {
        ++sequence_;
        static constexpr uint8_t kOrder[3][4] = {{0, 0, 0, 0}, {0, 1, 0, 1}, {0, 2, 1, 2}};
        call_.frame(sequence_, false, kOrder[temporal_layers - 1][sequence_ % 4]);
        call_.advance(1000ms / fps);
      }
    };
    play(4 * fps);
    call_.subscriber.clear();
    play(4 * fps);
    return call_.subscriber.of(kOut).size() / 4;
  }

  Call call_;
  uint16_t sequence_ = 0;
};

TEST_F(FrameRateTest, IsThatOfAsManyTemporalLayersAsFit) {
  EXPECT_EQ(forwarded(20, 2), 20U);
  ask(15);
  EXPECT_EQ(forwarded(20, 2), 10U);
  ask(20);
  EXPECT_EQ(forwarded(20, 2), 20U);
  ask(0);
  EXPECT_EQ(forwarded(20, 2), 20U);
}

TEST_F(FrameRateTest, OfThreeTemporalLayers) {
  ask(15);
  EXPECT_NEAR(static_cast<double>(forwarded(30, 3)), 15, 1);
  ask(8);
  EXPECT_NEAR(static_cast<double>(forwarded(30, 3)), 7, 1);
  ask(1);
  EXPECT_NEAR(static_cast<double>(forwarded(30, 3)), 7, 1) << "the lowest there is";
}

TEST_F(FrameRateTest, FollowsThePublisher) {
  ask(15);
  EXPECT_EQ(forwarded(20, 2), 10U);
  EXPECT_EQ(forwarded(10, 2), 10U) << "slow enough as it is";
  EXPECT_EQ(forwarded(20, 2), 10U);
}

TEST_F(FrameRateTest, WithoutTemporalLayersAllFramesPass) {
  ask(5);
  EXPECT_EQ(forwarded(20, 1), 20U);
  ask(UINT32_MAX);
  EXPECT_EQ(forwarded(20, 2), 20U);
}

}  // namespace
}  // namespace turms::sfu
