#include "im/rights.h"

#include <algorithm>
#include <string>

namespace turms::im {
namespace {

bool contains(const std::vector<UserId>& sorted, UserId user) {
  return std::binary_search(sorted.begin(), sorted.end(), user);
}

std::optional<GroupMemberRole> role_in(const GroupState& group, UserId user) {
  const GroupMember* member = group.find(user);
  return member == nullptr ? std::nullopt : std::optional(member->role);
}

bool outranks(GroupMemberRole a, GroupMemberRole b) {
  return a < b;
}

bool may_update(UpdateStrategy strategy, std::optional<GroupMemberRole> role) {
  switch (strategy) {
    case UpdateStrategy::kAll:
      return true;
    case UpdateStrategy::kOwnerManagerMember:
      return role && *role <= GroupMemberRole::kMember;
    case UpdateStrategy::kOwnerManager:
      return role && *role <= GroupMemberRole::kManager;
    case UpdateStrategy::kOwner:
      return role == GroupMemberRole::kOwner;
  }
  return false;
}

bool requires_approval(InvitationStrategy strategy) {
  return strategy >= InvitationStrategy::kAllRequiringApproval;
}

bool may_invite(InvitationStrategy strategy, std::optional<GroupMemberRole> role) {
  switch (strategy) {
    case InvitationStrategy::kAll:
    case InvitationStrategy::kAllRequiringApproval:
      return true;
    case InvitationStrategy::kOwnerManagerMember:
    case InvitationStrategy::kOwnerManagerMemberRequiringApproval:
      return role && *role <= GroupMemberRole::kMember;
    case InvitationStrategy::kOwnerManager:
    case InvitationStrategy::kOwnerManagerRequiringApproval:
      return role && *role <= GroupMemberRole::kManager;
    case InvitationStrategy::kOwner:
    case InvitationStrategy::kOwnerRequiringApproval:
      return role == GroupMemberRole::kOwner;
  }
  return false;
}

// The code that says who else may, of the three that each kind of right has.
Code lacking(InvitationStrategy strategy, Code owner_only, Code managers_only, Code members_only) {
  switch (strategy) {
    case InvitationStrategy::kOwner:
    case InvitationStrategy::kOwnerRequiringApproval:
      return owner_only;
    case InvitationStrategy::kOwnerManager:
    case InvitationStrategy::kOwnerManagerRequiringApproval:
      return managers_only;
    default:
      return members_only;
  }
}

Code lacking(UpdateStrategy strategy, Code owner_only, Code managers_only, Code members_only) {
  switch (strategy) {
    case UpdateStrategy::kOwner:
      return owner_only;
    case UpdateStrategy::kOwnerManager:
      return managers_only;
    default:
      return members_only;
  }
}

bool changes_info(const UpdateGroup& command) {
  return command.name || command.intro || command.announcement || command.min_score ||
         command.mute_end_date || !command.attributes.empty();
}

std::string list_of(const std::vector<UserId>& ids) {
  std::string text;
  for (const UserId id : ids) text += (text.empty() ? "" : ", ") + std::to_string(id.value);
  return text;
}

std::optional<Failure> refuse_role_change(const GroupState* group, UserId requester,
                                          const UpdateGroupMember& command) {
  if (group == nullptr) return Failure{Code::kUpdateRoleOfNonexistentGroup, {}};
  if (role_in(*group, requester) != GroupMemberRole::kOwner) {
    return Failure{Code::kUpdateRoleNotOwner, {}};
  }
  if (*command.role == GroupMemberRole::kOwner || command.member_id == requester) {
    return Failure{Code::kIllegalArgument, "ownership is transferred, not given as a role"};
  }
  return std::nullopt;
}

std::optional<Failure> refuse_mute(const GroupState* group, UserId requester,
                                   const UpdateGroupMember& command) {
  if (command.member_id == requester) {
    return Failure{Code::kIllegalArgument, "nobody mutes themselves"};
  }
  if (group == nullptr) return Failure{Code::kMuteInNonexistentGroup, {}};
  const auto own = role_in(*group, requester);
  if (!own) return Failure{Code::kMuteNotManager, {}};
  const auto theirs = role_in(*group, command.member_id);
  if (!theirs) return Failure{Code::kMuteNonexistentMember, {}};
  if (!outranks(*own, *theirs)) return Failure{Code::kMuteEqualOrHigher, {}};
  // A plain member outranks guests, but mutes nobody.
  if (*own > GroupMemberRole::kManager) return Failure{Code::kMuteNotManager, {}};
  return std::nullopt;
}

std::optional<Failure> refuse_rename(const GroupState* group, UserId requester,
                                     const UpdateGroupMember& command) {
  if (group == nullptr) return Failure{Code::kMemberInfoOfNonexistentGroup, {}};
  const auto role = role_in(*group, requester);
  if (command.member_id == requester && role && group->type.self_info_updatable) {
    return std::nullopt;
  }
  const UpdateStrategy strategy = group->type.member_info_update_strategy;
  if (may_update(strategy, role)) return std::nullopt;
  return Failure{lacking(strategy, Code::kMemberInfoOwnerOnly, Code::kMemberInfoOwnerOrManagerOnly,
                         Code::kMemberInfoMemberOnly),
                 {}};
}

}  // namespace

Outcome<Permit<action::CreateGroup>> Rights::create_group(UserId requester, const UserRole& role,
                                                          int64_t type_id,
                                                          const std::optional<GroupType>& type) {
  if (!type) return refuse(Code::kGroupTypeNonexistent);
  if (!role.may_have(type_id)) return refuse(Code::kGroupTypeNoPermission);
  return Permit(action::CreateGroup{requester, role.quota(type_id)});
}

Outcome<None> Rights::change_group_type(const Settings& settings, const GroupState* group,
                                        UserId requester, const UserRole& role, int64_t type_id,
                                        const std::optional<GroupType>& type) {
  if (!settings.group.allow_type_change) return refuse(Code::kGroupTypeUpdateDisabled);
  if (group == nullptr) return refuse(Code::kGroupNonexistent);
  if (role_in(*group, requester) != GroupMemberRole::kOwner) {
    return refuse(Code::kGroupTypeUpdateNotOwner);
  }
  if (!type) return refuse(Code::kGroupTypeUpdateNonexistent);
  if (!role.may_have(type_id)) return refuse(Code::kGroupTypeUpdateNoPermission);
  return None{};
}

Outcome<Permit<action::UpdateGroup>> Rights::update_group(const GroupState* group, UserId requester,
                                                          const UpdateGroup& command) {
  if (group == nullptr) return refuse(Code::kGroupNonexistent);
  const UpdateStrategy strategy = group->type.info_update_strategy;
  // The type alone is the owner's: see change_group_type.
  if (!changes_info(command) || may_update(strategy, role_in(*group, requester))) {
    return Permit(action::UpdateGroup{group->group.id});
  }
  return refuse(lacking(strategy, Code::kGroupInfoOwnerOnly, Code::kGroupInfoOwnerOrManagerOnly,
                        Code::kGroupInfoMemberOnly));
}

Outcome<Permit<action::TransferGroup>> Rights::transfer_group(const GroupState* group,
                                                              UserId requester, UserId successor,
                                                              const UserRole& role) {
  if (group == nullptr || role_in(*group, requester) != GroupMemberRole::kOwner) {
    return refuse(Code::kTransferNotOwner);
  }
  if (group->find(successor) == nullptr) return refuse(Code::kSuccessorNotMember);
  if (!role.may_have(group->group.type_id)) return refuse(Code::kGroupTypeNoPermission);
  return Permit(action::TransferGroup{group->group.id, requester, successor,
                                      role.quota(group->group.type_id)});
}

Outcome<Permit<action::RemoveGroup>> Rights::delete_group(const GroupState* group,
                                                          UserId requester) {
  if (group == nullptr || role_in(*group, requester) != GroupMemberRole::kOwner) {
    return refuse(Code::kDeleteGroupNotOwner);
  }
  return Permit(action::RemoveGroup{group->group.id});
}

Outcome<Permit<action::AddMembers>> Rights::join_group(const GroupState* group, UserId requester) {
  if (group == nullptr) return refuse(Code::kAddMemberToInactiveGroup);
  switch (group->type.join_strategy) {
    case JoinStrategy::kMembershipRequest:
      break;
    case JoinStrategy::kInvitation:
      return refuse(Code::kJoinWithoutInvitation);
    case JoinStrategy::kQuestion:
      return refuse(Code::kJoinWithoutAnswer);
    case JoinStrategy::kJoinRequest:
      return refuse(Code::kJoinWithoutRequest);
  }
  if (group->is_blocked(requester)) return refuse(Code::kAddBlockedUser);
  return Permit(action::AddMembers{group->group.id, {requester}});
}

Outcome<Permit<action::AddMembers>> Rights::add_members(const GroupState* group, UserId requester,
                                                        GroupMemberRole role,
                                                        std::span<const UserId> users) {
  if (group == nullptr) return refuse(Code::kAddMemberToInactiveGroup);
  const InvitationStrategy strategy = group->type.invitation_strategy;
  if (requires_approval(strategy)) return refuse(Code::kAddMemberNeedsApproval);
  const auto own = role_in(*group, requester);
  if (!may_invite(strategy, own)) {
    return refuse(lacking(strategy, Code::kAddMemberOwnerOnly, Code::kAddMemberOwnerOrManagerOnly,
                          Code::kAddMemberMemberOnly));
  }
  if (role == GroupMemberRole::kManager && own != GroupMemberRole::kOwner) {
    return refuse(Code::kAddManagerNotOwner);
  }
  std::vector<UserId> blocked;
  for (const UserId user : users) {
    if (group->is_blocked(user)) blocked.push_back(user);
  }
  if (!blocked.empty()) {
    return refuse(Code::kAddBlockedUser, "The blocked user IDs: " + list_of(blocked));
  }
  return Permit(action::AddMembers{group->group.id, {users.begin(), users.end()}});
}

Outcome<Permit<action::RemoveMembers>> Rights::quit_group(const GroupState& group,
                                                          UserId requester) {
  if (role_in(group, requester) == GroupMemberRole::kOwner) {
    return refuse(Code::kOwnerQuitsWithoutSuccessor);
  }
  return Permit(action::RemoveMembers{group.group.id, {requester}});
}

Outcome<Permit<action::RemoveMembers>> Rights::remove_members(const GroupState* group,
                                                              UserId requester,
                                                              std::span<const UserId> members) {
  // A stranger is not told whether the group or the members exist.
  const auto own = group == nullptr ? std::nullopt : role_in(*group, requester);
  if (!own) return refuse(Code::kNoContent);
  if (*own > GroupMemberRole::kManager) return refuse(Code::kRemoveMemberNotManager);
  for (const UserId member : members) {
    const auto theirs = role_in(*group, member);
    if (theirs && !outranks(*own, *theirs)) return refuse(Code::kRemoveOwnerOrManager);
  }
  return Permit(action::RemoveMembers{group->group.id, {members.begin(), members.end()}});
}

Outcome<Permit<action::UpdateMember>> Rights::update_member(const GroupState* group,
                                                            UserId requester,
                                                            const UpdateGroupMember& command) {
  std::optional<Failure> refusal;
  if (command.role) refusal = refuse_role_change(group, requester, command);
  if (!refusal && command.mute_end_date) refusal = refuse_mute(group, requester, command);
  if (!refusal && command.name) refusal = refuse_rename(group, requester, command);
  if (refusal) return std::unexpected(std::move(*refusal));
  if (group == nullptr || group->find(command.member_id) == nullptr) {
    return refuse(Code::kMemberNonexistent);
  }
  return Permit(action::UpdateMember{group->group.id, command.member_id});
}

Outcome<None> Rights::query_members(const GroupState* group, UserId requester) {
  if (group == nullptr || group->find(requester) == nullptr) {
    return refuse(Code::kQueryMembersNotMember);
  }
  return None{};
}

Outcome<Permit<action::Invite>> Rights::invite(const GroupState* group, UserId inviter,
                                               UserId invitee) {
  if (group == nullptr) return refuse(Code::kAddMemberToInactiveGroup);
  const InvitationStrategy strategy = group->type.invitation_strategy;
  if (!may_invite(strategy, role_in(*group, inviter))) {
    return refuse(lacking(strategy, Code::kInviteOwnerOnly, Code::kInviteOwnerOrManagerOnly,
                          Code::kInviteMemberOnly));
  }
  if (group->find(invitee) != nullptr) return refuse(Code::kInviteMember);
  if (group->is_blocked(invitee)) return refuse(Code::kInviteBlockedUser);
  if (!requires_approval(strategy)) return refuse(Code::kInviteNeedsNoApproval);
  return Permit(action::Invite{group->group.id, inviter, invitee});
}

Outcome<Permit<action::SendMessage>> Rights::send_to_group(const GroupState* group, UserId sender,
                                                           WallTime now) {
  if (group == nullptr) return refuse(Code::kSendToInactiveGroup);
  const GroupMember* member = group->find(sender);
  if (member == nullptr && !group->type.guest_speakable) return refuse(Code::kSendNotSpeakable);
  if (group->is_muted(now)) return refuse(Code::kSendToMutedGroup);
  if (member == nullptr) {
    if (group->is_blocked(sender)) return refuse(Code::kSendBlockedInGroup);
  } else if (member->mute_end_date && *member->mute_end_date > now) {
    return refuse(Code::kSendMutedMember);
  }
  return Permit(action::SendMessage{sender, group->group.id, std::nullopt});
}

Outcome<Permit<action::SendMessage>> Rights::send_to_user(const Settings& settings, UserId sender,
                                                          UserId recipient,
                                                          const Reachability& reachability) {
  if (sender == recipient) {
    if (!settings.message.allow_messages_to_oneself) return refuse(Code::kSendToOneself);
    return Permit(action::SendMessage{sender, std::nullopt, recipient});
  }
  if (!reachability.exists_and_active) return refuse(Code::kRecipientInactive);
  if (settings.message.allow_messages_to_strangers) {
    if (contains(reachability.blocked, sender)) return refuse(Code::kSendBlocked);
  } else if (!contains(reachability.friends, sender)) {
    return refuse(Code::kSendNotFriend);
  }
  return Permit(action::SendMessage{sender, std::nullopt, recipient});
}

Outcome<None> Rights::forward_message(const Message* message, const GroupState* group,
                                      UserId requester) {
  // Whether a message exists is told only to whom it was written.
  if (message == nullptr || message->recall_date) return refuse(Code::kForwardNotAllowed);
  const bool theirs = message->group_id
                          ? group != nullptr && group->find(requester) != nullptr
                          : message->sender_id == requester || message->recipient_id == requester;
  if (!theirs) return refuse(Code::kForwardNotAllowed);
  return None{};
}

Outcome<Permit<action::EditMessage>> Rights::edit_message(const Settings& settings,
                                                          const Message* message,
                                                          const GroupState* group,
                                                          UserId requester) {
  if (!settings.message.allow_edit_by_sender) return refuse(Code::kEditDisabled);
  if (message == nullptr || message->sender_id != requester || message->is_system_message) {
    return refuse(Code::kEditNotSender);
  }
  if (message->group_id) {
    if (group == nullptr) return refuse(Code::kEditInNonexistentGroup);
    if (!group->type.message_editable) return refuse(Code::kEditDisabledByGroup);
  }
  return Permit(action::EditMessage{message->id});
}

Outcome<Permit<action::RecallMessage>> Rights::recall_message(const Settings& settings,
                                                              const Message* message,
                                                              const GroupState* group,
                                                              UserId requester, WallTime now) {
  if (!settings.message.allow_recall) return refuse(Code::kRecallDisabled);
  if (message == nullptr || message->sender_id != requester || message->is_system_message) {
    return refuse(Code::kRecallNotSender);
  }
  const int64_t age_ms = now.unix_ms - message->delivery_date.unix_ms;
  if (age_ms > to_ms(settings.message.recall_period)) return refuse(Code::kRecallTimeout);
  if (message->group_id && group == nullptr) return refuse(Code::kRecallInNonexistentGroup);
  return Permit(action::RecallMessage{message->id});
}

namespace {

bool may_see(const Message* message, const GroupState* group, UserId requester) {
  if (message == nullptr || message->recall_date) return false;
  if (message->group_id) return group != nullptr && group->find(requester) != nullptr;
  return message->sender_id == requester || message->recipient_id == requester;
}

}  // namespace

Outcome<Permit<action::ReactToMessage>> Rights::react(const Message* message,
                                                      const GroupState* group, UserId requester,
                                                      WallTime now) {
  if (!may_see(message, group, requester)) {
    return refuse(Code::kIllegalArgument, "there is no such message");
  }
  if (group != nullptr) {
    auto speaks = send_to_group(group, requester, now);
    if (!speaks) return std::unexpected(std::move(speaks.error()));
  }
  return Permit(action::ReactToMessage{message->id, requester});
}

Outcome<Permit<action::ReactToMessage>> Rights::take_back_reaction(const Message* message,
                                                                   const GroupState* group,
                                                                   UserId requester) {
  if (!may_see(message, group, requester)) {
    return refuse(Code::kIllegalArgument, "there is no such message");
  }
  return Permit(action::ReactToMessage{message->id, requester});
}

Outcome<Permit<action::PinMessage>> Rights::pin_message(const Message* message,
                                                        const GroupState* group, UserId requester) {
  if (!may_see(message, group, requester)) {
    return refuse(Code::kIllegalArgument, "there is no such message");
  }
  if (group != nullptr && !group->is_manager(requester)) {
    return refuse(Code::kUnauthorizedRequest, "only the owner and managers pin messages");
  }
  return Permit(action::PinMessage{message->id, requester});
}

Outcome<Permit<action::SetRetention>> Rights::set_retention(const GroupState* group,
                                                            UserId requester) {
  if (group == nullptr) return refuse(Code::kGroupNonexistent);
  if (group->group.owner_id != requester) return refuse(Code::kGroupInfoOwnerOnly);
  return Permit(action::SetRetention{group->group.id});
}

Outcome<Permit<action::MoveGroupReadDate>> Rights::read_group(const GroupState* group,
                                                              UserId requester) {
  if (group == nullptr) return refuse(Code::kReadDateOfNonexistentGroup);
  if (group->find(requester) == nullptr) return refuse(Code::kReadDateNotMember);
  if (!group->type.read_receipt) return refuse(Code::kReadDateDisabledByGroup);
  return Permit(action::MoveGroupReadDate{group->group.id, requester});
}

Outcome<None> Rights::query_group_conversation(const std::vector<GroupId>& joined, GroupId id) {
  // Upstream asks nothing here, and so tells strangers who is in a group and when they read.
  if (!std::binary_search(joined.begin(), joined.end(), id)) {
    return refuse(Code::kReadDateNotMember);
  }
  return None{};
}

Outcome<Permit<action::ChangeConversationSettings>> Rights::set_of_group(const GroupState* group,
                                                                         UserId requester) {
  if (group == nullptr || group->find(requester) == nullptr) {
    return refuse(Code::kSettingNotMember);
  }
  return Permit(action::ChangeConversationSettings{requester});
}

Outcome<Permit<action::ChangeConversationSettings>> Rights::set_of_private(const Reachability& own,
                                                                           const Caller& requester,
                                                                           UserId other) {
  if (!requester.extensions && !contains(own.friends, other) && !contains(own.blocked, other)) {
    return refuse(Code::kSettingNotRelated);
  }
  return Permit(action::ChangeConversationSettings{requester.user_id});
}

Outcome<None> Rights::follow_group(const GroupState* group, UserId requester) {
  if (group == nullptr || group->find(requester) == nullptr) {
    return refuse(Code::kQueryMessagesNotMember);
  }
  return None{};
}

Outcome<None> Rights::type_in_group(const GroupState* group, UserId requester) {
  if (group == nullptr || group->find(requester) == nullptr) {
    return refuse(Code::kTypingNotMember);
  }
  return None{};
}

Outcome<None> Rights::type_to_user(UserId requester, const Reachability& reachability) {
  if (!contains(reachability.friends, requester)) return refuse(Code::kTypingNotFriend);
  return None{};
}

}  // namespace turms::im
