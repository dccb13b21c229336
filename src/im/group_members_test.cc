#include "im/group_members.h"

#include "im/domain_testing.h"

namespace turms::im {
namespace {

class GroupMembersTest : public DomainTest {
 protected:
  static CreateGroupMembers add(GroupId id, std::vector<UserId> who,
                                std::optional<GroupMemberRole> role = GroupMemberRole::kMember) {
    CreateGroupMembers command;
    command.group_id = id;
    command.user_ids = std::move(who);
    command.role = role;
    return command;
  }
  static DeleteGroupMembers remove(GroupId id, std::vector<UserId> who) {
    DeleteGroupMembers command;
    command.group_id = id;
    command.member_ids = std::move(who);
    return command;
  }
  static UpdateGroupMember change(GroupId id, int64_t member) {
    UpdateGroupMember command;
    command.group_id = id;
    command.member_id = UserId(member);
    return command;
  }
  UpdateGroupMember give_role(GroupId id, int64_t member, GroupMemberRole role) {
    UpdateGroupMember command = change(id, member);
    command.role = role;
    return command;
  }
  UpdateGroupMember mute(GroupId id, int64_t member) {
    UpdateGroupMember command = change(id, member);
    command.mute_end_date = WallTime{clock_.time.unix_ms + 60'000};
    return command;
  }
  UpdateGroupMember rename(GroupId id, int64_t member) {
    UpdateGroupMember command = change(id, member);
    command.name = "nick";
    return command;
  }
  int add_code(int64_t requester, CreateGroupMembers command) {
    return code(domain_->group_members.create(caller(requester), std::move(command)));
  }
  int remove_code(int64_t requester, DeleteGroupMembers command) {
    return code(domain_->group_members.remove(caller(requester), std::move(command)));
  }
  int update_code(int64_t requester, UpdateGroupMember command) {
    return code(domain_->group_members.update(caller(requester), std::move(command)));
  }
};

TEST_F(GroupMembersTest, TheDefaultTypeTakesMembersByInvitationOnly) {
  const GroupId id = make_group(1, {2});
  EXPECT_EQ(add_code(1, add(id, users({3}))), 3400);
  EXPECT_EQ(add_code(3, add(id, users({3}), std::nullopt)), 3422);
  EXPECT_EQ(add_code(1, add(GroupId(5), users({3}))), 3401);
  EXPECT_EQ(add_code(3, add(GroupId(5), users({3}))), 3401);
}

TEST_F(GroupMembersTest, WhoJoinsGetsTheCodeOfTheStrategy) {
  const std::pair<JoinStrategy, int> cases[] = {{JoinStrategy::kMembershipRequest, 1000},
                                                {JoinStrategy::kInvitation, 3422},
                                                {JoinStrategy::kQuestion, 3423},
                                                {JoinStrategy::kJoinRequest, 3424}};
  for (const auto& [strategy, expected] : cases) {
    GroupType type;
    type.join_strategy = strategy;
    const GroupId id = make_group_of_type(type, 1, {2});
    EXPECT_EQ(add_code(3, add(id, users({3}), std::nullopt)), expected);
  }
}

TEST_F(GroupMembersTest, JoiningIsAloneAndAsAPlainMember) {
  GroupType type;
  type.join_strategy = JoinStrategy::kMembershipRequest;
  const GroupId id = make_group_of_type(type, 1, {2});
  block_in_group(id, 5);
  EXPECT_EQ(add_code(3, add(id, users({3}), GroupMemberRole::kManager)), 1102);
  EXPECT_EQ(add_code(3, add(id, users({3, 4}))), 1102);
  EXPECT_EQ(add_code(5, add(id, users({5}))), 3404);
  const auto reply = ok(domain_->group_members.create(caller(3), add(id, users({3}))));
  EXPECT_EQ(relayed_to(reply), "1 2 3 +other");
  EXPECT_EQ(role(id, 3), GroupMemberRole::kMember);
  EXPECT_EQ(add_code(3, add(id, users({3}))), 1103);
}

TEST_F(GroupMembersTest, OthersAreAddedByWhomTheTypeSays) {
  const struct {
    InvitationStrategy strategy;
    int owner, manager, member, stranger;
  } strategies[] = {
      {InvitationStrategy::kOwner, 1000, 3405, 3405, 3405},
      {InvitationStrategy::kOwnerManager, 1000, 1000, 3406, 3406},
      {InvitationStrategy::kOwnerManagerMember, 1000, 1000, 1000, 3407},
      {InvitationStrategy::kAll, 1000, 1000, 1000, 1000},
      {InvitationStrategy::kAllRequiringApproval, 3400, 3400, 3400, 3400},
      {InvitationStrategy::kOwnerRequiringApproval, 3400, 3400, 3400, 3400},
  };
  for (const auto& row : strategies) {
    GroupType type;
    type.invitation_strategy = row.strategy;
    const GroupId id = make_group_of_type(type, 1, {2, 3});
    set_role(id, 2, GroupMemberRole::kManager);
    EXPECT_EQ(add_code(1, add(id, users({5}))), row.owner);
    EXPECT_EQ(add_code(2, add(id, users({6}))), row.manager);
    EXPECT_EQ(add_code(3, add(id, users({7}))), row.member);
    EXPECT_EQ(add_code(4, add(id, users({8}))), row.stranger);
  }
}

TEST_F(GroupMembersTest, AddingChecksRolesDuplicatesAndLimits) {
  GroupType type;
  type.invitation_strategy = InvitationStrategy::kOwnerManagerMember;
  type.size_limit = 5;
  const GroupId id = make_group_of_type(type, 1, {2});
  block_in_group(id, 4);
  EXPECT_EQ(add_code(1, add(id, users({3}), std::nullopt)), 1102) << "the role is required";
  EXPECT_EQ(add_code(1, add(id, users({3}), GroupMemberRole::kOwner)), 1102);
  EXPECT_EQ(add_code(1, add(id, users({3}), GroupMemberRole::kGuest)), 1102);
  EXPECT_EQ(add_code(1, add(id, users({3}), static_cast<GroupMemberRole>(9))), 1102);
  EXPECT_EQ(add_code(2, add(id, users({3}), GroupMemberRole::kManager)), 3402);
  EXPECT_EQ(add_code(1, add(id, users({3, 4}))), 3404);
  EXPECT_EQ(add_code(1, add(id, users({3, 2}))), 1103);
  EXPECT_FALSE(role(id, 3)) << "all or none";
  EXPECT_EQ(add_code(1, add(id, users({3, 5, 6, 7}))), 3403);
  std::vector<UserId> many;
  for (int64_t user = 100; user < 201; ++user) many.emplace_back(user);
  EXPECT_EQ(add_code(1, add(id, many)), 1102);
  EXPECT_EQ(relayed_to(ok(domain_->group_members.create(caller(1), add(id, {})))), "");
  const auto reply = ok(
      domain_->group_members.create(caller(1), add(id, users({5, 3}), GroupMemberRole::kManager)));
  EXPECT_EQ(relayed_to(reply), "1 2 3 5 +other");
  EXPECT_EQ(role(id, 3), GroupMemberRole::kManager);
  EXPECT_EQ(subscriber_.heard, (std::vector<std::string>{"joined 3", "joined 5"}));
}

TEST_F(GroupMembersTest, MembersAreRemovedByWhoOutranksThem) {
  const GroupId id = make_group(1, {2, 3, 4, 5});
  set_role(id, 2, GroupMemberRole::kManager);
  set_role(id, 3, GroupMemberRole::kManager);
  EXPECT_EQ(remove_code(6, remove(id, users({4}))), 1001) << "a stranger";
  EXPECT_EQ(remove_code(1, remove(GroupId(5), users({4}))), 1001);
  EXPECT_EQ(remove_code(4, remove(id, users({5}))), 3408);
  EXPECT_EQ(remove_code(2, remove(id, users({3}))), 3409);
  EXPECT_EQ(remove_code(2, remove(id, users({1}))), 3409);
  EXPECT_EQ(remove_code(2, remove(id, users({4, 3}))), 3409);
  EXPECT_EQ(role(id, 4), GroupMemberRole::kMember);
  EXPECT_EQ(remove_code(2, remove(id, users({2, 4}))), 1102) << "quitting is alone";
  EXPECT_EQ(relayed_to(ok(domain_->group_members.remove(caller(2), remove(id, users({8}))))), "");
  EXPECT_EQ(relayed_to(ok(domain_->group_members.remove(caller(2), remove(id, {})))), "");

  EXPECT_EQ(relayed_to(ok(domain_->group_members.remove(caller(2), remove(id, users({4, 8}))))),
            "1 2 3 4 5 +other");
  EXPECT_FALSE(role(id, 4));
  EXPECT_EQ(subscriber_.heard, std::vector<std::string>{"left 4"});
  EXPECT_EQ(remove_code(1, remove(id, users({3}))), 1000);
}

TEST_F(GroupMembersTest, QuittingNeedsASuccessorOnlyForTheOwner) {
  const GroupId id = make_group(1, {2, 3});
  EXPECT_EQ(remove_code(1, remove(id, users({1}))), 3204);
  EXPECT_EQ(relayed_to(ok(domain_->group_members.remove(caller(2), remove(id, users({2}))))),
            "1 2 3 +other");
  EXPECT_FALSE(role(id, 2));
  EXPECT_EQ(relayed_to(ok(domain_->group_members.remove(caller(2), remove(id, users({2}))))), "");

  DeleteGroupMembers hand_over = remove(id, users({1}));
  hand_over.successor_id = UserId(2);
  hand_over.quit_after_transfer = true;
  EXPECT_EQ(remove_code(1, hand_over), 3203);
  EXPECT_EQ(remove_code(3,
                        [&] {
                          DeleteGroupMembers theirs = hand_over;
                          theirs.member_ids = users({3});
                          return theirs;
                        }()),
            3201);
  DeleteGroupMembers mixed = hand_over;
  mixed.member_ids = users({3});
  EXPECT_EQ(remove_code(1, mixed), 1102);
  hand_over.successor_id = UserId(1);
  EXPECT_EQ(relayed_to(ok(domain_->group_members.remove(caller(1), hand_over))), "");
  hand_over.successor_id = UserId(3);
  EXPECT_EQ(relayed_to(ok(domain_->group_members.remove(caller(1), hand_over))), "1 3 +other");
  EXPECT_EQ(role(id, 3), GroupMemberRole::kOwner);
  EXPECT_EQ(group(id)->group.owner_id, UserId(3));
  EXPECT_FALSE(role(id, 1));
}

TEST_F(GroupMembersTest, OnlyTheOwnerGivesRoles) {
  const GroupId id = make_group(1, {2, 3});
  set_role(id, 2, GroupMemberRole::kManager);
  EXPECT_EQ(update_code(2, give_role(id, 3, GroupMemberRole::kGuest)), 3410);
  EXPECT_EQ(update_code(4, give_role(id, 3, GroupMemberRole::kGuest)), 3410);
  EXPECT_EQ(update_code(1, give_role(GroupId(5), 3, GroupMemberRole::kGuest)), 3411);
  EXPECT_EQ(update_code(1, give_role(id, 3, GroupMemberRole::kOwner)), 1102);
  EXPECT_EQ(update_code(1, give_role(id, 1, GroupMemberRole::kMember)), 1102);
  EXPECT_EQ(update_code(1, give_role(id, 3, static_cast<GroupMemberRole>(9))), 1102);
  EXPECT_EQ(update_code(1, give_role(id, 4, GroupMemberRole::kGuest)), 3416);
  EXPECT_EQ(relayed_to(ok(domain_->group_members.update(
                caller(1), give_role(id, 3, GroupMemberRole::kManager)))),
            "+other");
  EXPECT_EQ(role(id, 3), GroupMemberRole::kManager);
  EXPECT_EQ(subscriber_.heard, std::vector<std::string>{"role 3 1"});
}

TEST_F(GroupMembersTest, MutingNeedsAHigherRank) {
  const GroupId id = make_group(1, {2, 3, 4, 5, 6});
  set_role(id, 2, GroupMemberRole::kManager);
  set_role(id, 3, GroupMemberRole::kManager);
  set_role(id, 6, GroupMemberRole::kGuest);
  EXPECT_EQ(update_code(8, mute(id, 4)), 3417) << "a stranger";
  EXPECT_EQ(update_code(4, mute(id, 5)), 3418) << "a member mutes a member";
  EXPECT_EQ(update_code(4, mute(id, 4)), 1102) << "oneself, whatever the rank";
  EXPECT_EQ(update_code(1, mute(id, 1)), 1102);
  EXPECT_EQ(update_code(4, mute(id, 6)), 3417) << "a member mutes a guest";
  EXPECT_EQ(update_code(2, mute(id, 3)), 3418);
  EXPECT_EQ(update_code(2, mute(id, 1)), 3418);
  EXPECT_EQ(update_code(1, mute(GroupId(5), 4)), 3419);
  EXPECT_EQ(update_code(1, mute(id, 8)), 3420);
  EXPECT_EQ(update_code(2, mute(id, 4)), 1000);
  EXPECT_EQ(update_code(1, mute(id, 2)), 1000);
  EXPECT_EQ(subscriber_.heard, (std::vector<std::string>{"muted 4", "muted 2"}));
}

TEST_F(GroupMembersTest, AMemberWhomAnotherChangesIsTold) {
  const GroupId id = make_group(1, {2, 3});
  const auto muted = ok(domain_->group_members.update(caller(1), mute(id, 3)));
  EXPECT_EQ(relayed_to(muted), "+other");
  ASSERT_EQ(muted.effects.pushes.size(), 1u);
  const Push& push = muted.effects.pushes[0];
  EXPECT_EQ(audience(push.audience), "3");
  EXPECT_TRUE(push.audience.extensions_only);
  const auto& told = std::get<MemberUpdated>(push.event);
  EXPECT_EQ(told.member_id, UserId(3));
  EXPECT_EQ(told.by, UserId(1));
  EXPECT_EQ(told.mute_end_date, mute(id, 3).mute_end_date);
  EXPECT_FALSE(told.role);
  EXPECT_TRUE(ok(domain_->group_members.update(caller(2), rename(id, 2))).effects.pushes.empty());
}

TEST_F(GroupMembersTest, NamesAreChangedByOneselfOrWhomTheTypeSays) {
  const GroupId id = make_group(1, {2, 3});
  EXPECT_EQ(update_code(2, rename(id, 2)), 1000);
  EXPECT_EQ(update_code(2, rename(id, 3)), 3413);
  EXPECT_EQ(update_code(1, rename(id, 3)), 1000);
  EXPECT_EQ(update_code(4, rename(id, 3)), 3413);
  EXPECT_EQ(update_code(1, rename(GroupId(5), 3)), 3415);
  EXPECT_EQ(update_code(1, rename(id, 8)), 3416);
  EXPECT_EQ(relayed_to(ok(domain_->group_members.update(caller(4), change(id, 3)))), "");
  EXPECT_EQ(group(id)->find(UserId(3))->name, "nick");
  const std::pair<UpdateStrategy, int> strategies[] = {{UpdateStrategy::kOwner, 3412},
                                                       {UpdateStrategy::kOwnerManager, 3413},
                                                       {UpdateStrategy::kOwnerManagerMember, 3414},
                                                       {UpdateStrategy::kAll, 1000}};
  for (const auto& [strategy, expected] : strategies) {
    GroupType type;
    type.member_info_update_strategy = strategy;
    EXPECT_EQ(update_code(4, rename(make_group_of_type(type, 1, {2, 3}), 3)), expected);
  }
}

TEST_F(GroupMembersTest, MembersAreShownToMembers) {
  const GroupId id = make_group(1, {2, 3});
  QueryGroupMembers query;
  query.group_id = id;
  EXPECT_EQ(code(domain_->group_members.query(caller(4), query)), 3421);
  const auto all = ok(domain_->group_members.query(caller(2), query));
  EXPECT_EQ(all.members.size(), 3u);
  EXPECT_TRUE(all.presences.empty());
  query.last_updated_date = all.last_updated_date;
  EXPECT_EQ(code(domain_->group_members.query(caller(2), query)), 1002);
  ok(domain_->group_members.update(caller(1), rename(id, 3)));
  EXPECT_EQ(ok(domain_->group_members.query(caller(2), query)).members[2].name, "nick");

  query.member_ids = users({3, 7});
  const auto one = ok(domain_->group_members.query(caller(2), query));
  ASSERT_EQ(one.members.size(), 1u);
  EXPECT_FALSE(one.last_updated_date);
  query.member_ids = users({7});
  EXPECT_EQ(code(domain_->group_members.query(caller(2), query)), 1001);
}

TEST_F(GroupMembersTest, MembersAreShownWithWhereTheyAre) {
  const GroupId id = make_group(1, {2});
  bus_->signed_in(caller(2, DeviceType::kIos), UserStatus::kBusy);
  bus_->signed_in(caller(2, DeviceType::kBrowser), UserStatus::kBusy);
  QueryGroupMembers query;
  query.group_id = id;
  query.with_status = true;
  auto list = ok(domain_->group_members.query(caller(1), query));
  ASSERT_EQ(list.presences.size(), 2u);
  EXPECT_EQ(list.presences[0].status, UserStatus::kOffline);
  EXPECT_EQ(list.presences[1].status, UserStatus::kBusy);
  EXPECT_EQ(list.presences[1].device_types,
            (std::vector<DeviceType>{DeviceType::kBrowser, DeviceType::kIos}));
  bus_->signed_out(caller(2, DeviceType::kIos));
  bus_->signed_out(caller(2, DeviceType::kBrowser));
  list = ok(domain_->group_members.query(caller(1), query));
  EXPECT_EQ(list.presences[1].status, UserStatus::kOffline);
}

}  // namespace
}  // namespace turms::im
