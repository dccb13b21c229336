#include <array>

#include "admin/backend.h"

namespace turms::admin {
namespace {

constexpr auto kUserStatuses = std::to_array<std::string_view>(
    {"AVAILABLE", "OFFLINE", "INVISIBLE", "BUSY", "DO_NOT_DISTURB", "AWAY", "BE_RIGHT_BACK"});
constexpr auto kDeviceTypes =
    std::to_array<std::string_view>({"DESKTOP", "BROWSER", "IOS", "ANDROID", "OTHERS", "UNKNOWN"});
constexpr auto kMemberRoles =
    std::to_array<std::string_view>({"OWNER", "MANAGER", "MEMBER", "GUEST", "ANONYMOUS_GUEST"});
constexpr auto kRequestStatuses =
    std::to_array<std::string_view>({"PENDING", "ACCEPTED", "ACCEPTED_WITHOUT_CONFIRM", "DECLINED",
                                     "IGNORED", "EXPIRED", "CANCELED"});
constexpr auto kProfileAccessStrategies =
    std::to_array<std::string_view>({"ALL", "ALL_EXCEPT_BLOCKED_USERS", "FRIENDS"});
constexpr auto kInvitationStrategies = std::to_array<std::string_view>(
    {"ALL", "OWNER_MANAGER_MEMBER", "OWNER_MANAGER", "OWNER", "ALL_REQUIRING_APPROVAL",
     "OWNER_MANAGER_MEMBER_REQUIRING_APPROVAL", "OWNER_MANAGER_REQUIRING_APPROVAL",
     "OWNER_REQUIRING_APPROVAL"});
constexpr auto kJoinStrategies = std::to_array<std::string_view>(
    {"MEMBERSHIP_REQUEST", "INVITATION", "QUESTION", "JOIN_REQUEST"});
constexpr auto kUpdateStrategies =
    std::to_array<std::string_view>({"ALL", "OWNER_MANAGER_MEMBER", "OWNER_MANAGER", "OWNER"});

template <class Names, class Enum>
std::string_view find(const Names& names, Enum value) {
  const auto index = static_cast<size_t>(value);
  return index < names.size() ? names[index] : std::string_view("UNRECOGNIZED");
}

}  // namespace

std::string_view name_of(im::UserStatus status) {
  return find(kUserStatuses, status);
}
std::string_view name_of(im::DeviceType type) {
  return find(kDeviceTypes, type);
}
std::string_view name_of(im::GroupMemberRole role) {
  return find(kMemberRoles, role);
}
std::string_view name_of(im::RequestStatus status) {
  return find(kRequestStatuses, status);
}
std::string_view name_of(im::ProfileAccessStrategy strategy) {
  return find(kProfileAccessStrategies, strategy);
}
std::string_view name_of(im::InvitationStrategy strategy) {
  return find(kInvitationStrategies, strategy);
}
std::string_view name_of(im::JoinStrategy strategy) {
  return find(kJoinStrategies, strategy);
}
std::string_view name_of(im::UpdateStrategy strategy) {
  return find(kUpdateStrategies, strategy);
}
std::span<const std::string_view> device_type_names() {
  return kDeviceTypes;
}
std::span<const std::string_view> member_role_names() {
  return kMemberRoles;
}
std::span<const std::string_view> user_status_names() {
  return kUserStatuses;
}
std::span<const std::string_view> request_status_names() {
  return kRequestStatuses;
}
std::span<const std::string_view> profile_access_strategy_names() {
  return kProfileAccessStrategies;
}
std::span<const std::string_view> invitation_strategy_names() {
  return kInvitationStrategies;
}
std::span<const std::string_view> join_strategy_names() {
  return kJoinStrategies;
}
std::span<const std::string_view> update_strategy_names() {
  return kUpdateStrategies;
}

}  // namespace turms::admin
