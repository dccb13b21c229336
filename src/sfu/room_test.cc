#include "sfu/room.h"

#include <gtest/gtest.h>
namespace turms::sfu {
namespace {
TEST(Room, Makes) {
  Room room(RoomConfig{});
  EXPECT_EQ(room.next_timeout(), kNever);
}
}  // namespace
}  // namespace turms::sfu
