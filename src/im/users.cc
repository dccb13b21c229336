#include "im/users.h"

#include "im/context.h"
#include "im/rights.h"

namespace turms::im {
namespace {

// Longer ones are not hashed: work for the asking.
constexpr size_t kMaxPasswordSize = 256;

Task<void> rehash(Context& context, UserId id, std::string password) {
  auto hash = co_await context.hasher.hash(std::move(password));
  if (!hash) co_return;
  (void)co_await context.store.users.set_password_hash(Rights::own_data(), id, std::move(*hash));
}

}  // namespace

Task<Outcome<User>> Users::authenticate(SignIn command) {
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
  auto verdict = co_await context_.hasher.verify(*command.password, (*credentials)->password_hash);
  if (!verdict) co_return refuse(verdict.error());
  if (!verdict->matches) co_return refuse(Code::kLoginFailed);
  if (verdict->outdated) spawn(rehash(context_, command.user_id, std::move(*command.password)));
  std::vector<UserId> ids;
  ids.push_back(command.user_id);
  auto users = co_await context_.store.users.find(std::move(ids));
  if (!users) co_return refuse(users.error());
  if (users->empty()) co_return refuse(Code::kLoginUserNotActive);
  co_return std::move(users->front());
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
