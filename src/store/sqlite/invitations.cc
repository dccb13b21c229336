#include <algorithm>

#include "base/check.h"
#include "store/sqlite/group_rows.h"
#include "store/sqlite/repositories.h"
#include "store/sqlite/request_rows.h"

namespace turms::store {
namespace {

constexpr const char* kSelectById =
    "select " TURMS_INVITATION_COLUMNS " from group_invitation where id = ?";
constexpr const char* kSelectByGroup =
    "select " TURMS_INVITATION_COLUMNS
    " from group_invitation where group_id = ? order by id desc limit ?";
constexpr const char* kSelectByInviter =
    "select " TURMS_INVITATION_COLUMNS
    " from group_invitation where inviter_id = ? order by id desc limit ?";
constexpr const char* kSelectByInvitee =
    "select " TURMS_INVITATION_COLUMNS
    " from group_invitation where invitee_id = ? order by id desc limit ?";

void touch_all(Connection& connection, const im::GroupInvitation& invitation, WallTime now) {
  touch(connection, im::VersionOf::kGroupInvitations, invitation.group_id.value, now);
  touch(connection, im::VersionOf::kSentInvitations, invitation.inviter_id.value, now);
  touch(connection, im::VersionOf::kReceivedInvitations, invitation.invitee_id.value, now);
}

}  // namespace

im::Stored<std::optional<im::GroupInvitation>> Invitations::find(InvitationId id) {
  co_return co_await readers_.run(
      [&](Connection& connection) -> Result<std::optional<im::GroupInvitation>> {
        Statement select = connection.prepare(kSelectById);
        if (!select.bind(id).step()) return std::nullopt;
        return read_invitation(select);
      });
}

im::Stored<std::vector<im::GroupInvitation>> Invitations::query(im::InvitationFilter filter) {
  co_return co_await readers_.run(
      [&](Connection& connection) -> Result<std::vector<im::GroupInvitation>> {
        std::vector<im::GroupInvitation> invitations;
        Statement select = connection.prepare(filter.group_id     ? kSelectByGroup
                                              : filter.inviter_id ? kSelectByInviter
                                                                  : kSelectByInvitee);
        if (filter.group_id) {
          select.bind(*filter.group_id);
        } else {
          select.bind(filter.inviter_id ? filter.inviter_id : filter.invitee_id);
        }
        select.bind(im::kMaxQueriedRequests);
        while (select.step()) invitations.push_back(read_invitation(select));
        std::ranges::reverse(invitations);
        return invitations;
      });
}

im::Stored<im::None> Invitations::create(im::Permit<im::action::Invite> permit,
                                         im::GroupInvitation invitation) {
  TURMS_CHECK(invitation.group_id == permit->group && invitation.inviter_id == permit->inviter &&
              invitation.invitee_id == permit->invitee);
  co_return co_await writer_.run([&](Connection& connection) -> Result<im::None> {
    {
      Statement insert = connection.prepare(
          "insert into group_invitation (id, group_id, inviter_id, invitee_id, content, status, "
          "creation_date, response_date, expiration_date, reason) "
          "values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
      insert
          .bind(invitation.id, invitation.group_id, invitation.inviter_id, invitation.invitee_id,
                invitation.content, invitation.status, invitation.creation_date,
                invitation.response_date, invitation.expiration_date, invitation.reason)
          .run();
    }
    touch_all(connection, invitation, invitation.creation_date);
    return im::None{};
  });
}

im::Stored<bool> Invitations::recall(im::Permit<im::action::RecallInvitation> permit,
                                     WallTime now) {
  const InvitationId id = permit->invitation;
  co_return co_await writer_.run([&](Connection& connection) -> Result<bool> {
    im::GroupInvitation invitation;
    {
      Statement select = connection.prepare(kSelectById);
      if (!select.bind(id).step()) return false;
      invitation = read_invitation(select);
    }
    if (invitation.status != im::RequestStatus::kPending || invitation.expiration_date <= now) {
      return false;
    }
    {
      Statement update = connection.prepare(
          "update group_invitation set status = ?, response_date = ? where id = ?");
      update.bind(im::RequestStatus::kCanceled, now, id).run();
    }
    touch_all(connection, invitation, now);
    return true;
  });
}

im::Stored<im::InvitationRepository::Replied> Invitations::reply(
    im::Permit<im::action::ReplyToInvitation> permit, im::RequestStatus status, std::string reason,
    std::optional<im::GroupMember> member, int32_t size_limit, WallTime now) {
  const InvitationId id = permit->invitation;
  co_return co_await writer_.run([&](Connection& connection) -> Result<Replied> {
    im::GroupInvitation invitation;
    {
      Statement select = connection.prepare(kSelectById);
      if (!select.bind(id).step()) return Replied::kNotPending;
      invitation = read_invitation(select);
    }
    if (invitation.status != im::RequestStatus::kPending || invitation.expiration_date <= now) {
      return Replied::kNotPending;
    }
    bool already_member = false;
    if (member) {
      const GroupId group = member->group_id;
      if (!is_group_active(connection, group)) return Replied::kGroupGone;
      already_member = is_member(connection, group, member->user_id);
      if (!already_member) {
        if (is_blocked(connection, group, member->user_id)) return Replied::kBlocked;
        if (count_members(connection, group) >= size_limit) return Replied::kFull;
        insert_member(connection, *member, now);
        touch(connection, im::VersionOf::kGroupMembers, group.value, now);
      }
    }
    {
      Statement update = connection.prepare(
          "update group_invitation set status = ?, reason = ?, response_date = ? where id = ?");
      update.bind(status, reason, now, id).run();
    }
    touch_all(connection, invitation, now);
    return already_member ? Replied::kAlreadyMember : Replied::kDone;
  });
}

}  // namespace turms::store
