#include "gateway/handlers/convert.h"
#include "gateway/handlers/handlers.h"

namespace turms::gateway::handlers {

TURMS_HANDLER(create_group_blocked_user) {
  const auto& in = request.create_group_blocked_user_request();
  co_return done(co_await environment.domain.group_blocklist.block(caller, GroupId(in.group_id()),
                                                                   UserId(in.user_id())));
}

TURMS_HANDLER(delete_group_blocked_user) {
  const auto& in = request.delete_group_blocked_user_request();
  co_return done(co_await environment.domain.group_blocklist.unblock(caller, GroupId(in.group_id()),
                                                                     UserId(in.user_id())));
}

TURMS_HANDLER(query_group_blocked_user_ids) {
  const auto& in = request.query_group_blocked_user_ids_request();
  im::QueryGroupBlocklist query;
  query.group_id = GroupId(in.group_id());
  query.last_updated_date = TURMS_OPTIONAL(in, last_updated_date, wall_time);

  auto found = co_await environment.domain.group_blocklist.query_ids(caller, query);
  if (!found) co_return refused(std::move(found.error()));
  Answer answer;
  auto& out = *answer.data.mutable_longs_with_version();
  for (const UserId id : found->ids) out.add_longs(id.value);
  if (found->last_updated_date) out.set_last_updated_date(found->last_updated_date->unix_ms);
  co_return answer;
}

TURMS_HANDLER(query_group_blocked_user_infos) {
  const auto& in = request.query_group_blocked_user_infos_request();
  im::QueryGroupBlocklist query;
  query.group_id = GroupId(in.group_id());
  query.last_updated_date = TURMS_OPTIONAL(in, last_updated_date, wall_time);

  auto found = co_await environment.domain.group_blocklist.query_infos(caller, query);
  if (!found) co_return refused(std::move(found.error()));
  Answer answer;
  auto& out = *answer.data.mutable_user_infos_with_version();
  for (const im::User& user : found->users) fill(*out.add_user_infos(), user);
  if (found->last_updated_date) out.set_last_updated_date(found->last_updated_date->unix_ms);
  co_return answer;
}

}  // namespace turms::gateway::handlers
