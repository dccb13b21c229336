#include "admin/accounts.h"

#include <fmt/core.h>

#include <algorithm>
#include <limits>

#include "base/crypto.h"
#include "base/encoding.h"
#include "im/context.h"
#include "net/text.h"

namespace turms::admin {
namespace {

constexpr size_t kMaxNameBytes = 64;
constexpr size_t kMaxAccountBytes = 32;
constexpr size_t kTokenCharacters = 43;
constexpr std::string_view kTokenPrefix = "turms_";
constexpr size_t kFirstPasswordCharacters = 24;

im::AdminRole root_role() {
  im::AdminRole role;
  role.id = kRootRoleId;
  role.name = "ROOT";
  role.permissions = names_of(all_permissions());
  role.rank = std::numeric_limits<int32_t>::max();
  return role;
}

Permissions permissions_of(const im::AdminRole& role) {
  Permissions known;
  for (const std::string& name : role.permissions) {
    if (const auto permission = find_permission(name)) known.set(static_cast<size_t>(*permission));
  }
  return known;
}

std::unexpected<Error> denied(std::string why) {
  return fail(ErrorCode::kPermissionDenied, std::move(why));
}

Status check_word(std::string_view what, std::string_view word) {
  // ASCII only: no two accounts look alike.
  const bool good =
      !word.empty() && word.size() <= kMaxAccountBytes &&
      std::ranges::all_of(word, [](char c) { return c > ' ' && c < 0x7f && c != ':'; });
  if (good) return {};
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("{}: between 1 and {} characters of ASCII, without blanks and colons",
                          what, kMaxAccountBytes));
}

Status check_password(std::string_view password) {
  if (password.size() >= Accounts::kMinPassword && password.size() <= Accounts::kMaxPassword) {
    return {};
  }
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("password: between {} and {} bytes", Accounts::kMinPassword,
                          Accounts::kMaxPassword));
}

Status check_name(std::string_view name) {
  if (name.size() <= kMaxNameBytes) return {};
  return fail(ErrorCode::kInvalidArgument, fmt::format("name: at most {} bytes", kMaxNameBytes));
}

bool within(const Permissions& some, const Permissions& all) {
  return (some & ~all).none();
}

Bytes bytes_of(const std::array<uint8_t, 32>& hash) {
  return Bytes(hash.begin(), hash.end());
}

}  // namespace

Accounts::Accounts(im::AdminRepository& store, im::PasswordHasher& hasher, const im::Clock& clock)
    : store_(store), hasher_(hasher), clock_(clock), recent_key_(32) {
  secure_random(recent_key_);
}

Task<Result<std::optional<std::string>>> Accounts::make_first(std::optional<std::string> password) {
  im::AdminFilter everybody;
  auto there = co_await store_.admins(std::move(everybody));
  if (!there) co_return std::unexpected(there.error());
  if (there->total > 0) co_return std::nullopt;
  std::string made = password ? *password : secure_random_token(kFirstPasswordCharacters);
  auto hash = co_await hasher_.hash(made);
  if (!hash) co_return std::unexpected(hash.error());
  im::Admin admin;
  admin.account = kFirstAccount;
  admin.name = kFirstAccount;
  admin.role_id = kRootRoleId;
  admin.registration_date = clock_.now();
  admin.password_hash = std::move(*hash);
  auto created = co_await store_.create_admin(std::move(admin));
  if (!created) co_return std::unexpected(created.error());
  if (!*created) co_return std::nullopt;
  co_return made;
}

Task<Result<im::None>> Accounts::reset(std::string account, std::string password) {
  if (Status status = check_word("account", account); !status) {
    co_return std::unexpected(status.error());
  }
  if (Status status = check_password(password); !status) co_return std::unexpected(status.error());
  auto hash = co_await hasher_.hash(std::move(password));
  if (!hash) co_return std::unexpected(hash.error());
  im::Admin admin;
  admin.account = account;
  admin.name = account;
  admin.role_id = kRootRoleId;
  admin.registration_date = clock_.now();
  admin.password_hash = *hash;
  auto created = co_await store_.create_admin(std::move(admin));
  if (!created) co_return std::unexpected(created.error());
  if (*created) co_return im::None{};
  im::AdminChange change;
  change.password_hash = std::move(*hash);
  change.role_id = kRootRoleId;
  std::vector<std::string> accounts;
  accounts.push_back(std::move(account));
  auto updated = co_await store_.update_admins(std::move(accounts), std::move(change));
  if (!updated) co_return std::unexpected(updated.error());
  co_return im::None{};
}

// ------------------------------------------------------------------------------------ signing in

