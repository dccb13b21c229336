#include "im/users.h"

#include "base/log.h"
#include "im/context.h"
#include "im/ports/bus.h"
#include "im/ports/password_hasher.h"
#include "im/ports/users.h"
#include "im/rights.h"

namespace turms::im {
namespace {

// Longer ones are not hashed: work for the asking.
constexpr size_t kMaxPasswordSize = 256;

constexpr int kPasswordChangesPage = 1000;

Task<void> rehash(Context& context, UserId id, std::string former, std::string password) {
  auto hash = co_await context.hasher.hash(std::move(password));
  if (!hash) co_return;
  (void)co_await context.store.users.renew_password_hash(Rights::renew_password_hash(id),
                                                         std::move(former), std::move(*hash));
}

}  // namespace

Outcome<None> Users::check(const SignIn& command) {
  if (command.version != 1) return refuse(Code::kUnsupportedClientVersion);
  if (command.user_id.value <= 0) return refuse(Code::kLoginFailed);
  if (command.status == UserStatus::kOffline || !is_known(command.status)) {
    return refuse(Code::kIllegalArgument, "the user status of a session must not be OFFLINE");
  }
  return None{};
}

Task<Outcome<SignedIn>> Users::authenticate(SignIn command) {
  if (auto right = check(command); !right) co_return std::unexpected(right.error());
  auto credentials = co_await context_.store.users.find_credentials(command.user_id);
  if (!credentials) co_return refuse(credentials.error());
  if (!*credentials || !(*credentials)->active) co_return refuse(Code::kLoginUserNotActive);
  if (!command.password && command.token) {
    co_return co_await authenticate_token(std::move(command), std::move(**credentials));
  }
  if (!command.password || command.password->size() > kMaxPasswordSize) {
    co_return refuse(Code::kLoginFailed);
  }
  auto verdict = co_await context_.hasher.verify(*command.password, (*credentials)->password_hash,
                                                 command.requester);
  if (!verdict) co_return refuse(verdict.error());
  if (!verdict->matches) co_return refuse(Code::kLoginFailed);
  const int64_t version = (*credentials)->password_version;
  if (verdict->outdated) {
    spawn(rehash(context_, command.user_id, std::move((*credentials)->password_hash),
                 std::move(*command.password)));
  }
  auto token = co_await token_for(command, version);
  co_return co_await admit(command.user_id, version, std::move(token));
}

Task<Outcome<SignedIn>> Users::authenticate_token(SignIn command, Credentials credentials) {
  const int64_t version = credentials.password_version;
  if (command.token->token.password_version != version) co_return refuse(Code::kLoginFailed);
  const std::optional<SessionTokens::Known> known = command.token;
  auto token = co_await token_for(command, version);
  auto admitted = co_await admit(command.user_id, version, std::move(token));
  // Whoever revoked it meanwhile has not seen this session either.
  auto still = co_await context_.store.session_tokens.find(known->hash);
  if (!still) co_return refuse(still.error());
  if (!*still) co_return refuse(Code::kLoginFailed);
  co_return admitted;
}

Task<Outcome<SignedIn>> Users::admit(UserId id) {
  auto credentials = co_await context_.store.users.find_credentials(id);
  if (!credentials) co_return refuse(credentials.error());
  if (!*credentials) {
    SignedIn stranger;
    stranger.user.id = id;
    co_return stranger;
  }
  if (!(*credentials)->active) co_return refuse(Code::kLoginUserNotActive);
  co_return co_await admit(id, (*credentials)->password_version, std::nullopt);
}

Task<Outcome<IssuedToken>> Users::vouch(UserId id, DeviceType device_type) {
  auto credentials = co_await context_.store.users.find_credentials(id);
  if (!credentials) co_return refuse(credentials.error());
  if (!*credentials || !(*credentials)->active) co_return refuse(Code::kLoginUserNotActive);
  auto issued = co_await tokens_.issue(id, device_type, (*credentials)->password_version);
  if (!issued) co_return refuse(issued.error());
  co_return std::move(*issued);
}

Task<std::optional<IssuedToken>> Users::token_for(const SignIn& command, int64_t password_version) {
  // One that the changed password ended stays ended.
  if (command.token && command.token->token.password_version == password_version) {
    const WallTime until = co_await tokens_.prolong(*command.token);
    co_return IssuedToken{.token = {}, .hash = command.token->hash, .expiration_date = until};
  }
  if (!command.wants_token) co_return std::nullopt;
  auto issued = co_await tokens_.issue(command.user_id, command.device_type, password_version);
  if (!issued) co_return std::nullopt;
  co_return std::move(*issued);
}

Task<Outcome<SignedIn>> Users::admit(UserId id, int64_t password_version,
                                     std::optional<IssuedToken> token) {
  // Hashing takes its time, and who changed the password meanwhile has not seen this session.
  auto current = co_await context_.store.users.find_credentials(id);
  if (!current) co_return refuse(current.error());
  if (!*current || (*current)->password_version != password_version) {
    co_return refuse(Code::kLoginFailed);
  }
  std::vector<UserId> ids;
  ids.push_back(id);
  auto users = co_await context_.store.users.find(std::move(ids));
  if (!users) co_return refuse(users.error());
  if (users->empty()) co_return refuse(Code::kLoginUserNotActive);
  co_return SignedIn{std::move(users->front()), password_version, std::move(token)};
}

Task<void> Users::end_outdated_sessions() {
  for (;;) {
    auto changes =
        co_await context_.store.users.password_changes(ended_version_, kPasswordChangesPage);
    if (!changes) {
      log::warn("sessions with a former password may stay: {}", changes.error().message);
      co_return;
    }
    for (const PasswordChange& change : *changes) {
      ended_version_ = std::max(ended_version_, change.version);
      if (own_changes_.erase(change.version) > 0) continue;
      DisconnectOrder order;
      order.user_id = change.user_id;
      order.password_version = change.version;
      order.close_status = kDisconnectedByAdministrator;
      context_.bus.publish(order);
    }
    if (changes->size() < kPasswordChangesPage) co_return;
  }
}

}  // namespace turms::im
