#include "im/user_settings.h"

#include <algorithm>
#include <set>

#include "im/allowed_names.h"
#include "im/context.h"
#include "im/missed_messages.h"
#include "im/ports/conversations.h"
#include "im/ports/user_settings.h"
#include "im/ports/versions.h"
#include "im/rights.h"

namespace turms::im {
namespace {

Audience own_sessions(const Settings::Notify& notify) {
  Audience audience;
  audience.other_sessions_of_caller = notify.own_sessions;
  return audience;
}

bool is_push(const ValueMap::value_type& setting) {
  return is_push_setting(setting.first);
}

/// What clients may keep for those who tell users who are nowhere; no name where nobody does.
void allow_push_settings(const Context& context, const ValueMap& settings, AllowedNames& allowed) {
  if (context.push_hook == nullptr || !context.push_hook->pushes()) return;
  for (const auto& [name, value] : settings) {
    if (is_push_setting(name)) allowed.add(name);
  }
}

}  // namespace

Task<Outcome<Reply<>>> UserSettings::update(Caller caller, ValueMap settings) {
  const Settings::People& people = context_.settings.people;
  AllowedNames allowed(people.settings);
  allow_push_settings(context_, settings, allowed);
  if (auto known = allowed.filter(settings, people.ignore_unknown_settings); !known) {
    co_return std::unexpected(std::move(known.error()));
  }
  Reply<> reply;
  if (settings.empty()) co_return reply;
  if (std::ranges::any_of(settings, is_push)) {
    auto there = co_await context_.store.user_settings.find(caller.user_id);
    if (!there) co_return refuse(there.error());
    there->insert(settings.begin(), settings.end());
    if (std::ranges::count_if(*there, is_push) > static_cast<ptrdiff_t>(kMaxPushSettings)) {
      co_return refuse(Code::kIllegalArgument, "too many clients want to be told of messages");
    }
  }
  auto put = co_await context_.store.user_settings.put(Rights::change_user_settings(caller.user_id),
                                                       std::move(settings), allowed.immutable(),
                                                       context_.now());
  if (!put) co_return refuse(put.error());
  if (*put == UserSettingsRepository::Put::kImmutable) {
    co_return refuse(Code::kIllegalArgument, "a setting does not change any more");
  }
  if (*put == UserSettingsRepository::Put::kDone) {
    reply.effects.relay.audience = own_sessions(people.user_settings_updated);
  }
  co_return reply;
}

Task<Outcome<Reply<>>> UserSettings::remove(Caller caller, std::vector<std::string> names) {
  const Settings::People& people = context_.settings.people;
  const AllowedNames allowed(people.settings);
  if (names.empty()) names = allowed.changeable();
  for (const std::string& name : names) {
    if (allowed.is_immutable(name)) {
      co_return refuse(Code::kIllegalArgument, "a setting cannot be deleted");
    }
  }
  auto removed = co_await context_.store.user_settings.remove(
      Rights::change_user_settings(caller.user_id), std::move(names), context_.now());
  if (!removed) co_return refuse(removed.error());
  Reply<> reply;
  if (*removed) reply.effects.relay.audience = own_sessions(people.user_settings_deleted);
  co_return reply;
}

Task<Outcome<UserSettingsList>> UserSettings::query(Caller caller, QueryUserSettings query) {
  auto version =
      co_await context_.store.versions.find(VersionOf::kUserSettings, caller.user_id.value);
  if (!version) co_return refuse(version.error());
  if (!*version || (query.last_updated_date_start && **version < *query.last_updated_date_start)) {
    co_return refuse(Code::kNoContent);
  }
  auto found = co_await context_.store.user_settings.find(caller.user_id);
  if (!found) co_return refuse(found.error());
  if (!query.names.empty()) {
    const std::set<std::string> wanted(query.names.begin(), query.names.end());
    std::erase_if(*found, [&](const auto& setting) { return !wanted.contains(setting.first); });
  }
  if (found->empty()) co_return refuse(Code::kNoContent);
  co_return UserSettingsList{std::move(*found), *version};
}

}  // namespace turms::im
