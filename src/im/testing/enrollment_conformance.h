#pragma once

#include "im/testing/repository_conformance.h"

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
  /// Expires 100 ms later.
  JoinRequestRepository::Created ask(int64_t id, int64_t group, int64_t requester, int64_t at = 0) {
    GroupJoinRequest request;
    request.id = JoinRequestId(id);
    request.group_id = GroupId(group);
    request.requester_id = UserId(requester);
    request.content = "let me in";
    request.creation_date = time_at(at);
    request.expiration_date = time_at(at + 100);
    return ok(store_.join_requests.create(
        may(action::AskToJoin{request.group_id, request.requester_id}), request));
  }
  JoinRequestRepository::Replied reply(int64_t id, RequestStatus status,
                                       std::optional<GroupMember> new_member, int32_t limit,
                                       int64_t at = 1) {
    return ok(store_.join_requests.reply(may(action::ReplyToJoinRequest{JoinRequestId(id)}),
                                         UserId(1), status, "why", std::move(new_member), limit,
                                         time_at(at)));
  }
  static GroupJoinQuestion question(int64_t id, int64_t group, std::vector<std::string> answers) {
    GroupJoinQuestion question;
    question.id = JoinQuestionId(id);
    question.group_id = GroupId(group);
    question.question = "why?";
    question.answers = std::move(answers);
    question.score = 3;
    return question;
  }
  JoinQuestionRepository::Created add(int64_t group, std::vector<GroupJoinQuestion> questions,
                                      int64_t at = 0) {
    return ok(store_.join_questions.create(may(action::ChangeJoinQuestions{GroupId(group)}),
                                           std::move(questions), time_at(at)));
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

TEST_P(EnrollmentConformance, NobodyOwnsMoreGroupsThanTheyMay) {
  using Created = GroupRepository::Created;
  using Transferred = GroupRepository::Transferred;
  const auto create = [&](int64_t id, int64_t owner, int64_t type, GroupQuota quota) {
    Group group;
    group.id = GroupId(id);
    group.type_id = type;
    group.creator_id = UserId(owner);
    group.owner_id = UserId(owner);
    group.creation_date = kNow;
    group.last_updated_date = kNow;
    auto rows = members(id, {owner, owner == 9 ? 1 : 9});
    rows.front().role = GroupMemberRole::kOwner;
    return ok(store_.groups.create(may(action::CreateGroup{UserId(owner), quota}), group, rows));
  };
  EXPECT_EQ(create(10, 1, 0, {1, 1}), Created::kDone);
  EXPECT_EQ(create(11, 1, 4, {1, 9}), Created::kTooMany);
  EXPECT_EQ(create(11, 1, 0, {9, 1}), Created::kTooMany);
  EXPECT_EQ(create(11, 1, 4, {9, 1}), Created::kDone);
  EXPECT_FALSE(ok(store_.groups.load(GroupId(12))));
  EXPECT_EQ(create(12, 9, 0, {}), Created::kDone);
  const auto transfer = [&](int64_t id, GroupQuota quota) {
    return ok(store_.groups.transfer(
        may(action::TransferGroup{GroupId(id), UserId(1), UserId(9), quota}), false, kNow));
  };
  EXPECT_EQ(transfer(10, {9, 1}), Transferred::kTooMany);
  EXPECT_EQ(transfer(11, {9, 1}), Transferred::kDone);
  EXPECT_EQ(transfer(10, {2, 9}), Transferred::kTooMany);
  ok(store_.groups.remove(may(action::RemoveGroup{GroupId(11)}), kNow));
  EXPECT_EQ(transfer(10, {2, 9}), Transferred::kDone) << "deleted ones do not count";
}

TEST_P(EnrollmentConformance, ATypeIsRemovedWhenNoGroupHasIt) {
  using Removed = GroupRepository::TypeRemoved;
  const auto remove = [&](int64_t id) {
    return ok(store_.groups.remove_type(may(action::RemoveGroupType{id})));
  };
  EXPECT_EQ(remove(4), Removed::kNone);
  GroupType type;
  type.id = 4;
  ok(store_.groups.put_type(may(action::PutGroupType{4}), type));
  add_group(10, {1});
  GroupChange change;
  change.type_id = 4;
  ok(store_.groups.update(may(action::UpdateGroup{GroupId(10)}), change, kNow));
  EXPECT_EQ(remove(4), Removed::kInUse);
  ok(store_.groups.remove(may(action::RemoveGroup{GroupId(10)}), kNow));
  EXPECT_EQ(remove(4), Removed::kDone);
  EXPECT_FALSE(ok(store_.groups.find_type(4)));
  type.id = 0;
  type.size_limit = 7;
  ok(store_.groups.put_type(may(action::PutGroupType{0}), type));
  EXPECT_EQ(remove(0), Removed::kDone);
  EXPECT_EQ(ok(store_.groups.find_type(0))->size_limit, 500);
}

TEST_P(EnrollmentConformance, UsersHaveRoles) {
  using Assigned = UserRoleRepository::Assigned;
  add_user(1);
  const auto assign = [&](int64_t user, int64_t role) {
    return ok(store_.user_roles.assign(may(action::AssignUserRole{UserId(user), role})));
  };
  EXPECT_EQ(ok(store_.user_roles.list()).size(), 1u);
  EXPECT_EQ(ok(store_.user_roles.of_user(UserId(1))).creatable_group_types,
            std::vector<int64_t>{0});
  UserRole role;
  role.id = 5;
  role.name = "teacher";
  role.creatable_group_types = {7, 3};
  role.owned_group_limit = 10;
  role.owned_group_limit_per_type = 4;
  role.group_type_limits = {{3, 2}, {8, 1}};
  EXPECT_EQ(assign(1, 5), Assigned::kNoRole);
  EXPECT_TRUE(ok(store_.user_roles.put(may(action::PutUserRole{5}), role)));
  EXPECT_EQ(assign(2, 5), Assigned::kNoUser);
  EXPECT_EQ(assign(1, 5), Assigned::kDone);
  const UserRole found = ok(store_.user_roles.of_user(UserId(1)));
  EXPECT_EQ(found.name, "teacher");
  EXPECT_EQ(found.creatable_group_types, (std::vector<int64_t>{3, 7}));
  EXPECT_EQ(found.group_type_limits, role.group_type_limits);
  EXPECT_EQ(found.quota(3).groups_of_type, 2);
  EXPECT_EQ(found.quota(7).groups_of_type, 4);
  EXPECT_EQ(found.quota(7).groups, 10);
  role.id = 0;
  role.creatable_group_types = {0, 1};
  EXPECT_TRUE(ok(store_.user_roles.put(may(action::PutUserRole{0}), role)));
  EXPECT_EQ(ok(store_.user_roles.list()).size(), 2u);
  EXPECT_TRUE(ok(store_.user_roles.remove(may(action::RemoveUserRole{5}))));
  EXPECT_FALSE(ok(store_.user_roles.remove(may(action::RemoveUserRole{5}))));
  EXPECT_EQ(ok(store_.user_roles.of_user(UserId(1))).creatable_group_types,
            (std::vector<int64_t>{0, 1}));
}

TEST_P(EnrollmentConformance, NobodyIsAddedWhoIsBlocked) {
  add_group(10, {1});
  block(10, 2);
  EXPECT_EQ(ok(store_.groups.add_members(may(action::AddMembers{GroupId(10), users({2})}),
                                         members(10, {2}), 9, kNow)),
            GroupRepository::Added::kBlocked);
}

TEST_P(EnrollmentConformance, AnInvitationIsRecalledWhileItIsPending) {
  add_group(10, {1});
  GroupInvitation invitation;
  invitation.id = InvitationId(100);
  invitation.group_id = GroupId(10);
  invitation.inviter_id = UserId(1);
  invitation.invitee_id = UserId(2);
  invitation.creation_date = kNow;
  invitation.expiration_date = time_at(100);
  ok(store_.invitations.create(may(action::Invite{GroupId(10), UserId(1), UserId(2)}), invitation));
  const auto permit = may(action::RecallInvitation{InvitationId(100)});
  EXPECT_FALSE(ok(store_.invitations.recall(permit, time_at(100)))) << "expired";
  EXPECT_TRUE(ok(store_.invitations.recall(permit, time_at(1))));
  EXPECT_FALSE(ok(store_.invitations.recall(permit, time_at(2))));
  EXPECT_EQ(ok(store_.invitations.find(InvitationId(100)))->status, RequestStatus::kCanceled);
  EXPECT_EQ(version(VersionOf::kGroupInvitations, 10), time_at(1));
  EXPECT_EQ(version(VersionOf::kSentInvitations, 1), time_at(1));
  EXPECT_EQ(version(VersionOf::kReceivedInvitations, 2), time_at(1));
}

TEST_P(EnrollmentConformance, ARequestToJoinIsKeptAndAnswered) {
  using Created = JoinRequestRepository::Created;
  using Replied = JoinRequestRepository::Replied;
  add_group(10, {1});
  block(10, 9);
  EXPECT_EQ(ask(100, 10, 2, 1), Created::kDone);
  EXPECT_EQ(ask(101, 10, 3, 2), Created::kDone);
  EXPECT_EQ(ask(102, 10, 1), Created::kMember);
  EXPECT_EQ(ask(102, 10, 9), Created::kBlocked);
  EXPECT_EQ(ask(102, 11, 2), Created::kGroupGone);
  EXPECT_EQ(version(VersionOf::kGroupJoinRequests, 10), time_at(2));
  EXPECT_EQ(version(VersionOf::kSentJoinRequests, 2), time_at(1));
  auto of_group = ok(store_.join_requests.query({GroupId(10), {}}));
  ASSERT_EQ(of_group.size(), 2u);
  EXPECT_EQ(of_group[0].id, JoinRequestId(100));
  EXPECT_EQ(of_group[0].content, "let me in");
  EXPECT_FALSE(of_group[0].responder_id);
  EXPECT_EQ(ok(store_.join_requests.query({{}, UserId(3)})).size(), 1u);

  EXPECT_EQ(reply(100, RequestStatus::kAccepted, member(10, 2), 1, 5), Replied::kFull);
  EXPECT_EQ(reply(100, RequestStatus::kAccepted, member(10, 2), 9, 5), Replied::kDone);
  EXPECT_EQ(reply(100, RequestStatus::kDeclined, {}, 9, 6), Replied::kNotPending);
  EXPECT_EQ(member_ids(10), (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(version(VersionOf::kGroupMembers, 10), time_at(5));
  EXPECT_EQ(version(VersionOf::kGroupJoinRequests, 10), time_at(5));
  EXPECT_EQ(version(VersionOf::kSentJoinRequests, 2), time_at(5));
  const auto answered = ok(store_.join_requests.find(JoinRequestId(100)));
  EXPECT_EQ(answered->status, RequestStatus::kAccepted);
  EXPECT_EQ(answered->responder_id, UserId(1));
  EXPECT_EQ(answered->reason, "why");
  EXPECT_EQ(answered->response_date, time_at(5));

  block(10, 3);
  EXPECT_EQ(reply(101, RequestStatus::kAccepted, member(10, 3), 9), Replied::kBlocked);
  unblock(10, 3);
  EXPECT_EQ(reply(101, RequestStatus::kAccepted, member(10, 3), 9, 102), Replied::kNotPending)
      << "expired";
}

TEST_P(EnrollmentConformance, ARequestOfAMemberIsSettledAllTheSame) {
  using Replied = JoinRequestRepository::Replied;
  add_group(10, {1});
  ask(100, 10, 2);
  ask(101, 10, 2);
  EXPECT_EQ(reply(100, RequestStatus::kAccepted, member(10, 2), 9), Replied::kDone);
  EXPECT_EQ(reply(101, RequestStatus::kAccepted, member(10, 2), 2), Replied::kAlreadyMember);
  EXPECT_EQ(ok(store_.join_requests.find(JoinRequestId(101)))->status, RequestStatus::kAccepted);
}

TEST_P(EnrollmentConformance, ARequestToJoinIsRecalledWhileItIsPending) {
  add_group(10, {1});
  ask(100, 10, 2);
  const auto permit = may(action::RecallJoinRequest{JoinRequestId(100)});
  EXPECT_FALSE(ok(store_.join_requests.recall(permit, time_at(100)))) << "expired";
  EXPECT_TRUE(ok(store_.join_requests.recall(permit, time_at(2))));
  EXPECT_FALSE(ok(store_.join_requests.recall(permit, time_at(1))));
  EXPECT_EQ(ok(store_.join_requests.find(JoinRequestId(100)))->status, RequestStatus::kCanceled);
  EXPECT_EQ(reply(100, RequestStatus::kDeclined, {}, 9),
            JoinRequestRepository::Replied::kNotPending);
  EXPECT_EQ(version(VersionOf::kGroupJoinRequests, 10), time_at(2));
}

TEST_P(EnrollmentConformance, OneUserMayWaitForSoManyAnswers) {
  add_group(10, {1});
  for (int64_t i = 0; i < JoinRequestRepository::kMaxPending; ++i) {
    ASSERT_EQ(ask(1000 + i, 10, 2), JoinRequestRepository::Created::kDone);
  }
  EXPECT_EQ(ask(9000, 10, 2), JoinRequestRepository::Created::kTooMany);
  EXPECT_EQ(ask(9000, 10, 3), JoinRequestRepository::Created::kDone);
  EXPECT_EQ(ask(9001, 10, 2, 100), JoinRequestRepository::Created::kDone) << "those have expired";
  const auto newest = ok(store_.join_requests.query({GroupId(10), {}}));
  ASSERT_EQ(newest.size(), static_cast<size_t>(kMaxQueriedRequests));
  EXPECT_EQ(newest.back().id, JoinRequestId(9001));
}

TEST_P(EnrollmentConformance, QuestionsAreOfTheirGroup) {
  using Created = JoinQuestionRepository::Created;
  add_group(10, {1});
  add_group(11, {1});
  const std::vector<std::string> odd = {"a \"b\" \\c", "\n\x01", "日本", ""};
  EXPECT_EQ(add(10, {question(100, 10, odd), question(101, 10, {"x"})}, 1), Created::kDone);
  EXPECT_EQ(add(11, {question(102, 11, {"y"})}, 1), Created::kDone);
  EXPECT_EQ(add(12, {question(103, 12, {"y"})}), Created::kGroupGone);
  EXPECT_EQ(version(VersionOf::kGroupJoinQuestions, 10), time_at(1));
  auto found = ok(store_.join_questions.of_group(GroupId(10)));
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].answers, odd);
  EXPECT_EQ(found[0].question, "why?");
  EXPECT_EQ(found[0].score, 3);
  found =
      ok(store_.join_questions.find({JoinQuestionId(102), JoinQuestionId(7), JoinQuestionId(100)}));
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].group_id, GroupId(11));

  const auto of_10 = may(action::ChangeJoinQuestions{GroupId(10)});
  JoinQuestionChange change;
  change.answers = {"z"};
  EXPECT_TRUE(ok(store_.join_questions.update(of_10, JoinQuestionId(100), change, time_at(2))));
  EXPECT_FALSE(ok(store_.join_questions.update(of_10, JoinQuestionId(102), change, time_at(3))));
  found = ok(store_.join_questions.find({JoinQuestionId(100)}));
  EXPECT_EQ(found[0].answers, std::vector<std::string>{"z"});
  EXPECT_EQ(found[0].question, "why?");
  EXPECT_EQ(version(VersionOf::kGroupJoinQuestions, 10), time_at(2));

  EXPECT_EQ(ok(store_.join_questions.remove(of_10, {JoinQuestionId(101), JoinQuestionId(102)},
                                            time_at(4))),
            1);
  EXPECT_EQ(version(VersionOf::kGroupJoinQuestions, 10), time_at(4));
  EXPECT_EQ(ok(store_.join_questions.remove(of_10, {JoinQuestionId(101)}, time_at(5))), 0);
  EXPECT_EQ(version(VersionOf::kGroupJoinQuestions, 10), time_at(4));
  EXPECT_EQ(ok(store_.join_questions.of_group(GroupId(11))).size(), 1u);
}

}  // namespace turms::im::testing
