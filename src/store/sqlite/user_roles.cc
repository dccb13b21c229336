#include "store/sqlite/user_roles.h"

#include <algorithm>

#include "base/check.h"

namespace turms::store {
namespace {

/// Without its group types.
im::UserRole read_role(Statement& row) {
  im::UserRole role;
  role.id = row.integer();
  role.name = row.text();
  role.owned_group_limit = static_cast<int32_t>(row.integer());
  role.owned_group_limit_per_type = static_cast<int32_t>(row.integer());
  return role;
}

void read_group_types(Connection& connection, im::UserRole& role) {
  role.creatable_group_types.clear();
  Statement select = connection.prepare(
      "select type_id, creatable, owned_limit from user_role_group_type where role_id = ? "
      "order by type_id");
  select.bind(role.id);
  while (select.step()) {
    const int64_t type = select.integer();
    if (select.boolean()) role.creatable_group_types.push_back(type);
    if (!select.null()) role.group_type_limits[type] = static_cast<int32_t>(select.integer());
  }
}

std::optional<im::UserRole> load(Connection& connection, int64_t id) {
  im::UserRole role;
  {
    Statement select = connection.prepare(
        "select id, name, owned_group_limit, owned_group_limit_per_type from user_role "
        "where id = ?");
    if (!select.bind(id).step()) return id == 0 ? std::optional(im::UserRole{}) : std::nullopt;
    role = read_role(select);
  }
  read_group_types(connection, role);
  return role;
}

int64_t role_id_of(Connection& connection, UserId user) {
  Statement select = connection.prepare("select role_id from user where id = ?");
  return select.bind(user).step() ? select.integer() : 0;
}

void forget_group_types(Connection& connection, int64_t role) {
  Statement remove = connection.prepare("delete from user_role_group_type where role_id = ?");
  remove.bind(role).run();
}

void insert_group_type(Connection& connection, const im::UserRole& role, int64_t type) {
  const auto limit = role.group_type_limits.find(type);
  Statement insert = connection.prepare(
      "insert or replace into user_role_group_type (role_id, type_id, creatable, owned_limit) "
      "values (?, ?, ?, ?)");
  insert.bind(role.id, type, role.may_have(type));
  if (limit == role.group_type_limits.end()) {
    insert.bind_null();
  } else {
    insert.bind(limit->second);
  }
  insert.run();
}

}  // namespace

im::Stored<im::UserRole> UserRoles::of_user(UserId id) {
  co_return co_await readers_.run([&](Connection& connection) -> Result<im::UserRole> {
    auto role = load(connection, role_id_of(connection, id));
    if (!role) role = load(connection, 0);
    return *role;
  });
}

im::Stored<std::optional<im::UserRole>> UserRoles::find(int64_t id) {
  co_return co_await readers_.run(
      [&](Connection& connection) -> Result<std::optional<im::UserRole>> {
        return load(connection, id);
      });
}

im::Stored<std::vector<im::UserRole>> UserRoles::list() {
  co_return co_await readers_.run([&](Connection& connection) -> Result<std::vector<im::UserRole>> {
    std::vector<im::UserRole> roles;
    Statement select = connection.prepare(
        "select id, name, owned_group_limit, owned_group_limit_per_type from user_role order by "
        "id");
    while (select.step()) {
      roles.push_back(read_role(select));
      read_group_types(connection, roles.back());
    }
    const bool has_default =
        std::ranges::any_of(roles, [](const im::UserRole& role) { return role.id == 0; });
    if (!has_default) roles.insert(roles.begin(), im::UserRole{});
    return roles;
  });
}

im::Stored<bool> UserRoles::put(im::Permit<im::action::PutUserRole> permit, im::UserRole role) {
  TURMS_CHECK(role.id == permit->role_id);
  std::ranges::sort(role.creatable_group_types);
  co_return co_await writer_.run([&](Connection& connection) -> Result<bool> {
    {
      Statement count = connection.prepare("select count(*) from user_role where id <> ?");
      if (count.bind(role.id).step() && count.integer() >= kMaxRoles) return false;
    }
    {
      Statement upsert = connection.prepare(
          "insert or replace into user_role (id, name, owned_group_limit, "
          "owned_group_limit_per_type) values (?, ?, ?, ?)");
      upsert.bind(role.id, role.name, role.owned_group_limit, role.owned_group_limit_per_type)
          .run();
    }
    forget_group_types(connection, role.id);
    for (const int64_t type : role.creatable_group_types) insert_group_type(connection, role, type);
    for (const auto& [type, limit] : role.group_type_limits) {
      insert_group_type(connection, role, type);
    }
    return true;
  });
}

im::Stored<bool> UserRoles::remove(im::Permit<im::action::RemoveUserRole> permit) {
  const int64_t id = permit->role_id;
  co_return co_await writer_.run([&](Connection& connection) -> Result<bool> {
    {
      Statement remove = connection.prepare("delete from user_role where id = ?");
      if (remove.bind(id).run() == 0) return false;
    }
    forget_group_types(connection, id);
    Statement reset = connection.prepare("update user set role_id = 0 where role_id = ?");
    reset.bind(id).run();
    return true;
  });
}

im::Stored<im::UserRoleRepository::Assigned> UserRoles::assign(
    im::Permit<im::action::AssignUserRole> permit) {
  const auto [user, role] = *permit;
  co_return co_await writer_.run([&](Connection& connection) -> Result<Assigned> {
    if (!load(connection, role)) return Assigned::kNoRole;
    Statement update = connection.prepare("update user set role_id = ? where id = ?");
    return update.bind(role, user).run() > 0 ? Assigned::kDone : Assigned::kNoUser;
  });
}

}  // namespace turms::store
