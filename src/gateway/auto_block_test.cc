#include "gateway/auto_block.h"

#include <gtest/gtest.h>

namespace turms::gateway {
namespace {

class AutoBlockTest : public testing::Test {
 protected:
  std::optional<Duration> trigger(const std::string& client = "a") {
    return block_.trigger(client, now_);
  }
  void trigger_unblocked(int times) {
    for (int i = 0; i < times; ++i) EXPECT_FALSE(trigger()) << i;
  }

  AutoBlock block_{{.enabled = true}};
  TimePoint now_{1h};
};

TEST_F(AutoBlockTest, TheFifthTimeBlocksAndEachFurtherOneForLonger) {
  trigger_unblocked(4);
  EXPECT_EQ(trigger(), 10min);
  EXPECT_EQ(trigger(), 30min);
  EXPECT_EQ(trigger(), 60min);
  EXPECT_EQ(trigger(), 60min);
  EXPECT_FALSE(trigger("b")) << "another client";
}

TEST_F(AutoBlockTest, TimeTakesTriggersBack) {
  trigger_unblocked(4);
  now_ += 2min;
  trigger_unblocked(2);
  EXPECT_EQ(trigger(), 10min);
}

TEST_F(AutoBlockTest, WhoBehavesAfterTheBlockBeginsAnew) {
  trigger_unblocked(4);
  EXPECT_EQ(trigger(), 10min);
  now_ += 12min;
  trigger_unblocked(4);
  EXPECT_EQ(trigger(), 10min);
}

TEST_F(AutoBlockTest, WhoGoesOnRightAfterTheBlockIsBlockedForLonger) {
  trigger_unblocked(4);
  EXPECT_EQ(trigger(), 10min);
  now_ += 10min;
  EXPECT_EQ(trigger(), 30min);
}

TEST(AutoBlock, NeverForgivesWithoutAnIntervalAndDoesNothingSwitchedOff) {
  AutoBlock strict({.enabled = true, .triggers = 2, .levels = {{1min, 0s, 0}}});
  EXPECT_FALSE(strict.trigger("a", TimePoint(1h)));
  EXPECT_EQ(strict.trigger("a", TimePoint(100h)), 1min);
  EXPECT_EQ(strict.trigger("a", TimePoint(200h)), 1min);
  AutoBlock off(AutoBlockRule{});
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(off.trigger("a", TimePoint(1h)));
}

}  // namespace
}  // namespace turms::gateway
