#include "ended_meetings.h"

#include <gtest/gtest.h>

namespace turms::livekit_plugin {
namespace {

constexpr TimePoint kStart{std::chrono::hours(1)};

TEST(EndedMeetings, AreKeptAsLongAsATokenLives) {
  EndedMeetings ended(600s);
  ended.add(kStart, 5);
  EXPECT_TRUE(ended.contains(kStart + 599s, 5));
  EXPECT_FALSE(ended.contains(kStart + 600s, 5));
  EXPECT_FALSE(ended.contains(kStart, 6));
  ended.add(kStart + 300s, 5);  // somebody came, and was given another token
  EXPECT_TRUE(ended.contains(kStart + 899s, 5));
  ended.add(kStart + 700s, 6);
  EXPECT_TRUE(ended.contains(kStart + 700s, 5)) << "the first entry's end is not the meeting's";
  ended.remove(5);
  EXPECT_FALSE(ended.contains(kStart + 700s, 5));
  ended.add(kStart + 2000s, 7);
  EXPECT_EQ(ended.size(), 1u) << "what expired takes no room";
}

TEST(EndedMeetings, AreBounded) {
  EndedMeetings ended(600s, 2);
  for (int64_t id = 1; id <= 3; ++id) ended.add(kStart + std::chrono::seconds(id), id);
  EXPECT_EQ(ended.size(), 2u);
  EXPECT_FALSE(ended.contains(kStart + 4s, 1));
  EXPECT_TRUE(ended.contains(kStart + 4s, 3));
  for (int i = 0; i < 10; ++i) ended.add(kStart + 5s, 3);
  EXPECT_TRUE(ended.contains(kStart + 6s, 3));
}

TEST(EndedMeetings, TakeTurns) {
  EndedMeetings ended(600s);
  for (int64_t id = 1; id <= 3; ++id) ended.add(kStart, id);
  EXPECT_EQ(ended.next(kStart, 2), (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(ended.next(kStart, 2), (std::vector<int64_t>{3, 1}));
  EXPECT_EQ(ended.next(kStart, 9), (std::vector<int64_t>{2, 3, 1}));
  EXPECT_TRUE(ended.next(kStart + 600s, 9).empty());
}

}  // namespace
}  // namespace turms::livekit_plugin
