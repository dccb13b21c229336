#include "im/sample_data.h"

#include "im/domain_testing.h"
#include "im/ports/friend_requests.h"
#include "im/ports/groups.h"
#include "im/ports/join_requests.h"
#include "im/ports/messages.h"

namespace turms::im {
namespace {

class SampleDataTest : public DomainTest {};

TEST_F(SampleDataTest, GivesEachTenthOfTheUsersItsPart) {
  for (int id = 1; id <= 9; ++id) {
    ASSERT_TRUE(run(domain_->administration.remove_user(UserId(id), false)));
  }
  SampleData sample(domain_->context());
  ASSERT_TRUE(*run(sample.write(20)));
  Context& context = domain_->context();
  EXPECT_EQ(run(domain_->administration.list_users(UserId(0), 100))->size(), 20u);
  EXPECT_TRUE(run(context.store.users.find_credentials(UserId(20)))->has_value());

  const auto group = *run(context.store.groups.load(GroupId(1)));
  ASSERT_TRUE(group);
  EXPECT_EQ(group->group.owner_id, UserId(1));
  ASSERT_EQ(group->members.size(), 2u);
  EXPECT_EQ(group->members[0].role, GroupMemberRole::kOwner);
  EXPECT_EQ(group->members[1].user_id, UserId(2));
  EXPECT_EQ(group->blocked, (std::vector<UserId>{UserId(19), UserId(20)}));

  JoinRequestFilter asked;
  asked.group_id = GroupId(1);
  const auto requests = *run(context.store.join_requests.query(asked));
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_EQ(requests[0].requester_id, UserId(15));

  const auto friends = *run(context.store.friend_requests.sent_by(UserId(1)));
  ASSERT_EQ(friends.size(), 2u);
  EXPECT_EQ(friends[0].recipient_id, UserId(3));
  RelationshipFilter related;
  related.owner_id = UserId(2);
  const auto relationships = *run(context.store.relationships.query(related));
  ASSERT_EQ(relationships.size(), 1u);
  EXPECT_EQ(relationships[0].related_user_id, UserId(1));

  MessageFilter written;
  written.of_groups = true;
  written.group_ids = {GroupId(1)};
  EXPECT_EQ(*run(context.store.messages.count(written)), 100);
}

TEST_F(SampleDataTest, IsNotWrittenOverAnything) {
  SampleData sample(domain_->context());
  EXPECT_FALSE(*run(sample.write(20)));
  EXPECT_EQ(run(domain_->administration.list_users(UserId(0), 100))->size(), 9u);
}

}  // namespace
}  // namespace turms::im
