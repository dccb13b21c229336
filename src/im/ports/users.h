#pragma once

#include <optional>
#include <string>
#include <vector>

#include "im/permit.h"
#include "im/ports/stored.h"
#include "im/types.h"

namespace turms::im {

struct Credentials {
  bool active = false;
  std::string password_hash;
  /// Of this password: each change of anybody's password has a higher one. 0: never changed.
  int64_t password_version = 0;
};

struct PasswordChange {
  UserId user_id;
  int64_t version = 0;
};

/// Absent: unchanged.
struct UserChange {
  std::optional<std::string> password_hash;
  std::optional<std::string> name;
  std::optional<std::string> intro;
  std::optional<std::string> profile_picture;
  std::optional<ProfileAccessStrategy> profile_access_strategy;
  /// Those that change; the others stay.
  ValueMap attributes;
};

/// Deleted users are never found.
struct UserFilter {
  /// Empty: any.
  std::vector<UserId> ids;
  std::optional<bool> active;
  std::optional<WallTime> registration_date_start;  // inclusive
  std::optional<WallTime> registration_date_end;    // exclusive
  int64_t skip = 0;
  int64_t limit = 0;  // 0: no limit
};

/// A user that was deleted logically is found by none of these, but keeps its id.
class UserRepository {
 public:
  /// Of search_names().
  static constexpr int kMaxFound = 1000;

  virtual ~UserRepository() = default;
  /// In the order of `ids`; unknown ones are left out.
  virtual Stored<std::vector<User>> find(std::vector<UserId> ids) = 0;
  virtual Stored<std::optional<Credentials>> find_credentials(UserId id) = 0;
  /// Ids of active users whose names contain `text`, whatever the case or width of letters, at most
  /// kMaxFound: names that are the text first, then those that begin with it, then by id.
  virtual Stored<std::vector<UserId>> search_names(std::string text) = 0;
  /// By id, ascending, those above `after`.
  virtual Stored<std::vector<User>> list(UserId after, int limit) = 0;
  /// False when the id is taken.
  virtual Stored<bool> create(Permit<action::CreateUser>, User user, std::string password_hash) = 0;
  /// False when there is no such user.
  virtual Stored<bool> change_password(Permit<action::ChangePassword>,
                                       std::string password_hash) = 0;
  /// The password's version when that changes, 0 otherwise; nothing when there is no such user.
  virtual Stored<std::optional<int64_t>> update(Permit<action::UpdateUser>, UserChange change,
                                                WallTime now) = 0;
  /// Another hash of the same password. False when it is no longer the one hashed in `former`.
  virtual Stored<bool> renew_password_hash(Permit<action::RenewPasswordHash>, std::string former,
                                           std::string password_hash) = 0;
  /// By version, ascending, those above `version`; of a user the last change only.
  virtual Stored<std::vector<PasswordChange>> password_changes(int64_t version, int limit) = 0;
  /// By id, ascending.
  virtual Stored<std::vector<User>> query(UserFilter filter) = 0;
  /// How many the filter matches, without skip and limit.
  virtual Stored<int64_t> count(UserFilter filter) = 0;
  /// False when there is no such user. Whoever loses it loses their sessions on other nodes too: it
  /// counts as a change of the password.
  virtual Stored<bool> set_active(Permit<action::SetActive>, bool active, WallTime now) = 0;
  /// Logically: the row stays, and the name is no longer found. Otherwise all that is the user's
  /// own goes: profile, settings, relationships from and to them, friend requests; what they wrote
  /// and which groups they are in stays. False when there is no such user.
  virtual Stored<bool> remove(Permit<action::RemoveUser>, bool logically, WallTime now) = 0;
};

}  // namespace turms::im