Task<Result<Principal>> Accounts::sign_in(std::string authorization, net::Address from,
                                          TimePoint now) {
  const std::string_view header = net::trim(authorization);
  const size_t space = std::min(header.find(' '), header.size());
  const std::string_view scheme = header.substr(0, space);
  const std::string_view rest = net::trim(header.substr(space));
  if (net::equal_ignoring_case(scheme, "bearer")) co_return co_await with_token(std::string(rest));
  if (net::equal_ignoring_case(scheme, "basic")) {
    const auto decoded = from_base64(rest);
    const std::string_view pair = decoded ? as_text(*decoded) : std::string_view();
    const size_t colon = pair.find(':');
    if (colon != pair.npos) {
      co_return co_await with_password(std::string(pair.substr(0, colon)),
                                       std::string(pair.substr(colon + 1)), from, now);
    }
  }
  co_return fail(ErrorCode::kUnauthenticated, "an account and its password, or a token, is needed");
}

Task<Result<Principal>> Accounts::with_password(std::string account, std::string password,
                                                net::Address from, TimePoint now) {
  const auto wrong = [] {
    return fail(ErrorCode::kUnauthenticated, "the account or its password is wrong");
  };
  if (account.size() > kMaxAccountBytes || password.empty() || password.size() > kMaxPassword) {
    co_return wrong();
  }
  auto found = co_await store_.find_admin(account);
  if (!found) co_return std::unexpected(found.error());
  const std::string hash = *found ? (*found)->password_hash : decoy_hash_;
  const auto proof = hmac_sha256(recent_key_, as_bytes(account + '\0' + password + '\0' + hash));
  const std::string key(proof.begin(), proof.end());
  const TimePoint* recent = recent_.find(key);
  if (*found && recent != nullptr && now - *recent < kRecentFor) {
    co_return co_await principal_of(account, (*found)->role_id);
  }
  const std::string network = network_of(from);
  const std::string both = account + '\0' + network;
  if (!wrong_.allows(both, now) || !wrong_.allows(network, now)) {
    co_return fail(ErrorCode::kResourceExhausted, "too many wrong passwords: wait a moment");
  }
  // Taken for wrong until it is found right, so that a thousand at once do not count as none.
  wrong_.charge(both, now);
  wrong_.charge(network, now);
  if (!*found && decoy_hash_.empty()) {
    auto decoy = co_await hasher_.hash(secure_random_token(kFirstPasswordCharacters));
    if (!decoy) co_return std::unexpected(decoy.error());
    decoy_hash_ = std::move(*decoy);
  }
  im::HashRequester requester;
  requester.source = "admin " + network;
  std::string given = password;
  auto verdict = co_await hasher_.verify(std::move(password), *found ? hash : decoy_hash_,
                                         std::move(requester));
  if (!verdict) co_return std::unexpected(verdict.error());
  if (!verdict->matches || !*found) co_return wrong();
  wrong_.forgive(both);
  wrong_.forgive(network);
  recent_.put(key, now, 1);
  if (verdict->outdated) co_await rehash(account, hash, std::move(given));
  co_return co_await principal_of(account, (*found)->role_id);
}

// What fails here is tried again at the next sign-in.
Task<void> Accounts::rehash(std::string account, std::string former, std::string password) {
  auto hash = co_await hasher_.hash(std::move(password));
  if (!hash) co_return;
  (void)co_await store_.renew_password_hash(std::move(account), std::move(former),
                                            std::move(*hash));
}

Task<Result<Principal>> Accounts::with_token(std::string secret) {
  auto token = co_await store_.find_token(bytes_of(sha256(as_bytes(secret))), clock_.now());
  if (!token) co_return std::unexpected(token.error());
  if (!*token) co_return fail(ErrorCode::kUnauthenticated, "the token is wrong or has expired");
  auto admin = co_await store_.find_admin((*token)->account);
  if (!admin) co_return std::unexpected(admin.error());
  if (!*admin) co_return fail(ErrorCode::kUnauthenticated, "the token is wrong or has expired");
  co_return co_await principal_of((*admin)->account, (*admin)->role_id);
}

Task<Result<Principal>> Accounts::principal_of(std::string account, int64_t role_id) {
  auto found = co_await role(role_id);
  // An account whose role is gone may do nothing.
  if (!found && found.error().code != ErrorCode::kNotFound) {
    co_return std::unexpected(found.error());
  }
  Principal principal;
  principal.account = std::move(account);
  principal.role_id = role_id;
  principal.rank = found ? found->rank : std::numeric_limits<int32_t>::min();
  if (found) principal.permissions = permissions_of(*found);
  co_return principal;
}

