#include "base/recent_log.h"

#include <gtest/gtest.h>

namespace turms::log {
namespace {

TEST(Log, KeepsTheLastLines) {
  for (size_t i = 0; i < kKeptLines + 5; ++i) info("line {}", i);
  debug("not written");
  warn("{}", std::string(2 * kMaxKeptBytes, 'x'));
  const auto lines = recent();
  ASSERT_EQ(lines.size(), kKeptLines);
  EXPECT_EQ(lines.front().text, "line 6");
  EXPECT_EQ(lines.back().level, Level::kWarn);
  EXPECT_EQ(lines.back().text.size(), kMaxKeptBytes);
  EXPECT_GT(lines.back().date.unix_ms, 0);
}

}  // namespace
}  // namespace turms::log
