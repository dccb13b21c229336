#pragma once

#include <optional>
#include <span>
#include <vector>

#include "im/group_members.h"
#include "im/group_state.h"
#include "im/groups.h"
#include "im/meetings.h"
#include "im/permit.h"
#include "im/relationships.h"
#include "im/settings.h"
#include "im/status.h"
#include "im/storage_types.h"

namespace turms::im {

/// Who may do what: pure functions over what is known, each answering with a permit for the change
/// or the refusal that the protocol defines. `group` null: there is no such group, or it was
/// deleted. Every operation that changes something finds its rule here.
class Rights {
 public:
  // Groups.
  static Outcome<Permit<action::CreateGroup>> create_group(UserId requester, const UserRole& role,
                                                           int64_t type_id,
                                                           const std::optional<GroupType>& type);
  /// `type`: the new one, null when there is none.
  static Outcome<None> change_group_type(const Settings& settings, const GroupState* group,
                                         UserId requester, const UserRole& role, int64_t type_id,
                                         const std::optional<GroupType>& type);
  static Outcome<Permit<action::UpdateGroup>> update_group(const GroupState* group,
                                                           UserId requester,
                                                           const UpdateGroup& command);
  /// `role`: the successor's.
  static Outcome<Permit<action::TransferGroup>> transfer_group(const GroupState* group,
                                                               UserId requester, UserId successor,
                                                               const UserRole& role);
  static Outcome<Permit<action::RemoveGroup>> delete_group(const GroupState* group,
                                                           UserId requester);

  // Members.
  static Outcome<Permit<action::AddMembers>> join_group(const GroupState* group, UserId requester);
  static Outcome<Permit<action::AddMembers>> add_members(const GroupState* group, UserId requester,
                                                         GroupMemberRole role,
                                                         std::span<const UserId> users);
  static Outcome<Permit<action::RemoveMembers>> quit_group(const GroupState& group,
                                                           UserId requester);
  /// All of `members` that are members.
  static Outcome<Permit<action::RemoveMembers>> remove_members(const GroupState* group,
                                                               UserId requester,
                                                               std::span<const UserId> members);
  static Outcome<Permit<action::UpdateMember>> update_member(const GroupState* group,
                                                             UserId requester,
                                                             const UpdateGroupMember& command);
  static Outcome<None> query_members(const GroupState* group, UserId requester);

  // Blocklists.
  static Outcome<Permit<action::BlockInGroup>> block_in_group(const GroupState* group,
                                                              UserId requester, UserId user);
  static Outcome<Permit<action::UnblockInGroup>> unblock_in_group(const GroupState* group,
                                                                  UserId requester, UserId user);
  static Outcome<None> query_blocklist(const GroupState* group, UserId requester);

  // Invitations.
  static Outcome<Permit<action::Invite>> invite(const GroupState* group, UserId inviter,
                                                UserId invitee);
  static Outcome<Permit<action::ReplyToInvitation>> reply_to_invitation(
      const GroupInvitation* invitation, UserId requester, WallTime now);
  static Outcome<Permit<action::RecallInvitation>> recall_invitation(
      const Settings& settings, const GroupInvitation* invitation, const GroupState* group,
      UserId requester, WallTime now);
  static Outcome<None> query_invitations(const GroupState* group, UserId requester);

  // Requests to join.
  static Outcome<Permit<action::AskToJoin>> ask_to_join(const GroupState* group, UserId requester);
  static Outcome<Permit<action::ReplyToJoinRequest>> reply_to_join_request(
      const GroupJoinRequest* request, const GroupState* group, UserId requester, WallTime now);
  static Outcome<Permit<action::RecallJoinRequest>> recall_join_request(
      const Settings& settings, const GroupJoinRequest* request, UserId requester, WallTime now);
  static Outcome<None> query_join_requests(const GroupState* group, UserId requester);

  // Join questions.
  static Outcome<Permit<action::ChangeJoinQuestions>> create_join_questions(const GroupState* group,
                                                                            UserId requester);
  /// `refusal`: what others than owner and managers are answered.
  static Outcome<Permit<action::ChangeJoinQuestions>> change_join_questions(const GroupState* group,
                                                                            UserId requester,
                                                                            Code refusal);
  static Outcome<None> query_join_answers(const GroupState* group, UserId requester);
  static Outcome<Permit<action::AddMembers>> join_by_answers(const GroupState* group,
                                                             UserId requester);

