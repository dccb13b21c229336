// Profiles and presence of users: what everybody may ask for, and what users change of themselves.
#include "base/unicode.h"
#include "im/allowed_names.h"
#include "im/context.h"
#include "im/name_search.h"
#include "im/ports/bus.h"
#include "im/ports/password_hasher.h"
#include "im/ports/users.h"
#include "im/rights.h"
#include "im/users.h"

namespace turms::im {
namespace {

/// close_status of sessions that another device of the user ends.
constexpr int32_t kDisconnectedByOtherDevice = 501;

/// Bytes. Longer ones are nobody's.
constexpr size_t kMaxNamedSize = 512;

std::unexpected<Failure> illegal(std::string reason) {
  return refuse(Code::kIllegalArgument, std::move(reason));
}

std::optional<Failure> refuse_profile(const Settings::People& settings, const UpdateUser& command) {
  const auto refusal = [](const char* reason) { return Failure{Code::kIllegalArgument, reason}; };
  if (command.password && command.password->empty()) return refusal("the password is empty");
  if (command.password && text_length(*command.password) < settings.min_password_size) {
    return refusal("the password is too short");
  }
  if (exceeds(command.password, settings.max_password_size)) {
    return refusal("the password is too long");
  }
  if (exceeds(command.name, settings.max_name_size)) return refusal("the name is too long");
  if (exceeds(command.intro, settings.max_intro_size)) return refusal("the intro is too long");
  if (exceeds(command.profile_picture, settings.max_profile_picture_size)) {
    return refusal("the profile picture is too long");
  }
  if (command.profile_access_strategy && !is_known(*command.profile_access_strategy)) {
    return refusal("unknown profile access strategy");
  }
  return std::nullopt;
}

bool changes_nothing(const UpdateUser& command) {
  return !command.password && !command.name && !command.intro && !command.profile_picture &&
         !command.profile_access_strategy && command.attributes.empty();
}

}  // namespace

Task<Outcome<std::optional<UserId>>> Users::find_named(std::string name) {
  const std::string wanted = fold(name);
  if (wanted.empty() || name.size() > kMaxNamedSize) co_return std::nullopt;
  auto found = co_await context_.store.users.search_names(std::move(name));
  if (!found) co_return refuse(found.error());
  // Names that are the text come first: a second one is enough to know that there are several.
  if (found->size() > 2) found->resize(2);
  auto users = co_await context_.store.users.find(std::move(*found));
  if (!users) co_return refuse(users.error());
  std::erase_if(*users, [&](const User& user) { return fold(user.name) != wanted; });
  if (users->size() != 1) co_return std::nullopt;
  co_return users->front().id;
}

Task<Outcome<std::vector<User>>> Users::query_profiles(Caller, QueryUserProfiles query) {
  const bool by_name = query.name && !query.name->empty();
  std::vector<UserId> ids = std::move(query.user_ids);
  sort_unique(ids);
  if (by_name) {
    if (!context_.settings.people.search_names) co_return refuse(Code::kUserSearchDisabled);
    if (!query.page.is_valid()) co_return illegal("skip or limit is out of range");
    auto found = co_await context_.store.users.search_names(*query.name);
    if (!found) co_return refuse(found.error());
    ids = query.page.of(std::move(*found), ids);
  }
  if (ids.empty()) co_return std::vector<User>();
  auto users = co_await context_.store.users.find(ids);
  if (!users) co_return refuse(users.error());
  if (query.last_updated_date) {
    std::erase_if(*users, [&](const User& user) {
      return user.last_updated_date <= *query.last_updated_date;
    });
  }
  if (by_name && query.highlight_name) {
    for (User& user : *users) user.name = highlight(user.name, *query.name);
  }
  co_return std::move(*users);
}

Task<Outcome<Reply<>>> Users::update(Caller caller, UpdateUser command) {
  const Settings::People& settings = context_.settings.people;
  if (auto refusal = refuse_profile(settings, command)) {
    co_return std::unexpected(std::move(*refusal));
  }
  const AllowedNames allowed(settings.attributes);
  if (auto known = allowed.filter(command.attributes, settings.ignore_unknown_attributes); !known) {
    co_return std::unexpected(std::move(known.error()));
  }
  Reply<> reply;
  if (changes_nothing(command)) co_return reply;
  UserChange change;
  if (command.password) {
    auto hash = co_await context_.hasher.hash(std::move(*command.password));
    if (!hash) co_return refuse(hash.error());
    change.password_hash = std::move(*hash);
  }
  change.name = std::move(command.name);
  change.intro = std::move(command.intro);
  change.profile_picture = std::move(command.profile_picture);
  change.profile_access_strategy = command.profile_access_strategy;
  change.attributes = std::move(command.attributes);
  auto version = co_await context_.store.users.update(Rights::update_user(caller.user_id),
                                                      std::move(change), context_.now());
  if (!version) co_return refuse(version.error());
  if (!*version) co_return refuse(Code::kNoContent);
  if (**version > 0) {
    if (own_changes_.size() >= kMaxOwnChanges) own_changes_.erase(own_changes_.begin());
    own_changes_.insert(**version);
  }
  Audience& audience = reply.effects.relay.audience;
  audience.other_sessions_of_caller = settings.user_updated.own_sessions;
  if (settings.user_updated.others) {
    auto related = co_await context_.reachability.get(caller.user_id);
    if (related) audience.recipients = recipients_of((*related)->friends);
  }
  reply.effects.relay.amendments.clear_password = true;
  co_return reply;
}

Task<Outcome<std::vector<Presence>>> Users::query_online_statuses(Caller,
                                                                  std::vector<UserId> users) {
  if (users.empty()) co_return refuse(Code::kNoContent);
  auto found = co_await context_.bus.presence(std::move(users));
  if (!found) co_return refuse(found.error());
  if (context_.settings.people.show_invisible_as_offline) {
    for (Presence& presence : *found) {
      if (presence.status != UserStatus::kInvisible) continue;
      presence.status = UserStatus::kOffline;
      presence.device_types.clear();
    }
  }
  co_return std::move(*found);
}

Task<Outcome<Reply<>>> Users::update_online_status(Caller caller, UpdateOnlineStatus command) {
  const Settings::People& settings = context_.settings.people;
  if (!is_known(command.status)) co_return illegal("unknown user status");
  Reply<> reply;
  Audience& audience = reply.effects.relay.audience;
  audience.other_sessions_of_caller = settings.status_updated.own_sessions;
  if (settings.status_updated.others) {
    auto related = co_await context_.reachability.get(caller.user_id);
    if (related) audience.recipients = recipients_of((*related)->friends);
  }
  if (command.status != UserStatus::kOffline) {
    context_.bus.set_status(caller.user_id, command.status);
    co_return reply;
  }
  DisconnectOrder order;
  order.user_id = caller.user_id;
  order.device_types = std::move(command.device_types);
  order.close_status = kDisconnectedByOtherDevice;
  context_.bus.publish(order);
  co_return reply;
}

}  // namespace turms::im