Task<Result<im::AdminRole>> Accounts::role(int64_t id) {
  if (id == kRootRoleId) co_return root_role();
  auto found = co_await store_.find_role(id);
  if (!found) co_return std::unexpected(found.error());
  if (!*found) co_return fail(ErrorCode::kNotFound, fmt::format("there is no role {}", id));
  co_return std::move(**found);
}

Task<Result<im::None>> Accounts::check_manages(Principal by, int64_t role_id) {
  auto found = co_await role(role_id);
  if (!found) co_return std::unexpected(found.error());
  if (found->rank >= by.rank) co_return denied("the role's rank is not below yours");
  if (!within(permissions_of(*found), by.permissions)) {
    co_return denied("the role has permissions that you have not");
  }
  co_return im::None{};
}

// ---------------------------------------------------------------------------------------- admins

Task<Result<im::Admin>> Accounts::create_admin(Principal by, std::string account,
                                               std::string password, std::string name,
                                               int64_t role_id) {
  if (Status status = check_word("account", account); !status) {
    co_return std::unexpected(status.error());
  }
  if (Status status = check_password(password); !status) co_return std::unexpected(status.error());
  if (Status status = check_name(name); !status) co_return std::unexpected(status.error());
  auto manages = co_await check_manages(by, role_id);
  if (!manages) co_return std::unexpected(manages.error());
  auto hash = co_await hasher_.hash(std::move(password));
  if (!hash) co_return std::unexpected(hash.error());
  im::Admin admin;
  admin.account = std::move(account);
  admin.name = std::move(name);
  admin.role_id = role_id;
  admin.registration_date = clock_.now();
  admin.password_hash = std::move(*hash);
  auto created = co_await store_.create_admin(admin);
  if (!created) co_return std::unexpected(created.error());
  if (!*created) co_return fail(ErrorCode::kAlreadyExists, "the account is taken");
  co_return admin;
}

Task<Result<im::Listed<im::Admin>>> Accounts::admins(im::AdminFilter filter) {
  return store_.admins(std::move(filter));
}

Task<Result<int64_t>> Accounts::update_admins(Principal by, std::vector<std::string> accounts,
                                              std::optional<std::string> password,
                                              std::optional<std::string> name,
                                              std::optional<int64_t> role_id) {
  if (password) {
    if (Status status = check_password(*password); !status) {
      co_return std::unexpected(status.error());
    }
  }
  if (name) {
    if (Status status = check_name(*name); !status) co_return std::unexpected(status.error());
  }
  for (const std::string& account : accounts) {
    const bool oneself = account == by.account;
    if (oneself && role_id) co_return denied("nobody changes their own role");
    if (oneself) continue;
    auto admin = co_await store_.find_admin(account);
    if (!admin) co_return std::unexpected(admin.error());
    if (!*admin) continue;
    auto manages = co_await check_manages(by, (*admin)->role_id);
    // Whose role is gone can be given another.
    if (!manages && manages.error().code != ErrorCode::kNotFound) {
      co_return std::unexpected(manages.error());
    }
  }
  if (role_id) {
    auto manages = co_await check_manages(by, *role_id);
    if (!manages) co_return std::unexpected(manages.error());
  }
  im::AdminChange change;
  change.name = std::move(name);
  change.role_id = role_id;
  if (password) {
    auto hash = co_await hasher_.hash(std::move(*password));
    if (!hash) co_return std::unexpected(hash.error());
    change.password_hash = std::move(*hash);
  }
  co_return co_await store_.update_admins(std::move(accounts), std::move(change));
}

Task<Result<int64_t>> Accounts::remove_admins(Principal by, std::vector<std::string> accounts) {
  for (const std::string& account : accounts) {
    if (account == by.account) co_return denied("nobody deletes themself");
    auto admin = co_await store_.find_admin(account);
    if (!admin) co_return std::unexpected(admin.error());
    if (!*admin) continue;
    auto manages = co_await check_manages(by, (*admin)->role_id);
    if (!manages && manages.error().code != ErrorCode::kNotFound) {
      co_return std::unexpected(manages.error());
    }
  }
  co_return co_await store_.remove_admins(std::move(accounts));
}

// ----------------------------------------------------------------------------------------- roles

