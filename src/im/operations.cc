#include "im/operations.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/unicode.h"
#include "im/context.h"
#include "im/ports/group_blocklist.h"
#include "im/ports/users.h"
#include "im/rights.h"

namespace turms::im {
namespace {

std::unexpected<Error> no_group(GroupId id) {
  return fail(ErrorCode::kNotFound, fmt::format("there is no group {}", id.value));
}

}  // namespace

// ---------------------------------------------------------------------------------------- groups

Task<Result<GroupPtr>> Operations::find(GroupId id) {
  auto found = co_await context_.groups.get(id);
  if (found && !*found) co_return no_group(id);
  co_return found;
}

Task<Result<int64_t>> Operations::update_groups(std::vector<GroupId> groups, GroupChange change,
                                                std::optional<UserId> successor) {
  const Settings::Group& limits = context_.settings.group;
  if (change.name) {
    *change.name = clean_name(*change.name);
    if (!shows_something(*change.name) || exceeds(change.name, limits.max_name_size)) {
      co_return fail(ErrorCode::kInvalidArgument, "name: it shows nothing, or is too long");
    }
  }
  if (exceeds(change.intro, limits.max_intro_size) ||
      exceeds(change.announcement, limits.max_announcement_size)) {
    co_return fail(ErrorCode::kInvalidArgument, "intro or announcement: too long");
  }
  if (change.type_id) {
    auto type = co_await context_.store.groups.find_type(*change.type_id);
    if (!type) co_return std::unexpected(type.error());
    if (!*type) {
      co_return fail(ErrorCode::kNotFound,
                     fmt::format("there is no group type {}", *change.type_id));
    }
  }
  sort_unique(groups);
  int64_t changed = 0;
  for (const GroupId id : groups) {
    auto group = co_await context_.groups.get(id);
    if (!group) co_return std::unexpected(group.error());
    if (!*group) continue;
    const UserId owner = (*group)->group.owner_id;
    if (successor && *successor != owner) {
      auto moved = co_await context_.store.groups.transfer(
          Rights::administrator(action::TransferGroup{id, owner, *successor}), false,
          context_.now());
      GroupChanged told;
      told.group_id = id;
      if (moved && *moved == GroupRepository::Transferred::kDone) {
        told.changed.push_back({*successor, GroupMemberRole::kOwner, {}});
        told.changed.push_back({owner, GroupMemberRole::kMember, {}});
      }
      context_.publish(told);
      if (!moved) co_return std::unexpected(moved.error());
      if (*moved != GroupRepository::Transferred::kDone) {
        co_return fail(ErrorCode::kFailedPrecondition, "the successor is no member of the group");
      }
    }
    auto done = co_await context_.store.groups.update(
        Rights::administrator(action::UpdateGroup{id}), change, context_.now());
    GroupChanged told;
    told.group_id = id;
    told.mute_end_date = change.mute_end_date;
    context_.publish(told);
    if (!done) co_return std::unexpected(done.error());
    if (*done) ++changed;
  }
  co_return changed;
}

Task<Result<int64_t>> Operations::remove_groups(std::vector<GroupId> groups) {
  sort_unique(groups);
  int64_t removed = 0;
  for (const GroupId id : groups) {
    auto done = co_await context_.store.groups.remove(
        Rights::administrator(action::RemoveGroup{id}), context_.now());
    GroupChanged told;
    told.group_id = id;
    told.deleted = done && *done;
    context_.publish(told);
    if (!done) co_return std::unexpected(done.error());
    if (*done) ++removed;
  }
  co_return removed;
}

Task<Result<None>> Operations::put_group_type(GroupType type) {
  const int64_t id = type.id;
  auto put = co_await context_.store.groups.put_type(
      Rights::administrator(action::PutGroupType{id}), std::move(type));
  // Every group of the type is kept with it.
  context_.groups.clear();
  co_return put;
}

// --------------------------------------------------------------------------------------- members

Task<Result<std::vector<GroupMember>>> Operations::members(GroupId id) {
  auto group = co_await find(id);
  if (!group) co_return std::unexpected(group.error());
  std::vector<GroupMember> all;
  for (const UserId user : *(*group)->member_ids) all.push_back(*(*group)->find(user));
  co_return all;
}

Task<Result<None>> Operations::add_members(NewMembers added) {
  if (added.role == GroupMemberRole::kOwner) {
    co_return fail(ErrorCode::kInvalidArgument, "a group has one owner: transfer it");
  }
  added.name = clean_name(added.name);
  if (text_length(added.name) > context_.settings.group.max_member_name_size) {
    co_return fail(ErrorCode::kInvalidArgument, "name: too long");
  }
  sort_unique(added.users);
  auto group = co_await find(added.group_id);
  if (!group) co_return std::unexpected(group.error());
  auto known = co_await context_.store.users.find(added.users);
  if (!known) co_return std::unexpected(known.error());
  if (known->size() != added.users.size()) {
    co_return fail(ErrorCode::kNotFound, "there is no user with one of these ids");
  }
  const WallTime now = context_.now();
  std::vector<GroupMember> rows;
  for (const UserId user : added.users) {
    GroupMember& row = rows.emplace_back();
    row.group_id = added.group_id;
    row.user_id = user;
    row.name = added.name;
    row.role = added.role;
    row.join_date = now;
    row.mute_end_date = added.mute_end_date;
  }
  auto permit = Rights::administrator(action::AddMembers{added.group_id, added.users});
  auto done = co_await context_.store.groups.add_members(std::move(permit), std::move(rows),
                                                         (*group)->type.size_limit, now);
  GroupChanged told;
  told.group_id = added.group_id;
  if (done && *done == GroupRepository::Added::kDone) told.joined = added.users;
  context_.publish(told);
  if (!done) co_return std::unexpected(done.error());
  switch (*done) {
    case GroupRepository::Added::kDone:
      co_return None{};
    case GroupRepository::Added::kDuplicate:
      co_return fail(ErrorCode::kAlreadyExists, "one of them is a member already");
    case GroupRepository::Added::kFull:
      co_return fail(ErrorCode::kFailedPrecondition, "the group is full");
    case GroupRepository::Added::kBlocked:
      co_return fail(ErrorCode::kFailedPrecondition, "one of them is blocked in the group");
    case GroupRepository::Added::kGroupGone:
      break;
  }
  co_return no_group(added.group_id);
}

Task<Result<int64_t>> Operations::update_members(GroupId id, std::vector<UserId> users,
                                                 MemberChange change) {
  if (change.role == GroupMemberRole::kOwner) {
    co_return fail(ErrorCode::kInvalidArgument, "a group has one owner: transfer it");
  }
  if (change.name) {
    *change.name = clean_name(*change.name);
    if (exceeds(change.name, context_.settings.group.max_member_name_size)) {
      co_return fail(ErrorCode::kInvalidArgument, "name: too long");
    }
  }
  auto group = co_await find(id);
  if (!group) co_return std::unexpected(group.error());
  sort_unique(users);
  if (change.role && std::ranges::binary_search(users, (*group)->group.owner_id)) {
    co_return fail(ErrorCode::kInvalidArgument, "the owner keeps the role: transfer the group");
  }
  int64_t changed = 0;
  for (const UserId user : users) {
    auto done = co_await context_.store.groups.update_member(
        Rights::administrator(action::UpdateMember{id, user}), change, context_.now());
    GroupChanged told;
    told.group_id = id;
    if (done && *done) told.changed.push_back({user, change.role, change.mute_end_date});
    context_.publish(told);
    if (!done) co_return std::unexpected(done.error());
    if (*done) ++changed;
  }
  co_return changed;
}

Task<Result<int64_t>> Operations::remove_members(GroupId id, std::vector<UserId> users) {
  auto group = co_await find(id);
  if (!group) co_return std::unexpected(group.error());
  sort_unique(users);
  if (std::ranges::binary_search(users, (*group)->group.owner_id)) {
    co_return fail(ErrorCode::kInvalidArgument, "the owner stays: transfer the group first");
  }
  auto permit = Rights::administrator(action::RemoveMembers{id, std::move(users)});
  auto removed = co_await context_.store.groups.remove_members(std::move(permit), context_.now());
  GroupChanged told;
  told.group_id = id;
  if (removed) told.left = *removed;
  context_.publish(told);
  if (!removed) co_return std::unexpected(removed.error());
  co_return static_cast<int64_t>(removed->size());
}

Task<Result<std::vector<UserId>>> Operations::blocked_users(GroupId id) {
  auto group = co_await find(id);
  if (!group) co_return std::unexpected(group.error());
  co_return (*group)->blocked;
}

Task<Result<None>> Operations::block(GroupId id, UserId user) {
  using Blocked = GroupBlocklistRepository::Blocked;
  auto done = co_await context_.store.group_blocklist.block(
      Rights::administrator(action::BlockInGroup{id, user}), UserId(0), context_.now());
  GroupChanged told;
  told.group_id = id;
  if (done && *done == Blocked::kDoneAndRemoved) told.left.push_back(user);
  context_.publish(told);
  if (!done) co_return std::unexpected(done.error());
  switch (*done) {
    case Blocked::kDone:
    case Blocked::kDoneAndRemoved:
      co_return None{};
    case Blocked::kExists:
      co_return fail(ErrorCode::kAlreadyExists, "the user is blocked already");
    case Blocked::kOwner:
      co_return fail(ErrorCode::kInvalidArgument, "the owner cannot be blocked");
    case Blocked::kFull:
      co_return fail(ErrorCode::kFailedPrecondition, "the blocklist is full");
    case Blocked::kGroupGone:
      break;
  }
  co_return no_group(id);
}

Task<Result<int64_t>> Operations::unblock(GroupId id, std::vector<UserId> users) {
  sort_unique(users);
  int64_t unblocked = 0;
  for (const UserId user : users) {
    auto done = co_await context_.store.group_blocklist.unblock(
        Rights::administrator(action::UnblockInGroup{id, user}), context_.now());
    GroupChanged told;
    told.group_id = id;
    context_.publish(told);
    if (!done) co_return std::unexpected(done.error());
    if (*done) ++unblocked;
  }
  co_return unblocked;
}

// --------------------------------------------------------------------------------- relationships

Task<Result<None>> Operations::put_relationship(UserId owner, UserId related,
                                                RelationshipChange change) {
  using Put = RelationshipRepository::Put;
  if (owner == related) {
    co_return fail(ErrorCode::kInvalidArgument, "nobody has a relationship to themself");
  }
  if (exceeds(change.name, context_.settings.people.max_relationship_name_size)) {
    co_return fail(ErrorCode::kInvalidArgument, "name: too long");
  }
  const std::optional<bool> blocked = change.blocked;
  auto put = co_await context_.store.relationships.update(
      Rights::administrator(action::PutRelationship{owner, related}), std::move(change),
      context_.now());
  RelationshipChanged told{owner, related, std::nullopt};
  if (put && *put == Put::kDone) told.blocked = blocked;
  context_.publish(told);
  if (!put) co_return std::unexpected(put.error());
  if (*put == Put::kFull) {
    co_return fail(ErrorCode::kFailedPrecondition, "the user has too many relationships");
  }
  co_return None{};
}

Task<Result<int64_t>> Operations::remove_relationships(UserId owner, std::vector<UserId> related) {
  sort_unique(related);
  int64_t count = 0;
  for (const UserId other : related) {
    auto removed = co_await context_.store.relationships.remove(
        Rights::administrator(action::RemoveRelationship{owner, other}), std::nullopt, std::nullopt,
        false, context_.now());
    RelationshipChanged told{owner, other, std::nullopt};
    if (removed && removed->gone) told.blocked = false;
    context_.publish(told);
    if (!removed) co_return std::unexpected(removed.error());
    if (removed->changed) ++count;
  }
  co_return count;
}

}  // namespace turms::im
