#pragma once

#include "im/testing/repository_conformance.h"

// What every implementation of the repository of positions of reading must do.

namespace turms::im::testing {

TEST_P(RepositoryConformance, ReadDatesDoNotMoveBackwards) {
  const auto move = [&](int64_t at) {
    return ok(store_.conversations.move_private(
        may(action::MovePrivateReadDate{UserId(1), UserId(2)}), {.now = time_at(at)}));
  };
  EXPECT_TRUE(move(5).done);
  EXPECT_TRUE(move(5).done);
  const ReadMoved behind = move(4);
  EXPECT_TRUE(behind.done) << "the clock is no reason to refuse";
  EXPECT_EQ(behind.read_date, time_at(5));
  EXPECT_TRUE(move(6).done);
  auto found = ok(store_.conversations.find_private({UserId(1), UserId(3)}, UserId(2)));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].read_date, time_at(6));

  const auto until = [&](int64_t at, bool backwards = false) {
    return ok(store_.conversations.move_group(
        may(action::MoveGroupReadDate{GroupId(10), UserId(1)}),
        {.now = time_at(9), .until = time_at(at), .backwards = backwards}));
  };
  EXPECT_TRUE(until(3).done);
  EXPECT_FALSE(until(2).done);
  EXPECT_TRUE(until(2, true).done);
  const auto groups = ok(store_.conversations.find_group({GroupId(10), GroupId(11)}));
  ASSERT_EQ(groups.size(), 1u);
  ASSERT_EQ(groups[0].reads.size(), 1u);
  EXPECT_EQ(groups[0].reads[0].read_date, time_at(2));
}

TEST_P(RepositoryConformance, WritingMovesTheWritersReadDate) {
  send(id_at(4), 1, std::nullopt, 2);
  auto found = ok(store_.conversations.find_private({UserId(1)}, UserId(2)));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].read_date, time_at(4));
  EXPECT_TRUE(ok(store_.conversations.find_private({UserId(2)}, UserId(1))).empty());
  send(id_at(6), 1, 10, std::nullopt);
  EXPECT_EQ(ok(store_.conversations.find_group({GroupId(10)}))[0].reads[0].read_date, time_at(6));
}

TEST_P(RepositoryConformance, ReadPositionsAreSequences) {
  for (int64_t at = 1; at <= 5; ++at) send(id_at(at), 1, 10, std::nullopt);
  const auto read = [&](ReadMove move) {
    move.now = time_at(100);
    return ok(store_.conversations.move_group(
        may(action::MoveGroupReadDate{GroupId(10), UserId(2)}), move));
  };
  EXPECT_EQ(read({.until = time_at(2)}).read_sequence, 2);
  EXPECT_EQ(read({.sequence = 4}).read_sequence, 4);
  EXPECT_FALSE(read({.sequence = 3}).done);
  EXPECT_EQ(read({.sequence = 3}).read_sequence, 4);
  EXPECT_EQ(read({.sequence = 9}).read_sequence, 5) << "no further than there is";
  send(id_at(6), 1, 10, std::nullopt);
  EXPECT_EQ(read({}).read_sequence, 6);
  send(id_at(7), 2, 10, std::nullopt);
  const auto found = ok(store_.conversations.find_group({GroupId(10)}));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].reads.at(0).read_sequence, 6) << "up to what they wrote";
  EXPECT_EQ(found[0].reads.at(1).read_sequence, 7);
}

}  // namespace turms::im::testing
