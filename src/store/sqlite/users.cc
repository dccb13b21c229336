#include <algorithm>

#include "base/check.h"
#include "store/sqlite/repositories.h"

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

im::ValueMap read_attributes(Connection& connection, UserId user) {
  im::ValueMap attributes;
  Statement select = connection.prepare("select name, value from user_attribute where user_id = ?");
  select.bind(user);
  while (select.step()) {
    std::string name = select.text();
    attributes[std::move(name)] = std::string(as_text(select.blob()));
  }
  return attributes;
}

/// Raises the count of all password changes.
int64_t set_password(Connection& connection, UserId user, const std::string& hash) {
  {
    Statement update = connection.prepare(
        "update user set password_hash = ?, password_version = "
        "1 + coalesce((select max(password_version) from user where password_version > 0), 0) "
        "where id = ?");
    if (update.bind(hash, user).run() == 0) return 0;
  }
  Statement select = connection.prepare("select password_version from user where id = ?");
  return select.bind(user).step() ? select.integer() : 0;
}

bool exists(Connection& connection, UserId user) {
  Statement select = connection.prepare("select 1 from user where id = ?");
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

void write_attribute(Connection& connection, UserId user, const std::string& name,
                     const std::string& value) {
  Statement upsert = connection.prepare(
      "insert into user_attribute (user_id, name, value) values (?, ?, ?) "
      "on conflict do update set value = excluded.value");
  upsert.bind(user, name, as_bytes(value)).run();
}

}  // namespace

im::Stored<std::vector<im::User>> Users::find(std::vector<UserId> ids) {
  co_return co_await readers_.run([&](Connection& connection) -> Result<std::vector<im::User>> {
    std::vector<im::User> users;
    Statement select = connection.prepare(
        "select id, name, intro, profile_picture, profile_access_strategy, registration_date, "
        "last_updated_date, active from user where id = ?");
    for (const UserId id : ids) {
      select.bind(id);
      if (select.step()) users.push_back(read_user(select));
      select.reset();
    }
    for (im::User& user : users) user.attributes = read_attributes(connection, user.id);
    return users;
  });
}

im::Stored<std::optional<im::Credentials>> Users::find_credentials(UserId id) {
  co_return co_await readers_.run(
      [&](Connection& connection) -> Result<std::optional<im::Credentials>> {
        Statement select = connection.prepare(
            "select active, password_hash, password_version from user where id = ?");
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
        "last_updated_date, active from user where id > ? order by id limit ?");
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
    index_name(connection, user.id, user.name);
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
    if (change.name) index_name(connection, user, *change.name);
    for (const auto& [name, value] : change.attributes) {
      write_attribute(connection, user, name, value);
    }
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

im::Stored<bool> Users::set_active(im::Permit<im::action::SetActive> permit, bool active,
                                   WallTime now) {
  co_return co_await writer_.run([&](Connection& connection) -> Result<bool> {
    Statement update =
        connection.prepare("update user set active = ?, last_updated_date = ? where id = ?");
    return update.bind(active, now, permit->user).run() > 0;
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
