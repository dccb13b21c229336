#pragma once

#include "im/testing/repository_conformance.h"

// What every implementation of the repository of groups, members and group types must do.

namespace turms::im::testing {

TEST_P(RepositoryConformance, AGroupIsLoadedWithItsMembers) {
  add_group(10, {1, 2});
  EXPECT_FALSE(ok(store_.groups.load(GroupId(11))));
  const auto loaded = ok(store_.groups.load(GroupId(10)));
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->group.owner_id, UserId(1));
  EXPECT_EQ(loaded->type.size_limit, 500);
  EXPECT_EQ(loaded->members.size(), 2u);
  EXPECT_EQ(loaded->members_version, version(VersionOf::kGroupMembers, 10));
  EXPECT_EQ(version(VersionOf::kJoinedGroups, 2), kNow);
  EXPECT_FALSE(version(VersionOf::kJoinedGroups, 3));
  EXPECT_EQ(ok(store_.groups.joined_by(UserId(2))), std::vector<GroupId>{GroupId(10)});
}

TEST_P(RepositoryConformance, MembersAreAddedAllOrNone) {
  using Added = GroupRepository::Added;
  add_group(10, {1, 2});
  EXPECT_EQ(ok(store_.groups.add_members(may(action::AddMembers{GroupId(10), users({3, 2})}),
                                         members(10, {3, 2}), 500, kNow)),
            Added::kDuplicate);
  EXPECT_EQ(ok(store_.groups.add_members(may(action::AddMembers{GroupId(10), users({3, 4})}),
                                         members(10, {3, 4}), 3, kNow)),
            Added::kFull);
  EXPECT_EQ(member_ids(10), (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(ok(store_.groups.add_members(may(action::AddMembers{GroupId(10), users({3, 4})}),
                                         members(10, {3, 4}), 4, kNow)),
            Added::kDone);
  EXPECT_EQ(member_ids(10), (std::vector<int64_t>{1, 2, 3, 4}));
  EXPECT_EQ(ok(store_.groups.add_members(may(action::AddMembers{GroupId(11), users({3})}),
                                         members(11, {3}), 4, kNow)),
            Added::kGroupGone);
}

TEST_P(RepositoryConformance, EachChangeMovesTheVersionEvenInOneMillisecond) {
  add_group(10, {1});
  const auto first = version(VersionOf::kGroupMembers, 10);
  ok(store_.groups.add_members(may(action::AddMembers{GroupId(10), users({2})}), members(10, {2}),
                               500, kNow));
  const auto second = version(VersionOf::kGroupMembers, 10);
  ok(store_.groups.add_members(may(action::AddMembers{GroupId(10), users({3})}), members(10, {3}),
                               500, kNow));
  const auto third = version(VersionOf::kGroupMembers, 10);
  EXPECT_LT(first, second);
  EXPECT_LT(second, third);
}

TEST_P(RepositoryConformance, MembersAreRemovedButTheOwnerStays) {
  add_group(10, {1, 2, 3});
  EXPECT_EQ(ok(store_.groups.remove_members(
                may(action::RemoveMembers{GroupId(10), users({1, 2, 7})}), time_at(5))),
            std::vector<UserId>{UserId(2)});
  EXPECT_EQ(member_ids(10), (std::vector<int64_t>{1, 3}));
  EXPECT_EQ(version(VersionOf::kJoinedGroups, 2), time_at(5));
  EXPECT_TRUE(ok(store_.groups.joined_by(UserId(2))).empty());
}

TEST_P(RepositoryConformance, AGroupAndItsMembersAreChanged) {
  add_group(10, {1, 2});
  GroupChange change;
  change.attributes = {{"color", "red"}, {"size", "9"}};
  EXPECT_TRUE(ok(store_.groups.update(may(action::UpdateGroup{GroupId(10)}), change, time_at(6))));
  change.name = "new";
  change.mute_end_date = time_at(100);
  change.attributes = {{"color", "blue"}};
  EXPECT_TRUE(ok(store_.groups.update(may(action::UpdateGroup{GroupId(10)}), change, time_at(7))));
  EXPECT_FALSE(ok(store_.groups.update(may(action::UpdateGroup{GroupId(11)}), change, time_at(7))));
  MemberChange member_change;
  member_change.role = GroupMemberRole::kManager;
  EXPECT_TRUE(ok(store_.groups.update_member(may(action::UpdateMember{GroupId(10), UserId(2)}),
                                             member_change, time_at(7))));
  EXPECT_FALSE(ok(store_.groups.update_member(may(action::UpdateMember{GroupId(10), UserId(3)}),
                                              member_change, time_at(7))));
  const auto loaded = ok(store_.groups.load(GroupId(10)));
  EXPECT_EQ(loaded->group.name, "new");
  EXPECT_EQ(loaded->group.attributes, (ValueMap{{"color", "blue"}, {"size", "9"}}));
  EXPECT_EQ(ok(store_.groups.find({GroupId(10)})).at(0).attributes, loaded->group.attributes);
  EXPECT_EQ(ok(store_.groups.search_names("EW")), std::vector<GroupId>{GroupId(10)});
  EXPECT_EQ(loaded->group.mute_end_date, time_at(100));
  EXPECT_EQ(loaded->group.last_updated_date, time_at(7));
  EXPECT_EQ(loaded->members[1].role, GroupMemberRole::kManager);
  EXPECT_EQ(version(VersionOf::kJoinedGroups, 2), time_at(7));
}

TEST_P(RepositoryConformance, OwnershipMovesInGroupAndMembers) {
  using Transferred = GroupRepository::Transferred;
  add_group(10, {1, 2, 3});
  const auto transfer = [&](int64_t from, int64_t to, bool quit) {
    return ok(store_.groups.transfer(
        may(action::TransferGroup{GroupId(10), UserId(from), UserId(to)}), quit, kNow));
  };
  EXPECT_EQ(transfer(2, 3, false), Transferred::kNotOwner);
  EXPECT_EQ(transfer(1, 9, false), Transferred::kSuccessorNotMember);
  EXPECT_EQ(transfer(1, 2, false), Transferred::kDone);
  auto loaded = ok(store_.groups.load(GroupId(10)));
  EXPECT_EQ(loaded->group.owner_id, UserId(2));
  EXPECT_EQ(loaded->members[0].role, GroupMemberRole::kMember);
  EXPECT_EQ(loaded->members[1].role, GroupMemberRole::kOwner);
  EXPECT_EQ(transfer(2, 3, true), Transferred::kDone);
  EXPECT_EQ(member_ids(10), (std::vector<int64_t>{1, 3}));
}

TEST_P(RepositoryConformance, ADeletedGroupKeepsNothingButItself) {
  add_group(10, {1, 2});
  GroupChange change;
  change.name = "name";
  change.attributes = {{"color", "red"}};
  EXPECT_TRUE(ok(store_.groups.update(may(action::UpdateGroup{GroupId(10)}), change, time_at(2))));
  EXPECT_TRUE(ok(store_.groups.remove(may(action::RemoveGroup{GroupId(10)}), time_at(3))));
  EXPECT_FALSE(ok(store_.groups.remove(may(action::RemoveGroup{GroupId(10)}), time_at(3))));
  EXPECT_TRUE(ok(store_.groups.find({GroupId(10)})).empty());
  EXPECT_TRUE(ok(store_.groups.list(GroupId(0), 10)).empty());
  EXPECT_TRUE(ok(store_.groups.joined_by(UserId(2))).empty());
  const auto loaded = ok(store_.groups.load(GroupId(10)));
  ASSERT_TRUE(loaded);
  EXPECT_FALSE(loaded->group.active);
  EXPECT_TRUE(loaded->group.attributes.empty());
  EXPECT_TRUE(loaded->members.empty());
  EXPECT_TRUE(ok(store_.groups.search_names("name")).empty());
  EXPECT_EQ(version(VersionOf::kJoinedGroups, 2), time_at(3));
}

TEST_P(RepositoryConformance, GroupTypesAreKept) {
  EXPECT_EQ(ok(store_.groups.find_type(0))->name, "DEFAULT");
  EXPECT_FALSE(ok(store_.groups.find_type(4)));
  GroupType type;
  type.id = 4;
  type.join_strategy = JoinStrategy::kQuestion;
  type.guest_speakable = true;
  ok(store_.groups.put_type(may(action::PutGroupType{type.id}), type));
  const auto found = ok(store_.groups.find_type(4));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->join_strategy, JoinStrategy::kQuestion);
  EXPECT_TRUE(found->guest_speakable);
}

}  // namespace turms::im::testing
