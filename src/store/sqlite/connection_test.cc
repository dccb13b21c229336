#include "store/sqlite/connection.h"

#include <gtest/gtest.h>

#include <vector>

namespace turms::store {
namespace {

TEST(SqliteConnection, KeepsSomeStatementsOfEachKindForTheNextUse) {
  auto opened = Connection::open(":memory:", Connection::Mode::kReadWrite, 1s);
  ASSERT_TRUE(opened);
  Connection& connection = **opened;
  const auto use_at_once = [&](size_t count) {
    std::vector<std::unique_ptr<Statement>> used;
    for (size_t i = 0; i < count; ++i) {
      used.emplace_back(new Statement(connection.prepare("select ?")));
      ASSERT_TRUE(used.back()->bind(static_cast<int64_t>(i)).step());
      EXPECT_EQ(used.back()->integer(), static_cast<int64_t>(i));
    }
    EXPECT_EQ(connection.idle(), 0u);
  };
  use_at_once(3);
  EXPECT_EQ(connection.idle(), 3u);
  use_at_once(10 * Connection::kMaxIdle);
  EXPECT_EQ(connection.idle(), Connection::kMaxIdle);
  EXPECT_EQ(connection.scalar("select 7"), 7);
  EXPECT_EQ(connection.idle(), Connection::kMaxIdle + 1);
  EXPECT_FALSE(connection.failed());
}

}  // namespace
}  // namespace turms::store
