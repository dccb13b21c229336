#include "im/relationships.h"

#include "im/domain_testing.h"

namespace turms::im {
namespace {

class RelationshipsTest : public DomainTest {
 protected:
  Relationships& relationships() { return domain_->relationships; }

  static CreateRelationship with(int64_t user, bool blocked = false) {
    CreateRelationship command;
    command.user_id = UserId(user);
    command.blocked = blocked;
    return command;
  }
  static UpdateRelationship change_of(int64_t user) {
    UpdateRelationship command;
    command.user_id = UserId(user);
    return command;
  }
  static DeleteRelationship without(int64_t user) {
    DeleteRelationship command;
    command.user_id = UserId(user);
    return command;
  }

  std::string related(int64_t owner, QueryRelationships query = {}) {
    std::string text;
    auto found = run(relationships().query(caller(owner), std::move(query)));
    if (!found) return std::to_string(static_cast<int>(found.error().code));
    for (const Relationship& one : found->relationships) {
      text += (text.empty() ? "" : " ") + std::to_string(one.related_user_id.value);
      if (one.block_date) text += "-";
    }
    return text;
  }
  WallTime version(int64_t owner) {
    return ok(relationships().query(caller(owner), {})).last_updated_date.value_or(WallTime{});
  }
};

TEST_F(RelationshipsTest, ARelationshipIsMadeOnce) {
  EXPECT_EQ(related(1), "1001");
  auto made = ok(relationships().create(caller(1), with(2)));
  EXPECT_EQ(relayed_to(made), "+other");
  EXPECT_EQ(made.effects.relay.amendments.relationship_group_index, 0);
  EXPECT_EQ(code(relationships().create(caller(1), with(2))), 2501);
  EXPECT_EQ(code(relationships().create(caller(1), with(2, true))), 2501);
  EXPECT_EQ(code(relationships().create(caller(1), with(1))), 1102);
  EXPECT_EQ(code(relationships().create(caller(1), with(1, true))), 2502);
  EXPECT_EQ(code(relationships().create(caller(1), with(0))), 1102);
  // Nobody has to be there.
  EXPECT_EQ(code(relationships().create(caller(1), with(12345, true))), 1000);
  CreateRelationship named = with(3);
  named.name = std::string(201, 'x');
  EXPECT_EQ(code(relationships().create(caller(1), named)), 1102);
  EXPECT_EQ(related(1), "2 12345-");
  EXPECT_EQ(related(2), "1001");
}

TEST_F(RelationshipsTest, AnUpdateKeepsWhatItDoesNotName) {
  CreateRelationship command = with(2, true);
  command.name = "bob";
  command.group_index = 7;
  ok(relationships().create(caller(1), command));
  const WallTime before = version(1);
  UpdateRelationship rename = change_of(2);
  rename.name = "bobby";
  EXPECT_EQ(relayed_to(ok(relationships().update(caller(1), rename))), "+other");
  EXPECT_GT(version(1), before);
  const auto list = ok(relationships().query(caller(1), {}));
  ASSERT_EQ(list.relationships.size(), 1u);
  EXPECT_TRUE(list.relationships[0].block_date);
  EXPECT_EQ(list.relationships[0].name, "bobby");
  EXPECT_EQ(list.relationships[0].group_index, 7);

  const WallTime after = version(1);
  EXPECT_EQ(relayed_to(ok(relationships().update(caller(1), rename))), "");
  EXPECT_EQ(version(1), after);
  UpdateRelationship unblock = change_of(2);
  unblock.blocked = false;
  ok(relationships().update(caller(1), unblock));
  EXPECT_EQ(related(1), "2");
}

TEST_F(RelationshipsTest, AnUpdateMakesARelationshipInTheDefaultGroup) {
  EXPECT_EQ(code(relationships().update(caller(1), change_of(2))), 1000);
  QueryRelationships query;
  query.group_indexes.push_back(0);
  EXPECT_EQ(related(1, query), "2");
  EXPECT_EQ(code(relationships().remove(caller(1), without(2))), 1000);
  EXPECT_EQ(related(1), "1001");
}

TEST_F(RelationshipsTest, AnUpdateOfImpossibleThingsIsRefused) {
  UpdateRelationship block = change_of(1);
  block.blocked = true;
  EXPECT_EQ(code(relationships().update(caller(1), block)), 2502);
  EXPECT_EQ(code(relationships().update(caller(1), change_of(1))), 1102);
  UpdateRelationship nowhere = change_of(2);
  nowhere.new_group_index = 3;
  nowhere.delete_group_index = 3;
  EXPECT_EQ(code(relationships().update(caller(1), nowhere)), 1102);
  EXPECT_EQ(related(1), "1001");
}

TEST_F(RelationshipsTest, RelationshipsAreFoundByGroupBlockAndUser) {
  CreateRelationship friends = with(2);
  friends.group_index = 5;
  ok(relationships().create(caller(1), friends));
  ok(relationships().create(caller(1), with(3, true)));
  ok(relationships().create(caller(1), with(4)));
  QueryRelationships query;
  query.blocked = true;
  EXPECT_EQ(related(1, query), "3-");
  query.blocked = false;
  EXPECT_EQ(related(1, query), "2 4");
  query.group_indexes = {5, 6};
  EXPECT_EQ(related(1, query), "2");
  query = {};
  query.user_ids = users({3, 4, 9});
  EXPECT_EQ(related(1, query), "3- 4");
  query.last_updated_date = version(1);
  EXPECT_EQ(related(1, query), "1002");
}

TEST_F(RelationshipsTest, LeavingTheLastGroupEndsTheRelationship) {
  ok(relationships().create(caller(1), with(2)));
  UpdateRelationship join = change_of(2);
  join.new_group_index = 5;
  ok(relationships().update(caller(1), join));
  DeleteRelationship leave = without(2);
  leave.group_index = 0;
  EXPECT_EQ(relayed_to(ok(relationships().remove(caller(1), leave))), "+other");
  EXPECT_EQ(relayed_to(ok(relationships().remove(caller(1), leave))), "");
  EXPECT_EQ(related(1), "2");
  leave.group_index = 5;
  leave.target_group_index = 6;
  ok(relationships().remove(caller(1), leave));
  EXPECT_EQ(related(1), "2");
  leave.group_index = 6;
  leave.target_group_index = std::nullopt;
  ok(relationships().remove(caller(1), leave));
  EXPECT_EQ(related(1), "1001");
}

TEST_F(RelationshipsTest, WhoIsBlockedCanNotWriteAnyMoreAtOnce) {
  CreateMessage message;
  message.recipient_id = UserId(1);
  message.text = "x";
  EXPECT_EQ(code(domain_->messages.create(caller(2), message)), 1000);
  ok(relationships().create(caller(1), with(2, true)));
  EXPECT_EQ(code(domain_->messages.create(caller(2), message)), 5002);
  ok(relationships().remove(caller(1), without(2)));
  EXPECT_EQ(code(domain_->messages.create(caller(2), message)), 1000);
}

TEST_F(RelationshipsTest, AGroupIsMadeRenamedAndDeleted) {
  auto groups = ok(relationships().query_groups(caller(1), std::nullopt));
  ASSERT_EQ(groups.groups.size(), 1u);
  EXPECT_EQ(code(relationships().query_groups(caller(1), groups.last_updated_date)), 1002);

  auto made = ok(relationships().create_group(caller(1), "work"));
  EXPECT_GT(made.data, 0);
  EXPECT_EQ(relayed_to(made), "");
  EXPECT_EQ(code(relationships().create_group(caller(1), std::string(201, 'x'))), 1102);
  groups = ok(relationships().query_groups(caller(1), groups.last_updated_date));
  ASSERT_EQ(groups.groups.size(), 2u);
  EXPECT_EQ(groups.groups[1].name, "work");

  RelationshipGroup renamed{made.data, "office"};
  EXPECT_EQ(relayed_to(ok(relationships().rename_group(caller(1), renamed))), "+other");
  EXPECT_EQ(relayed_to(ok(relationships().rename_group(caller(1), renamed))), "");
  RelationshipGroup unknown{made.data + 1, "office"};
  EXPECT_EQ(code(relationships().rename_group(caller(1), unknown)), 1000);

  CreateRelationship friends = with(2);
  friends.group_index = made.data;
  ok(relationships().create(caller(1), friends));
  DeleteRelationshipGroup command;
  EXPECT_EQ(code(relationships().remove_group(caller(1), command)), 1102);
  command.group_index = made.data;
  const WallTime before = version(1);
  auto removed = ok(relationships().remove_group(caller(1), command));
  EXPECT_EQ(relayed_to(removed), "+other");
  EXPECT_EQ(removed.effects.relay.amendments.relationship_group_index, 0);
  EXPECT_GT(version(1), before);
  QueryRelationships query;
  query.group_indexes.push_back(0);
  EXPECT_EQ(related(1, query), "2");
  EXPECT_EQ(relayed_to(ok(relationships().remove_group(caller(1), command))), "");
}

class ToldRelationshipsTest : public RelationshipsTest {
 protected:
  ToldRelationshipsTest() {
    Settings::People& people = domain_->context().settings.people;
    for (Settings::Notify* notify :
         {&people.relationship_added, &people.relationship_removed, &people.relationship_updated,
          &people.relationship_group_deleted, &people.relationship_group_updated}) {
      *notify = {false, true};
    }
    people.delete_two_sided_relationships = true;
  }
};

TEST_F(ToldRelationshipsTest, OthersAreToldWhenConfigured) {
  EXPECT_EQ(relayed_to(ok(relationships().create(caller(1), with(2)))), "2");
  UpdateRelationship rename = change_of(2);
  rename.name = "b";
  EXPECT_EQ(relayed_to(ok(relationships().update(caller(1), rename))), "2");
  RelationshipGroup group{0, "all"};
  EXPECT_EQ(relayed_to(ok(relationships().rename_group(caller(1), group))), "2");
  DeleteRelationshipGroup gone;
  gone.group_index = 7;
  UpdateRelationship move = change_of(2);
  move.new_group_index = 7;
  ok(relationships().update(caller(1), move));
  EXPECT_EQ(relayed_to(ok(relationships().remove_group(caller(1), gone))), "2");
  ok(relationships().create(caller(2), with(1)));
  EXPECT_EQ(relayed_to(ok(relationships().remove(caller(1), without(2)))), "2");
  EXPECT_EQ(related(2), "1001");
}

}  // namespace
}  // namespace turms::im
