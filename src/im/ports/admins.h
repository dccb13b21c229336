#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "im/ports/stored.h"
#include "im/types.h"

namespace turms::im {

/// Somebody who may use the admin API.
struct Admin {
  std::string account;
  std::string name;
  int64_t role_id = 0;
  WallTime registration_date;
  std::string password_hash;
};

/// Role 0, which may do everything, is built in and not stored.
struct AdminRole {
  int64_t id = 0;
  std::string name;
  /// Names; those that this program does not know grant nothing.
  std::vector<std::string> permissions;
  /// Admins manage what is below their own rank.
  int32_t rank = 0;
  WallTime creation_date;
};

/// Signs in in place of account and password. Only its hash is stored.
struct AdminToken {
  int64_t id = 0;
  std::string account;
  std::string name;
  WallTime creation_date;
  WallTime expiry_date;
};

/// One change that somebody made or tried to make over the admin API.
struct AuditEntry {
  int64_t id = 0;
  WallTime date;
  std::string account;
  std::string address;
  std::string trace_id;
  /// "PUT /users".
  std::string action;
  /// JSON of parameters and body, secrets masked.
  std::string arguments;
  int32_t status = 0;  // HTTP
  int32_t code = 0;
  std::string reason;
};

/// Empty lists: any. `limit` 0: none are listed.
struct AdminFilter {
  std::vector<std::string> accounts;
  std::vector<int64_t> role_ids;
  int32_t skip = 0;
  int32_t limit = 0;
};
struct AdminRoleFilter {
  std::vector<int64_t> ids;
  std::vector<std::string> names;
  int32_t skip = 0;
  int32_t limit = 0;
};
struct AuditFilter {
  std::vector<std::string> accounts;
  std::vector<std::string> actions;
  std::optional<WallTime> date_start;  // inclusive
  std::optional<WallTime> date_end;    // exclusive
  int32_t skip = 0;
  int32_t limit = 0;
};

/// Absent: unchanged.
struct AdminChange {
  std::optional<std::string> password_hash;
  std::optional<std::string> name;
  std::optional<int64_t> role_id;
};
struct AdminRoleChange {
  std::optional<std::string> name;
  std::optional<std::vector<std::string>> permissions;
  std::optional<int32_t> rank;
};

template <class T>
struct Listed {
  std::vector<T> records;
  /// Of the filter, whatever its limit.
  int64_t total = 0;
};

/// Admins, their roles and tokens, and what they did. Who may change which is decided by
/// admin::Accounts, the only caller.
class AdminRepository {
 public:
  virtual ~AdminRepository() = default;
  virtual Stored<std::optional<Admin>> find_admin(std::string account) = 0;
  /// By account.
  virtual Stored<Listed<Admin>> admins(AdminFilter filter) = 0;
  /// False when the account is taken.
  virtual Stored<bool> create_admin(Admin admin) = 0;
  /// How many there were to change. A new password revokes the tokens.
  virtual Stored<int64_t> update_admins(std::vector<std::string> accounts, AdminChange change) = 0;
  /// Another hash of the same password; tokens stay. False when it is no longer the one hashed in
  /// `former`.
  virtual Stored<bool> renew_password_hash(std::string account, std::string former,
                                           std::string password_hash) = 0;
  /// With their tokens. How many there were.
  virtual Stored<int64_t> remove_admins(std::vector<std::string> accounts) = 0;

  virtual Stored<std::optional<AdminRole>> find_role(int64_t id) = 0;
  /// By id.
  virtual Stored<Listed<AdminRole>> roles(AdminRoleFilter filter) = 0;
  /// False when the id is taken.
  virtual Stored<bool> create_role(AdminRole role) = 0;
  virtual Stored<int64_t> update_roles(std::vector<int64_t> ids, AdminRoleChange change) = 0;
  /// Nothing is removed, and nothing returned, when an admin has one of them.
  virtual Stored<std::optional<int64_t>> remove_roles(std::vector<int64_t> ids) = 0;

  /// `hash`: 32 bytes. Its id; nothing when the account has `max_tokens` that have not expired.
  virtual Stored<std::optional<int64_t>> create_token(AdminToken token, Bytes hash,
                                                      int64_t max_tokens) = 0;
  /// One that has not expired.
  virtual Stored<std::optional<AdminToken>> find_token(Bytes hash, WallTime now) = 0;
  virtual Stored<std::vector<AdminToken>> tokens(std::string account, WallTime now) = 0;
  /// Those of the account.
  virtual Stored<int64_t> remove_tokens(std::string account, std::vector<int64_t> ids) = 0;

  /// Forgets what is older than `keep_from`, and the oldest above `max_entries`.
  virtual Stored<None> append_audit(AuditEntry entry, WallTime keep_from, int64_t max_entries) = 0;
  /// The newest first.
  virtual Stored<Listed<AuditEntry>> audit(AuditFilter filter) = 0;
};

}  // namespace turms::im
