#pragma once

#include <optional>
#include <string>
#include <vector>

#include "admin/permission.h"
#include "admin/throttle.h"
#include "base/result.h"
#include "base/task.h"
#include "base/time.h"
#include "im/lru_cache.h"
#include "im/ports/admins.h"
#include "im/ports/clock.h"
#include "im/ports/password_hasher.h"
#include "net/address.h"

namespace turms::admin {

/// The role that is built in: all permissions, above every rank.
inline constexpr int64_t kRootRoleId = 0;
/// Upstream's name of the first account.
inline constexpr std::string_view kFirstAccount = "turms";

/// Who a request is from.
struct Principal {
  std::string account;
  int64_t role_id = 0;
  Permissions permissions;
  int32_t rank = 0;
};

struct NewToken {
  im::AdminToken token;
  /// What its holder shows; known to nobody else.
  std::string secret;
};

/// Admins, roles and tokens: who may sign in, and who may change whom. Lives on the control thread;
/// what it is made from outlives it.
///
/// An admin manages accounts and roles of a lower rank only, whose permissions they all have, so
/// that nobody gains a permission by making or taking over an account. Errors: kUnauthenticated;
/// kResourceExhausted (too many wrong passwords); kPermissionDenied; kInvalidArgument; kNotFound;
/// kAlreadyExists; kFailedPrecondition; and those of the store.
class Accounts {
 public:
  static constexpr size_t kMinPassword = 8;
  static constexpr size_t kMaxPassword = 256;
  static constexpr int64_t kMaxTokens = 100;  // of one account
  static constexpr int64_t kMaxTokenSeconds = 365 * 24 * 3600;

  Accounts(im::AdminRepository& store, im::PasswordHasher& hasher, const im::Clock& clock);

  /// Makes the first account, with root's role, unless there is an account already. The password
  /// when it made one.
  Task<Result<std::optional<std::string>>> make_first(std::optional<std::string> password);
  /// For an operator with access to the data directory: makes the account or gives it a new
  /// password, and root's role.
  Task<Result<im::None>> reset(std::string account, std::string password);

  /// `authorization`: the header's value, Basic (RFC 7617) or Bearer (RFC 6750).
  Task<Result<Principal>> sign_in(std::string authorization, net::Address from, TimePoint now);

  Task<Result<im::Admin>> create_admin(Principal by, std::string account, std::string password,
                                       std::string name, int64_t role_id);
  Task<Result<im::Listed<im::Admin>>> admins(im::AdminFilter filter);
  /// Everybody may change their own password and name.
  Task<Result<int64_t>> update_admins(Principal by, std::vector<std::string> accounts,
                                      std::optional<std::string> password,
                                      std::optional<std::string> name,
                                      std::optional<int64_t> role_id);
  Task<Result<int64_t>> remove_admins(Principal by, std::vector<std::string> accounts);

  Task<Result<im::AdminRole>> create_role(Principal by, int64_t id, std::string name,
                                          std::vector<std::string> permissions, int64_t rank);
  /// With root's, where the filter has it.
  Task<Result<im::Listed<im::AdminRole>>> roles(im::AdminRoleFilter filter);
  Task<Result<int64_t>> update_roles(Principal by, std::vector<int64_t> ids,
                                     std::optional<std::string> name,
                                     std::optional<std::vector<std::string>> permissions,
                                     std::optional<int64_t> rank);
  Task<Result<int64_t>> remove_roles(Principal by, std::vector<int64_t> ids);

  // Of the one who asks.
  Task<Result<NewToken>> create_token(Principal by, std::string name, int64_t seconds);
  Task<Result<std::vector<im::AdminToken>>> tokens(Principal by);
  Task<Result<int64_t>> remove_tokens(Principal by, std::vector<int64_t> ids);

 private:
  Task<Result<Principal>> with_password(std::string account, std::string password,
                                        net::Address from, TimePoint now);
  Task<void> rehash(std::string account, std::string former, std::string password);
  Task<Result<Principal>> with_token(std::string secret);
  Task<Result<Principal>> principal_of(std::string account, int64_t role_id);
  /// kNotFound.
  Task<Result<im::AdminRole>> role(int64_t id);
  /// Whether `by` may manage who has this role.
  Task<Result<im::None>> check_manages(Principal by, int64_t role_id);

  im::AdminRepository& store_;
  im::PasswordHasher& hasher_;
  const im::Clock& clock_;
  WrongPasswords wrong_;
  /// Passwords found right a moment ago, by a keyed hash of account, password and stored hash: who
  /// asks with Basic each second does not hash each second.
  static constexpr size_t kMaxRecent = 256;
  static constexpr Duration kRecentFor = std::chrono::minutes(5);
  im::LruCache<std::string, TimePoint> recent_{kMaxRecent};
  Bytes recent_key_;
  /// What the password of an account that does not exist is compared with, so that the answer takes
  /// as long.
  std::string decoy_hash_;
};

}  // namespace turms::admin
