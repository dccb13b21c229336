#include "store/sqlite/enrollment.h"
#include "store/sqlite/group_rows.h"
#include "store/sqlite/repositories.h"

namespace turms::store {
namespace {

int64_t count_blocked(Connection& connection, GroupId group) {
  Statement select =
      connection.prepare("select count(*) from group_blocked_user where group_id = ?");
  return select.bind(group).step() ? select.integer() : 0;
}

}  // namespace

im::Stored<im::GroupBlocklistRepository::Blocked> GroupBlocklist::block(
    im::Permit<im::action::BlockInGroup> permit, UserId requester, WallTime now) {
  const auto [id, user] = *permit;
  co_return co_await writer_.run([&](Connection& connection) -> Result<Blocked> {
    if (!is_group_active(connection, id)) return Blocked::kGroupGone;
    if (is_blocked(connection, id, user)) return Blocked::kExists;
    const auto role = role_of(connection, id, user);
    if (role == im::GroupMemberRole::kOwner) return Blocked::kOwner;
    if (count_blocked(connection, id) >= kMaxBlocked) return Blocked::kFull;
    {
      Statement insert = connection.prepare(
          "insert into group_blocked_user (group_id, user_id, block_date, requester_id) "
          "values (?, ?, ?, ?)");
      insert.bind(id, user, now, requester).run();
    }
    touch(connection, im::VersionOf::kGroupBlocklist, id.value, now);
    if (!role) return Blocked::kDone;
    delete_member(connection, id, user, now);
    touch(connection, im::VersionOf::kGroupMembers, id.value, now);
    return Blocked::kDoneAndRemoved;
  });
}

im::Stored<bool> GroupBlocklist::unblock(im::Permit<im::action::UnblockInGroup> permit,
                                         WallTime now) {
  const auto [id, user] = *permit;
  co_return co_await writer_.run([&](Connection& connection) -> Result<bool> {
    {
      Statement remove =
          connection.prepare("delete from group_blocked_user where group_id = ? and user_id = ?");
      if (remove.bind(id, user).run() == 0) return false;
    }
    touch(connection, im::VersionOf::kGroupBlocklist, id.value, now);
    return true;
  });
}

}  // namespace turms::store
