#include "gateway/handlers/convert.h"
#include "gateway/handlers/handlers.h"

namespace turms::gateway::handlers {

TURMS_HANDLER(create_group_invitation) {
  const auto& in = request.create_group_invitation_request();
  im::CreateGroupInvitation command;
  command.group_id = GroupId(in.group_id());
  command.invitee_id = UserId(in.invitee_id());
  command.content = in.content();
  co_return created(co_await environment.domain.invitations.create(caller, std::move(command)));
}

TURMS_HANDLER(query_group_invitations) {
  const auto& in = request.query_group_invitations_request();
  im::QueryGroupInvitations query;
  query.group_id = TURMS_OPTIONAL(in, group_id, GroupId);
  query.are_sent_by_me = TURMS_OPTIONAL(in, are_sent_by_me, bool);
  query.last_updated_date = TURMS_OPTIONAL(in, last_updated_date, wall_time);

  auto found = co_await environment.domain.invitations.query(caller, query);
  if (!found) co_return refused(std::move(found.error()));
  Answer answer;
  auto& out = *answer.data.mutable_group_invitations_with_version();
  for (const im::GroupInvitation& invitation : found->invitations) {
    fill(*out.add_group_invitations(), invitation);
  }
  if (found->last_updated_date) out.set_last_updated_date(found->last_updated_date->unix_ms);
  co_return answer;
}

TURMS_HANDLER(update_group_invitation) {
  const auto& in = request.update_group_invitation_request();
  im::UpdateGroupInvitation command;
  command.invitation_id = InvitationId(in.invitation_id());
  command.response_action = static_cast<im::ResponseAction>(in.response_action());
  command.reason = TURMS_OPTIONAL(in, reason, std::string);
  co_return done(co_await environment.domain.invitations.reply(caller, std::move(command)));
}

TURMS_HANDLER(delete_group_invitation) {
  const InvitationId id(request.delete_group_invitation_request().invitation_id());
  co_return done(co_await environment.domain.invitations.recall(caller, id));
}

}  // namespace turms::gateway::handlers
