#include <algorithm>
#include <array>
#include <vector>

#include "gateway/handlers/handlers.h"
#include "turms/request.pb.h"

namespace turms::gateway {
namespace {

using Request = proto::TurmsRequest;

// What the words of the table mean, here and in docs/protocol.md.
constexpr const char* kNobody = "";
constexpr const char* kInConversation =
    "the requester's other devices and all in the conversation, on devices that know the "
    "extensions";
constexpr const char* kOwnDevices = "the requester's other devices";

constexpr RequestKind handled(Handler handler, const char* rights, const char* told) {
  RequestKind kind;
  kind.handler = handler;
  kind.rights = rights;
  kind.told = told;
  return kind;
}

/// By the connection itself.
constexpr RequestKind of_connection(RateClass rate, const char* rights, const char* told) {
  RequestKind kind = handled(nullptr, rights, told);
  kind.rate = rate;
  return kind;
}

constexpr RequestKind overlapping(RequestKind kind) {
  kind.overlaps = true;
  return kind;
}

/// The table of all requests. A kind that is missing here does not compile.
constexpr RequestKind describe(Request::KindCase kind) {
  // In the order of their numbers.
  switch (kind) {
    case Request::kCreateSessionRequest:
      return of_connection(RateClass::kSignIn, "anybody who proves to be the user",
                           "the user's devices that must give way: their session ends");
    case Request::kDeleteSessionRequest:
      return of_connection(RateClass::kNone, "anybody; without a session it means nothing",
                           "nobody: the session ends, without an answer");
    case Request::kQueryConversationsRequest:
      return handled(handlers::query_conversations,
                     "any user: what others have read of theirs; groups they are a member of",
                     kNobody);
    case Request::kUpdateConversationRequest:
      return handled(
          handlers::update_conversation,
          "any user of their own; of a group: its members, where the type has read receipts",
          kOwnDevices);
    case Request::kUpdateTypingStatusRequest:
      return handled(handlers::update_typing_status,
                     "to a user: who is related to them and not blocked; to a group: its members",
                     "the user, or the group's members, the requesting device too");
    case Request::kCreateMessageRequest:
      return overlapping(
          handled(handlers::create_message,
                  "to a user: who is not blocked by them; to a group: its members who are not "
                  "muted, and guests where the type lets them speak",
                  "the requester's other devices; the recipient, or the group's members"));
    case Request::kQueryMessagesRequest:
      return handled(handlers::query_messages,
                     "any user: private messages to them; messages of groups they are a member of",
                     kNobody);
    case Request::kUpdateMessageRequest:
      return handled(handlers::update_message,
                     "the message's sender, as long as the type of its group, and for recalls the "
                     "time, allow it",
                     "the requester's other devices; the recipient, or the group's members, of a "
                     "group also the requesting device; on recall a system message to the same");
    case Request::kCreateGroupMembersRequest:
      return handled(
          handlers::create_group_members,
          "oneself: where the type's join strategy is MEMBERSHIP_REQUEST; others: whom the type's "
          "invitation strategy lets invite without approval; managers: the owner",
          "the requester's other devices; the new members and the others");
    case Request::kDeleteGroupMembersRequest:
      return handled(
          handlers::delete_group_members,
          "oneself; others: owner and managers, of members below them; with a successor: the owner",
          "the requester's other devices; the removed and the remaining members");
    case Request::kQueryGroupMembersRequest:
      return handled(handlers::query_group_members, "members of the group", kNobody);
    case Request::kUpdateGroupMemberRequest:
      return handled(
          handlers::update_group_member,
          "roles: the owner; mutes: owner and managers, of members below them; names: whom the "
          "type lets, and oneself",
          "the requester's other devices; the member, on devices that know the extensions");
    case Request::kQueryUserProfilesRequest:
      return handled(handlers::query_user_profiles, "any user", kNobody);
    case Request::kQueryNearbyUsersRequest:
      return handled(handlers::query_nearby_users, "any user who says where they are", kNobody);
    case Request::kQueryUserOnlineStatusesRequest:
      return handled(handlers::query_user_online_statuses, "any user", kNobody);
    case Request::kUpdateUserLocationRequest:
      return handled(handlers::update_user_location, "any user, of themselves", kNobody);
    case Request::kUpdateUserOnlineStatusRequest:
      return handled(handlers::update_user_online_status, "any user, of themselves", kOwnDevices);
    case Request::kUpdateUserRequest:
      return handled(handlers::update_user, "any user, of themselves",
                     "the requester's other devices, without the password");
    case Request::kUpdateUserSettingsRequest:
      return handled(handlers::update_user_settings, "any user, of themselves", kOwnDevices);
    case Request::kDeleteUserSettingsRequest:
      return handled(handlers::delete_user_settings, "any user, of themselves", kOwnDevices);
    case Request::kQueryUserSettingsRequest:
      return handled(handlers::query_user_settings, "any user, of themselves", kNobody);
    case Request::kCreateFriendRequestRequest:
      return handled(handlers::create_friend_request, "any user whom the recipient has not blocked",
                     "the requester's other devices; the recipient");
    case Request::kCreateRelationshipGroupRequest:
      return handled(handlers::create_relationship_group, "any user, of themselves", kNobody);
    case Request::kCreateRelationshipRequest:
      return handled(handlers::create_relationship, "any user, of themselves", kOwnDevices);
    case Request::kDeleteFriendRequestRequest:
      return handled(handlers::delete_friend_request, "the sender, where recalling is allowed",
                     "the requester's other devices; the recipient");
    case Request::kDeleteRelationshipGroupRequest:
      return handled(handlers::delete_relationship_group,
                     "any user, of themselves; never the default group", kOwnDevices);
    case Request::kDeleteRelationshipRequest:
      return handled(handlers::delete_relationship, "any user, of themselves", kOwnDevices);
    case Request::kQueryFriendRequestsRequest:
      return handled(handlers::query_friend_requests, "any user, those they sent or received",
                     kNobody);
    case Request::kQueryRelatedUserIdsRequest:
      return handled(handlers::query_related_user_ids, "any user, of themselves", kNobody);
    case Request::kQueryRelationshipGroupsRequest:
      return handled(handlers::query_relationship_groups, "any user, of themselves", kNobody);
    case Request::kQueryRelationshipsRequest:
      return handled(handlers::query_relationships, "any user, of themselves", kNobody);
    case Request::kUpdateFriendRequestRequest:
      return handled(handlers::update_friend_request, "the recipient",
                     "the requester's other devices; the sender");
    case Request::kUpdateRelationshipGroupRequest:
      return handled(handlers::update_relationship_group, "any user, of themselves", kOwnDevices);
    case Request::kUpdateRelationshipRequest:
      return handled(handlers::update_relationship, "any user, of themselves", kOwnDevices);
    case Request::kCreateGroupRequest:
      return handled(handlers::create_group, "any user whose role has the group type",
                     "the requester's other devices, with the id");
    case Request::kDeleteGroupRequest:
      return handled(handlers::delete_group, "the owner",
                     "the requester's other devices; the members");
    case Request::kQueryGroupsRequest:
      return handled(handlers::query_groups, "any user", kNobody);
    case Request::kQueryJoinedGroupIdsRequest:
      return handled(handlers::query_joined_group_ids, "any user, of themselves", kNobody);
    case Request::kQueryJoinedGroupInfosRequest:
      return handled(handlers::query_joined_group_infos, "any user, of themselves", kNobody);
    case Request::kUpdateGroupRequest:
      return handled(handlers::update_group,
                     "whom the type's info update strategy lets; with a successor: the owner",
                     "the requester's other devices; the members");
    case Request::kCreateGroupBlockedUserRequest:
      return handled(handlers::create_group_blocked_user,
                     "owner and managers, of who is not of their rank or above", kOwnDevices);
    case Request::kDeleteGroupBlockedUserRequest:
      return handled(handlers::delete_group_blocked_user, "owner and managers", kOwnDevices);
    case Request::kQueryGroupBlockedUserIdsRequest:
      return handled(handlers::query_group_blocked_user_ids, "members of the group", kNobody);
    case Request::kQueryGroupBlockedUserInfosRequest:
      return handled(handlers::query_group_blocked_user_infos, "members of the group", kNobody);
    case Request::kCheckGroupJoinQuestionsAnswersRequest:
      return handled(
          handlers::check_group_join_questions_answers,
          "who is neither member nor blocked, where the type's join strategy is QUESTION",
          "who joins by it, and the members: of the new member");
    case Request::kCreateGroupInvitationRequest:
      return handled(handlers::create_group_invitation,
                     "whom the type's invitation strategy lets invite with approval",
                     "the requester's other devices; the invitee; owner and managers");
    case Request::kCreateGroupJoinRequestRequest:
      return handled(
          handlers::create_group_join_request,
          "who is neither member nor blocked, where the type's join strategy is JOIN_REQUEST",
          "the requester's other devices; owner and managers");
    case Request::kCreateGroupJoinQuestionsRequest:
      return handled(handlers::create_group_join_questions,
                     "owner and managers, where the type's join strategy is QUESTION", kNobody);
    case Request::kDeleteGroupInvitationRequest:
      return handled(handlers::delete_group_invitation,
                     "its sender, or owner and managers, as far as the server lets them recall",
                     "the requester's other devices; the invitee; owner and managers");
    case Request::kDeleteGroupJoinRequestRequest:
      return handled(handlers::delete_group_join_request,
                     "its sender, where the server lets them recall",
                     "the requester's other devices; owner and managers");
    case Request::kDeleteGroupJoinQuestionsRequest:
      return handled(handlers::delete_group_join_questions, "owner and managers", kNobody);
    case Request::kQueryGroupInvitationsRequest:
      return handled(handlers::query_group_invitations,
                     "of a group: owner and managers; else any user: theirs", kNobody);
    case Request::kQueryGroupJoinRequestsRequest:
      return handled(handlers::query_group_join_requests,
                     "of a group: owner and managers; else any user: theirs", kNobody);
    case Request::kQueryGroupJoinQuestionsRequest:
      return handled(handlers::query_group_join_questions,
                     "any user; the answers: owner and managers", kNobody);
    case Request::kUpdateGroupInvitationRequest:
      return handled(handlers::update_group_invitation, "the invitee",
                     "the requester's other devices; the inviter; owner and managers; when "
                     "accepted all members, of the new one");
    case Request::kUpdateGroupJoinQuestionRequest:
      return handled(handlers::update_group_join_question, "owner and managers", kNobody);
    case Request::kUpdateGroupJoinRequestRequest:
      return handled(handlers::update_group_join_request, "owner and managers",
                     "the requester's other devices; the request's sender; owner and managers; "
                     "when accepted all members, of the new one");
    case Request::kCreateMeetingRequest:
      return handled(handlers::create_meeting, "who may send messages there, up to the quota",
                     "the requester's other devices; the other user, or the group's members: a "
                     "system message");
    case Request::kDeleteMeetingRequest:
      return handled(handlers::delete_meeting, "the meeting's creator",
                     "the requester's other devices; who may see the meeting");
    case Request::kQueryMeetingsRequest:
      return handled(handlers::query_meetings, "any user: meetings of theirs and of their groups",
                     kNobody);
    case Request::kUpdateMeetingRequest:
      return handled(handlers::update_meeting, "who may see the meeting; its password: the creator",
                     "the requester's other devices; who may see the meeting");
    case Request::kUpdateMeetingInvitationRequest:
      return handled(handlers::update_meeting_invitation,
                     "who may see the meeting, with its password",
                     "the requester's other devices; who may see the meeting");
    case Request::kDeleteResourceRequest:
      return handled(handlers::delete_resource,
                     "one's own picture; a group's picture: owner and managers; an attachment: its "
                     "uploader, and managers of all groups it is shared with",
                     kNobody);
    case Request::kQueryResourceDownloadInfoRequest:
      return handled(handlers::query_resource_download_info,
                     "pictures: any user; attachments: the uploader, users they are shared with, "
                     "members of groups they are shared with",
                     kNobody);
    case Request::kQueryResourceUploadInfoRequest:
      return handled(handlers::query_resource_upload_info,
                     "one's own picture; a group's picture: owner and managers; an attachment: "
                     "friends of the user, members of the group who are not muted",
                     kNobody);
    case Request::kQueryMessageAttachmentInfosRequest:
      return handled(handlers::query_message_attachment_infos,
                     "of oneself: any user; with a user: their friends; of a group: its members",
                     kNobody);
    case Request::kUpdateMessageAttachmentInfoRequest:
      return handled(handlers::update_message_attachment_info,
                     "the uploader, with users and groups of theirs; taking it from a group: its "
                     "managers too",
                     kNobody);
    case Request::kDeleteConversationSettingsRequest:
      return handled(handlers::delete_conversation_settings, "any user, of themselves",
                     kOwnDevices);
    case Request::kQueryConversationSettingsRequest:
      return handled(handlers::query_conversation_settings, "any user, of themselves", kNobody);
    case Request::kUpdateConversationSettingsRequest:
      return handled(handlers::update_conversation_settings,
                     "any user, of conversations with users they are related to and of groups they "
                     "are a member of",
                     kOwnDevices);
    case Request::kCreateMessageReactionsRequest:
      return handled(handlers::create_message_reactions,
                     "the two of a private conversation; members of the group who are not muted",
                     kInConversation);
    case Request::kDeleteMessageReactionsRequest:
      return handled(handlers::delete_message_reactions,
                     "the two of a private conversation; members of the group", kInConversation);
    case Request::kQueryMeetingStateRequest:
      return handled(handlers::query_meeting_state, "who may see the meeting", kNobody);
    case Request::kQueryConversationMessagesRequest:
      return handled(handlers::query_conversation_messages,
                     "the two of a private conversation; members of the group", kNobody);
    case Request::kQueryConversationListRequest:
      return handled(handlers::query_conversation_list, "any user, of themselves", kNobody);
    case Request::kUpdatePinnedMessageRequest:
      return handled(handlers::update_pinned_message,
                     "the two of a private conversation; the owner and managers of the group",
                     kInConversation);
    case Request::kQueryPinnedMessagesRequest:
      return handled(handlers::query_pinned_messages,
                     "the two of a private conversation; members of the group", kNobody);
    case Request::kSearchMessagesRequest:
      return handled(handlers::search_messages,
                     "any user, in their private conversations and in groups they are a member of",
                     kNobody);
    case Request::kUpdateGroupRetentionRequest:
      return handled(handlers::update_group_retention, "the owner of the group", kInConversation);
    case Request::kControlMeetingRequest:
      return handled(handlers::control_meeting,
                     "answers to a call: who is called; one's hand: who is in; calling others: "
                     "participants; co-hosts and handing over: the host; all else: the host and "
                     "co-hosts, as whom owner and managers of the group count",
                     "who may see the meeting: its state; whom it concerns: a signal");
    case Request::KIND_NOT_SET:
      break;
  }
  return {};
}

const std::vector<RequestKind>& all_kinds() {
  static const std::vector<RequestKind> kinds = [] {
    std::vector<RequestKind> made;
    const auto& oneof = *Request::descriptor()->FindOneofByName("kind");
    for (int i = 0; i < oneof.field_count(); ++i) {
      const int32_t number = oneof.field(i)->number();
      made.push_back(describe(static_cast<Request::KindCase>(number)));
      made.back().number = number;
    }
    std::ranges::sort(made, {}, &RequestKind::number);
    return made;
  }();
  return kinds;
}

}  // namespace

std::span<const RequestKind> request_kinds() {
  return all_kinds();
}

const RequestKind* find_kind(int32_t number) {
  const auto& kinds = all_kinds();
  const auto found = std::ranges::lower_bound(kinds, number, {}, &RequestKind::number);
  return found != kinds.end() && found->number == number ? &*found : nullptr;
}

}  // namespace turms::gateway
