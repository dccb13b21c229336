#pragma once

#include <bitset>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace turms::admin {

/// What a role lets its admins do: upstream's, and behind SHUTDOWN ours. Their names are stored,
/// their numbers are not.
enum class Permission : uint8_t {
  kUserCreate,
  kUserDelete,
  kUserUpdate,
  kUserQuery,
  kUserRelationshipCreate,
  kUserRelationshipDelete,
  kUserRelationshipUpdate,
  kUserRelationshipQuery,
  kUserRelationshipGroupCreate,
  kUserRelationshipGroupDelete,
  kUserRelationshipGroupUpdate,
  kUserRelationshipGroupQuery,
  kUserFriendRequestCreate,
  kUserFriendRequestDelete,
  kUserFriendRequestUpdate,
  kUserFriendRequestQuery,
  kUserRoleCreate,
  kUserRoleDelete,
  kUserRoleUpdate,
  kUserRoleQuery,
  kUserOnlineInfoUpdate,
  kUserOnlineInfoQuery,
  kGroupCreate,
  kGroupDelete,
  kGroupUpdate,
  kGroupQuery,
  kGroupBlocklistCreate,
  kGroupBlocklistDelete,
  kGroupBlocklistUpdate,
  kGroupBlocklistQuery,
  kGroupInvitationCreate,
  kGroupInvitationDelete,
  kGroupInvitationUpdate,
  kGroupInvitationQuery,
  kGroupQuestionCreate,
  kGroupQuestionDelete,
  kGroupQuestionUpdate,
  kGroupQuestionQuery,
  kGroupJoinRequestCreate,
  kGroupJoinRequestDelete,
  kGroupJoinRequestUpdate,
  kGroupJoinRequestQuery,
  kGroupMemberCreate,
  kGroupMemberDelete,
  kGroupMemberUpdate,
  kGroupMemberQuery,
  kGroupTypeCreate,
  kGroupTypeDelete,
  kGroupTypeUpdate,
  kGroupTypeQuery,
  kConversationDelete,
  kConversationUpdate,
  kConversationQuery,
  kMessageCreate,
  kMessageDelete,
  kMessageUpdate,
  kMessageQuery,
  kSessionDelete,
  kStatisticsUserQuery,
  kStatisticsGroupQuery,
  kStatisticsMessageQuery,
  kAdminCreate,
  kAdminDelete,
  kAdminUpdate,
  kAdminQuery,
  kAdminRoleCreate,
  kAdminRoleDelete,
  kAdminRoleUpdate,
  kAdminRoleQuery,
  kAdminPermissionQuery,
  kClientBlocklistCreate,
  kClientBlocklistDelete,
  kClientBlocklistQuery,
  kClientRequestCreate,
  kClusterMemberCreate,
  kClusterMemberDelete,
  kClusterMemberUpdate,
  kClusterMemberQuery,
  kClusterLeaderUpdate,
  kClusterLeaderQuery,
  kClusterSettingUpdate,
  kClusterSettingQuery,
  kPluginCreate,
  kPluginDelete,
  kPluginUpdate,
  kPluginQuery,
  kLogQuery,
  kShutdown,
  kMeetingDelete,
  kMeetingQuery,
  kAuditLogQuery,
};
inline constexpr size_t kPermissionCount = 91;

using Permissions = std::bitset<kPermissionCount>;

/// "USER_CREATE".
std::string_view name_of(Permission permission);
/// "USER": what permissions are shown under.
std::string_view group_of(Permission permission);
std::optional<Permission> find_permission(std::string_view name);
Permissions all_permissions();
std::vector<std::string> names_of(const Permissions& permissions);
/// Each is a name, or a pattern in which * stands for any characters. Nothing when one of them
/// matches none.
std::optional<Permissions> match_permissions(const std::vector<std::string>& patterns);

}  // namespace turms::admin
