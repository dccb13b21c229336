#pragma once

#include "im/testing/repository_conformance.h"

// What every implementation of the repository of invitations must do.

namespace turms::im::testing {

TEST_P(RepositoryConformance, AnInvitationIsSettledOnce) {
  using Replied = InvitationRepository::Replied;
  add_group(10, {1});
  GroupInvitation invitation;
  invitation.id = InvitationId(50);
  invitation.group_id = GroupId(10);
  invitation.inviter_id = UserId(1);
  invitation.invitee_id = UserId(2);
  invitation.content = "come";
  invitation.creation_date = kNow;
  invitation.expiration_date = time_at(1000);
  ok(store_.invitations.create(
      may(action::Invite{invitation.group_id, invitation.inviter_id, invitation.invitee_id}),
      invitation));
  EXPECT_EQ(version(VersionOf::kReceivedInvitations, 2), kNow);

  const auto accept = [&](int32_t limit, int64_t at) {
    return ok(store_.invitations.reply(may(action::ReplyToInvitation{InvitationId(50)}),
                                       RequestStatus::kAccepted, "yes", member(10, 2), limit,
                                       time_at(at)));
  };
  EXPECT_EQ(accept(500, 1000), Replied::kNotPending) << "expired";
  EXPECT_EQ(accept(1, 5), Replied::kFull);
  EXPECT_EQ(ok(store_.invitations.find(InvitationId(50)))->status, RequestStatus::kPending);
  EXPECT_EQ(accept(500, 5), Replied::kDone);
  EXPECT_EQ(accept(500, 5), Replied::kNotPending);
  EXPECT_EQ(member_ids(10), (std::vector<int64_t>{1, 2}));
  const auto settled = ok(store_.invitations.find(InvitationId(50)));
  EXPECT_EQ(settled->status, RequestStatus::kAccepted);
  EXPECT_EQ(settled->reason, "yes");
  EXPECT_EQ(settled->response_date, time_at(5));

  invitation.id = InvitationId(51);
  ok(store_.invitations.create(
      may(action::Invite{invitation.group_id, invitation.inviter_id, invitation.invitee_id}),
      invitation));
  EXPECT_EQ(ok(store_.invitations.reply(may(action::ReplyToInvitation{InvitationId(51)}),
                                        RequestStatus::kAccepted, "", member(10, 2), 500, kNow)),
            Replied::kAlreadyMember);
  EXPECT_EQ(ok(store_.invitations.query({.group_id = GroupId(10)})).size(), 2u);
  EXPECT_EQ(ok(store_.invitations.query({.inviter_id = UserId(1)})).size(), 2u);
  EXPECT_EQ(ok(store_.invitations.query({.invitee_id = UserId(2)})).size(), 2u);
  EXPECT_TRUE(ok(store_.invitations.query({.invitee_id = UserId(1)})).empty());
}

}  // namespace turms::im::testing
