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

Task<Outcome<SignedIn>> Users::authenticate(SignIn command) {
  if (command.version != 1) co_return refuse(Code::kUnsupportedClientVersion);
  if (command.user_id.value <= 0) co_return refuse(Code::kLoginFailed);
  if (command.status == UserStatus::kOffline || !is_known(command.status)) {
    co_return refuse(Code::kIllegalArgument, "the user status of a session must not be OFFLINE");
  }
  auto credentials = co_await context_.store.users.find_credentials(command.user_id);
  if (!credentials) co_return refuse(credentials.error());
  if (!*credentials || !(*credentials)->active) co_return refuse(Code::kLoginUserNotActive);
  if (!command.password || command.password->size() > kMaxPasswordSize) {
    co_return refuse(Code::kLoginFailed);
  }
  auto verdict = co_await context_.hasher.verify(*command.password, (*credentials)->password_hash,
                                                 std::move(command.requester));
  if (!verdict) co_return refuse(verdict.error());
  if (!verdict->matches) co_return refuse(Code::kLoginFailed);
  const int64_t version = (*credentials)->password_version;
  if (verdict->outdated) {
    spawn(rehash(context_, command.user_id, std::move((*credentials)->password_hash),
                 std::move(*command.password)));
  }
  // Hashing takes its time, and who changed the password meanwhile has not seen this session.
  auto current = co_await context_.store.users.find_credentials(command.user_id);
  if (!current) co_return refuse(current.error());
  if (!*current || (*current)->password_version != version) co_return refuse(Code::kLoginFailed);
  std::vector<UserId> ids;
  ids.push_back(command.user_id);
  auto users = co_await context_.store.users.find(std::move(ids));
  if (!users) co_return refuse(users.error());
  if (users->empty()) co_return refuse(Code::kLoginUserNotActive);
  co_return SignedIn{std::move(users->front()), version};
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
      DisconnectOrder order;
      order.user_id = change.user_id;
      order.password_version = change.version;
      order.close_status = kDisconnectedByAdministrator;
      context_.bus.publish(order);
    }
    if (changes->size() < kPasswordChangesPage) co_return;
  }
}

Task<Outcome<std::vector<User>>> Users::query_profiles(Caller, QueryUserProfiles query) {
  if (query.name && !query.name->empty()) co_return refuse(Code::kUserSearchDisabled);
  sort_unique(query.user_ids);
  if (query.user_ids.empty()) co_return std::vector<User>();
  auto users = co_await context_.store.users.find(std::move(query.user_ids));
  if (!users) co_return refuse(users.error());
  if (query.last_updated_date) {
    std::erase_if(*users, [&](const User& user) {
      return user.last_updated_date <= *query.last_updated_date;
    });
  }
  co_return std::move(*users);
}

}  // namespace turms::im
