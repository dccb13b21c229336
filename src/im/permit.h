#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "im/types.h"

namespace turms::im {

/// What can be done to what is stored: each kind of change with the subject it is judged for.
namespace action {

struct CreateUser {
  UserId user;
};
struct ChangePassword {
  UserId user;
};
/// Another hash of the same password.
struct RenewPasswordHash {
  UserId user;
};
struct SetActive {
  UserId user;
};
/// Addresses and users that are not let in.
struct BlockClients {};
struct CreateSessionToken {
  UserId user;
};
struct ProlongSessionToken {
  UserId user;
};
struct RevokeSessionTokens {
  UserId user;
};
struct UpdateUser {
  UserId user;
};
struct RemoveUser {
  UserId user;
};
struct ChangeUserSettings {
  UserId user;
};
/// One-sided: what `owner` thinks of `related`.
struct PutRelationship {
  UserId owner;
  UserId related;
};

struct RemoveRelationship {
  UserId owner;
  UserId related;
};
struct ChangeRelationshipGroups {
  UserId owner;
};
struct CreateFriendRequest {
  UserId requester;
  UserId recipient;
};
struct RecallFriendRequest {
  FriendRequestId request;
};
/// Accepting it makes the two friends.
struct ReplyToFriendRequest {
  FriendRequestId request;
};

struct PutGroupType {
  int64_t type_id = 0;
};
struct RemoveGroupType {
  int64_t type_id = 0;
};
struct PutUserRole {
  int64_t role_id = 0;
};
struct RemoveUserRole {
  int64_t role_id = 0;
};
struct AssignUserRole {
  UserId user;
  int64_t role_id = 0;
};
struct CreateGroup {
  UserId creator;
  GroupQuota quota = {};
};
struct UpdateGroup {
  GroupId group;
};
struct RemoveGroup {
  GroupId group;
};
struct TransferGroup {
  GroupId group;
  UserId owner;
  UserId successor;
  /// The successor's.
  GroupQuota quota = {};
};
struct AddMembers {
  GroupId group;
  std::vector<UserId> users;
};
struct RemoveMembers {
  GroupId group;
  std::vector<UserId> users;
};
struct UpdateMember {
  GroupId group;
  UserId member;
};
struct BlockInGroup {
  GroupId group;
  UserId user;
};
struct UnblockInGroup {
  GroupId group;
  UserId user;
};
struct Invite {
  GroupId group;
  UserId inviter;
  UserId invitee;
};
struct ReplyToInvitation {
  InvitationId invitation;
};
struct RecallInvitation {
  InvitationId invitation;
};
struct AskToJoin {
  GroupId group;
  UserId requester;
};
struct RecallJoinRequest {
  JoinRequestId request;
};
struct ReplyToJoinRequest {
  JoinRequestId request;
};
struct ChangeJoinQuestions {
  GroupId group;
};

/// To exactly one of the two.
struct SendMessage {
  UserId sender;
  std::optional<GroupId> group;
  std::optional<UserId> recipient;
};
struct EditMessage {
  MessageId message;
};
struct RecallMessage {
  MessageId message;
};
struct ReactToMessage {
  MessageId message;
  UserId user;
};
struct PinMessage {
  MessageId message;
  UserId user;
};
/// How long a group keeps its messages.
struct SetRetention {
  GroupId group;
};
/// Those whose time is over.
struct DeleteExpiredMessages {};
struct MovePrivateReadDate {
  UserId owner;
  UserId target;
};
struct ChangeConversationSettings {
  UserId owner;
};
struct MoveGroupReadDate {
  GroupId group;
  UserId member;
};

struct CreateMeeting {
  UserId creator;
};
struct UpdateMeeting {
  MeetingId meeting;
};
struct CancelMeeting {
  MeetingId meeting;
};
struct EndMeeting {
  MeetingId meeting;
};
struct PutMeetingState {
  MeetingId meeting;
};
/// Takes back one whose room could not be made.
struct EraseMeeting {
  MeetingId meeting;
};

/// An upload for a conversation with exactly one of the two.
struct CreateAttachment {
  UserId uploader;
  std::optional<GroupId> group;
  std::optional<UserId> recipient;
};
/// With exactly one of the two.
struct ShareAttachment {
  AttachmentId attachment;
  std::optional<GroupId> group;
  std::optional<UserId> user;
};
struct UnshareAttachment {
  AttachmentId attachment;
  std::optional<GroupId> group;
  std::optional<UserId> user;
};
struct DeleteAttachment {
  AttachmentId attachment;
};
/// What was uploaded is known, or that nothing was.
struct SettleAttachment {
  AttachmentId attachment;
};
/// A user's or a group's, by whom it belongs to.
struct ChangePicture {
  int64_t owner = 0;
};

}  // namespace action

/// Proof that somebody asked whether this action on this subject is allowed. Every changing call of
/// a repository wants the one of its action and takes the subject from it, and only Rights makes
/// one: an operation that forgets its rights check, asks about another action, or changes another
/// subject than it asked about does not compile.
template <class Action>
class Permit {
 public:
  const Action& operator*() const { return action_; }
  const Action* operator->() const { return &action_; }

 private:
  friend class Rights;
  explicit Permit(Action action) : action_(std::move(action)) {}

  Action action_;
};

}  // namespace turms::im
