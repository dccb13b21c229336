#include "im/invitations.h"

#include "im/domain_testing.h"

namespace turms::im {
namespace {

class InvitationsTest : public DomainTest {
 protected:
  static CreateGroupInvitation invitation(GroupId id, int64_t invitee) {
    CreateGroupInvitation command;
    command.group_id = id;
    command.invitee_id = UserId(invitee);
    command.content = "come";
    return command;
  }
  InvitationId invite(int64_t inviter, GroupId id, int64_t invitee) {
    return ok(domain_->invitations.create(caller(inviter), invitation(id, invitee))).data;
  }
  static UpdateGroupInvitation answer(InvitationId id, ResponseAction action) {
    UpdateGroupInvitation command;
    command.invitation_id = id;
    command.response_action = action;
    return command;
  }
};

TEST_F(InvitationsTest, InvitingAnswersAsTheProtocolDefines) {
  const GroupId id = make_group(1, {2});
  block_in_group(id, 5);
  CreateGroupInvitation too_long = invitation(id, 3);
  too_long.content = std::string(201, 'x');
  EXPECT_EQ(code(domain_->invitations.create(caller(4), invitation(id, 3))), 3705);
  EXPECT_EQ(code(domain_->invitations.create(caller(2), invitation(id, 1))), 3700);
  EXPECT_EQ(code(domain_->invitations.create(caller(2), invitation(id, 5))), 3701);
  EXPECT_EQ(code(domain_->invitations.create(caller(2), invitation(GroupId(9), 3))), 3401);
  EXPECT_EQ(code(domain_->invitations.create(caller(2), too_long)), 1102);
  const struct {
    InvitationStrategy strategy;
    int by_member;
  } strategies[] = {{InvitationStrategy::kAll, 3702},
                    {InvitationStrategy::kOwnerManagerMember, 3702},
                    {InvitationStrategy::kOwnerRequiringApproval, 3703},
                    {InvitationStrategy::kOwnerManagerRequiringApproval, 3704},
                    {InvitationStrategy::kAllRequiringApproval, 1000}};
  for (const auto& row : strategies) {
    GroupType type;
    type.invitation_strategy = row.strategy;
    const GroupId typed = make_group_of_type(type, 1, {2});
    EXPECT_EQ(code(domain_->invitations.create(caller(2), invitation(typed, 3))), row.by_member);
  }
}

TEST_F(InvitationsTest, InviteeOwnerAndManagersAreTold) {
  const GroupId id = make_group(1, {2, 3, 4});
  set_role(id, 3, GroupMemberRole::kManager);
  const auto reply = ok(domain_->invitations.create(caller(2), invitation(id, 7)));
  EXPECT_EQ(relayed_to(reply), "1 3 7 +other");
  EXPECT_EQ(reply.effects.relay.amendments.created_id, reply.data.value);
  EXPECT_EQ(relayed_to(ok(domain_->invitations.create(caller(1), invitation(id, 7)))),
            "3 7 +other");
}

TEST_F(InvitationsTest, AcceptingMakesAMemberAndTellsInviterAndGroup) {
  const GroupId id = make_group(1, {2});
  const InvitationId first = invite(2, id, 3);
  EXPECT_EQ(code(domain_->invitations.reply(caller(4), answer(first, ResponseAction::kAccept))),
            3711);
  EXPECT_EQ(
      code(domain_->invitations.reply(caller(3), answer(InvitationId(5), ResponseAction::kAccept))),
      3711);
  EXPECT_EQ(
      code(domain_->invitations.reply(caller(3), answer(first, static_cast<ResponseAction>(7)))),
      1102);
  const auto reply =
      ok(domain_->invitations.reply(caller(3), answer(first, ResponseAction::kAccept)));
  EXPECT_EQ(relayed_to(reply), "1 2 +other") << "the inviter, not the invitee";
  ASSERT_EQ(reply.effects.pushes.size(), 1u);
  EXPECT_EQ(audience(reply.effects.pushes[0].audience), "1 2 3 +self");
  const auto& added = std::get<MembersAdded>(reply.effects.pushes[0].event);
  EXPECT_EQ(added.user_ids, users({3}));
  EXPECT_EQ(added.by, UserId(3));
  EXPECT_EQ(role(id, 3), GroupMemberRole::kMember);
  EXPECT_EQ(subscriber_.heard, std::vector<std::string>{"joined 3"});
  EXPECT_EQ(code(domain_->invitations.reply(caller(3), answer(first, ResponseAction::kAccept))),
            3710);
}

TEST_F(InvitationsTest, OthersAnswersAddNobody) {
  const GroupId id = make_group(1, {2});
  for (const ResponseAction action : {ResponseAction::kDecline, ResponseAction::kIgnore}) {
    const InvitationId invited = invite(1, id, 3);
    const auto reply = ok(domain_->invitations.reply(caller(3), answer(invited, action)));
    EXPECT_EQ(relayed_to(reply), "1 +other");
    EXPECT_TRUE(reply.effects.pushes.empty());
    EXPECT_FALSE(role(id, 3));
  }
  // Invited twice, accepted twice: the second adds nobody and is no mistake.
  const InvitationId first = invite(1, id, 3);
  const InvitationId second = invite(2, id, 3);
  ok(domain_->invitations.reply(caller(3), answer(first, ResponseAction::kAccept)));
  EXPECT_TRUE(ok(domain_->invitations.reply(caller(3), answer(second, ResponseAction::kAccept)))
                  .effects.pushes.empty());
}

TEST_F(InvitationsTest, AnInvitationExpiresAfterThirtyDays) {
  const GroupId id = make_group(1, {});
  const InvitationId invited = invite(1, id, 3);
  pass(std::chrono::hours(24 * 30));
  EXPECT_EQ(code(domain_->invitations.reply(caller(3), answer(invited, ResponseAction::kAccept))),
            3710);
  const auto received = ok(domain_->invitations.query(caller(3), {}));
  ASSERT_EQ(received.invitations.size(), 1u);
  EXPECT_EQ(received.invitations[0].status, RequestStatus::kExpired);
}

TEST_F(InvitationsTest, AFullOrDeletedGroupTakesNobody) {
  GroupType type;
  type.size_limit = 2;
  const GroupId id = make_group_of_type(type, 1, {});
  const InvitationId first = invite(1, id, 3);
  const InvitationId second = invite(1, id, 4);
  const InvitationId third = invite(1, id, 5);
  ok(domain_->invitations.reply(caller(3), answer(first, ResponseAction::kAccept)));
  EXPECT_EQ(code(domain_->invitations.reply(caller(4), answer(second, ResponseAction::kAccept))),
            3403);
  block_in_group(id, 3);
  block_in_group(id, 5);
  EXPECT_EQ(code(domain_->invitations.reply(caller(5), answer(third, ResponseAction::kAccept))),
            3404);
  ok(domain_->groups.remove(caller(1), id));
  EXPECT_EQ(code(domain_->invitations.reply(caller(4), answer(second, ResponseAction::kAccept))),
            3711)
      << "its invitations went with it";
}

TEST_F(InvitationsTest, RecallingAsksTheOperatorFirst) {
  Settings::Group& allowed = domain_->context().settings.group;
  const GroupId id = make_group(1, {2, 4});
  set_role(id, 4, GroupMemberRole::kManager);
  const auto recall = [&](int64_t by, InvitationId invited) {
    return code(domain_->invitations.recall(caller(by), invited));
  };
  const InvitationId invited = invite(2, id, 3);
  EXPECT_EQ(recall(1, invited), 3706);
  allowed.allow_invitation_recall_by_managers = true;
  EXPECT_EQ(recall(2, invited), 3707) << "the sender";
  EXPECT_EQ(recall(3, invited), 3707);
  EXPECT_EQ(recall(1, InvitationId(9)), 3707);
  EXPECT_EQ(relayed_to(ok(domain_->invitations.recall(caller(1), invited))), "3 4 +other");
  EXPECT_EQ(recall(1, invited), 3709);
  EXPECT_EQ(code(domain_->invitations.reply(caller(3), answer(invited, ResponseAction::kAccept))),
            3710);
  const auto received = ok(domain_->invitations.query(caller(3), {}));
  EXPECT_EQ(received.invitations[0].status, RequestStatus::kCanceled);

  allowed.allow_invitation_recall_by_sender = true;
  EXPECT_EQ(recall(2, invite(2, id, 3)), 1000);
  EXPECT_EQ(recall(4, invite(2, id, 3)), 1000);
  EXPECT_EQ(recall(3, invite(2, id, 3)), 3708);
  allowed.allow_invitation_recall_by_managers = false;
  EXPECT_EQ(recall(4, invite(2, id, 3)), 3708);
  const InvitationId expired = invite(2, id, 3);
  pass(std::chrono::hours(24 * 30));
  EXPECT_EQ(recall(2, expired), 3709);
}

TEST_F(InvitationsTest, InvitationsAreShownToThoseConcerned) {
  const GroupId id = make_group(1, {2});
  QueryGroupInvitations of_group;
  of_group.group_id = id;
  QueryGroupInvitations sent;
  sent.are_sent_by_me = true;
  EXPECT_EQ(code(domain_->invitations.query(caller(1), of_group)), 1002);
  EXPECT_EQ(code(domain_->invitations.query(caller(2), of_group)), 3712);
  invite(2, id, 3);
  EXPECT_EQ(ok(domain_->invitations.query(caller(1), of_group)).invitations.size(), 1u);
  EXPECT_EQ(code(domain_->invitations.query(caller(3), of_group)), 3712);
  EXPECT_EQ(ok(domain_->invitations.query(caller(2), sent)).invitations.size(), 1u);
  EXPECT_EQ(code(domain_->invitations.query(caller(1), sent)), 1002);
  const auto received = ok(domain_->invitations.query(caller(3), {}));
  ASSERT_EQ(received.invitations.size(), 1u);
  EXPECT_EQ(received.invitations[0].content, "come");
  QueryGroupInvitations again;
  again.last_updated_date = received.last_updated_date;
  EXPECT_EQ(code(domain_->invitations.query(caller(3), again)), 1002);
}

}  // namespace
}  // namespace turms::im
