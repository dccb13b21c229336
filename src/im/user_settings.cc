#include "im/user_settings.h"

#include <set>

#include "im/allowed_names.h"
#include "im/context.h"
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

}  // namespace

Task<Outcome<Reply<>>> UserSettings::update(Caller caller, ValueMap settings) {
  const Settings::People& people = context_.settings.people;
  const AllowedNames allowed(people.settings);
  if (auto known = allowed.filter(settings, people.ignore_unknown_settings); !known) {
    co_return std::unexpected(std::move(known.error()));
  }
  Reply<> reply;
  if (settings.empty()) co_return reply;
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
