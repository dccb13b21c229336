#pragma once

#include <optional>
#include <string>
#include <vector>

#include "im/domain_fwd.h"
#include "im/ports/users.h"

namespace turms::im {

/// What an operator does, from the command line or later the admin API: no caller, no rights asked.
/// Absent: unchanged.
struct AdminUserChange {
  std::optional<std::string> password;
  std::optional<std::string> name;
  std::optional<std::string> intro;
  std::optional<std::string> profile_picture;
  std::optional<ProfileAccessStrategy> profile_access_strategy;
  std::optional<bool> active;
};

class Administration {
 public:
  explicit Administration(Context& context) : context_(context) {}

  /// kAlreadyExists when the id is taken; kInvalidArgument for an id, name or password we refuse.
  Task<Result<None>> add_user(UserId id, std::string name, std::string password);
  /// The server ends the user's sessions when it notices (Users::end_outdated_sessions).
  Task<Result<None>> set_password(UserId id, std::string password);
  /// Ends the user's sessions (600) and the tokens that would bring them back. Empty: of all device
  /// types.
  Task<Result<None>> disconnect(UserId id, std::vector<DeviceType> device_types);
  Task<Result<std::vector<User>>> list_users(UserId after, int limit);
  /// By id, ascending; a limit of at most kMaxQueried, which 0 means too.
  static constexpr int64_t kMaxQueried = 1000;
  Task<Result<std::vector<User>>> query_users(UserFilter filter);
  Task<Result<int64_t>> count_users(UserFilter filter);
  /// kNotFound, kInvalidArgument. Sessions from before a new password end (600), all of them when
  /// the user is made inactive (700).
  Task<Result<None>> update_user(UserId id, AdminUserChange change);
  Task<Result<None>> set_active(UserId id, bool active);
  /// Their sessions end (700). Absent: as configured. kNotFound.
  Task<Result<None>> remove_user(UserId id, std::optional<bool> logically);
  /// The owner need not be among `members`. kNotFound when a user is unknown.
  Task<Result<GroupId>> add_group(std::string name, UserId owner, std::vector<UserId> members);
  Task<Result<std::vector<Group>>> list_groups(GroupId after, int limit);

  /// kNotFound; kFailedPrecondition when a group has it. Type 0 gets its first values back.
  Task<Result<None>> remove_group_type(int64_t id);

  /// With role 0.
  Task<Result<std::vector<UserRole>>> list_user_roles();
  /// Makes or replaces it. kInvalidArgument, kResourceExhausted.
  Task<Result<None>> put_user_role(UserRole role);
  /// Whoever has it has role 0 then. kNotFound.
  Task<Result<None>> remove_user_role(int64_t id);
  /// kNotFound: the user, or the role.
  Task<Result<None>> assign_user_role(UserId user, int64_t role);

  /// The demo accounts 1 (alice), 2 (bob), 3 (carol), password "turms", and a group of the three
  /// owned by alice. Does nothing when one of the accounts exists.
  Task<Result<None>> seed_demo();

 private:
  void end_sessions(UserId id);

  Context& context_;
};

}  // namespace turms::im
