#include <algorithm>
#include <array>

#include "gateway/handlers/handlers.h"
#include "gateway/request_header.h"

namespace turms::gateway {
namespace {

using Request = proto::TurmsRequest;

// Ascending. create_session and delete_session are the connection's own.
constexpr auto kTable = std::to_array<RequestKind>({
    {Request::kQueryConversationsRequest, handlers::query_conversations},
    {Request::kUpdateConversationRequest, handlers::update_conversation},
    {Request::kUpdateTypingStatusRequest, handlers::update_typing_status},
    {Request::kCreateMessageRequest, handlers::create_message, true},
    {Request::kQueryMessagesRequest, handlers::query_messages},
    {Request::kUpdateMessageRequest, handlers::update_message},
    {Request::kCreateGroupMembersRequest, handlers::create_group_members},
    {Request::kDeleteGroupMembersRequest, handlers::delete_group_members},
    {Request::kQueryGroupMembersRequest, handlers::query_group_members},
    {Request::kUpdateGroupMemberRequest, handlers::update_group_member},
    {Request::kQueryUserProfilesRequest, handlers::query_user_profiles},
    {Request::kCreateGroupRequest, handlers::create_group},
    {Request::kDeleteGroupRequest, handlers::delete_group},
    {Request::kQueryGroupsRequest, handlers::query_groups},
    {Request::kQueryJoinedGroupIdsRequest, handlers::query_joined_group_ids},
    {Request::kQueryJoinedGroupInfosRequest, handlers::query_joined_group_infos},
    {Request::kUpdateGroupRequest, handlers::update_group},
    {Request::kCreateGroupInvitationRequest, handlers::create_group_invitation},
    {Request::kQueryGroupInvitationsRequest, handlers::query_group_invitations},
    {Request::kUpdateGroupInvitationRequest, handlers::update_group_invitation},
    {Request::kCreateMeetingRequest, handlers::create_meeting},
    {Request::kDeleteMeetingRequest, handlers::delete_meeting},
    {Request::kQueryMeetingsRequest, handlers::query_meetings},
    {Request::kUpdateMeetingRequest, handlers::update_meeting},
    {Request::kUpdateMeetingInvitationRequest, handlers::update_meeting_invitation},
    {Request::kQueryMeetingStateRequest, handlers::query_meeting_state},
});

constexpr bool ascending() {
  return std::ranges::is_sorted(kTable, std::ranges::less_equal{}, &RequestKind::number);
}
static_assert(ascending());

}  // namespace

const RequestKind* find_kind(int32_t number) {
  const auto found = std::ranges::lower_bound(kTable, number, {}, &RequestKind::number);
  return found != kTable.end() && found->number == number ? &*found : nullptr;
}

Answer not_implemented(int32_t kind) {
  Answer answer;
  switch (kind) {
    case Request::kDeleteResourceRequest:
    case Request::kQueryResourceDownloadInfoRequest:
    case Request::kQueryResourceUploadInfoRequest:
    case Request::kQueryMessageAttachmentInfosRequest:
    case Request::kUpdateMessageAttachmentInfoRequest:
      // What upstream answers without a storage provider.
      answer.code = im::Code::kStorageNotImplemented;
      break;
    case Request::kCreateMessageReactionsRequest:
    case Request::kDeleteMessageReactionsRequest:
      // What upstream always answers.
      answer.code = im::Code::kIllegalArgument;
      break;
    default:
      answer.code = im::Code::kInvalidRequest;
      break;
  }
  answer.reason = fmt::format("The request is not implemented: {}", kind_name(kind));
  return answer;
}

}  // namespace turms::gateway
