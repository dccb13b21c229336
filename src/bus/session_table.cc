#include "bus/session_table.h"

#include <algorithm>

namespace turms::bus {

std::vector<im::DeviceType> SessionTable::User::device_types() const {
  std::vector<im::DeviceType> types;
  for (const im::Caller& session : sessions) types.push_back(session.device_type);
  std::ranges::sort(types);
  types.erase(std::unique(types.begin(), types.end()), types.end());
  return types;
}

void SessionTable::add(const im::Caller& session, im::UserStatus status, WallTime now) {
  User& user = users_[session.user_id];
  user.status = status;
  user.status_since = now;
  user.sessions.push_back(session);
}

void SessionTable::remove(const im::Caller& session) {
  const auto user = users_.find(session.user_id);
  if (user == users_.end()) return;
  std::erase_if(user->second.sessions,
                [&](const im::Caller& one) { return one.session_id == session.session_id; });
  if (user->second.sessions.empty()) users_.erase(user);
}

void SessionTable::set_status(UserId id, im::UserStatus status, WallTime now) {
  const auto user = users_.find(id);
  if (user == users_.end()) return;
  user->second.status = status;
  user->second.status_since = now;
}

const SessionTable::User* SessionTable::find(UserId id) const {
  const auto user = users_.find(id);
  return user == users_.end() ? nullptr : &user->second;
}

}  // namespace turms::bus
