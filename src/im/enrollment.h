#pragma once

#include <algorithm>
#include <optional>
#include <string>

#include "im/context.h"
#include "im/group_audience.h"
#include "im/ports/groups.h"

// What invitations, requests to join, join questions and friend requests have in common.

namespace turms::im {

inline RequestStatus status_after(ResponseAction action) {
  switch (action) {
    case ResponseAction::kAccept:
      return RequestStatus::kAccepted;
    case ResponseAction::kDecline:
      return RequestStatus::kDeclined;
    case ResponseAction::kIgnore:
      return RequestStatus::kIgnored;
  }
  return RequestStatus::kIgnored;
}

/// Of something made now; a lifetime of 0 is for ever.
inline WallTime expiration(WallTime now, Duration lifetime) {
  constexpr WallTime kEndOfYear9999{253402300799999};
  if (lifetime == Duration{}) return kEndOfYear9999;
  return {now.unix_ms + to_ms(lifetime)};
}

/// `limit` 0: none.
inline bool too_long(const std::string& text, size_t limit) {
  return limit > 0 && text_length(text) > limit;
}

/// Pending, and in time to be answered.
template <class Request>
bool is_open(const Request& request, WallTime now) {
  return request.status == RequestStatus::kPending && request.expiration_date > now;
}

/// As it is shown.
template <class Request>
void show_expired(std::vector<Request>& requests, WallTime now) {
  for (Request& request : requests) {
    if (request.status == RequestStatus::kPending && request.expiration_date <= now) {
      request.status = RequestStatus::kExpired;
    }
  }
}

inline GroupMember new_member(GroupId group, UserId user, WallTime now) {
  GroupMember member;
  member.group_id = group;
  member.user_id = user;
  member.join_date = now;
  return member;
}

/// `group` as it is with the new member, who got in by something `by` did.
inline Push member_added(const Settings& settings, const GroupState& group, UserId user,
                         UserId by) {
  Push push;
  push.audience =
      group_audience(settings.group_notifications.member_added, &group, std::span(&user, 1), by);
  push.audience.other_sessions_of_caller = false;
  // What the caller asked does not say who is a member now.
  push.audience.calling_session = true;
  MembersAdded added;
  added.group_id = group.group.id;
  added.user_ids.push_back(user);
  added.by = by;
  push.event = std::move(added);
  return push;
}

}  // namespace turms::im
