#pragma once

#include "im/testing/repositories_conformance.h"

// What every implementation of the repositories of joining groups must do.

namespace turms::im::testing {

class EnrollmentConformance : public RepositoryConformance {
 protected:
  GroupBlocklistRepository::Blocked block(int64_t group, int64_t user, WallTime now = kNow) {
    return ok(store_.group_blocklist.block(may(action::BlockInGroup{GroupId(group), UserId(user)}),
                                           UserId(1), now));
  }
  bool unblock(int64_t group, int64_t user, WallTime now = kNow) {
    return ok(store_.group_blocklist.unblock(
        may(action::UnblockInGroup{GroupId(group), UserId(user)}), now));
  }
  std::vector<UserId> blocked(int64_t group) {
    return ok(store_.groups.load(GroupId(group)))->blocked;
  }
};

TEST_P(EnrollmentConformance, BlockingRemovesAMemberAndNoOwner) {
  using Blocked = GroupBlocklistRepository::Blocked;
  add_group(10, {1, 2});
  EXPECT_EQ(version(VersionOf::kGroupBlocklist, 10), kNow) << "there from the creation on";
  EXPECT_EQ(block(10, 2, time_at(1)), Blocked::kDoneAndRemoved);
  EXPECT_EQ(block(10, 2, time_at(2)), Blocked::kExists);
  EXPECT_EQ(block(10, 7, time_at(3)), Blocked::kDone);
  EXPECT_EQ(block(10, 1, time_at(4)), Blocked::kOwner);
  EXPECT_EQ(block(11, 2, time_at(4)), Blocked::kGroupGone);
  EXPECT_EQ(member_ids(10), std::vector<int64_t>{1});
  EXPECT_EQ(blocked(10), users({2, 7}));
  EXPECT_EQ(version(VersionOf::kGroupBlocklist, 10), time_at(3));
  EXPECT_EQ(version(VersionOf::kGroupMembers, 10), time_at(1));
  EXPECT_EQ(version(VersionOf::kJoinedGroups, 2), time_at(1));
}

TEST_P(EnrollmentConformance, UnblockingLetsInAgain) {
  add_group(10, {1});
  block(10, 2);
  EXPECT_TRUE(unblock(10, 2, time_at(5)));
  EXPECT_FALSE(unblock(10, 2, time_at(6)));
  EXPECT_TRUE(blocked(10).empty());
  EXPECT_EQ(version(VersionOf::kGroupBlocklist, 10), time_at(5));
}

TEST_P(EnrollmentConformance, ADeletedGroupKeepsNobodyOut) {
  add_group(10, {1});
  block(10, 2);
  ok(store_.groups.remove(may(action::RemoveGroup{GroupId(10)}), kNow));
  EXPECT_TRUE(blocked(10).empty());
  EXPECT_FALSE(version(VersionOf::kGroupBlocklist, 10));
  EXPECT_EQ(block(10, 2), GroupBlocklistRepository::Blocked::kGroupGone);
}

}  // namespace turms::im::testing
