#include "gateway/handlers/convert.h"
#include "gateway/handlers/handlers.h"

namespace turms::gateway::handlers {
namespace {

im::GroupMemberRole role_from(model::GroupMemberRole role) {
  return static_cast<im::GroupMemberRole>(role);
}

}  // namespace

TURMS_HANDLER(create_group_members) {
  const auto& in = request.create_group_members_request();
  im::CreateGroupMembers command;
  command.group_id = GroupId(in.group_id());
  command.user_ids = ids_from<UserId>(in.user_ids());
  command.name = TURMS_OPTIONAL(in, name, std::string);
  command.role = TURMS_OPTIONAL(in, role, role_from);
  command.mute_end_date = TURMS_OPTIONAL(in, mute_end_date, wall_time);
  co_return done(co_await environment.domain.group_members.create(caller, std::move(command)));
}

TURMS_HANDLER(delete_group_members) {
  const auto& in = request.delete_group_members_request();
  im::DeleteGroupMembers command;
  command.group_id = GroupId(in.group_id());
  command.member_ids = ids_from<UserId>(in.member_ids());
  command.successor_id = TURMS_OPTIONAL(in, successor_id, UserId);
  command.quit_after_transfer = TURMS_OPTIONAL(in, quit_after_transfer, bool);
  co_return done(co_await environment.domain.group_members.remove(caller, std::move(command)));
}

TURMS_HANDLER(update_group_member) {
  const auto& in = request.update_group_member_request();
  im::UpdateGroupMember command;
  command.group_id = GroupId(in.group_id());
  command.member_id = UserId(in.member_id());
  command.name = TURMS_OPTIONAL(in, name, std::string);
  command.role = TURMS_OPTIONAL(in, role, role_from);
  command.mute_end_date = TURMS_OPTIONAL(in, mute_end_date, wall_time);
  co_return done(co_await environment.domain.group_members.update(caller, std::move(command)));
}

TURMS_HANDLER(query_group_members) {
  const auto& in = request.query_group_members_request();
  im::QueryGroupMembers query;
  query.group_id = GroupId(in.group_id());
  query.last_updated_date = TURMS_OPTIONAL(in, last_updated_date, wall_time);
  query.member_ids = ids_from<UserId>(in.member_ids());
  query.with_status = in.with_status();

  auto found = co_await environment.domain.group_members.query(caller, std::move(query));
  if (!found) co_return refused(std::move(found.error()));
  Answer answer;
  auto& out = *answer.data.mutable_group_members_with_version();
  for (size_t i = 0; i < found->members.size(); ++i) {
    auto& member = *out.add_group_members();
    fill(member, found->members[i]);
    if (i >= found->presences.size()) continue;
    const im::Presence& presence = found->presences[i];
    member.set_user_status(static_cast<model::UserStatus>(presence.status));
    for (const im::DeviceType type : presence.device_types) {
      member.add_using_device_types(static_cast<model::DeviceType>(type));
    }
  }
  if (found->last_updated_date) out.set_last_updated_date(found->last_updated_date->unix_ms);
  co_return answer;
}

}  // namespace turms::gateway::handlers
