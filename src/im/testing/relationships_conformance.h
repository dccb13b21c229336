#pragma once

#include "im/testing/repository_conformance.h"

// What every implementation of the repository of relationships and their groups must do.

namespace turms::im::testing {

TEST_P(RepositoryConformance, ReachabilityKnowsFriendsAndBlocked) {
  add_user(1);
  EXPECT_FALSE(ok(store_.relationships.reachability(UserId(2))).exists_and_active);
  relate(1, 3, {});
  relate(1, 2, {.blocked = true, .name = {}, .join_group = {}, .leave_group = {}});
  auto known = ok(store_.relationships.reachability(UserId(1)));
  EXPECT_TRUE(known.exists_and_active);
  EXPECT_EQ(known.blocked, std::vector<UserId>{UserId(2)});
  EXPECT_EQ(known.friends, std::vector<UserId>{UserId(3)});
  relate(1, 2, {.blocked = false, .name = {}, .join_group = {}, .leave_group = {}});
  known = ok(store_.relationships.reachability(UserId(1)));
  EXPECT_TRUE(known.blocked.empty());
  EXPECT_EQ(known.friends, (std::vector<UserId>{UserId(2), UserId(3)}));
}

TEST_P(RepositoryConformance, ARelationshipKeepsWhatAChangeDoesNotName) {
  using Put = RelationshipRepository::Put;
  add_user(1);
  const auto begun = version(VersionOf::kRelationships, 1);
  ASSERT_TRUE(begun);
  const auto permit = may(action::PutRelationship{UserId(1), UserId(2)});
  EXPECT_EQ(ok(store_.relationships.create(permit, true, "bob", 7, time_at(1))), Put::kDone);
  EXPECT_EQ(ok(store_.relationships.create(permit, false, "x", 0, time_at(2))), Put::kExists);
  auto one = relationships({}).front();
  EXPECT_EQ(one.block_date, time_at(1));
  EXPECT_EQ(one.name, "bob");
  EXPECT_EQ(one.group_index, 7);
  EXPECT_GT(version(VersionOf::kRelationships, 1), begun);

  EXPECT_EQ(relate(1, 2, {.blocked = true, .name = "bob", .join_group = 7, .leave_group = {}}),
            Put::kUnchanged);
  EXPECT_EQ(relate(1, 2, {.blocked = {}, .name = "bobby", .join_group = {}, .leave_group = {}}),
            Put::kDone);
  one = relationships({}).front();
  EXPECT_EQ(one.block_date, time_at(1));
  EXPECT_EQ(one.name, "bobby");
  EXPECT_EQ(one.group_index, 7);
  EXPECT_EQ(one.establishment_date, time_at(1));
}

TEST_P(RepositoryConformance, ARelationshipIsInOneGroupAtLeast) {
  const auto in = [&](int32_t group) { return relationships({group}).size(); };
  relate(1, 2, {.blocked = {}, .name = {}, .join_group = 5, .leave_group = {}});
  EXPECT_EQ(in(5), 1u);
  EXPECT_EQ(in(0), 0u);
  relate(1, 2, {.blocked = {}, .name = {}, .join_group = 6, .leave_group = {}});
  EXPECT_EQ(in(5) + in(6), 2u);
  relate(1, 2, {.blocked = {}, .name = {}, .join_group = 8, .leave_group = 6});
  EXPECT_EQ(in(6), 0u);
  EXPECT_EQ(in(8), 1u);
  relate(1, 2, {.blocked = {}, .name = {}, .join_group = {}, .leave_group = 8});
  EXPECT_EQ(in(0), 0u);
  relate(1, 2, {.blocked = {}, .name = {}, .join_group = {}, .leave_group = 5});
  EXPECT_EQ(in(0), 1u);
  EXPECT_EQ(relate(1, 2, {.blocked = {}, .name = {}, .join_group = {}, .leave_group = 0}),
            RelationshipRepository::Put::kUnchanged);

  const auto remove = [&](std::optional<int32_t> from, std::optional<int32_t> to) {
    return ok(store_.relationships.remove(may(action::RemoveRelationship{UserId(1), UserId(2)}),
                                          from, to, false, kNow));
  };
  EXPECT_FALSE(remove(99, std::nullopt).changed);
  EXPECT_FALSE(remove(0, 9).gone);
  EXPECT_EQ(in(9), 1u);
  EXPECT_TRUE(remove(9, std::nullopt).gone);
  EXPECT_TRUE(relationships({}).empty());
  EXPECT_FALSE(remove(std::nullopt, std::nullopt).changed);
}

TEST_P(RepositoryConformance, TheOtherSideGoesTooUnlessItIsABlock) {
  const auto remove = [&](int64_t owner, int64_t related) {
    return ok(
        store_.relationships.remove(may(action::RemoveRelationship{UserId(owner), UserId(related)}),
                                    std::nullopt, std::nullopt, true, kNow));
  };
  relate(1, 2, {});
  relate(2, 1, {});
  const auto before = version(VersionOf::kRelationships, 2);
  EXPECT_TRUE(remove(1, 2).other_gone);
  EXPECT_GT(version(VersionOf::kRelationships, 2), before);
  relate(1, 2, {});
  relate(2, 1, {.blocked = true, .name = {}, .join_group = {}, .leave_group = {}});
  EXPECT_FALSE(remove(1, 2).other_gone);
  EXPECT_EQ(ok(store_.relationships.reachability(UserId(2))).blocked.size(), 1u);
}

TEST_P(RepositoryConformance, RelationshipGroupsAreOfTheirOwner) {
  using Put = RelationshipRepository::Put;
  add_user(1);
  const auto permit = may(action::ChangeRelationshipGroups{UserId(1)});
  auto groups = ok(store_.relationships.groups(UserId(1)));
  ASSERT_EQ(groups.size(), 1u);
  EXPECT_EQ(groups[0].index, 0);
  EXPECT_EQ(groups[0].name, "");
  const auto begun = version(VersionOf::kRelationshipGroups, 1);
  EXPECT_EQ(ok(store_.relationships.create_group(permit, {5, "five"}, kNow)), Put::kDone);
  EXPECT_EQ(ok(store_.relationships.create_group(permit, {5, "five"}, kNow)), Put::kExists);
  EXPECT_GT(version(VersionOf::kRelationshipGroups, 1), begun);
  EXPECT_TRUE(ok(store_.relationships.rename_group(permit, {5, "V"}, kNow)));
  EXPECT_FALSE(ok(store_.relationships.rename_group(permit, {5, "V"}, kNow)));
  EXPECT_FALSE(ok(store_.relationships.rename_group(permit, {6, "V"}, kNow)));
  relate(1, 2, {.blocked = {}, .name = {}, .join_group = 5, .leave_group = {}});
  relate(1, 3, {.blocked = {}, .name = {}, .join_group = 5, .leave_group = {}});
  relate(1, 3, {.blocked = {}, .name = {}, .join_group = 6, .leave_group = {}});
  EXPECT_TRUE(ok(store_.relationships.remove_group(permit, 5, 6, kNow)));
  EXPECT_FALSE(ok(store_.relationships.remove_group(permit, 5, 6, kNow)));
  EXPECT_EQ(ok(store_.relationships.groups(UserId(1))).size(), 1u);
  EXPECT_EQ(relationships({6}).size(), 2u);
}

}  // namespace turms::im::testing
