#include <algorithm>

#include "base/check.h"
#include "store/sqlite/json.h"
#include "store/sqlite/name_index.h"
#include "store/sqlite/repositories.h"
#include "store/sqlite/value_rows.h"

namespace turms::store {
namespace {

im::User read_user(Statement& row) {
  im::User user;
  user.id = row.id<UserId>();
  user.name = row.text();
  user.intro = row.text();
  user.profile_picture = row.text();
  user.profile_access_strategy = row.enumeration<im::ProfileAccessStrategy>();
  user.registration_date = row.time();
  user.last_updated_date = row.time();
  user.active = row.boolean();
  return user;
}

/// So that sessions from before it end, on whatever node they are. 0: there is no such user.
int64_t raise_password_version(Connection& connection, UserId user) {
  {
    Statement update = connection.prepare(
        "update user set password_version = "
        "1 + coalesce((select max(password_version) from user where password_version > 0), 0) "
        "where id = ?");
    if (update.bind(user).run() == 0) return 0;
  }
  Statement select = connection.prepare("select password_version from user where id = ?");
  return select.bind(user).step() ? select.integer() : 0;
}

int64_t set_password(Connection& connection, UserId user, const std::string& hash) {
  {
    Statement update = connection.prepare(
        "update user set password_hash = ? where id = ? and deletion_date is null");
    if (update.bind(hash, user).run() == 0) return 0;
  }
  return raise_password_version(connection, user);
}

/// All that is the user's own.
void erase_user(Connection& connection, UserId user) {
  for (const char* sql :
       {"delete from user_name_token where user_id = ?",
        "delete from user_attribute where user_id = ?",
        "delete from user_setting where user_id = ?",
        "delete from relationship where owner_id = ?1 or related_id = ?1",
        "delete from relationship_group where owner_id = ?",
        "delete from relationship_group_member where owner_id = ?1 or related_id = ?1",
        "delete from friend_request where requester_id = ?1 or recipient_id = ?1",
        "delete from version where id = ? and kind in (1, 2, 3, 9, 20, 21, 22, 23, 24)",
        "delete from user where id = ?"}) {
    Statement remove = connection.prepare(sql);
    remove.bind(user).run();
  }
}

bool exists(Connection& connection, UserId user) {
  Statement select =
      connection.prepare("select 1 from user where id = ? and deletion_date is null");
  return select.bind(user).step();
}

void write_profile(Connection& connection, UserId user, const im::UserChange& change,
                   WallTime now) {
  Statement update = connection.prepare(
      "update user set name = coalesce(?, name), intro = coalesce(?, intro), "
      "profile_picture = coalesce(?, profile_picture), "
      "profile_access_strategy = coalesce(?, profile_access_strategy), last_updated_date = ? "
      "where id = ?");
  update.bind(change.name, change.intro, change.profile_picture, change.profile_access_strategy,
              now, user);
  update.run();
}

}  // namespace

im::Stored<std::vector<im::User>> Users::find(std::vector<UserId> ids) {
  co_return co_await readers_.run([&](Connection& connection) -> Result<std::vector<im::User>> {
    std::vector<im::User> users;
    Statement select = connection.prepare(
        "select id, name, intro, profile_picture, profile_access_strategy, registration_date, "
        "last_updated_date, active from user where id = ? and deletion_date is null");
    for (const UserId id : ids) {
      select.bind(id);
      if (select.step()) users.push_back(read_user(select));
      select.reset();
    }
    for (im::User& user : users)
      user.attributes = read_values(connection, kUserAttributes, user.id.value);
    return users;
  });
}

im::Stored<std::vector<UserId>> Users::search_names(std::string text) {
  co_return co_await readers_.run([&](Connection& connection) -> Result<std::vector<UserId>> {
    std::vector<UserId> users;
    for (const int64_t id : store::search_names(connection, kUserNames, text, kMaxFound)) {
      users.emplace_back(id);
    }
    return users;
  });
}

im::Stored<std::optional<im::Credentials>> Users::find_credentials(UserId id) {
  co_return co_await readers_.run(
      [&](Connection& connection) -> Result<std::optional<im::Credentials>> {
        Statement select = connection.prepare(
            "select active, password_hash, password_version from user "
            "where id = ? and deletion_date is null");
        if (!select.bind(id).step()) return std::nullopt;
        im::Credentials credentials;
        credentials.active = select.boolean();
        credentials.password_hash = select.text();
        credentials.password_version = select.integer();
        return credentials;
      });
}

im::Stored<std::vector<im::User>> Users::list(UserId after, int limit) {
  co_return co_await readers_.run([&](Connection& connection) -> Result<std::vector<im::User>> {
    std::vector<im::User> users;
    Statement select = connection.prepare(
        "select id, name, intro, profile_picture, profile_access_strategy, registration_date, "
        "last_updated_date, active from user where id > ? and deletion_date is null "
        "order by id limit ?");
    select.bind(after, limit);
    while (select.step()) users.push_back(read_user(select));
    return users;
  });
}

im::Stored<bool> Users::create(im::Permit<im::action::CreateUser> permit, im::User user,
                               std::string password_hash) {
  TURMS_CHECK(user.id == permit->user);
  co_return co_await writer_.run([&](Connection& connection) -> Result<bool> {
    Statement insert = connection.prepare(
        "insert into user (id, name, intro, profile_picture, profile_access_strategy, "
        "registration_date, last_updated_date, active, password_hash) "
        "values (?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (id) do nothing");
    insert.bind(user.id, user.name, user.intro, user.profile_picture, user.profile_access_strategy,
                user.registration_date, user.last_updated_date, user.active, password_hash);
    if (insert.run() == 0) return false;
    index_name(connection, kUserNames, user.id.value, user.name);
    begin_relationships(connection, user.id, user.registration_date);
    return true;
  });
}

im::Stored<bool> Users::change_password(im::Permit<im::action::ChangePassword> permit,
                                        std::string password_hash) {
  co_return co_await writer_.run([&](Connection& connection) -> Result<bool> {
    return set_password(connection, permit->user, password_hash) > 0;
  });
}

im::Stored<std::optional<int64_t>> Users::update(im::Permit<im::action::UpdateUser> permit,
                                                 im::UserChange change, WallTime now) {
  const UserId user = permit->user;
  co_return co_await writer_.run([&](Connection& connection) -> Result<std::optional<int64_t>> {
    if (!exists(connection, user)) return std::nullopt;
    write_profile(connection, user, change, now);
    if (change.name) index_name(connection, kUserNames, user.value, *change.name);
    write_values(connection, kUserAttributes, user.value, change.attributes);
    if (!change.password_hash) return 0;
    return set_password(connection, user, *change.password_hash);
  });
}

im::Stored<bool> Users::renew_password_hash(im::Permit<im::action::RenewPasswordHash> permit,
                                            std::string former, std::string password_hash) {
  co_return co_await writer_.run([&](Connection& connection) -> Result<bool> {
    Statement update =
        connection.prepare("update user set password_hash = ? where id = ? and password_hash = ?");
    return update.bind(password_hash, permit->user, former).run() > 0;
  });
}

im::Stored<std::vector<im::PasswordChange>> Users::password_changes(int64_t version, int limit) {
  co_return co_await readers_.run(
      [&](Connection& connection) -> Result<std::vector<im::PasswordChange>> {
        std::vector<im::PasswordChange> changes;
        // The comparison with 0 is what the index is made for.
        Statement select = connection.prepare(
            "select id, password_version from user where password_version > 0 "
            "and password_version > ? order by password_version limit ?");
        select.bind(version, limit);
        while (select.step()) {
          const auto user = select.id<UserId>();
          changes.push_back({user, select.integer()});
        }
        return changes;
      });
}

im::Stored<std::vector<im::User>> Users::query(im::UserFilter filter) {
  co_return co_await readers_.run([&](Connection& connection) -> Result<std::vector<im::User>> {
    std::vector<im::User> users;
    const auto ids = json_of(filter.ids);
    Statement select = connection.prepare(
        "select id, name, intro, profile_picture, profile_access_strategy, registration_date, "
        "last_updated_date, active from user where deletion_date is null "
        "and (?1 is null or id in (select value from json_each(?1))) "
        "and (?2 is null or active = ?2) and (?3 is null or registration_date >= ?3) "
        "and (?4 is null or registration_date < ?4) order by id limit ?5 offset ?6");
    select.bind(ids, filter.active, filter.registration_date_start, filter.registration_date_end,
                filter.limit > 0 ? filter.limit : -1, filter.skip);
    while (select.step()) users.push_back(read_user(select));
    for (im::User& user : users)
      user.attributes = read_values(connection, kUserAttributes, user.id.value);
    return users;
  });
}

im::Stored<int64_t> Users::count(im::UserFilter filter) {
  co_return co_await readers_.run([&](Connection& connection) -> Result<int64_t> {
    const auto ids = json_of(filter.ids);
    Statement select = connection.prepare(
        "select count(*) from user where deletion_date is null "
        "and (?1 is null or id in (select value from json_each(?1))) "
        "and (?2 is null or active = ?2) and (?3 is null or registration_date >= ?3) "
        "and (?4 is null or registration_date < ?4)");
    select.bind(ids, filter.active, filter.registration_date_start, filter.registration_date_end);
    return select.step() ? select.integer() : 0;
  });
}

im::Stored<bool> Users::set_active(im::Permit<im::action::SetActive> permit, bool active,
                                   WallTime now) {
  co_return co_await writer_.run([&](Connection& connection) -> Result<bool> {
    {
      Statement update = connection.prepare(
          "update user set active = ?, last_updated_date = ? "
          "where id = ? and deletion_date is null");
      if (update.bind(active, now, permit->user).run() == 0) return false;
    }
    if (!active) raise_password_version(connection, permit->user);
    return true;
  });
}

im::Stored<bool> Users::remove(im::Permit<im::action::RemoveUser> permit, bool logically,
                               WallTime now) {
  const UserId user = permit->user;
  co_return co_await writer_.run([&](Connection& connection) -> Result<bool> {
    if (!exists(connection, user)) return false;
    if (!logically) {
      erase_user(connection, user);
      return true;
    }
    {
      Statement update = connection.prepare(
          "update user set active = 0, deletion_date = ?1, last_updated_date = ?1 where id = ?2");
      update.bind(now, user).run();
    }
    forget_name(connection, kUserNames, user.value);
    raise_password_version(connection, user);
    return true;
  });
}

im::Stored<std::optional<WallTime>> Versions::find(im::VersionOf kind, int64_t id) {
  co_return co_await readers_.run([&](Connection& connection) -> Result<std::optional<WallTime>> {
    Statement select = connection.prepare("select date from version where kind = ? and id = ?");
    if (!select.bind(kind, id).step()) return std::nullopt;
    return select.time();
  });
}

void touch(Connection& connection, im::VersionOf kind, int64_t id, WallTime now) {
  Statement upsert = connection.prepare(
      "insert into version (kind, id, date) values (?, ?, ?) "
      "on conflict (kind, id) do update set date = max(excluded.date, date + 1)");
  upsert.bind(kind, id, now).run();
}

}  // namespace turms::store
