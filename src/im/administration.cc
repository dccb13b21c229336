#include "im/administration.h"

#include <algorithm>
#include <array>

#include "base/unicode.h"
#include "im/context.h"
#include "im/ports/bus.h"
#include "im/ports/groups.h"
#include "im/ports/password_hasher.h"
#include "im/ports/session_tokens.h"
#include "im/ports/user_roles.h"
#include "im/ports/users.h"
#include "im/rights.h"

namespace turms::im {
namespace {

constexpr size_t kMaxPasswordSize = 256;

/// As clients' names are cleaned (gateway/names.h). An error: it is not empty, and shows nothing.
Result<std::string> cleaned(const std::string& name) {
  std::string clean = clean_name(name);
  if (!name.empty() && !shows_something(clean)) {
    return fail(ErrorCode::kInvalidArgument, "the name shows nothing");
  }
  return clean;
}

}  // namespace

Task<Result<None>> Administration::add_user(UserId id, std::string name, std::string password) {
  if (id.value <= 0) co_return fail(ErrorCode::kInvalidArgument, "a user id is a positive number");
  auto clean = cleaned(name);
  if (!clean) co_return std::unexpected(clean.error());
  name = std::move(*clean);
  const size_t limit = context_.settings.people.max_name_size;
  if (text_length(name) > limit) {
    co_return fail(ErrorCode::kInvalidArgument,
                   "a name has at most " + std::to_string(limit) + " characters");
  }
  if (password.empty() || password.size() > kMaxPasswordSize) {
    co_return fail(ErrorCode::kInvalidArgument, "a password has between 1 and 256 bytes");
  }
  auto hash = co_await context_.hasher.hash(std::move(password));
  if (!hash) co_return std::unexpected(hash.error());
  User user;
  user.id = id;
  user.name = std::move(name);
  user.active = context_.settings.people.active_when_added;
  user.registration_date = context_.now();
  user.last_updated_date = user.registration_date;
  auto created = co_await context_.store.users.create(Rights::administrator(action::CreateUser{id}),
                                                      std::move(user), std::move(*hash));
  if (!created) co_return std::unexpected(created.error());
  if (!*created) co_return fail(ErrorCode::kAlreadyExists, "there is a user with this id already");
  co_return None{};
}

Task<Result<None>> Administration::set_password(UserId id, std::string password) {
  if (password.empty() || password.size() > kMaxPasswordSize) {
    co_return fail(ErrorCode::kInvalidArgument, "a password has between 1 and 256 bytes");
  }
  auto hash = co_await context_.hasher.hash(std::move(password));
  if (!hash) co_return std::unexpected(hash.error());
  auto set = co_await context_.store.users.change_password(
      Rights::administrator(action::ChangePassword{id}), std::move(*hash));
  if (!set) co_return std::unexpected(set.error());
  if (!*set) co_return fail(ErrorCode::kNotFound, "there is no user with this id");
  co_return None{};
}

Task<Result<None>> Administration::disconnect(UserId id, std::vector<DeviceType> device_types) {
  // First the tokens: a client that is told comes back at once.
  auto revoked = co_await context_.store.session_tokens.revoke(
      Rights::administrator(action::RevokeSessionTokens{id}), {}, device_types);
  if (!revoked) co_return std::unexpected(revoked.error());
  DisconnectOrder order;
  order.user_id = id;
  order.device_types = std::move(device_types);
  order.close_status = kDisconnectedByAdministrator;
  context_.bus.publish(order);
  co_return None{};
}

Task<Result<std::vector<User>>> Administration::query_users(UserFilter filter) {
  if (filter.limit <= 0 || filter.limit > kMaxQueried) filter.limit = kMaxQueried;
  return context_.store.users.query(std::move(filter));
}

Task<Result<int64_t>> Administration::count_users(UserFilter filter) {
  return context_.store.users.count(std::move(filter));
}

Task<Result<None>> Administration::update_user(UserId id, AdminUserChange change) {
  const Settings::People& settings = context_.settings.people;
  UserChange wanted;
  if (change.name) {
    auto clean = cleaned(*change.name);
    if (!clean) co_return std::unexpected(clean.error());
    if (text_length(*clean) > settings.max_name_size) {
      co_return fail(ErrorCode::kInvalidArgument, "the name is too long");
    }
    wanted.name = std::move(*clean);
  }
  if (change.intro) wanted.intro = clean_text(*change.intro);
  wanted.profile_picture = std::move(change.profile_picture);
  if ((wanted.intro && text_length(*wanted.intro) > settings.max_intro_size) ||
      (wanted.profile_picture &&
       text_length(*wanted.profile_picture) > settings.max_profile_picture_size)) {
    co_return fail(ErrorCode::kInvalidArgument, "the intro or the profile picture is too long");
  }
  if (change.profile_access_strategy && !is_known(*change.profile_access_strategy)) {
    co_return fail(ErrorCode::kInvalidArgument, "unknown profile access strategy");
  }
  wanted.profile_access_strategy = change.profile_access_strategy;
  if (change.password) {
    auto changed = co_await set_password(id, std::move(*change.password));
    if (!changed) co_return changed;
  }
  auto updated = co_await context_.store.users.update(Rights::administrator(action::UpdateUser{id}),
                                                      std::move(wanted), context_.now());
  if (!updated) co_return std::unexpected(updated.error());
  if (!*updated) co_return fail(ErrorCode::kNotFound, "there is no user with this id");
  if (change.active) co_return co_await set_active(id, *change.active);
  co_return None{};
}

Task<Result<None>> Administration::set_active(UserId id, bool active) {
  auto set = co_await context_.store.users.set_active(Rights::administrator(action::SetActive{id}),
                                                      active, context_.now());
  context_.reachability.invalidate(id);
  if (!set) co_return std::unexpected(set.error());
  if (!*set) co_return fail(ErrorCode::kNotFound, "there is no user with this id");
  if (!active) end_sessions(id);
  co_return None{};
}

Task<Result<None>> Administration::remove_user(UserId id, std::optional<bool> logically) {
  auto removed = co_await context_.store.users.remove(
      Rights::administrator(action::RemoveUser{id}),
      logically.value_or(context_.settings.people.delete_logically), context_.now());
  // Relationships to the user may have gone too, whoever's they are.
  context_.reachability.clear();
  if (!removed) co_return std::unexpected(removed.error());
  if (!*removed) co_return fail(ErrorCode::kNotFound, "there is no user with this id");
  end_sessions(id);
  co_return None{};
}

void Administration::end_sessions(UserId id) {
  DisconnectOrder order;
  order.user_id = id;
  order.close_status = kUserDeletedOrInactive;
  context_.bus.publish(order);
}

Task<Result<std::vector<User>>> Administration::list_users(UserId after, int limit) {
  return context_.store.users.list(after, limit);
}

Task<Result<GroupId>> Administration::add_group(std::string name, UserId owner,
                                                std::vector<UserId> members) {
  auto clean = cleaned(name);
  if (!clean) co_return std::unexpected(clean.error());
  name = std::move(*clean);
  if (name.empty() || text_length(name) > context_.settings.group.max_name_size) {
    co_return fail(ErrorCode::kInvalidArgument, "the name is empty or too long");
  }
  members.push_back(owner);
  sort_unique(members);
  auto known = co_await context_.store.users.find(members);
  if (!known) co_return std::unexpected(known.error());
  if (known->size() != members.size()) {
    co_return fail(ErrorCode::kNotFound, "there is no user with one of these ids");
  }
  const WallTime now = context_.now();
  Group group;
  group.id = context_.next_id<GroupId>(now);
  group.creator_id = owner;
  group.owner_id = owner;
  group.name = std::move(name);
  group.creation_date = now;
  group.last_updated_date = now;
  std::vector<GroupMember> rows;
  for (const UserId id : members) {
    GroupMember row;
    row.group_id = group.id;
    row.user_id = id;
    row.role = id == owner ? GroupMemberRole::kOwner : GroupMemberRole::kMember;
    row.join_date = now;
    rows.push_back(std::move(row));
  }
  const GroupId id = group.id;
  auto created = co_await context_.store.groups.create(
      Rights::administrator(action::CreateGroup{owner}), std::move(group), std::move(rows));
  if (!created) co_return std::unexpected(created.error());
  context_.publish({.group_id = id, .joined = std::move(members)});
  co_return id;
}

Task<Result<std::vector<Group>>> Administration::list_groups(GroupId after, int limit) {
  return context_.store.groups.list(after, limit);
}

Task<Result<None>> Administration::remove_group_type(int64_t id) {
  using Removed = GroupRepository::TypeRemoved;
  auto removed = co_await context_.store.groups.remove_type(
      Rights::administrator(action::RemoveGroupType{id}));
  if (!removed) co_return std::unexpected(removed.error());
  if (*removed == Removed::kNone) co_return fail(ErrorCode::kNotFound, "there is no such type");
  if (*removed == Removed::kInUse) {
    co_return fail(ErrorCode::kFailedPrecondition, "there are groups of this type");
  }
  context_.groups.clear();
  co_return None{};
}

Task<Result<std::vector<UserRole>>> Administration::list_user_roles() {
  return context_.store.user_roles.list();
}

Task<Result<None>> Administration::put_user_role(UserRole role) {
  const bool negative = role.owned_group_limit < 0 || role.owned_group_limit_per_type < 0 ||
                        std::ranges::any_of(role.group_type_limits,
                                            [](const auto& limit) { return limit.second < 0; });
  if (role.id < 0 || negative) {
    co_return fail(ErrorCode::kInvalidArgument, "ids and limits must not be negative");
  }
  const int64_t id = role.id;
  auto stored = co_await context_.store.user_roles.put(
      Rights::administrator(action::PutUserRole{id}), std::move(role));
  if (!stored) co_return std::unexpected(stored.error());
  if (!*stored) co_return fail(ErrorCode::kResourceExhausted, "there are too many roles");
  co_return None{};
}

Task<Result<None>> Administration::remove_user_role(int64_t id) {
  auto removed =
      co_await context_.store.user_roles.remove(Rights::administrator(action::RemoveUserRole{id}));
  if (!removed) co_return std::unexpected(removed.error());
  if (!*removed) co_return fail(ErrorCode::kNotFound, "there is no such role");
  co_return None{};
}

Task<Result<None>> Administration::assign_user_role(UserId user, int64_t role) {
  using Assigned = UserRoleRepository::Assigned;
  auto assigned = co_await context_.store.user_roles.assign(
      Rights::administrator(action::AssignUserRole{user, role}));
  if (!assigned) co_return std::unexpected(assigned.error());
  if (*assigned == Assigned::kNoUser) co_return fail(ErrorCode::kNotFound, "there is no such user");
  if (*assigned == Assigned::kNoRole) co_return fail(ErrorCode::kNotFound, "there is no such role");
  co_return None{};
}

Task<Result<None>> Administration::seed_demo() {
  struct Account {
    int64_t id;
    const char* name;
  };
  constexpr std::array<Account, 3> kAccounts = {{{1, "alice"}, {2, "bob"}, {3, "carol"}}};
  std::vector<UserId> members;
  for (const Account& account : kAccounts) members.emplace_back(account.id);
  // Before any password is hashed, which takes longer than all the rest of a start.
  auto existing = co_await context_.store.users.find(members);
  if (!existing) co_return std::unexpected(existing.error());
  if (!existing->empty()) co_return None{};
  for (const Account& account : kAccounts) {
    auto added = co_await add_user(UserId(account.id), account.name, "turms");
    if (!added) co_return added;
  }
  auto group = co_await add_group("Demo", UserId(1), std::move(members));
  if (!group) co_return std::unexpected(group.error());
  co_return None{};
}

}  // namespace turms::im