Task<Result<im::AdminRole>> Accounts::create_role(Principal by, int64_t id, std::string name,
                                                  std::vector<std::string> permissions,
                                                  int64_t rank) {
  if (id == kRootRoleId) co_return denied("role 0 is built in");
  if (Status status = check_word("name", name); !status) co_return std::unexpected(status.error());
  const auto matched = match_permissions(permissions);
  if (!matched) co_return fail(ErrorCode::kInvalidArgument, "permissions: one of them is unknown");
  if (rank >= by.rank) co_return denied("the role's rank must be below yours");
  if (!within(*matched, by.permissions)) {
    co_return denied("the role would have permissions that you have not");
  }
  im::AdminRole role;
  role.id = id;
  role.name = std::move(name);
  role.permissions = names_of(*matched);
  role.rank = static_cast<int32_t>(rank);
  role.creation_date = clock_.now();
  auto created = co_await store_.create_role(role);
  if (!created) co_return std::unexpected(created.error());
  if (!*created) co_return fail(ErrorCode::kAlreadyExists, "the id is taken");
  co_return role;
}

Task<Result<im::Listed<im::AdminRole>>> Accounts::roles(im::AdminRoleFilter filter) {
  const im::AdminRole root = root_role();
  const bool has_root =
      (filter.ids.empty() || std::ranges::find(filter.ids, root.id) != filter.ids.end()) &&
      (filter.names.empty() || std::ranges::find(filter.names, root.name) != filter.names.end());
  // It is the first.
  const bool shows_root = has_root && filter.skip == 0 && filter.limit > 0;
  if (has_root && filter.skip > 0) --filter.skip;
  if (shows_root) --filter.limit;
  auto found = co_await store_.roles(std::move(filter));
  if (!found) co_return std::unexpected(found.error());
  if (has_root) ++found->total;
  if (shows_root) found->records.insert(found->records.begin(), root);
  co_return found;
}

Task<Result<int64_t>> Accounts::update_roles(Principal by, std::vector<int64_t> ids,
                                             std::optional<std::string> name,
                                             std::optional<std::vector<std::string>> permissions,
                                             std::optional<int64_t> rank) {
  im::AdminRoleChange change;
  if (name) {
    if (Status status = check_word("name", *name); !status) {
      co_return std::unexpected(status.error());
    }
    change.name = std::move(name);
  }
  if (permissions) {
    const auto matched = match_permissions(*permissions);
    if (!matched) {
      co_return fail(ErrorCode::kInvalidArgument, "permissions: one of them is unknown");
    }
    if (!within(*matched, by.permissions)) {
      co_return denied("the role would have permissions that you have not");
    }
    change.permissions = names_of(*matched);
  }
  if (rank) {
    if (*rank >= by.rank) co_return denied("the role's rank must be below yours");
    change.rank = static_cast<int32_t>(*rank);
  }
  for (const int64_t id : ids) {
    auto manages = co_await check_manages(by, id);
    if (!manages) co_return std::unexpected(manages.error());
  }
  co_return co_await store_.update_roles(std::move(ids), std::move(change));
}

Task<Result<int64_t>> Accounts::remove_roles(Principal by, std::vector<int64_t> ids) {
  for (const int64_t id : ids) {
    auto manages = co_await check_manages(by, id);
    if (!manages && manages.error().code != ErrorCode::kNotFound) {
      co_return std::unexpected(manages.error());
    }
  }
  auto removed = co_await store_.remove_roles(std::move(ids));
  if (!removed) co_return std::unexpected(removed.error());
  if (!*removed) co_return fail(ErrorCode::kFailedPrecondition, "an admin has one of these roles");
  co_return **removed;
}

// ---------------------------------------------------------------------------------------- tokens

Task<Result<NewToken>> Accounts::create_token(Principal by, std::string name, int64_t seconds) {
  if (Status status = check_name(name); !status) co_return std::unexpected(status.error());
  NewToken made;
  made.secret = std::string(kTokenPrefix) + secure_random_token(kTokenCharacters);
  made.token.account = by.account;
  made.token.name = std::move(name);
  made.token.creation_date = clock_.now();
  made.token.expiry_date = {made.token.creation_date.unix_ms +
                            std::clamp<int64_t>(seconds, 1, kMaxTokenSeconds) * 1000};
  auto id =
      co_await store_.create_token(made.token, bytes_of(sha256(as_bytes(made.secret))), kMaxTokens);
  if (!id) co_return std::unexpected(id.error());
  if (!*id) {
    co_return fail(ErrorCode::kFailedPrecondition,
                   fmt::format("an account has at most {} tokens", kMaxTokens));
  }
  made.token.id = **id;
  co_return made;
}

Task<Result<std::vector<im::AdminToken>>> Accounts::tokens(Principal by) {
  return store_.tokens(by.account, clock_.now());
}

Task<Result<int64_t>> Accounts::remove_tokens(Principal by, std::vector<int64_t> ids) {
  return store_.remove_tokens(by.account, std::move(ids));
}

}  // namespace turms::admin
