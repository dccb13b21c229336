#include "sfu/repair_budget.h"

#include <gtest/gtest.h>

namespace turms::sfu {
namespace {

using rtc::bwe::Bitrate;

/// Bytes that are sent again in ten seconds of requests for far more.
size_t spent(Bitrate estimate, Duration queue) {
  RepairBudget budget;
  size_t bytes = 0;
  for (TimePoint now{10s}; now < TimePoint{20s}; now += 1ms) {
    if (budget.take(now, 1200, estimate, queue)) bytes += 1200;
  }
  return bytes;
}

TEST(RepairBudget, IsAQuarterOfThePathWhereAQueueStands) {
  const double path = 2'000'000.0 / 8 * 10;
  EXPECT_NEAR(static_cast<double>(spent(Bitrate::kbps(2000), 100ms)), path / 4, path * 0.02);
  EXPECT_NEAR(static_cast<double>(spent(Bitrate::kbps(2000), 0ms)), path, path * 0.06);
}

TEST(RepairBudget, LetsAPacketThroughOnANarrowPath) {
  EXPECT_GT(spent(Bitrate::kbps(30), 100ms), 0U);
}

TEST(RepairBudget, DoesNotSaveUp) {
  RepairBudget budget;
  TimePoint now{10s};
  (void)budget.take(now, 1200, Bitrate::kbps(1000), {});
  now += 1min;
  size_t bytes = 0;
  while (budget.take(now, 1200, Bitrate::kbps(1000), {})) bytes += 1200;
  EXPECT_LE(bytes, 62'500U);
}

}  // namespace
}  // namespace turms::sfu
