// The live side of meetings: what the provider and the groups report, and what is told of it.
#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "im/context.h"
#include "im/meetings.h"
#include "im/ports/meetings.h"
#include "im/ports/users.h"
#include "im/rights.h"

namespace turms::im {
namespace {

void sort_by_joining(std::vector<MeetingParticipant>& participants) {
  std::sort(participants.begin(), participants.end(),
            [](const MeetingParticipant& a, const MeetingParticipant& b) {
              return std::pair(a.joined_date, a.user_id) < std::pair(b.joined_date, b.user_id);
            });
}

}  // namespace

void Meetings::provider_started() {
  // Before the first resume() there is nothing to tell it.
  if (resumed_) spawn(resume());
}

Task<void> Meetings::resume() {
  resumed_ = true;
  MeetingFilter active;
  active.active_only = true;
  active.limit = static_cast<int32_t>(kMaxActive);
  ++resuming_;
  auto found = co_await context_.store.meetings.query(std::move(active));
  std::map<MeetingId, meeting::State> lives;
  if (found) {
    auto stored = co_await stored_lives(*found);
    if (stored) lives = std::move(*stored);
    if (!stored) found = std::unexpected(stored.error());
  }
  if (found) {
    std::erase_if(*found, [this](const Meeting& meeting) {
      return over_while_resuming_.contains(meeting.id);
    });
  }
  if (--resuming_ == 0) over_while_resuming_.clear();
  if (!found) {
    log::error("meetings not resumed: {}", found.error().message);
    co_return;
  }
  // Nothing is awaited until all are kept: whoever ends one from here on finds it.
  for (const Meeting& meeting : *found) {
    const auto it = live_.find(meeting.id);
    if (it != live_.end()) {
      // What is known here is at least as new as what was read.
      it->second.has_room = false;
    } else if (live_.size() < kMaxActive) {
      const auto life = lives.find(meeting.id);
      keep(meeting, life == lives.end() ? nullptr : &life->second);
    }
    happen(meeting.id, meeting::Resumed{});
  }
  std::vector<Meeting> without_room;
  for (const Meeting& meeting : *found) {
    if (!live_.contains(meeting.id)) continue;
    auto audience = co_await audience_of(meeting);
    const auto it = live_.find(meeting.id);
    if (it == live_.end()) continue;  // over meanwhile
    if (audience) it->second.audience = std::move(*audience);
    if (it->second.life.phase == meeting::Phase::kEnded) {
      // The server stopped between the two.
      spawn(end_for_all(meeting.id));
      continue;
    }
    if (meeting.start_date <= context_.now()) without_room.push_back(meeting);
  }
  // A media server that does not answer must not keep the chat from starting.
  spawn(make_rooms(std::move(without_room)));
}

/// The entry of a meeting that is over, or was never made; an empty one when there is none.
Meetings::Live Meetings::forget(MeetingId id) {
  // What resume() is reading may be from before.
  if (resuming_ > 0) over_while_resuming_.insert(id);
  const auto it = live_.find(id);
  if (it == live_.end()) return {};
  Live last = std::move(it->second);
  live_.erase(it);
  return last;
}

Task<void> Meetings::make_rooms(std::vector<Meeting> meetings) {
  for (const Meeting& meeting : meetings) {
    if (!provider_.available()) co_return;
    if (!live_.contains(meeting.id)) continue;
    auto room = co_await make_room(meeting, 0);
    if (!room) log::warn("meeting {}: room not made: {}", meeting.id, room.error().message);
    if (const auto it = live_.find(meeting.id); it != live_.end()) {
      it->second.has_room = room.has_value();
      if (!room || !it->second.life.breakouts_open) continue;
      for (size_t n = 1; n <= it->second.life.breakouts.size(); ++n) {
        spawn(open_breakout(meeting.id, static_cast<uint8_t>(n)));
      }
    }
  }
}

void Meetings::participants_changed(MeetingId id, std::vector<MeetingParticipant> participants) {
  auto it = live_.find(id);
  uint8_t room = 0;
  if (it == live_.end()) {
    room = static_cast<uint8_t>(id.value % 100);
    it = live_.find(MeetingId(id.value / 100));
    if (it == live_.end() || room == 0) return;
  }
  sort_by_joining(participants);
  std::vector<MeetingParticipant>& known = it->second.rooms[room];
  known = std::move(participants);
  spawn(seen(it->first, room));
}

Task<Result<None>> Meetings::name_participants(Live& live) {
  std::vector<UserId> ids;
  for (const MeetingParticipant& p : live.participants) {
    if (p.name.empty()) ids.push_back(p.user_id);
  }
  const MeetingId id = live.meeting.id;
  const std::optional<GroupId> group_id = live.meeting.group_id;
  std::vector<User> users;
  if (!ids.empty()) {
    auto found = co_await context_.store.users.find(std::move(ids));
    if (!found) co_return std::unexpected(found.error());
    users = std::move(*found);
  }
  GroupPtr group;
  if (group_id) {
    auto loaded = co_await context_.groups.get(*group_id);
    if (!loaded) co_return std::unexpected(loaded.error());
    group = std::move(*loaded);
  }
  // It may have ended, or changed, meanwhile.
  const auto it = live_.find(id);
  if (it == live_.end()) co_return None();
  for (MeetingParticipant& p : it->second.participants) {
    for (const User& user : users) {
      if (user.id == p.user_id) p.name = user.name;
    }
    if (const meeting::Person* person = it->second.life.find(p.user_id); p.name.empty() && person) {
      p.name = person->name;
    }
    const GroupMember* member = group == nullptr ? nullptr : group->find(p.user_id);
    p.role = member == nullptr ? std::nullopt : std::optional(member->role);
  }
  co_return None();
}

Task<std::optional<Push>> Meetings::state_push(MeetingId id) {
  auto it = live_.find(id);
  if (it == live_.end()) co_return std::nullopt;
  it->second.version = next_version(it->second.version);
  const int64_t version = it->second.version;
  if (auto named = co_await name_participants(it->second); !named) {
    log::warn("meeting {}: participants without names: {}", id, named.error().message);
  }
  it = live_.find(id);
  if (it == live_.end()) co_return std::nullopt;
  const Meeting meeting = it->second.meeting;
  auto audience = co_await audience_of(meeting);
  it = live_.find(id);
  // A later change tells its own state, which is newer than this one.
  if (it == live_.end() || it->second.version != version) co_return std::nullopt;
  if (audience && *audience != nullptr) {
    it->second.audience = *audience;
    // Whoever is not one of them came in with an old token.
    std::vector<MeetingMember> strangers;
    for (const MeetingParticipant& p : it->second.participants) {
      const std::vector<UserId>& may_see = **audience;
      if (!std::binary_search(may_see.begin(), may_see.end(), p.user_id) &&
          !meeting::is_guest(p.user_id)) {
        strangers.push_back({.user_id = p.user_id, .allowed = false});
      }
    }
    if (!strangers.empty()) provider_.tell_members(id, std::move(strangers), false);
  }
  if (it->second.audience == nullptr) co_return std::nullopt;
  // Also to the device that asked for a change: its answer does not hold the state.
  co_return Push{
      Audience{.recipients = it->second.audience, .calling_session = true, .extensions_only = true},
      state_of(it->second)};
}

Task<void> Meetings::push_state(MeetingId id) {
  auto push = co_await state_push(id);
  if (push) delivery_.push(*push);
}

Task<Outcome<std::vector<MeetingStateChanged>>> Meetings::query_state(Caller caller,
                                                                      QueryMeetingState query) {
  if (query.meeting_id.has_value() == query.group_id.has_value()) {
    co_return refuse(Code::kIllegalArgument,
                     "exactly one of meeting_id and group_id must be given");
  }
  std::vector<MeetingStateChanged> states;
  std::vector<MeetingId> ids;
  if (query.meeting_id) {
    ids.push_back(*query.meeting_id);
  } else {
    ids = meetings_of(*query.group_id);
  }
  for (const MeetingId id : ids) {
    Live state;
    if (const auto it = live_.find(id); it != live_.end()) {
      if (auto named = co_await name_participants(it->second); !named) {
        co_return refuse(named.error());
      }
    }
    if (const auto it = live_.find(id); it != live_.end()) {
      state = it->second;
    } else {
      auto found = co_await context_.store.meetings.find(id);
      if (!found) co_return refuse(found.error());
      if (!*found) continue;
      state.meeting = std::move(**found);
      // Over: no later state follows. Newer than the last one that was told, which was made within
      // a moment of the end, and the same at each query.
      const Meeting& over = state.meeting;
      state.version =
          over.end_date.value_or(over.cancel_date.value_or(over.creation_date)).unix_ms + 1000;
      std::vector<Meeting> one;
      one.push_back(over);
      auto lives = co_await stored_lives(one);
      if (!lives) co_return refuse(lives.error());
      if (const auto life = lives->find(id); life != lives->end()) {
        state.life = std::move(life->second);
      }
      state.life.phase = meeting::Phase::kEnded;
    }
    auto sees = co_await may_see(state.meeting, caller.user_id);
    if (!sees) co_return refuse(sees.error());
    if (*sees) states.push_back(state_of(state));
  }
  if (states.empty()) co_return refuse(Code::kNoContent);
  co_return states;
}

// --- changes in the groups ---

std::vector<MeetingId> Meetings::meetings_of(GroupId id) const {
  std::vector<MeetingId> ids;
  for (const auto& [meeting_id, live] : live_) {
    if (live.meeting.group_id == id) ids.push_back(meeting_id);
  }
  return ids;
}

void Meetings::on_group_changed(const GroupChanged& change) {
  const GroupId id = change.group_id;
  std::vector<UserId> changed = change.joined;
  for (const GroupChanged::Member& member : change.changed) {
    if (member.role) {
      for (const MeetingId meeting : meetings_of(id)) {
        carry_out(meeting, meeting::StandingChanged{{member.user_id, *member.role}});
      }
      role_changed(id, member.user_id);
    }
    if (member.role || member.mute_end_date) changed.push_back(member.user_id);
  }
  if (change.mute_end_date) {
    spawn(settle_all(id));
  } else if (!changed.empty()) {
    spawn(settle(id, std::move(changed)));
  }
  if (!change.left.empty()) members_removed(id, change.left);
  if (change.deleted) spawn(end_all(id));
}

void Meetings::on_relationship_changed(const RelationshipChanged& change) {
  if (!change.blocked.value_or(false) || !provider_.available()) return;
  std::vector<MeetingId> theirs;
  for (const auto& [id, live] : live_) {
    const Meeting& meeting = live.meeting;
    if (!meeting.user_id) continue;
    const bool between_them =
        (meeting.creator_id == change.owner_id && *meeting.user_id == change.related_user_id) ||
        (meeting.creator_id == change.related_user_id && *meeting.user_id == change.owner_id);
    if (between_them) {
      provider_.tell_members(id, {{.user_id = change.related_user_id, .allowed = false}}, false);
      theirs.push_back(id);
    }
  }
  for (const MeetingId id : theirs) carry_out(id, meeting::Excluded{change.related_user_id});
}

/// At once: this needs no look at the group, which may fail.
void Meetings::members_removed(GroupId id, const std::vector<UserId>& users) {
  std::vector<MeetingMember> removed;
  for (const UserId user : users) {
    muted_until_.erase({id, user});
    removed.push_back({.user_id = user, .allowed = false});
  }
  for (const MeetingId meeting : meetings_of(id)) {
    for (const UserId user : users) carry_out(meeting, meeting::Excluded{user});
    if (!provider_.available()) continue;
    provider_.tell_members(meeting, removed, false);
    const auto it = live_.find(meeting);
    const size_t breakouts =
        it != live_.end() && it->second.life.breakouts_open ? it->second.life.breakouts.size() : 0;
    for (size_t room = 1; room <= breakouts; ++room) {
      provider_.tell_members(breakout_id(meeting, static_cast<uint8_t>(room)), removed, false);
    }
  }
}

MeetingMember Meetings::member_now(const GroupState& group, UserId user) {
  MeetingMember out{.user_id = user};
  const GroupMember* member = group.find(user);
  muted_until_.erase({group.group.id, user});
  out.allowed = member != nullptr;
  if (member == nullptr) return out;
  out.role = member->role;
  if (const auto until = group.muted_until(user, context_.now())) {
    out.muted = true;
    muted_until_[{group.group.id, user}] = *until;
  }
  return out;
}

Task<void> Meetings::settle(GroupId id, std::vector<UserId> users) {
  if (meetings_of(id).empty()) {
    for (const UserId user : users) muted_until_.erase({id, user});
    co_return;
  }
  const auto group = co_await context_.groups.get(id);
  const std::vector<MeetingId> ids = meetings_of(id);
  if (!group) {
    // The next tick asks again.
    if (!ids.empty()) {
      for (const UserId user : users) muted_until_[{id, user}] = {};
    }
    co_return;
  }
  if (ids.empty() || *group == nullptr) {
    for (const UserId user : users) muted_until_.erase({id, user});
    co_return;
  }
  std::vector<MeetingMember> members;
  for (const UserId user : users) members.push_back(member_now(**group, user));
  if (!provider_.available()) co_return;
  for (const MeetingId meeting : ids) {
    std::vector<MeetingMember> here = members;
    for (MeetingMember& member : here) constrain(live_.at(meeting), member);
    provider_.tell_members(meeting, std::move(here), false);
  }
}

Task<void> Meetings::settle_all(GroupId id) {
  if (meetings_of(id).empty()) co_return;
  const auto group = co_await context_.groups.get(id);
  if (group && *group != nullptr) co_await settle(id, *(*group)->member_ids);
}

/// Whom the other side has blocked is not let in.
Task<std::vector<MeetingMember>> Meetings::both_sides(Meeting meeting) {
  const UserId creator = meeting.creator_id;
  const UserId other = meeting.user_id.value_or(creator);
  const auto of_creator = co_await context_.reachability.get(creator);
  const auto of_other = co_await context_.reachability.get(other);
  const auto blocks = [](const auto& side, UserId user) {
    return side && std::binary_search((*side)->blocked.begin(), (*side)->blocked.end(), user);
  };
  std::vector<MeetingMember> both;
  both.push_back(
      {.user_id = creator, .role = GroupMemberRole::kOwner, .allowed = !blocks(of_other, creator)});
  if (other != creator) both.push_back({.user_id = other, .allowed = !blocks(of_creator, other)});
  co_return both;
}

Task<void> Meetings::settle_meeting(MeetingId id) {
  auto it = live_.find(id);
  if (it == live_.end()) co_return;
  const Meeting meeting = it->second.meeting;
  std::vector<MeetingMember> members;
  if (meeting.group_id) {
    const auto group = co_await context_.groups.get(*meeting.group_id);
    if (!live_.contains(id)) co_return;
    if (!group) {
      unsettled_.insert(id);  // the next tick asks again
      co_return;
    }
    if (*group != nullptr) {
      for (const UserId user : *(*group)->member_ids) members.push_back(member_now(**group, user));
    }
  } else {
    members = co_await both_sides(meeting);
    if (!live_.contains(id)) co_return;
  }
  const Live& live = live_.at(id);
  for (const auto& [user, person] : live.life.people) {
    // Guests are in no group; who may not come at all may be none of its members any more.
    if (meeting::is_guest(user)) members.push_back({user, GroupMemberRole::kAnonymousGuest});
  }
  for (MeetingMember& member : members) constrain(live, member);
  if (provider_.available()) provider_.tell_members(id, std::move(members), true);
}

void Meetings::tick() {
  for (const MeetingId id : std::exchange(unsettled_, {})) spawn(settle_meeting(id));
  const WallTime now = context_.now();
  std::vector<MeetingId> due;
  for (const auto& [id, live] : live_) {
    if (live.next && *live.next <= now) due.push_back(id);
  }
  for (const MeetingId id : due) carry_out(id, meeting::Tick{});
  if (muted_until_.empty()) return;
  std::map<GroupId, std::vector<UserId>> over;
  for (const auto& [who, until] : muted_until_) {
    if (until <= now) over[who.first].push_back(who.second);
  }
  for (auto& [group, users] : over) spawn(settle(group, std::move(users)));
}

void Meetings::role_changed(GroupId id, UserId user) {
  for (const MeetingId meeting_id : meetings_of(id)) {
    const auto it = live_.find(meeting_id);
    if (it == live_.end()) continue;
    const auto& participants = it->second.participants;
    const bool inside = std::any_of(participants.begin(), participants.end(),
                                    [&](const MeetingParticipant& p) { return p.user_id == user; });
    if (inside) spawn(push_state(meeting_id));
  }
}

}  // namespace turms::im
