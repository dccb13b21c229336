#pragma once

#include <optional>

#include "im/types.h"
#include "store/sqlite/connection.h"

// What several repositories read and write of groups and their members, each inside a transaction
// of its own.

namespace turms::store {

#define TURMS_GROUP_COLUMNS                                                   \
  "id, type_id, creator_id, owner_id, name, intro, announcement, min_score, " \
  "creation_date, last_updated_date, mute_end_date, active"

/// Of a row of TURMS_GROUP_COLUMNS.
im::Group read_group(Statement& row);
#define TURMS_GROUP_TYPE_COLUMNS                                         \
  "id, name, size_limit, invitation_strategy, join_strategy, "           \
  "info_update_strategy, member_info_update_strategy, guest_speakable, " \
  "self_info_updatable, read_receipt, message_editable"

/// Of a row of TURMS_GROUP_TYPE_COLUMNS.
im::GroupType read_group_type(Statement& row);

/// What becoming a member writes; nothing is checked.
void insert_member(Connection& connection, const im::GroupMember& member, WallTime now);
/// False: the user was none. The stamp of the group's members is left to the caller.
bool delete_member(Connection& connection, GroupId group, UserId user, WallTime now);
std::optional<im::GroupMemberRole> role_of(Connection& connection, GroupId group, UserId user);
bool is_member(Connection& connection, GroupId group, UserId user);
bool is_group_active(Connection& connection, GroupId group);
bool is_blocked(Connection& connection, GroupId group, UserId user);
int64_t count_members(Connection& connection, GroupId group);

}  // namespace turms::store
