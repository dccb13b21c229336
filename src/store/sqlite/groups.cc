#include <algorithm>
#include <array>

#include "base/check.h"
#include "store/sqlite/group_rows.h"
#include "store/sqlite/name_index.h"
#include "store/sqlite/repositories.h"
#include "store/sqlite/value_rows.h"

namespace turms::store {
namespace {

constexpr const char* kSelectGroup = "select " TURMS_GROUP_COLUMNS " from chat_group where id = ?";

std::optional<im::GroupType> read_type(Connection& connection, int64_t id) {
  Statement row =
      connection.prepare("select " TURMS_GROUP_TYPE_COLUMNS " from group_type where id = ?");
  if (!row.bind(id).step()) return id == 0 ? std::optional(im::GroupType{}) : std::nullopt;
  return read_group_type(row);
}

/// Those that a group has from its creation on.
constexpr std::array kStamps = {im::VersionOf::kGroupMembers, im::VersionOf::kGroupBlocklist,
                                im::VersionOf::kGroupJoinRequests,
                                im::VersionOf::kGroupJoinQuestions};

std::optional<WallTime> stamp(Connection& connection, im::VersionOf kind, GroupId group) {
  Statement select = connection.prepare("select date from version where kind = ? and id = ?");
  return select.bind(kind, group).step() ? std::optional(select.time()) : std::nullopt;
}

void forget_stamp(Connection& connection, im::VersionOf kind, GroupId group) {
  Statement forget = connection.prepare("delete from version where kind = ? and id = ?");
  forget.bind(kind, group).run();
}

int64_t count_owned(Connection& connection, UserId owner, std::optional<int64_t> type) {
  Statement select = connection.prepare(
      "select count(*) from chat_group where owner_id = ?1 and active "
      "and (?2 is null or type_id = ?2)");
  return select.bind(owner, type).step() ? select.integer() : 0;
}

bool may_own_more(Connection& connection, UserId owner, int64_t type, const im::GroupQuota& quota) {
  constexpr int32_t kUnlimited = im::GroupQuota::kUnlimited;
  return (quota.groups == kUnlimited ||
          count_owned(connection, owner, std::nullopt) < quota.groups) &&
         (quota.groups_of_type == kUnlimited ||
          count_owned(connection, owner, type) < quota.groups_of_type);
}

int64_t type_of(Connection& connection, GroupId group) {
  Statement select = connection.prepare("select type_id from chat_group where id = ?");
  return select.bind(group).step() ? select.integer() : 0;
}

// What query_joined_group_infos shows changed for every member.
void touch_members(Connection& connection, GroupId group, WallTime now) {
  Statement upsert = connection.prepare(
      "insert into version (kind, id, date) "
      "select ?1, user_id, ?2 from group_member where group_id = ?3 "
      "on conflict (kind, id) do update set date = max(excluded.date, date + 1)");
  upsert.bind(im::VersionOf::kJoinedGroups, now, group).run();
}

void set_role(Connection& connection, GroupId group, UserId user, im::GroupMemberRole role) {
  Statement update =
      connection.prepare("update group_member set role = ? where group_id = ? and user_id = ?");
  update.bind(role, group, user).run();
}

}  // namespace

im::Stored<std::optional<im::GroupSnapshot>> Groups::load(GroupId id) {
  using Loaded = Result<std::optional<im::GroupSnapshot>>;
  co_return co_await readers_.run([&](Connection& connection) -> Loaded {
    im::GroupSnapshot found;
    {
      Statement group = connection.prepare(kSelectGroup);
      if (!group.bind(id).step()) return std::nullopt;
      found.group = read_group(group);
    }
    found.group.attributes = read_values(connection, kGroupAttributes, id.value);
    found.type = read_type(connection, found.group.type_id).value_or(im::GroupType{});
    {
      Statement member = connection.prepare(
          "select user_id, name, role, join_date, mute_end_date from group_member "
          "where group_id = ? order by user_id");
      member.bind(id);
      while (member.step()) {
        im::GroupMember next;
        next.group_id = id;
        next.user_id = member.id<UserId>();
        next.name = member.text();
        next.role = member.enumeration<im::GroupMemberRole>();
        next.join_date = member.time();
        next.mute_end_date = member.optional_time();
        found.members.push_back(std::move(next));
      }
    }
    found.members_version = stamp(connection, im::VersionOf::kGroupMembers, id);
    found.blocklist_version = stamp(connection, im::VersionOf::kGroupBlocklist, id);
    Statement blocked = connection.prepare(
        "select user_id from group_blocked_user where group_id = ? order by user_id");
    blocked.bind(id);
    while (blocked.step()) found.blocked.push_back(blocked.id<UserId>());
    return found;
  });
}

im::Stored<std::vector<im::Group>> Groups::find(std::vector<GroupId> ids) {
  co_return co_await readers_.run([&](Connection& connection) -> Result<std::vector<im::Group>> {
    std::vector<im::Group> groups;
    Statement select = connection.prepare(kSelectGroup);
    for (const GroupId id : ids) {
      select.bind(id);
      if (select.step()) {
        im::Group group = read_group(select);
        if (group.active) groups.push_back(std::move(group));
      }
      select.reset();
    }
    for (im::Group& group : groups) {
      group.attributes = read_values(connection, kGroupAttributes, group.id.value);
    }
    return groups;
  });
}

im::Stored<std::vector<GroupId>> Groups::search_names(std::string text) {
  co_return co_await readers_.run([&](Connection& connection) -> Result<std::vector<GroupId>> {
    std::vector<GroupId> groups;
    for (const int64_t id : store::search_names(connection, kGroupNames, text, kMaxFound)) {
      groups.emplace_back(id);
    }
    return groups;
  });
}

im::Stored<std::vector<im::Group>> Groups::list(GroupId after, int limit) {
  co_return co_await readers_.run([&](Connection& connection) -> Result<std::vector<im::Group>> {
    std::vector<im::Group> groups;
    Statement select =
        connection.prepare("select " TURMS_GROUP_COLUMNS
                           " from chat_group where id > ? and active order by id limit ?");
    select.bind(after, limit);
    while (select.step()) groups.push_back(read_group(select));
    return groups;
  });
}

im::Stored<std::vector<GroupId>> Groups::joined_by(UserId user) {
  co_return co_await readers_.run([&](Connection& connection) -> Result<std::vector<GroupId>> {
    std::vector<GroupId> ids;
    Statement select =
        connection.prepare("select group_id from group_member where user_id = ? order by group_id");
    select.bind(user);
    while (select.step()) ids.push_back(select.id<GroupId>());
    return ids;
  });
}

im::Stored<std::optional<im::GroupType>> Groups::find_type(int64_t id) {
  co_return co_await readers_.run(
      [&](Connection& connection) -> Result<std::optional<im::GroupType>> {
        return read_type(connection, id);
      });
}

im::Stored<im::None> Groups::put_type(im::Permit<im::action::PutGroupType> permit,
                                      im::GroupType type) {
  TURMS_CHECK(type.id == permit->type_id);
  co_return co_await writer_.run([&](Connection& connection) -> Result<im::None> {
    Statement upsert = connection.prepare(
        "insert or replace into group_type (id, name, size_limit, invitation_strategy, "
        "join_strategy, info_update_strategy, member_info_update_strategy, guest_speakable, "
        "self_info_updatable, read_receipt, message_editable) "
        "values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    upsert
        .bind(type.id, type.name, type.size_limit, type.invitation_strategy, type.join_strategy,
              type.info_update_strategy, type.member_info_update_strategy, type.guest_speakable,
              type.self_info_updatable, type.read_receipt, type.message_editable)
        .run();
    return im::None{};
  });
}

im::Stored<im::GroupRepository::TypeRemoved> Groups::remove_type(
    im::Permit<im::action::RemoveGroupType> permit) {
  const int64_t id = permit->type_id;
  co_return co_await writer_.run([&](Connection& connection) -> Result<TypeRemoved> {
    if (id != 0) {
      Statement used =
          connection.prepare("select 1 from chat_group where type_id = ? and active limit 1");
      if (used.bind(id).step()) return TypeRemoved::kInUse;
    }
    Statement remove = connection.prepare("delete from group_type where id = ?");
    return remove.bind(id).run() > 0 || id == 0 ? TypeRemoved::kDone : TypeRemoved::kNone;
  });
}

im::Stored<im::GroupRepository::Created> Groups::create(im::Permit<im::action::CreateGroup> permit,
                                                        im::Group group,
                                                        std::vector<im::GroupMember> members) {
  TURMS_CHECK(group.creator_id == permit->creator);
  co_return co_await writer_.run([&](Connection& connection) -> Result<Created> {
    if (!may_own_more(connection, group.owner_id, group.type_id, permit->quota)) {
      return Created::kTooMany;
    }
    {
      Statement insert = connection.prepare(
          "insert into chat_group (id, type_id, creator_id, owner_id, name, intro, announcement, "
          "min_score, creation_date, last_updated_date, mute_end_date, active) "
          "values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
      insert
          .bind(group.id, group.type_id, group.creator_id, group.owner_id, group.name, group.intro,
                group.announcement, group.min_score, group.creation_date, group.last_updated_date,
                group.mute_end_date, group.active)
          .run();
    }
    index_name(connection, kGroupNames, group.id.value, group.name);
    write_values(connection, kGroupAttributes, group.id.value, group.attributes);
    for (const im::GroupMember& member : members) {
      insert_member(connection, member, group.creation_date);
    }
    for (const im::VersionOf kind : kStamps) {
      touch(connection, kind, group.id.value, group.creation_date);
    }
    return Created::kDone;
  });
}

im::Stored<bool> Groups::update(im::Permit<im::action::UpdateGroup> permit, im::GroupChange change,
                                WallTime now) {
  const GroupId id = permit->group;
  co_return co_await writer_.run([&](Connection& connection) -> Result<bool> {
    {
      Statement update = connection.prepare(
          "update chat_group set name = coalesce(?, name), intro = coalesce(?, intro), "
          "announcement = coalesce(?, announcement), min_score = coalesce(?, min_score), "
          "type_id = coalesce(?, type_id), mute_end_date = coalesce(?, mute_end_date), "
          "last_updated_date = ? where id = ? and active");
      update.bind(change.name, change.intro, change.announcement, change.min_score, change.type_id,
                  change.mute_end_date, now, id);
      if (update.run() == 0) return false;
    }
    if (change.name) index_name(connection, kGroupNames, id.value, *change.name);
    write_values(connection, kGroupAttributes, id.value, change.attributes);
    touch_members(connection, id, now);
    return true;
  });
}

im::Stored<bool> Groups::remove(im::Permit<im::action::RemoveGroup> permit, WallTime now) {
  const GroupId id = permit->group;
  co_return co_await writer_.run([&](Connection& connection) -> Result<bool> {
    {
      Statement update = connection.prepare(
          "update chat_group set active = 0, last_updated_date = ? where id = ? and active");
      if (update.bind(now, id).run() == 0) return false;
    }
    forget_name(connection, kGroupNames, id.value);
    touch_members(connection, id, now);
    for (const char* sql : {"delete from group_member where group_id = ?",
                            "delete from group_blocked_user where group_id = ?",
                            "delete from group_invitation where group_id = ?",
                            "delete from group_join_request where group_id = ?",
                            "delete from group_conversation where group_id = ?",
                            "delete from group_attribute where group_id = ?",
                            "delete from group_retention where group_id = ?"}) {
      Statement remove = connection.prepare(sql);
      remove.bind(id).run();
    }
    for (const im::VersionOf kind : kStamps) forget_stamp(connection, kind, id);
    forget_stamp(connection, im::VersionOf::kGroupInvitations, id);
    return true;
  });
}

im::Stored<im::GroupRepository::Added> Groups::add_members(
    im::Permit<im::action::AddMembers> permit, std::vector<im::GroupMember> members,
    int32_t size_limit, WallTime now) {
  for (const im::GroupMember& member : members) {
    TURMS_CHECK(member.group_id == permit->group &&
                std::ranges::count(permit->users, member.user_id) != 0);
  }
  co_return co_await writer_.run([&](Connection& connection) -> Result<Added> {
    if (members.empty()) return Added::kDone;
    const GroupId group = permit->group;
    if (!is_group_active(connection, group)) return Added::kGroupGone;
    for (const im::GroupMember& member : members) {
      if (is_member(connection, group, member.user_id)) return Added::kDuplicate;
      if (is_blocked(connection, group, member.user_id)) return Added::kBlocked;
    }
    if (count_members(connection, group) + static_cast<int64_t>(members.size()) > size_limit) {
      return Added::kFull;
    }
    for (const im::GroupMember& member : members) insert_member(connection, member, now);
    touch(connection, im::VersionOf::kGroupMembers, group.value, now);
    return Added::kDone;
  });
}

im::Stored<std::vector<UserId>> Groups::remove_members(im::Permit<im::action::RemoveMembers> permit,
                                                       WallTime now) {
  const GroupId id = permit->group;
  co_return co_await writer_.run([&](Connection& connection) -> Result<std::vector<UserId>> {
    std::vector<UserId> removed;
    for (const UserId member : permit->users) {
      if (role_of(connection, id, member) == im::GroupMemberRole::kOwner) continue;
      if (delete_member(connection, id, member, now)) removed.push_back(member);
    }
    if (!removed.empty()) touch(connection, im::VersionOf::kGroupMembers, id.value, now);
    return removed;
  });
}

im::Stored<bool> Groups::update_member(im::Permit<im::action::UpdateMember> permit,
                                       im::MemberChange change, WallTime now) {
  const auto [id, member] = *permit;
  co_return co_await writer_.run([&](Connection& connection) -> Result<bool> {
    {
      Statement update = connection.prepare(
          "update group_member set name = coalesce(?, name), role = coalesce(?, role), "
          "mute_end_date = coalesce(?, mute_end_date) where group_id = ? and user_id = ?");
      update.bind(change.name, change.role, change.mute_end_date, id, member);
      if (update.run() == 0) return false;
    }
    touch(connection, im::VersionOf::kGroupMembers, id.value, now);
    return true;
  });
}

im::Stored<im::GroupRepository::Transferred> Groups::transfer(
    im::Permit<im::action::TransferGroup> permit, bool quit, WallTime now) {
  const auto [id, owner, successor, quota] = *permit;
  co_return co_await writer_.run([&](Connection& connection) -> Result<Transferred> {
    if (role_of(connection, id, owner) != im::GroupMemberRole::kOwner) {
      return Transferred::kNotOwner;
    }
    if (!is_member(connection, id, successor)) return Transferred::kSuccessorNotMember;
    if (!may_own_more(connection, successor, type_of(connection, id), quota)) {
      return Transferred::kTooMany;
    }
    if (quit) {
      delete_member(connection, id, owner, now);
    } else {
      set_role(connection, id, owner, im::GroupMemberRole::kMember);
    }
    set_role(connection, id, successor, im::GroupMemberRole::kOwner);
    Statement update = connection.prepare(
        "update chat_group set owner_id = ?, last_updated_date = ? where id = ?");
    update.bind(successor, now, id).run();
    touch_members(connection, id, now);
    touch(connection, im::VersionOf::kGroupMembers, id.value, now);
    return Transferred::kDone;
  });
}

}  // namespace turms::store