  // Relationships and friend requests.
  static Outcome<Permit<action::PutRelationship>> create_relationship(
      UserId requester, const CreateRelationship& command);
  static Outcome<Permit<action::PutRelationship>> update_relationship(
      UserId requester, const UpdateRelationship& command);
  static Outcome<Permit<action::ChangeRelationshipGroups>> delete_relationship_group(
      UserId requester, int32_t index);
  /// `reachability`: of the recipient.
  static Outcome<Permit<action::CreateFriendRequest>> create_friend_request(
      UserId requester, UserId recipient, const Reachability& reachability);
  static Outcome<Permit<action::RecallFriendRequest>> recall_friend_request(
      const Settings& settings, const FriendRequest* request, UserId requester, WallTime now);
  static Outcome<Permit<action::ReplyToFriendRequest>> reply_to_friend_request(
      const FriendRequest* request, UserId requester, WallTime now);

  // Messages.
  static Outcome<Permit<action::SendMessage>> send_to_group(const GroupState* group, UserId sender,
                                                            WallTime now);
  static Outcome<Permit<action::SendMessage>> send_to_user(const Settings& settings, UserId sender,
                                                           UserId recipient,
                                                           const Reachability& reachability);
  /// `group`: of the message that is forwarded, when it is a group's.
  static Outcome<None> forward_message(const Message* message, const GroupState* group,
                                       UserId requester);
  static Outcome<Permit<action::EditMessage>> edit_message(const Settings& settings,
                                                           const Message* message,
                                                           const GroupState* group,
                                                           UserId requester);
  static Outcome<Permit<action::RecallMessage>> recall_message(const Settings& settings,
                                                               const Message* message,
                                                               const GroupState* group,
                                                               UserId requester, WallTime now);

  /// Whoever may see the message and write where it is.
  static Outcome<Permit<action::ReactToMessage>> react(const Message* message,
                                                       const GroupState* group, UserId requester,
                                                       WallTime now);
  /// Also who may not write there any more.
  static Outcome<Permit<action::ReactToMessage>> take_back_reaction(const Message* message,
                                                                    const GroupState* group,
                                                                    UserId requester);
  static Outcome<Permit<action::PinMessage>> pin_message(const Message* message,
                                                         const GroupState* group, UserId requester);

  static Outcome<Permit<action::SetRetention>> set_retention(const GroupState* group,
                                                             UserId requester);

  // Conversations.
  static Outcome<Permit<action::MoveGroupReadDate>> read_group(const GroupState* group,
                                                               UserId requester);
  /// `joined`: the groups the requester is a member of, ascending.
  static Outcome<None> query_group_conversation(const std::vector<GroupId>& joined, GroupId id);
  static Outcome<Permit<action::ChangeConversationSettings>> set_of_group(const GroupState* group,
                                                                          UserId requester);
  /// `own`: the requester's relationships. Clients with extensions keep settings of conversations
  /// with strangers too.
  static Outcome<Permit<action::ChangeConversationSettings>> set_of_private(const Reachability& own,
                                                                            const Caller& requester,
                                                                            UserId other);
  /// Of those who may see all that is in it.
  static Outcome<None> follow_group(const GroupState* group, UserId requester);
  static Outcome<None> type_in_group(const GroupState* group, UserId requester);
  static Outcome<None> type_to_user(UserId requester, const Reachability& reachability);

  // Meetings. `visible`: the requester is one of those the meeting is held with.
  /// `active`: meetings of the requester that go on. Asked after send_to_group or send_to_user.
  static Outcome<Permit<action::CreateMeeting>> create_meeting(const MeetingSettings& settings,
                                                               UserId requester, int64_t active);
  static Outcome<Permit<action::CancelMeeting>> cancel_meeting(const MeetingSettings& settings,
                                                               const Meeting* meeting, bool visible,
                                                               UserId requester);
  static Outcome<Permit<action::UpdateMeeting>> update_meeting(const Meeting* meeting, bool visible,
                                                               UserId requester,
                                                               bool changes_password);
  static Outcome<None> reply_to_meeting(const Meeting* meeting, bool visible);
  static Outcome<None> join_meeting(const Meeting& meeting,
                                    const std::optional<std::string>& password, WallTime now);

