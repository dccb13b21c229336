#include "im/groups.h"

#include "im/domain_testing.h"

namespace turms::im {
namespace {

// Nobody but Rights makes a permit, and that of one action is none of another.
static_assert(!std::is_constructible_v<Permit<action::RemoveGroup>, action::RemoveGroup>);
static_assert(
    !std::is_constructible_v<Permit<action::RemoveGroup>, const Permit<action::UpdateGroup>&>);

class GroupsTest : public DomainTest {
 protected:
  UpdateGroup update(GroupId id) {
    UpdateGroup command;
    command.group_id = id;
    return command;
  }
  int64_t role_of_owner(GroupId id) { return group(id)->group.owner_id.value; }
  UpdateGroup rename(GroupId id) {
    UpdateGroup command = update(id);
    command.name = "new";
    return command;
  }
  UpdateGroup transfer(GroupId id, int64_t successor, bool quit = false) {
    UpdateGroup command = update(id);
    command.successor_id = UserId(successor);
    command.quit_after_transfer = quit;
    return command;
  }
};

TEST_F(GroupsTest, CreatingTellsTheCreatorsOtherDevicesTheId) {
  CreateGroup command;
  command.name = "g";
  const auto reply = ok(domain_->groups.create(caller(1), command));
  EXPECT_EQ(relayed_to(reply), "+other");
  EXPECT_EQ(reply.effects.relay.amendments.created_id, reply.data.value);
  EXPECT_EQ(role(reply.data, 1), GroupMemberRole::kOwner);
  EXPECT_EQ(group(reply.data)->group.owner_id, UserId(1));
}

TEST_F(GroupsTest, CreatingChecksTypeAndLimits) {
  GroupType type;
  type.id = 3;
  ASSERT_TRUE(run(store_->repositories().groups.put_type(
      Rights::administrator(action::PutGroupType{type.id}), type)));
  const auto with = [](auto change) {
    CreateGroup command;
    command.name = "g";
    change(command);
    return command;
  };
  const std::pair<CreateGroup, int> cases[] = {
      {with([](CreateGroup& c) { c.type_id = 0; }), 1000},
      {with([](CreateGroup& c) { c.type_id = 3; }), 3100},
      {with([](CreateGroup& c) { c.type_id = 4; }), 3101},
      {with([](CreateGroup& c) { c.min_score = -1; }), 1102},
      {with([](CreateGroup& c) { c.name = std::string(201, 'x'); }), 1102},
      {with([](CreateGroup& c) {
         c.attributes = {{"color", "v"}};
       }),
       1102},
  };
  for (const auto& [command, expected] : cases) {
    EXPECT_EQ(code(domain_->groups.create(caller(1), command)), expected);
  }
}

TEST_F(GroupsTest, InfoIsChangedByWhomTheTypeSays) {
  const GroupId id = make_group(1, {2, 3});
  set_role(id, 2, GroupMemberRole::kManager);
  UpdateGroup negative = update(id);
  negative.min_score = -1;
  UpdateGroup other_type = update(id);
  other_type.type_id = 0;
  EXPECT_EQ(code(domain_->groups.update(caller(1), rename(id))), 1000);
  EXPECT_EQ(code(domain_->groups.update(caller(2), rename(id))), 1000);
  EXPECT_EQ(code(domain_->groups.update(caller(3), rename(id))), 3002);
  EXPECT_EQ(code(domain_->groups.update(caller(4), rename(id))), 3002);
  EXPECT_EQ(code(domain_->groups.update(caller(1), rename(GroupId(5)))), 3000);
  EXPECT_EQ(code(domain_->groups.update(caller(1), negative)), 1102);
  EXPECT_EQ(code(domain_->groups.update(caller(1), other_type)), 3102);
  EXPECT_EQ(relayed_to(ok(domain_->groups.update(caller(4), update(id)))), "") << "nothing to do";
  EXPECT_EQ(relayed_to(ok(domain_->groups.update(caller(2), rename(id)))), "1 2 3 +other");
  EXPECT_EQ(group(id)->group.name, "new");

  const struct {
    UpdateStrategy strategy;
    int owner, manager, member, stranger;
  } strategies[] = {
      {UpdateStrategy::kOwner, 1000, 3001, 3001, 3001},
      {UpdateStrategy::kOwnerManagerMember, 1000, 1000, 1000, 3003},
      {UpdateStrategy::kAll, 1000, 1000, 1000, 1000},
  };
  for (const auto& row : strategies) {
    GroupType type;
    type.info_update_strategy = row.strategy;
    const GroupId typed = make_group_of_type(type, 1, {2, 3});
    set_role(typed, 2, GroupMemberRole::kManager);
    EXPECT_EQ(code(domain_->groups.update(caller(1), rename(typed))), row.owner);
    EXPECT_EQ(code(domain_->groups.update(caller(2), rename(typed))), row.manager);
    EXPECT_EQ(code(domain_->groups.update(caller(3), rename(typed))), row.member);
    EXPECT_EQ(code(domain_->groups.update(caller(4), rename(typed))), row.stranger);
  }
}

TEST_F(GroupsTest, OwnershipIsTransferredToAMember) {
  const GroupId id = make_group(1, {2, 3, 9});
  EXPECT_EQ(code(domain_->groups.update(caller(2), transfer(id, 3))), 3201);
  EXPECT_EQ(code(domain_->groups.update(caller(1), transfer(id, 4))), 3203);
  EXPECT_EQ(code(domain_->groups.update(caller(1), transfer(id, 9))), 3200) << "inactive";
  EXPECT_EQ(code(domain_->groups.update(caller(1), transfer(GroupId(5), 2))), 3201);
  EXPECT_EQ(relayed_to(ok(domain_->groups.update(caller(1), transfer(id, 1)))), "") << "to oneself";

  EXPECT_EQ(relayed_to(ok(domain_->groups.update(caller(1), transfer(id, 2)))), "1 2 3 9 +other");
  EXPECT_EQ(group(id)->group.owner_id, UserId(2));
  EXPECT_EQ(role(id, 2), GroupMemberRole::kOwner);
  EXPECT_EQ(role(id, 1), GroupMemberRole::kMember);
  EXPECT_EQ(subscriber_.heard, (std::vector<std::string>{"role 2 0", "role 1 2"}));

  subscriber_.heard.clear();
  EXPECT_EQ(relayed_to(ok(domain_->groups.update(caller(2), transfer(id, 3, true)))),
            "1 2 3 9 +other");
  EXPECT_EQ(group(id)->group.owner_id, UserId(3));
  EXPECT_FALSE(role(id, 2));
  EXPECT_EQ(subscriber_.heard, (std::vector<std::string>{"role 3 0", "left 2"}));
}

TEST_F(GroupsTest, AttributesAreKeptWhereTheOperatorLetsThem) {
  domain_->context().settings.group.attributes = {"color", "size"};
  CreateGroup command;
  command.name = "g";
  command.attributes = {{"color", "red"}, {"size", "9"}};
  const GroupId id = ok(domain_->groups.create(caller(1), command)).data;
  UpdateGroup change = update(id);
  change.attributes = {{"color", "blue"}};
  EXPECT_EQ(relayed_to(ok(domain_->groups.update(caller(1), change))), "1 +other");
  EXPECT_EQ(code(domain_->groups.update(caller(2), change)), 3002);
  QueryGroups query;
  query.group_ids = {id};
  EXPECT_EQ(ok(domain_->groups.query(caller(2), query))[0].attributes,
            (ValueMap{{"color", "blue"}, {"size", "9"}}));
  change.attributes = {{"shape", "round"}};
  EXPECT_EQ(code(domain_->groups.update(caller(1), change)), 1102);
  domain_->context().settings.group.ignore_unknown_attributes = true;
  EXPECT_EQ(relayed_to(ok(domain_->groups.update(caller(1), change))), "") << "nothing to do";
}

TEST_F(GroupsTest, GroupsAreFoundByPartsOfTheirNames) {
  const auto create = [&](std::string name) {
    CreateGroup command;
    command.name = std::move(name);
    return ok(domain_->groups.create(caller(1), command)).data;
  };
  const GroupId club = create("Book Club");
  const GroupId book = create("book");
  const GroupId chinese = create("读书会");
  const GroupId gone = create("old books");
  ok(domain_->groups.remove(caller(1), gone));
  const auto search = [&](std::string name, NamePage page = {}, bool highlighted = false) {
    QueryGroups query;
    query.name = std::move(name);
    query.page = page;
    query.highlight_name = highlighted;
    std::vector<std::string> names;
    for (const Group& group : ok(domain_->groups.query(caller(5), query))) {
      names.push_back(group.name);
    }
    return names;
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(search("BOOK"), (Names{"book", "Book Club"})) << "the whole name first";
  EXPECT_EQ(search("ook c"), Names{"Book Club"});
  EXPECT_EQ(search("书"), Names{"读书会"});
  EXPECT_EQ(search("nothing"), Names{});
  EXPECT_EQ(search("book", {1, {}}), Names{"Book Club"});
  EXPECT_EQ(search("book", {{}, 1}), Names{"book"});
  EXPECT_EQ(search("club", {}, true), Names{"Book \x02"
                                            "Club\x03"});
  QueryGroups both;
  both.name = "book";
  both.group_ids = {club, chinese};
  EXPECT_EQ(ok(domain_->groups.query(caller(5), both)).size(), 1u);
  both.page.limit = 0;
  EXPECT_EQ(code(domain_->groups.query(caller(5), both)), 1102);
  UpdateGroup renamed = update(book);
  renamed.name = "reading";
  ok(domain_->groups.update(caller(1), renamed));
  EXPECT_EQ(search("book"), Names{"Book Club"});
  domain_->context().settings.group.search_names = false;
  both.page = {};
  EXPECT_EQ(code(domain_->groups.query(caller(5), both)), 7200);
}

TEST_F(GroupsTest, TypesAndNumbersAreTheRolesToSay) {
  Administration& administration = domain_->administration;
  GroupType type;
  type.id = 3;
  ASSERT_TRUE(run(store_->repositories().groups.put_type(
      Rights::administrator(action::PutGroupType{type.id}), type)));
  UserRole role;
  role.id = 1;
  role.creatable_group_types = {0, 3};
  role.owned_group_limit = 3;
  role.group_type_limits = {{3, 1}};
  ASSERT_TRUE(run(administration.put_user_role(role)));
  ASSERT_TRUE(run(administration.assign_user_role(UserId(1), 1)));
  const auto create = [&](int64_t user, int64_t type_id) {
    CreateGroup command;
    command.name = "g";
    command.type_id = type_id;
    return code(domain_->groups.create(caller(user), command));
  };
  EXPECT_EQ(create(1, 3), 1000);
  EXPECT_EQ(create(1, 3), 3205) << "of this type";
  EXPECT_EQ(create(1, 0), 1000);
  EXPECT_EQ(create(1, 0), 1000);
  EXPECT_EQ(create(1, 0), 3205) << "of all";
  EXPECT_EQ(create(1, 4), 3101);
  EXPECT_EQ(create(2, 3), 3100);
  EXPECT_EQ(create(9, 0), 3200) << "inactive";

  const GroupId others = make_group(2, {1});
  EXPECT_EQ(code(domain_->groups.update(caller(2), transfer(others, 1))), 3205);
  EXPECT_EQ(role_of_owner(others), 2);
  EXPECT_FALSE(run(administration.remove_group_type(3))) << "in use";
  role.owned_group_limit = -1;
  EXPECT_FALSE(run(administration.put_user_role(role)));
  EXPECT_FALSE(run(administration.assign_user_role(UserId(1), 7)));
  ASSERT_TRUE(run(administration.remove_user_role(1)));
  EXPECT_EQ(create(1, 0), 1000);
}

TEST_F(GroupsTest, TheOwnerChangesTheTypeWhereItIsAllowed) {
  const GroupId id = make_group(1, {2});
  set_role(id, 2, GroupMemberRole::kManager);
  GroupType type;
  for (type.id = 3; type.id <= 4; ++type.id) {
    ASSERT_TRUE(run(store_->repositories().groups.put_type(
        Rights::administrator(action::PutGroupType{type.id}), type)));
  }
  UserRole role;
  role.creatable_group_types = {0, 3};
  ASSERT_TRUE(run(domain_->administration.put_user_role(role)));
  const auto change = [&](int64_t by, GroupId group, int64_t type_id) {
    UpdateGroup command = update(group);
    command.type_id = type_id;
    return code(domain_->groups.update(caller(by), command));
  };
  EXPECT_EQ(change(1, id, 3), 3102);
  domain_->context().settings.group.allow_type_change = true;
  EXPECT_EQ(change(1, GroupId(5), 3), 3000);
  EXPECT_EQ(change(2, id, 3), 3103);
  EXPECT_EQ(change(7, id, 3), 3103);
  EXPECT_EQ(change(1, id, 5), 3105);
  EXPECT_EQ(change(1, id, 4), 3104);
  EXPECT_EQ(change(1, id, 3), 1000);
  EXPECT_EQ(group(id)->type.id, 3);
}

TEST_F(GroupsTest, AMuteOfAllIsPublished) {
  const GroupId id = make_group(1, {2});
  UpdateGroup command = update(id);
  command.mute_end_date = clock_.time;
  EXPECT_EQ(code(domain_->groups.update(caller(2), command)), 3002);
  EXPECT_TRUE(subscriber_.heard.empty());
  EXPECT_EQ(code(domain_->groups.update(caller(1), command)), 1000);
  EXPECT_EQ(subscriber_.heard, std::vector<std::string>{"muted all"});
}

TEST_F(GroupsTest, OnlyTheOwnerDeletes) {
  const GroupId id = make_group(1, {2});
  EXPECT_EQ(code(domain_->groups.remove(caller(2), id)), 3202);
  EXPECT_EQ(code(domain_->groups.remove(caller(1), GroupId(5))), 3202);
  EXPECT_EQ(relayed_to(ok(domain_->groups.remove(caller(1), id))), "1 2 +other");
  EXPECT_EQ(subscriber_.heard, std::vector<std::string>{"deleted"});
  EXPECT_EQ(code(domain_->groups.remove(caller(1), id)), 3202);
  EXPECT_EQ(group(id), nullptr);
}

TEST_F(GroupsTest, QueriesAnswerWhatChangedSince) {
  QueryGroups by_id;
  EXPECT_TRUE(ok(domain_->groups.query(caller(1), by_id)).empty());
  const GroupId id = make_group(1, {2});
  by_id.group_ids = {id, GroupId(5)};
  EXPECT_EQ(ok(domain_->groups.query(caller(5), by_id)).size(), 1u);
  by_id.last_updated_date = clock_.time;
  EXPECT_TRUE(ok(domain_->groups.query(caller(1), by_id)).empty());

  QueryJoinedGroups joined;
  EXPECT_EQ(code(domain_->groups.query_joined_ids(caller(3), joined)), 1002) << "never in any";
  const auto ids = ok(domain_->groups.query_joined_ids(caller(2), joined));
  EXPECT_EQ(ids.ids, std::vector<GroupId>{id});
  joined.last_updated_date = ids.last_updated_date;
  EXPECT_EQ(code(domain_->groups.query_joined_ids(caller(2), joined)), 1002);
  EXPECT_EQ(code(domain_->groups.query_joined_infos(caller(2), joined)), 1002);
  // A change within the same millisecond is not missed.
  ok(domain_->groups.update(caller(1), rename(id)));
  const auto infos = ok(domain_->groups.query_joined_infos(caller(2), joined));
  ASSERT_EQ(infos.groups.size(), 1u);
  EXPECT_EQ(infos.groups[0].name, "new");
  EXPECT_GT(infos.last_updated_date, joined.last_updated_date);
  ok(domain_->groups.remove(caller(1), id));
  EXPECT_EQ(code(domain_->groups.query_joined_ids(caller(2), joined)), 1001) << "in none any more";
}

}  // namespace
}  // namespace turms::im
