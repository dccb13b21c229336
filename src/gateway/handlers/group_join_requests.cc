#include "gateway/handlers/convert.h"
#include "gateway/handlers/handlers.h"

namespace turms::gateway::handlers {

TURMS_HANDLER(create_group_join_request) {
  const auto& in = request.create_group_join_request_request();
  im::CreateGroupJoinRequest command;
  command.group_id = GroupId(in.group_id());
  command.content = in.content();
  co_return created(co_await environment.domain.join_requests.create(caller, std::move(command)));
}

TURMS_HANDLER(delete_group_join_request) {
  const JoinRequestId id(request.delete_group_join_request_request().request_id());
  co_return done(co_await environment.domain.join_requests.recall(caller, id));
}

TURMS_HANDLER(query_group_join_requests) {
  const auto& in = request.query_group_join_requests_request();
  im::QueryGroupJoinRequests query;
  query.group_id = TURMS_OPTIONAL(in, group_id, GroupId);
  query.last_updated_date = TURMS_OPTIONAL(in, last_updated_date, wall_time);

  auto found = co_await environment.domain.join_requests.query(caller, query);
  if (!found) co_return refused(std::move(found.error()));
  Answer answer;
  auto& out = *answer.data.mutable_group_join_requests_with_version();
  for (const im::GroupJoinRequest& one : found->requests) fill(*out.add_group_join_requests(), one);
  if (found->last_updated_date) out.set_last_updated_date(found->last_updated_date->unix_ms);
  co_return answer;
}

TURMS_HANDLER(update_group_join_request) {
  const auto& in = request.update_group_join_request_request();
  im::UpdateGroupJoinRequest command;
  command.request_id = JoinRequestId(in.request_id());
  command.response_action = static_cast<im::ResponseAction>(in.response_action());
  command.reason = TURMS_OPTIONAL(in, reason, std::string);
  co_return done(co_await environment.domain.join_requests.reply(caller, std::move(command)));
}

}  // namespace turms::gateway::handlers
