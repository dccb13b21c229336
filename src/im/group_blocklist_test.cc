#include "im/group_blocklist.h"

#include "im/domain_testing.h"

namespace turms::im {
namespace {

class GroupBlocklistTest : public DomainTest {
 protected:
  GroupId make() {
    const GroupId id = make_group(1, {2, 3, 4});
    set_role(id, 2, GroupMemberRole::kManager);
    set_role(id, 4, GroupMemberRole::kManager);
    subscriber_.heard.clear();
    return id;
  }
  int block(int64_t by, int64_t user) {
    return code(domain_->group_blocklist.block(caller(by), id_, UserId(user)));
  }
  int unblock(int64_t by, int64_t user) {
    return code(domain_->group_blocklist.unblock(caller(by), id_, UserId(user)));
  }
  QueryGroupBlocklist query(std::optional<WallTime> since = {}) { return {id_, since}; }

  const GroupId id_ = make();
};

TEST_F(GroupBlocklistTest, OwnerAndManagersBlockWhomTheyOutrank) {
  EXPECT_EQ(block(3, 7), 3500);
  EXPECT_EQ(block(7, 3), 3500);
  EXPECT_EQ(code(domain_->group_blocklist.block(caller(1), GroupId(5), UserId(7))), 3500);
  EXPECT_EQ(block(2, 2), 1102);
  EXPECT_EQ(block(2, 1), 3409) << "the owner";
  EXPECT_EQ(block(2, 4), 3409) << "another manager";
  EXPECT_EQ(block(2, 3), 1000);
  EXPECT_EQ(block(1, 4), 1000);
  EXPECT_EQ(block(2, 7), 1000) << "a stranger, who need not exist";
  EXPECT_EQ(block(2, 7777), 1000);
  EXPECT_EQ(block(1, 7), 1103) << "again";
}

TEST_F(GroupBlocklistTest, BlockingRemovesAMember) {
  const auto reply = ok(domain_->group_blocklist.block(caller(2), id_, UserId(3)));
  EXPECT_EQ(relayed_to(reply), "+other");
  EXPECT_FALSE(role(id_, 3));
  EXPECT_EQ(subscriber_.heard, std::vector<std::string>{"left 3"});
  subscriber_.heard.clear();
  EXPECT_EQ(block(2, 7), 1000);
  EXPECT_TRUE(subscriber_.heard.empty());

  CreateGroupInvitation invitation;
  invitation.group_id = id_;
  invitation.invitee_id = UserId(3);
  EXPECT_EQ(code(domain_->invitations.create(caller(1), invitation)), 3701);
  EXPECT_EQ(unblock(1, 3), 1000);
  EXPECT_EQ(code(domain_->invitations.create(caller(1), invitation)), 1000);
}

TEST_F(GroupBlocklistTest, OwnerAndManagersUnblock) {
  EXPECT_EQ(block(1, 7), 1000);
  EXPECT_EQ(unblock(3, 7), 3501);
  EXPECT_EQ(unblock(7, 7), 3501);
  EXPECT_EQ(code(domain_->group_blocklist.unblock(caller(1), GroupId(5), UserId(7))), 3501);
  EXPECT_EQ(relayed_to(ok(domain_->group_blocklist.unblock(caller(2), id_, UserId(7)))), "+other");
  EXPECT_EQ(relayed_to(ok(domain_->group_blocklist.unblock(caller(2), id_, UserId(7)))), "")
      << "not blocked: nobody is told";
}

TEST_F(GroupBlocklistTest, MembersAreShownWhoIsBlocked) {
  EXPECT_EQ(code(domain_->group_blocklist.query_ids(caller(3), query())), 1001);
  EXPECT_EQ(code(domain_->group_blocklist.query_ids(caller(7), query())), 1002) << "a stranger";
  EXPECT_EQ(code(domain_->group_blocklist.query_ids(caller(1), {GroupId(5), {}})), 1002);
  block(1, 7);
  block(1, 7777);
  const auto ids = ok(domain_->group_blocklist.query_ids(caller(3), query()));
  EXPECT_EQ(ids.ids, users({7, 7777}));
  const auto infos = ok(domain_->group_blocklist.query_infos(caller(3), query()));
  ASSERT_EQ(infos.users.size(), 1u) << "of those who exist";
  EXPECT_EQ(infos.users[0].id, UserId(7));
  EXPECT_EQ(infos.last_updated_date, ids.last_updated_date);
  EXPECT_EQ(code(domain_->group_blocklist.query_infos(caller(7), query())), 1002);

  EXPECT_EQ(code(domain_->group_blocklist.query_ids(caller(3), query(ids.last_updated_date))),
            1002);
  unblock(1, 7);
  EXPECT_EQ(ok(domain_->group_blocklist.query_ids(caller(3), query(ids.last_updated_date))).ids,
            users({7777}));
  EXPECT_EQ(code(domain_->group_blocklist.query_infos(caller(3), query())), 1001);
}

TEST_F(GroupBlocklistTest, TheOperatorSaysWhoIsTold) {
  auto& notifications = domain_->context().settings.group_notifications;
  notifications.blocked_user_added = {.concerned = true, .members = true};
  notifications.blocked_user_removed = {.own_sessions = false, .concerned = true};
  EXPECT_EQ(relayed_to(ok(domain_->group_blocklist.block(caller(1), id_, UserId(3)))),
            "1 2 3 4 +other");
  EXPECT_EQ(relayed_to(ok(domain_->group_blocklist.block(caller(1), id_, UserId(7)))),
            "1 2 4 7 +other");
  EXPECT_EQ(relayed_to(ok(domain_->group_blocklist.unblock(caller(1), id_, UserId(7)))), "7");
}

}  // namespace
}  // namespace turms::im
