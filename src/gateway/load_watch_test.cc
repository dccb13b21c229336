#include "gateway/load_watch.h"

#include <gtest/gtest.h>

namespace turms::gateway {
namespace {

TEST(LoadWatch, ShutsWhenTheLoopStaysLateAndOpensWhenItKeepsUp) {
  LoadWatch watch({.delay = 100ms, .free_bytes = 0});
  EXPECT_FALSE(watch.sample(100ms, {}));
  EXPECT_FALSE(watch.sample(100ms, {}));
  EXPECT_FALSE(watch.sample(99ms, {})) << "one good turn begins anew";
  EXPECT_FALSE(watch.sample(1s, {}));
  EXPECT_FALSE(watch.sample(1s, {}));
  EXPECT_FALSE(watch.overloaded());
  EXPECT_TRUE(watch.sample(1s, {}));
  EXPECT_TRUE(watch.overloaded());
  EXPECT_FALSE(watch.sample(0ms, {}));
  EXPECT_FALSE(watch.sample(0ms, {}));
  EXPECT_TRUE(watch.overloaded());
  EXPECT_TRUE(watch.sample(0ms, {}));
  EXPECT_FALSE(watch.overloaded());
}

TEST(LoadWatch, ShutsWhenMemoryIsShort) {
  LoadWatch watch({.delay = 0s, .free_bytes = 1000});
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(watch.sample(1h, 1000)) << i;
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(watch.sample(1h, std::nullopt)) << i;
  EXPECT_FALSE(watch.sample(0s, 999));
  EXPECT_FALSE(watch.sample(0s, 999));
  EXPECT_TRUE(watch.sample(0s, 999));
  EXPECT_TRUE(watch.overloaded());
}

TEST(LoadWatch, ReadsWhatTheSystemSays) {
  EXPECT_EQ(available_bytes("MemTotal: 9 kB\nMemAvailable:     2048 kB\n"), 2048 * 1024);
  EXPECT_FALSE(available_bytes("MemTotal: 9 kB\n"));
  EXPECT_FALSE(available_bytes("MemAvailable:"));
  EXPECT_FALSE(available_bytes("MemAvailable: x kB"));
}

}  // namespace
}  // namespace turms::gateway
