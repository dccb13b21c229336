#include "media/turn_pacing.h"

#include <gtest/gtest.h>

namespace turms::media {
namespace {

constexpr TimePoint kStart{1h};
constexpr Duration kPause = TurnPacing::kPause;

TEST(TurnPacing, DoesNotPauseUnlessDataWentToMany) {
  TurnPacing pacing;
  EXPECT_EQ(pacing.pause(kStart, kNever), Duration(0));
  pacing.data_sent(kStart, TurnPacing::kMany - 1);
  pacing.woke(Duration(0));
  EXPECT_EQ(pacing.pause(kStart, kNever), Duration(0));
}

TEST(TurnPacing, PausesWhileAcknowledgementsComeCloseTogether) {
  TurnPacing pacing;
  pacing.data_sent(kStart, TurnPacing::kMany);
  EXPECT_EQ(pacing.pause(kStart, kNever), kPause);
  pacing.woke(kPause - 1us);
  EXPECT_EQ(pacing.pause(kStart + 1ms, kNever), kPause);
  pacing.woke(kPause);
  EXPECT_EQ(pacing.pause(kStart + 2ms, kNever), Duration(0));
  pacing.woke(kPause - 1us);
  EXPECT_EQ(pacing.pause(kStart + 3ms, kNever), kPause);
}

TEST(TurnPacing, EndsWithTheWindow) {
  TurnPacing pacing;
  pacing.data_sent(kStart, TurnPacing::kMany);
  EXPECT_EQ(pacing.pause(kStart + TurnPacing::kWindow - 1us, kNever), kPause);
  EXPECT_EQ(pacing.pause(kStart + TurnPacing::kWindow, kNever), Duration(0));
}

TEST(TurnPacing, DoesNotSleepThroughADeadline) {
  TurnPacing pacing;
  pacing.data_sent(kStart, TurnPacing::kMany);
  EXPECT_EQ(pacing.pause(kStart, kStart + kPause), Duration(0));
  EXPECT_EQ(pacing.pause(kStart, kStart + kPause + 1us), kPause);
  EXPECT_EQ(pacing.pause(kStart, TimePoint()), Duration(0));
}

}  // namespace
}  // namespace turms::media
