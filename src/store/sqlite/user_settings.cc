#include "store/sqlite/repositories.h"
#include "store/sqlite/value_rows.h"

namespace turms::store {

im::Stored<im::ValueMap> UserSettings::find(UserId user) {
  co_return co_await readers_.run([&](Connection& connection) -> Result<im::ValueMap> {
    return read_values(connection, kUserSettings, user.value);
  });
}

im::Stored<UserSettings::Put> UserSettings::put(im::Permit<im::action::ChangeUserSettings> permit,
                                                im::ValueMap settings,
                                                std::set<std::string> immutable, WallTime now) {
  const UserId user = permit->user;
  co_return co_await writer_.run([&](Connection& connection) -> Result<Put> {
    const im::ValueMap current = read_values(connection, kUserSettings, user.value);
    std::erase_if(settings, [&](const auto& setting) {
      const auto there = current.find(setting.first);
      return there != current.end() && there->second == setting.second;
    });
    if (settings.empty()) return Put::kUnchanged;
    for (const auto& [name, value] : settings) {
      if (immutable.contains(name) && current.contains(name)) return Put::kImmutable;
    }
    write_values(connection, kUserSettings, user.value, settings);
    touch(connection, im::VersionOf::kUserSettings, user.value, now);
    return Put::kDone;
  });
}

im::Stored<bool> UserSettings::remove(im::Permit<im::action::ChangeUserSettings> permit,
                                      std::vector<std::string> names, WallTime now) {
  const UserId user = permit->user;
  co_return co_await writer_.run([&](Connection& connection) -> Result<bool> {
    bool removed = false;
    for (const std::string& name : names) {
      Statement remove =
          connection.prepare("delete from user_setting where user_id = ? and name = ?");
      removed = remove.bind(user, name).run() > 0 || removed;
    }
    if (removed) touch(connection, im::VersionOf::kUserSettings, user.value, now);
    return removed;
  });
}

}  // namespace turms::store
