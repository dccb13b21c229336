#include "store/sqlite/group_rows.h"

#include "store/sqlite/heads.h"

#include "store/sqlite/repositories.h"

namespace turms::store {

im::Group read_group(Statement& row) {
  im::Group group;
  group.id = row.id<GroupId>();
  group.type_id = row.integer();
  group.creator_id = row.id<UserId>();
  group.owner_id = row.id<UserId>();
  group.name = row.text();
  group.intro = row.text();
  group.announcement = row.text();
  group.min_score = static_cast<int32_t>(row.integer());
  group.creation_date = row.time();
  group.last_updated_date = row.time();
  group.mute_end_date = row.optional_time();
  group.active = row.boolean();
  return group;
}

im::GroupType read_group_type(Statement& row) {
  im::GroupType type;
  type.id = row.integer();
  type.name = row.text();
  type.size_limit = static_cast<int32_t>(row.integer());
  type.invitation_strategy = row.enumeration<im::InvitationStrategy>();
  type.join_strategy = row.enumeration<im::JoinStrategy>();
  type.info_update_strategy = row.enumeration<im::UpdateStrategy>();
  type.member_info_update_strategy = row.enumeration<im::UpdateStrategy>();
  type.guest_speakable = row.boolean();
  type.self_info_updatable = row.boolean();
  type.read_receipt = row.boolean();
  type.message_editable = row.boolean();
  return type;
}

void insert_member(Connection& connection, const im::GroupMember& member, WallTime now) {
  Statement insert = connection.prepare(
      "insert into group_member (group_id, user_id, name, role, join_date, mute_end_date) "
      "values (?, ?, ?, ?, ?, ?)");
  insert
      .bind(member.group_id, member.user_id, member.name, member.role, member.join_date,
            member.mute_end_date)
      .run();
  // What was written before is no news; read_date stays 0 until they have read.
  Statement read = connection.prepare(
      "insert into group_conversation (group_id, member_id, read_date, read_sequence) "
      "values (?, ?, 0, ?) on conflict do nothing");
  const Head head = find_head(connection, ConversationKey::of(member.group_id));
  read.bind(member.group_id, member.user_id, head.sequence).run();
  touch(connection, im::VersionOf::kJoinedGroups, member.user_id.value, now);
}

bool delete_member(Connection& connection, GroupId group, UserId user, WallTime now) {
  {
    Statement remove =
        connection.prepare("delete from group_member where group_id = ? and user_id = ?");
    if (remove.bind(group, user).run() == 0) return false;
  }
  Statement forget =
      connection.prepare("delete from group_conversation where group_id = ? and member_id = ?");
  forget.bind(group, user).run();
  touch(connection, im::VersionOf::kJoinedGroups, user.value, now);
  return true;
}

std::optional<im::GroupMemberRole> role_of(Connection& connection, GroupId group, UserId user) {
  Statement select =
      connection.prepare("select role from group_member where group_id = ? and user_id = ?");
  if (!select.bind(group, user).step()) return std::nullopt;
  return select.enumeration<im::GroupMemberRole>();
}

bool is_member(Connection& connection, GroupId group, UserId user) {
  return role_of(connection, group, user).has_value();
}

bool is_group_active(Connection& connection, GroupId group) {
  Statement select = connection.prepare("select active from chat_group where id = ?");
  return select.bind(group).step() && select.boolean();
}

int64_t count_members(Connection& connection, GroupId group) {
  Statement select = connection.prepare("select count(*) from group_member where group_id = ?");
  return select.bind(group).step() ? select.integer() : 0;
}

bool is_blocked(Connection& connection, GroupId group, UserId user) {
  Statement select =
      connection.prepare("select 1 from group_blocked_user where group_id = ? and user_id = ?");
  return select.bind(group, user).step();
}

}  // namespace turms::store
