#include "gateway/token_bucket.h"

#include <gtest/gtest.h>

namespace turms::gateway {
namespace {

int take_all(TokenBucket& bucket, TimePoint now, int most = 100) {
  int taken = 0;
  while (taken < most && bucket.take(now)) ++taken;
  return taken;
}

TEST(TokenBucket, GivesWhatItBeginsWithThenWhatEachPeriodBrings) {
  TimePoint now{1h};
  TokenBucket bucket(
      {.capacity = 8, .initial_tokens = 3, .tokens_per_period = 2, .refill_interval = 100ms}, now);
  EXPECT_EQ(take_all(bucket, now), 3);
  EXPECT_EQ(take_all(bucket, now + 99ms), 0);
  EXPECT_EQ(take_all(bucket, now + 100ms), 2);
  // Periods are counted from the first one's begin, not from when somebody asked.
  EXPECT_EQ(take_all(bucket, now + 250ms), 2);
  EXPECT_EQ(take_all(bucket, now + 300ms), 2);
  EXPECT_EQ(take_all(bucket, now + 1h), 8);
}

TEST(TokenBucket, BeginsWithNoMoreThanItHolds) {
  TokenBucket bucket({.capacity = 2, .initial_tokens = 50}, TimePoint{1h});
  EXPECT_EQ(take_all(bucket, TimePoint{1h}), 2);
}

TEST(TokenBucket, WithoutAnIntervalNothingComesBack) {
  TokenBucket bucket({.capacity = 2, .initial_tokens = 2, .refill_interval = 0s}, TimePoint{1h});
  EXPECT_EQ(take_all(bucket, TimePoint{1h}), 2);
  EXPECT_FALSE(bucket.take(TimePoint{1000h}));
}

TEST(TokenBucket, ALongSilenceFillsItOnce) {
  TokenBucket bucket({.capacity = 1000000,
                      .initial_tokens = 0,
                      .tokens_per_period = 1000000,
                      .refill_interval = 1ms},
                     TimePoint{});
  EXPECT_EQ(take_all(bucket, TimePoint{24h * 365 * 100}, 2000000), 1000000);
}

TEST(TokenBucket, WithoutACapacityThereIsNoLimit) {
  TokenBucket bucket(RateLimit{}, TimePoint{1h});
  EXPECT_EQ(take_all(bucket, TimePoint{1h}), 100);
}

}  // namespace
}  // namespace turms::gateway