  // Stored files. `groups` of an attachment: those it is shared with, null ones gone; of them the
  // requester is a member or not. `attachment` null: there is none, which strangers are not told.
  static Outcome<Permit<action::CreateAttachment>> upload_to_group(const GroupState* group,
                                                                   UserId requester, WallTime now);
  static Outcome<Permit<action::CreateAttachment>> upload_to_user(UserId requester,
                                                                  UserId recipient,
                                                                  const Reachability& reachability);
  static Outcome<None> download_attachment(const Attachment* attachment,
                                           const AttachmentShares& shares,
                                           std::span<const GroupPtr> groups, UserId requester);
  static Outcome<Permit<action::ShareAttachment>> share_with_user(const Attachment* attachment,
                                                                  UserId requester, UserId user,
                                                                  const Reachability& reachability);
  static Outcome<Permit<action::ShareAttachment>> share_with_group(const Attachment* attachment,
                                                                   UserId requester,
                                                                   const GroupState* group);
  static Outcome<Permit<action::UnshareAttachment>> unshare_with_user(const Attachment* attachment,
                                                                      UserId requester,
                                                                      UserId user);
  static Outcome<Permit<action::UnshareAttachment>> unshare_with_group(const Attachment* attachment,
                                                                       UserId requester, GroupId id,
                                                                       const GroupState* group);
  static Outcome<Permit<action::DeleteAttachment>> delete_attachment(
      const Attachment* attachment, const AttachmentShares& shares,
      std::span<const GroupPtr> groups, UserId requester);
  static Outcome<None> query_attachments_with_user(UserId requester, UserId user,
                                                   const Reachability& reachability);
  static Outcome<None> query_attachments_of_group(const GroupState* group, UserId requester);
  static Outcome<Permit<action::ChangePicture>> change_group_picture(const GroupState* group,
                                                                     UserId requester);

  // What only concerns the requester.
  static Permit<action::ChangePicture> change_own_picture(UserId requester) {
    return Permit(action::ChangePicture{requester.value});
  }
  static Permit<action::RenewPasswordHash> renew_password_hash(UserId requester) {
    return Permit(action::RenewPasswordHash{requester});
  }
  static Permit<action::ChangeConversationSettings> change_own_conversation_settings(
      UserId requester) {
    return Permit(action::ChangeConversationSettings{requester});
  }
  static Permit<action::CreateSessionToken> create_session_token(UserId requester) {
    return Permit(action::CreateSessionToken{requester});
  }
  static Permit<action::ProlongSessionToken> prolong_session_token(UserId requester) {
    return Permit(action::ProlongSessionToken{requester});
  }
  static Permit<action::RevokeSessionTokens> revoke_session_tokens(UserId requester) {
    return Permit(action::RevokeSessionTokens{requester});
  }
  static Permit<action::MovePrivateReadDate> read_private(UserId requester, UserId target) {
    return Permit(action::MovePrivateReadDate{requester, target});
  }

  static Permit<action::UpdateUser> update_user(UserId requester) {
    return Permit(action::UpdateUser{requester});
  }
  static Permit<action::ChangeUserSettings> change_user_settings(UserId requester) {
    return Permit(action::ChangeUserSettings{requester});
  }
  static Permit<action::RemoveRelationship> remove_relationship(UserId requester, UserId related) {
    return Permit(action::RemoveRelationship{requester, related});
  }
  static Permit<action::ChangeRelationshipGroups> change_relationship_groups(UserId requester) {
    return Permit(action::ChangeRelationshipGroups{requester});
  }

  /// What the server does by itself: messages it words, meetings that ended.
  template <class Action>
  static Permit<Action> server(Action action) {
    return Permit(std::move(action));
  }
  /// What an operator does.
  template <class Action>
  static Permit<Action> administrator(Action action) {
    return Permit(std::move(action));
  }
};

}  // namespace turms::im
