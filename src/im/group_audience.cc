#include "im/group_audience.h"

#include <algorithm>

namespace turms::im {

Audience group_audience(const Settings::GroupNotify& notify, const GroupState* group,
                        std::span<const UserId> concerned, UserId caller) {
  Audience audience;
  audience.other_sessions_of_caller = notify.own_sessions;
  const auto is_member = [&](UserId user) {
    return group != nullptr && group->find(user) != nullptr;
  };
  // The usual case shares the list.
  if (group != nullptr && notify.members && std::ranges::all_of(concerned, [&](UserId user) {
        return notify.concerned && is_member(user);
      })) {
    audience.recipients = group->member_ids;
    if (is_member(caller)) audience.other_sessions_of_caller = true;
    return audience;
  }
  std::vector<UserId> ids;
  if (group != nullptr && notify.members) {
    ids = *group->member_ids;
  } else if (group != nullptr && notify.managers) {
    ids = group->managers();
  }
  for (const UserId user : concerned) {
    if (notify.concerned) {
      ids.push_back(user);
    } else {
      std::erase(ids, user);
    }
  }
  std::ranges::sort(ids);
  const auto repeated = std::ranges::unique(ids);
  ids.erase(repeated.begin(), repeated.end());
  if (std::ranges::binary_search(ids, caller)) audience.other_sessions_of_caller = true;
  if (!notify.members) std::erase(ids, caller);
  audience.recipients = recipients_of(std::move(ids));
  return audience;
}

}  // namespace turms::im
