#include "store/sqlite/admins.h"

#include <algorithm>

namespace turms::store {
namespace {

/// Between the items of a list in one column, and of a list parameter; in none of them.
constexpr char kSeparator = '\n';

std::string join(const std::vector<std::string>& items) {
  std::string joined;
  for (const std::string& item : items) {
    if (!joined.empty()) joined += kSeparator;
    joined += item;
  }
  return joined;
}

std::vector<std::string> split(std::string_view joined) {
  std::vector<std::string> items;
  while (!joined.empty()) {
    const size_t end = std::min(joined.find(kSeparator), joined.size());
    items.emplace_back(joined.substr(0, end));
    joined.remove_prefix(std::min(joined.size(), end + 1));
  }
  return items;
}

/// A list for instr(): every item between separators. Absent when it is empty, which means any.
std::optional<std::string> list_of(const std::vector<std::string>& items) {
  if (items.empty()) return std::nullopt;
  return kSeparator + join(items) + kSeparator;
}

std::optional<std::string> list_of(const std::vector<int64_t>& ids) {
  std::vector<std::string> items;
  for (const int64_t id : ids) items.push_back(std::to_string(id));
  return list_of(items);
}

// The list of parameter `number` has the column, or is absent. Tables of admins are small.
#define TURMS_LISTED(column, number) \
  "(?" #number " is null or instr(?" #number ", char(10) || " column " || char(10)) > 0) "
#define TURMS_ADMIN_WHERE \
  "from admin where " TURMS_LISTED("account", 1) "and " TURMS_LISTED("role_id", 2)
#define TURMS_ROLE_WHERE \
  "from admin_role where " TURMS_LISTED("id", 1) "and " TURMS_LISTED("name", 2)
#define TURMS_AUDIT_WHERE                                                   \
  "from admin_audit where " TURMS_LISTED("account", 1) "and " TURMS_LISTED( \
      "action", 2) "and date >= ?3 and date < ?4 "

im::Admin read_admin(Statement& row) {
  im::Admin admin;
  admin.account = row.text();
  admin.name = row.text();
  admin.role_id = row.integer();
  admin.registration_date = row.time();
  admin.password_hash = row.text();
  return admin;
}

im::AdminRole read_role(Statement& row) {
  im::AdminRole role;
  role.id = row.integer();
  role.name = row.text();
  role.permissions = split(row.text());
  role.rank = static_cast<int32_t>(row.integer());
  role.creation_date = row.time();
  return role;
}

im::AdminToken read_token(Statement& row) {
  im::AdminToken token;
  token.id = row.integer();
  token.account = row.text();
  token.name = row.text();
  token.creation_date = row.time();
  token.expiry_date = row.time();
  return token;
}

im::AuditEntry read_entry(Statement& row) {
  im::AuditEntry entry;
  entry.id = row.integer();
  entry.date = row.time();
  entry.account = row.text();
  entry.address = row.text();
  entry.trace_id = row.text();
  entry.action = row.text();
  entry.arguments = row.text();
  entry.status = static_cast<int32_t>(row.integer());
  entry.code = static_cast<int32_t>(row.integer());
  entry.reason = row.text();
  return entry;
}

void forget_tokens(Connection& connection, const std::string& account) {
  Statement remove = connection.prepare("delete from admin_token where account = ?");
  remove.bind(account).run();
}

}  // namespace

im::Stored<std::optional<im::Admin>> Admins::find_admin(std::string account) {
  co_return co_await readers_.run([&](Connection& connection) -> Result<std::optional<im::Admin>> {
    Statement select = connection.prepare(
        "select account, name, role_id, registration_date, password_hash from admin "
        "where account = ?");
    if (!select.bind(account).step()) return std::nullopt;
    return read_admin(select);
  });
}

im::Stored<im::Listed<im::Admin>> Admins::admins(im::AdminFilter filter) {
  co_return co_await readers_.run([&](Connection& connection) -> Result<im::Listed<im::Admin>> {
    im::Listed<im::Admin> found;
    const auto accounts = list_of(filter.accounts);
    const auto roles = list_of(filter.role_ids);
    Statement count = connection.prepare("select count(*) " TURMS_ADMIN_WHERE);
    if (count.bind(accounts, roles).step()) found.total = count.integer();
    Statement select = connection.prepare(
        "select account, name, role_id, registration_date, password_hash " TURMS_ADMIN_WHERE
        "order by account limit ?3 offset ?4");
    select.bind(accounts, roles, filter.limit, filter.skip);
    while (select.step()) found.records.push_back(read_admin(select));
    return found;
  });
}

im::Stored<bool> Admins::create_admin(im::Admin admin) {
  co_return co_await writer_.run([&](Connection& connection) -> Result<bool> {
    Statement insert = connection.prepare(
        "insert into admin (account, name, role_id, registration_date, password_hash) "
        "values (?, ?, ?, ?, ?) on conflict (account) do nothing");
    insert.bind(admin.account, admin.name, admin.role_id, admin.registration_date,
                admin.password_hash);
    return insert.run() > 0;
  });
}

im::Stored<int64_t> Admins::update_admins(std::vector<std::string> accounts,
                                          im::AdminChange change) {
  co_return co_await writer_.run([&](Connection& connection) -> Result<int64_t> {
    int64_t changed = 0;
    for (const std::string& account : accounts) {
      Statement update = connection.prepare(
          "update admin set name = coalesce(?, name), role_id = coalesce(?, role_id), "
          "password_hash = coalesce(?, password_hash) where account = ?");
      changed += update.bind(change.name, change.role_id, change.password_hash, account).run();
      if (change.password_hash) forget_tokens(connection, account);
    }
    return changed;
  });
}

im::Stored<bool> Admins::renew_password_hash(std::string account, std::string former,
                                             std::string password_hash) {
  co_return co_await writer_.run([&](Connection& connection) -> Result<bool> {
    Statement update = connection.prepare(
        "update admin set password_hash = ? where account = ? and password_hash = ?");
    return update.bind(password_hash, account, former).run() > 0;
  });
}

im::Stored<int64_t> Admins::remove_admins(std::vector<std::string> accounts) {
  co_return co_await writer_.run([&](Connection& connection) -> Result<int64_t> {
    int64_t removed = 0;
    for (const std::string& account : accounts) {
      forget_tokens(connection, account);
      Statement remove = connection.prepare("delete from admin where account = ?");
      removed += remove.bind(account).run();
    }
    return removed;
  });
}

im::Stored<std::optional<im::AdminRole>> Admins::find_role(int64_t id) {
  co_return co_await readers_.run(
      [&](Connection& connection) -> Result<std::optional<im::AdminRole>> {
        Statement select = connection.prepare(
            "select id, name, permissions, rank, creation_date from admin_role where id = ?");
        if (!select.bind(id).step()) return std::nullopt;
        return read_role(select);
      });
}

im::Stored<im::Listed<im::AdminRole>> Admins::roles(im::AdminRoleFilter filter) {
  co_return co_await readers_.run([&](Connection& connection) -> Result<im::Listed<im::AdminRole>> {
    im::Listed<im::AdminRole> found;
    const auto ids = list_of(filter.ids);
    const auto names = list_of(filter.names);
    Statement count = connection.prepare("select count(*) " TURMS_ROLE_WHERE);
    if (count.bind(ids, names).step()) found.total = count.integer();
    Statement select =
        connection.prepare("select id, name, permissions, rank, creation_date " TURMS_ROLE_WHERE
                           "order by id limit ?3 offset ?4");
    select.bind(ids, names, filter.limit, filter.skip);
    while (select.step()) found.records.push_back(read_role(select));
    return found;
  });
}

im::Stored<bool> Admins::create_role(im::AdminRole role) {
  co_return co_await writer_.run([&](Connection& connection) -> Result<bool> {
    const std::string permissions = join(role.permissions);
    Statement insert = connection.prepare(
        "insert into admin_role (id, name, permissions, rank, creation_date) "
        "values (?, ?, ?, ?, ?) on conflict (id) do nothing");
    insert.bind(role.id, role.name, permissions, role.rank, role.creation_date);
    return insert.run() > 0;
  });
}

im::Stored<int64_t> Admins::update_roles(std::vector<int64_t> ids, im::AdminRoleChange change) {
  co_return co_await writer_.run([&](Connection& connection) -> Result<int64_t> {
    int64_t changed = 0;
    std::optional<std::string> permissions;
    if (change.permissions) permissions = join(*change.permissions);
    for (const int64_t id : ids) {
      Statement update = connection.prepare(
          "update admin_role set name = coalesce(?, name), "
          "permissions = coalesce(?, permissions), rank = coalesce(?, rank) where id = ?");
      changed += update.bind(change.name, permissions, change.rank, id).run();
    }
    return changed;
  });
}

im::Stored<std::optional<int64_t>> Admins::remove_roles(std::vector<int64_t> ids) {
  co_return co_await writer_.run([&](Connection& connection) -> Result<std::optional<int64_t>> {
    for (const int64_t id : ids) {
      Statement used = connection.prepare("select 1 from admin where role_id = ? limit 1");
      if (used.bind(id).step()) return std::nullopt;
    }
    int64_t removed = 0;
    for (const int64_t id : ids) {
      Statement remove = connection.prepare("delete from admin_role where id = ?");
      removed += remove.bind(id).run();
    }
    return removed;
  });
}

im::Stored<std::optional<int64_t>> Admins::create_token(im::AdminToken token, Bytes hash,
                                                        int64_t max_tokens) {
  co_return co_await writer_.run([&](Connection& connection) -> Result<std::optional<int64_t>> {
    {
      Statement expired = connection.prepare("delete from admin_token where expiry_date <= ?");
      expired.bind(token.creation_date).run();
    }
    {
      Statement count = connection.prepare("select count(*) from admin_token where account = ?");
      if (count.bind(token.account).step() && count.integer() >= max_tokens) return std::nullopt;
    }
    {
      Statement insert = connection.prepare(
          "insert into admin_token (account, name, creation_date, expiry_date, hash) "
          "values (?, ?, ?, ?, ?)");
      insert.bind(token.account, token.name, token.creation_date, token.expiry_date,
                  ByteView(hash));
      insert.run();
    }
    return connection.scalar("select last_insert_rowid()");
  });
}

im::Stored<std::optional<im::AdminToken>> Admins::find_token(Bytes hash, WallTime now) {
  co_return co_await readers_.run(
      [&](Connection& connection) -> Result<std::optional<im::AdminToken>> {
        Statement select = connection.prepare(
            "select id, account, name, creation_date, expiry_date from admin_token "
            "where hash = ? and expiry_date > ?");
        if (!select.bind(ByteView(hash), now).step()) return std::nullopt;
        return read_token(select);
      });
}

im::Stored<std::vector<im::AdminToken>> Admins::tokens(std::string account, WallTime now) {
  co_return co_await readers_.run(
      [&](Connection& connection) -> Result<std::vector<im::AdminToken>> {
        std::vector<im::AdminToken> found;
        Statement select = connection.prepare(
            "select id, account, name, creation_date, expiry_date from admin_token "
            "where account = ? and expiry_date > ? order by id");
        select.bind(account, now);
        while (select.step()) found.push_back(read_token(select));
        return found;
      });
}

im::Stored<int64_t> Admins::remove_tokens(std::string account, std::vector<int64_t> ids) {
  co_return co_await writer_.run([&](Connection& connection) -> Result<int64_t> {
    int64_t removed = 0;
    for (const int64_t id : ids) {
      Statement remove = connection.prepare("delete from admin_token where id = ? and account = ?");
      removed += remove.bind(id, account).run();
    }
    return removed;
  });
}

im::Stored<im::None> Admins::append_audit(im::AuditEntry entry, WallTime keep_from,
                                          int64_t max_entries) {
  co_return co_await writer_.run([&](Connection& connection) -> Result<im::None> {
    {
      Statement insert = connection.prepare(
          "insert into admin_audit (date, account, address, trace_id, action, arguments, status, "
          "code, reason) values (?, ?, ?, ?, ?, ?, ?, ?, ?)");
      insert.bind(entry.date, entry.account, entry.address, entry.trace_id, entry.action,
                  entry.arguments, entry.status, entry.code, entry.reason);
      insert.run();
    }
    // A few at a time: each change takes more away than it adds.
    Statement old = connection.prepare(
        "delete from admin_audit where id in (select id from admin_audit "
        "where date < ?1 or id <= (select max(id) from admin_audit) - ?2 order by id limit 16)");
    old.bind(keep_from, max_entries).run();
    return im::None{};
  });
}

im::Stored<im::Listed<im::AuditEntry>> Admins::audit(im::AuditFilter filter) {
  co_return co_await readers_.run(
      [&](Connection& connection) -> Result<im::Listed<im::AuditEntry>> {
        im::Listed<im::AuditEntry> found;
        const auto accounts = list_of(filter.accounts);
        const auto actions = list_of(filter.actions);
        const WallTime start = filter.date_start.value_or(WallTime{0});
        const WallTime end = filter.date_end.value_or(WallTime{INT64_MAX});
        Statement count = connection.prepare("select count(*) " TURMS_AUDIT_WHERE);
        if (count.bind(accounts, actions, start, end).step()) found.total = count.integer();
        Statement select = connection.prepare(
            "select id, date, account, address, trace_id, action, arguments, status, code, "
            "reason " TURMS_AUDIT_WHERE "order by id desc limit ?5 offset ?6");
        select.bind(accounts, actions, start, end, filter.limit, filter.skip);
        while (select.step()) found.records.push_back(read_entry(select));
        return found;
      });
}

}  // namespace turms::store
