#include "rtc/bwe/crowd.h"

#include <gtest/gtest.h>

namespace turms::rtc::bwe {
namespace {

class BweCrowdTest : public testing::Test {
 protected:
  /// Feedback each 50 ms.
  void run(Duration length, std::optional<int64_t> arrives_kbps, int64_t pairs_kbps) {
    for (Duration spent{}; spent < length; spent += 50ms) {
      now_ += 50ms;
      std::optional<Bitrate> arrives;
      if (arrives_kbps) arrives = Bitrate::kbps(*arrives_kbps);
      crowd_.on_feedback(now_, arrives, Bitrate::kbps(pairs_kbps));
    }
  }
  Crowd crowd_;
  TimePoint now_{100s};
};

TEST_F(BweCrowdTest, PairsThatAreFasterThanTheRestTellOfOthers) {
  run(500ms, 1000, 4000);
  ASSERT_TRUE(crowd_.seen(now_));
  EXPECT_EQ(crowd_.capacity(now_), Bitrate::kbps(4000));
  EXPECT_DOUBLE_EQ(crowd_.part(now_).value(), 0.25);
}

TEST_F(BweCrowdTest, AloneBothAreTheCapacity) {
  run(5s, 1000, 1200);
  EXPECT_FALSE(crowd_.seen(now_));
  EXPECT_TRUE(crowd_.capacity(now_).is_zero());
  EXPECT_FALSE(crowd_.part(now_));
}

TEST_F(BweCrowdTest, PacketsThatComeTogetherAreARadio) {
  run(5s, 1000, 20'000);
  EXPECT_FALSE(crowd_.seen(now_));
}

TEST_F(BweCrowdTest, AMomentIsNotEnough) {
  for (int i = 0; i < 10; ++i) {
    run(Crowd::kSure, 1000, 4000);
    run(50ms, std::nullopt, 4000);
  }
  EXPECT_FALSE(crowd_.seen(now_));
}

TEST_F(BweCrowdTest, IsForgottenLaterWhenItWasSeenAgain) {
  run(500ms, 1000, 4000);
  run(Crowd::kMemory, std::nullopt, 4000);
  EXPECT_FALSE(crowd_.seen(now_));
  run(500ms, 1000, 4000);
  run(5s, std::nullopt, 4000);
  run(500ms, 1000, 4000);
  run(Crowd::kMemory, std::nullopt, 4000);
  EXPECT_TRUE(crowd_.seen(now_));
  run(Crowd::kLongMemory - Crowd::kMemory, std::nullopt, 4000);
  EXPECT_FALSE(crowd_.seen(now_));
}

}  // namespace
}  // namespace turms::rtc::bwe
