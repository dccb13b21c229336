// Who may let others into a group, ask to be let in, and keep others out.
#include "im/enrollment.h"
#include "im/rights.h"

namespace turms::im {

Outcome<Permit<action::BlockInGroup>> Rights::block_in_group(const GroupState* group,
                                                             UserId requester, UserId user) {
  if (requester == user) return refuse(Code::kIllegalArgument, "nobody blocks themselves");
  if (group == nullptr || !group->is_manager(requester)) return refuse(Code::kBlockNotManager);
  // Who is blocked is removed, so the same rank is asked for as to remove.
  const GroupMember* member = group->find(user);
  if (member != nullptr && group->find(requester)->role >= member->role) {
    return refuse(Code::kRemoveOwnerOrManager);
  }
  return Permit(action::BlockInGroup{group->group.id, user});
}

Outcome<Permit<action::UnblockInGroup>> Rights::unblock_in_group(const GroupState* group,
                                                                 UserId requester, UserId user) {
  if (group == nullptr || !group->is_manager(requester)) return refuse(Code::kUnblockNotManager);
  return Permit(action::UnblockInGroup{group->group.id, user});
}

Outcome<None> Rights::query_blocklist(const GroupState* group, UserId requester) {
  // Upstream asks nothing here, and so tells strangers whom a group keeps out. To them it is as if
  // there was no such group.
  if (group == nullptr || group->find(requester) == nullptr) {
    return refuse(Code::kAlreadyUpToDate);
  }
  return None{};
}

Outcome<Permit<action::ReplyToInvitation>> Rights::reply_to_invitation(
    const GroupInvitation* invitation, UserId requester, WallTime now) {
  // Only the invitee is told whether there is one.
  if (invitation == nullptr || invitation->invitee_id != requester) {
    return refuse(Code::kReplyInvitationNotInvitee);
  }
  if (!is_open(*invitation, now)) return refuse(Code::kReplyInvitationNotPending);
  return Permit(action::ReplyToInvitation{invitation->id});
}

Outcome<None> Rights::query_invitations(const GroupState* group, UserId requester) {
  if (group == nullptr || !group->is_manager(requester)) {
    return refuse(Code::kQueryInvitationsNotManager);
  }
  return None{};
}

Outcome<Permit<action::RecallInvitation>> Rights::recall_invitation(
    const Settings& settings, const GroupInvitation* invitation, const GroupState* group,
    UserId requester, WallTime now) {
  const bool by_managers = settings.group.allow_invitation_recall_by_managers;
  const bool by_sender = settings.group.allow_invitation_recall_by_sender;
  if (!by_managers && !by_sender) return refuse(Code::kRecallInvitationDisabled);
  const bool allowed =
      invitation != nullptr && ((by_sender && invitation->inviter_id == requester) ||
                                (by_managers && group != nullptr && group->is_manager(requester)));
  // Whether there is one is told only to those who may.
  if (!allowed) {
    return refuse(by_sender ? Code::kRecallInvitationNotManagerOrSender
                            : Code::kRecallInvitationNotManager);
  }
  if (!is_open(*invitation, now)) return refuse(Code::kRecallInvitationNotPending);
  return Permit(action::RecallInvitation{invitation->id});
}

Outcome<Permit<action::AskToJoin>> Rights::ask_to_join(const GroupState* group, UserId requester) {
  if (group == nullptr) return refuse(Code::kJoinRequestToInactiveGroup);
  if (group->is_blocked(requester)) return refuse(Code::kJoinRequestByBlocked);
  switch (group->type.join_strategy) {
    case JoinStrategy::kJoinRequest:
      break;
    case JoinStrategy::kMembershipRequest:
      return refuse(Code::kJoinRequestNotNeeded);
    case JoinStrategy::kInvitation:
      return refuse(Code::kJoinRequestWithoutInvitation);
    case JoinStrategy::kQuestion:
      return refuse(Code::kJoinRequestWithoutAnswer);
  }
  if (group->find(requester) != nullptr) return refuse(Code::kJoinRequestByMember);
  return Permit(action::AskToJoin{group->group.id, requester});
}

Outcome<Permit<action::ReplyToJoinRequest>> Rights::reply_to_join_request(
    const GroupJoinRequest* request, const GroupState* group, UserId requester, WallTime now) {
  // Whether there is one is told only to those who may answer it.
  if (request == nullptr || group == nullptr || !group->is_manager(requester)) {
    return refuse(Code::kReplyJoinRequestNotManager);
  }
  if (!is_open(*request, now)) return refuse(Code::kReplyJoinRequestNotPending);
  return Permit(action::ReplyToJoinRequest{request->id});
}

Outcome<Permit<action::RecallJoinRequest>> Rights::recall_join_request(
    const Settings& settings, const GroupJoinRequest* request, UserId requester, WallTime now) {
  if (!settings.group.allow_join_request_recall) return refuse(Code::kRecallJoinRequestDisabled);
  if (request == nullptr || request->requester_id != requester) {
    return refuse(Code::kRecallJoinRequestNotSender);
  }
  if (!is_open(*request, now)) return refuse(Code::kRecallJoinRequestNotPending);
  return Permit(action::RecallJoinRequest{request->id});
}

Outcome<None> Rights::query_join_requests(const GroupState* group, UserId requester) {
  if (group == nullptr || !group->is_manager(requester)) {
    return refuse(Code::kQueryJoinRequestsNotManager);
  }
  return None{};
}

Outcome<Permit<action::ChangeJoinQuestions>> Rights::create_join_questions(const GroupState* group,
                                                                           UserId requester) {
  if (group == nullptr || !group->is_manager(requester)) {
    return refuse(Code::kCreateQuestionNotManager);
  }
  switch (group->type.join_strategy) {
    case JoinStrategy::kQuestion:
      break;
    case JoinStrategy::kJoinRequest:
      return refuse(Code::kCreateQuestionJoinRequest);
    case JoinStrategy::kInvitation:
      return refuse(Code::kCreateQuestionInvitation);
    case JoinStrategy::kMembershipRequest:
      return refuse(Code::kCreateQuestionMembershipRequest);
  }
  return Permit(action::ChangeJoinQuestions{group->group.id});
}

Outcome<Permit<action::ChangeJoinQuestions>> Rights::change_join_questions(const GroupState* group,
                                                                           UserId requester,
                                                                           Code refusal) {
  if (group == nullptr || !group->is_manager(requester)) return refuse(refusal);
  return Permit(action::ChangeJoinQuestions{group->group.id});
}

Outcome<None> Rights::query_join_answers(const GroupState* group, UserId requester) {
  if (group == nullptr || !group->is_manager(requester)) {
    return refuse(Code::kQueryAnswersNotManager);
  }
  return None{};
}

Outcome<Permit<action::AddMembers>> Rights::join_by_answers(const GroupState* group,
                                                            UserId requester) {
  if (group == nullptr) return refuse(Code::kAnswerToInactiveGroup);
  if (group->is_blocked(requester)) return refuse(Code::kAnswerByBlocked);
  if (group->find(requester) != nullptr) return refuse(Code::kAnswerByMember);
  if (group->type.join_strategy != JoinStrategy::kQuestion) {
    return refuse(Code::kAnswerInactiveQuestion);
  }
  return Permit(action::AddMembers{group->group.id, {requester}});
}

}  // namespace turms::im
