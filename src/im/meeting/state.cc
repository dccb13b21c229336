#include "im/meeting/state.h"

#include <algorithm>

namespace turms::im::meeting {

Role role_of(const State& state, UserId user, const Person& person) {
  if (is_guest(user)) return Role::kGuest;
  if (state.host == user) return Role::kHost;
  switch (person.standing) {
    case GroupMemberRole::kGuest:
    case GroupMemberRole::kAnonymousGuest:
      return Role::kViewer;
    case GroupMemberRole::kOwner:
    case GroupMemberRole::kManager:
      return Role::kCohost;
    default:
      return person.cohost ? Role::kCohost : Role::kParticipant;
  }
}

RightSet rights_of(const State& state, UserId user, const Person& person, const Rules& rules) {
  RightSet rights = rules.rights[static_cast<size_t>(role_of(state, user, person))];
  if ((person.stopped & kMicrophone) != 0) rights &= static_cast<RightSet>(~kMaySpeak);
  if ((person.stopped & kCamera) != 0) rights &= static_cast<RightSet>(~kMayShow);
  if ((person.stopped & kScreen) != 0) rights &= static_cast<RightSet>(~kMayShare);
  return rights;
}

std::vector<UserId> hands(const State& state) {
  std::vector<std::pair<int64_t, UserId>> raised;
  for (const auto& [user, person] : state.people) {
    if (person.hand != 0) raised.emplace_back(person.hand, user);
  }
  std::sort(raised.begin(), raised.end());
  std::vector<UserId> out;
  for (const auto& [order, user] : raised) out.push_back(user);
  return out;
}

Duration time_present(const Person& person, WallTime now) {
  int64_t ms = person.present_ms;
  if (person.place == Place::kIn) {
    ms += std::max<int64_t>(0, now.unix_ms - person.joined.unix_ms);
  }
  return std::chrono::milliseconds(ms);
}

}  // namespace turms::im::meeting
