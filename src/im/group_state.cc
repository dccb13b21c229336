#include "im/group_state.h"

#include <algorithm>

namespace turms::im {

GroupState::GroupState(GroupSnapshot snapshot)
    : group(std::move(snapshot.group)),
      type(std::move(snapshot.type)),
      blocked(std::move(snapshot.blocked)),
      members_version(snapshot.members_version),
      blocklist_version(snapshot.blocklist_version) {
  std::vector<UserId> ids;
  ids.reserve(snapshot.members.size());
  members.reserve(snapshot.members.size());
  for (GroupMember& member : snapshot.members) {
    ids.push_back(member.user_id);
    members.emplace(member.user_id, std::move(member));
  }
  std::sort(ids.begin(), ids.end());
  std::sort(blocked.begin(), blocked.end());
  member_ids = recipients_of(std::move(ids));
}

const GroupMember* GroupState::find(UserId user) const {
  const auto it = members.find(user);
  return it == members.end() ? nullptr : &it->second;
}

bool GroupState::is_blocked(UserId user) const {
  return std::binary_search(blocked.begin(), blocked.end(), user);
}

bool GroupState::is_muted(WallTime now) const {
  return group.mute_end_date && *group.mute_end_date > now;
}

std::optional<WallTime> GroupState::muted_until(UserId user, WallTime now) const {
  const GroupMember* member = find(user);
  std::optional<WallTime> until = group.mute_end_date;
  if (member != nullptr) until = std::max(until, member->mute_end_date);
  return until && *until > now ? until : std::nullopt;
}

bool GroupState::is_manager(UserId user) const {
  const GroupMember* member = find(user);
  return member != nullptr && member->role <= GroupMemberRole::kManager;
}

std::vector<UserId> GroupState::managers() const {
  std::vector<UserId> ids;
  for (const UserId id : *member_ids) {
    if (is_manager(id)) ids.push_back(id);
  }
  return ids;
}

GroupPtr GroupCache::find(GroupId id) {
  const GroupPtr* kept = groups_.find(id);
  return kept == nullptr ? nullptr : *kept;
}

Task<Result<GroupPtr>> GroupCache::get(GroupId id) {
  if (GroupPtr kept = find(id)) co_return kept;
  const uint64_t generation = generation_;
  auto loaded = co_await repository_.load(id);
  if (!loaded) co_return std::unexpected(loaded.error());
  if (!*loaded || !(*loaded)->group.active) co_return GroupPtr();
  GroupPtr state = std::make_shared<const GroupState>(std::move(**loaded));
  if (generation == generation_)
    groups_.put(id, state, 1 + state->members.size() + state->blocked.size());
  co_return state;
}

void GroupCache::on_group_changed(const GroupChanged& change) {
  ++generation_;
  groups_.erase(change.group_id);
}

void GroupCache::clear() {
  ++generation_;
  groups_.clear();
}

ReachabilityCache::Ptr ReachabilityCache::find(UserId owner) {
  const Ptr* kept = users_.find(owner);
  return kept == nullptr ? nullptr : *kept;
}

Task<Result<ReachabilityCache::Ptr>> ReachabilityCache::get(UserId owner) {
  if (Ptr kept = find(owner)) co_return kept;
  const uint64_t generation = generation_;
  auto loaded = co_await repository_.reachability(owner);
  if (!loaded) co_return std::unexpected(loaded.error());
  Ptr state = std::make_shared<const Reachability>(std::move(*loaded));
  // Whoever does not exist may be added by another program at any time.
  if (generation == generation_ && state->exists_and_active) {
    users_.put(owner, state, 1 + state->blocked.size() + state->friends.size());
  }
  co_return state;
}

void ReachabilityCache::invalidate(UserId owner) {
  ++generation_;
  users_.erase(owner);
}

void ReachabilityCache::on_relationship_changed(const RelationshipChanged& change) {
  invalidate(change.owner_id);
}

void ReachabilityCache::clear() {
  ++generation_;
  users_.clear();
}

}  // namespace turms::im
