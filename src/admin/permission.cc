#include "admin/permission.h"

#include <array>

namespace turms::admin {
namespace {

// In the order of the enumeration.
constexpr std::array<std::string_view, kPermissionCount> kNames = {
    "USER_CREATE",
    "USER_DELETE",
    "USER_UPDATE",
    "USER_QUERY",
    "USER_RELATIONSHIP_CREATE",
    "USER_RELATIONSHIP_DELETE",
    "USER_RELATIONSHIP_UPDATE",
    "USER_RELATIONSHIP_QUERY",
    "USER_RELATIONSHIP_GROUP_CREATE",
    "USER_RELATIONSHIP_GROUP_DELETE",
    "USER_RELATIONSHIP_GROUP_UPDATE",
    "USER_RELATIONSHIP_GROUP_QUERY",
    "USER_FRIEND_REQUEST_CREATE",
    "USER_FRIEND_REQUEST_DELETE",
    "USER_FRIEND_REQUEST_UPDATE",
    "USER_FRIEND_REQUEST_QUERY",
    "USER_ROLE_CREATE",
    "USER_ROLE_DELETE",
    "USER_ROLE_UPDATE",
    "USER_ROLE_QUERY",
    "USER_ONLINE_INFO_UPDATE",
    "USER_ONLINE_INFO_QUERY",
    "GROUP_CREATE",
    "GROUP_DELETE",
    "GROUP_UPDATE",
    "GROUP_QUERY",
    "GROUP_BLOCKLIST_CREATE",
    "GROUP_BLOCKLIST_DELETE",
    "GROUP_BLOCKLIST_UPDATE",
    "GROUP_BLOCKLIST_QUERY",
    "GROUP_INVITATION_CREATE",
    "GROUP_INVITATION_DELETE",
    "GROUP_INVITATION_UPDATE",
    "GROUP_INVITATION_QUERY",
    "GROUP_QUESTION_CREATE",
    "GROUP_QUESTION_DELETE",
    "GROUP_QUESTION_UPDATE",
    "GROUP_QUESTION_QUERY",
    "GROUP_JOIN_REQUEST_CREATE",
    "GROUP_JOIN_REQUEST_DELETE",
    "GROUP_JOIN_REQUEST_UPDATE",
    "GROUP_JOIN_REQUEST_QUERY",
    "GROUP_MEMBER_CREATE",
    "GROUP_MEMBER_DELETE",
    "GROUP_MEMBER_UPDATE",
    "GROUP_MEMBER_QUERY",
    "GROUP_TYPE_CREATE",
    "GROUP_TYPE_DELETE",
    "GROUP_TYPE_UPDATE",
    "GROUP_TYPE_QUERY",
    "CONVERSATION_DELETE",
    "CONVERSATION_UPDATE",
    "CONVERSATION_QUERY",
    "MESSAGE_CREATE",
    "MESSAGE_DELETE",
    "MESSAGE_UPDATE",
    "MESSAGE_QUERY",
    "SESSION_DELETE",
    "STATISTICS_USER_QUERY",
    "STATISTICS_GROUP_QUERY",
    "STATISTICS_MESSAGE_QUERY",
    "ADMIN_CREATE",
    "ADMIN_DELETE",
    "ADMIN_UPDATE",
    "ADMIN_QUERY",
    "ADMIN_ROLE_CREATE",
    "ADMIN_ROLE_DELETE",
    "ADMIN_ROLE_UPDATE",
    "ADMIN_ROLE_QUERY",
    "ADMIN_PERMISSION_QUERY",
    "CLIENT_BLOCKLIST_CREATE",
    "CLIENT_BLOCKLIST_DELETE",
    "CLIENT_BLOCKLIST_QUERY",
    "CLIENT_REQUEST_CREATE",
    "CLUSTER_MEMBER_CREATE",
    "CLUSTER_MEMBER_DELETE",
    "CLUSTER_MEMBER_UPDATE",
    "CLUSTER_MEMBER_QUERY",
    "CLUSTER_LEADER_UPDATE",
    "CLUSTER_LEADER_QUERY",
    "CLUSTER_SETTING_UPDATE",
    "CLUSTER_SETTING_QUERY",
    "PLUGIN_CREATE",
    "PLUGIN_DELETE",
    "PLUGIN_UPDATE",
    "PLUGIN_QUERY",
    "LOG_QUERY",
    "SHUTDOWN",
    "MEETING_DELETE",
    "MEETING_QUERY",
    "AUDIT_LOG_QUERY",
};

/// `*` stands for any characters. What the last one stands for grows until the rest fits, so the
/// time is the product of the lengths at most.
bool matches(std::string_view name, std::string_view pattern) {
  size_t at = 0;
  size_t in_pattern = 0;
  size_t star = pattern.npos;
  size_t behind_star = 0;
  while (at < name.size()) {
    if (in_pattern < pattern.size() && pattern[in_pattern] == '*') {
      star = in_pattern++;
      behind_star = at;
    } else if (in_pattern < pattern.size() && pattern[in_pattern] == name[at]) {
      ++in_pattern;
      ++at;
    } else if (star != pattern.npos) {
      in_pattern = star + 1;
      at = ++behind_star;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', in_pattern) == pattern.npos;
}

}  // namespace

std::string_view name_of(Permission permission) {
  return kNames[static_cast<size_t>(permission)];
}

std::string_view group_of(Permission permission) {
  const std::string_view name = name_of(permission);
  const size_t end = name.rfind('_');
  return end == name.npos ? name : name.substr(0, end);
}

std::optional<Permission> find_permission(std::string_view name) {
  for (size_t i = 0; i < kPermissionCount; ++i) {
    if (kNames[i] == name) return static_cast<Permission>(i);
  }
  return std::nullopt;
}

Permissions all_permissions() {
  return Permissions().set();
}

std::vector<std::string> names_of(const Permissions& permissions) {
  std::vector<std::string> names;
  for (size_t i = 0; i < kPermissionCount; ++i) {
    if (permissions.test(i)) names.emplace_back(kNames[i]);
  }
  return names;
}

std::optional<Permissions> match_permissions(const std::vector<std::string>& patterns) {
  Permissions found;
  for (const std::string& pattern : patterns) {
    bool any = false;
    if (pattern.size() > 64) return std::nullopt;
    for (size_t i = 0; i < kPermissionCount; ++i) {
      if (!matches(kNames[i], pattern)) continue;
      found.set(i);
      any = true;
    }
    if (!any) return std::nullopt;
  }
  return found;
}

}  // namespace turms::admin
