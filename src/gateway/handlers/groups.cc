#include "gateway/handlers/convert.h"
#include "gateway/handlers/handlers.h"

namespace turms::gateway::handlers {

TURMS_HANDLER(create_group) {
  const auto& in = request.create_group_request();
  im::CreateGroup command;
  command.name = in.name();
  command.intro = TURMS_OPTIONAL(in, intro, std::string);
  command.announcement = TURMS_OPTIONAL(in, announcement, std::string);
  command.min_score = TURMS_OPTIONAL(in, min_score, int32_t);
  command.type_id = TURMS_OPTIONAL(in, type_id, int64_t);
  command.mute_end_date = TURMS_OPTIONAL(in, mute_end_date, wall_time);
  command.attributes = values_from(in.user_defined_attributes());
  co_return created(co_await environment.domain.groups.create(caller, std::move(command)));
}

TURMS_HANDLER(update_group) {
  const auto& in = request.update_group_request();
  im::UpdateGroup command;
  command.group_id = GroupId(in.group_id());
  command.quit_after_transfer = TURMS_OPTIONAL(in, quit_after_transfer, bool);
  command.name = TURMS_OPTIONAL(in, name, std::string);
  command.intro = TURMS_OPTIONAL(in, intro, std::string);
  command.announcement = TURMS_OPTIONAL(in, announcement, std::string);
  command.min_score = TURMS_OPTIONAL(in, min_score, int32_t);
  command.type_id = TURMS_OPTIONAL(in, type_id, int64_t);
  command.mute_end_date = TURMS_OPTIONAL(in, mute_end_date, wall_time);
  command.successor_id = TURMS_OPTIONAL(in, successor_id, UserId);
  command.attributes = values_from(in.user_defined_attributes());
  co_return done(co_await environment.domain.groups.update(caller, std::move(command)));
}

TURMS_HANDLER(delete_group) {
  const GroupId id(request.delete_group_request().group_id());
  co_return done(co_await environment.domain.groups.remove(caller, id));
}

TURMS_HANDLER(query_groups) {
  const auto& in = request.query_groups_request();
  im::QueryGroups query;
  query.group_ids = ids_from<GroupId>(in.group_ids());
  query.last_updated_date = TURMS_OPTIONAL(in, last_updated_date, wall_time);
  read_name_search(query, in);

  auto found = co_await environment.domain.groups.query(caller, std::move(query));
  if (!found) co_return refused(std::move(found.error()));
  Answer answer;
  auto& out = *answer.data.mutable_groups_with_version();
  for (const im::Group& group : *found) fill(*out.add_groups(), group);
  co_return answer;
}

TURMS_HANDLER(query_joined_group_ids) {
  const auto& in = request.query_joined_group_ids_request();
  im::QueryJoinedGroups query;
  query.last_updated_date = TURMS_OPTIONAL(in, last_updated_date, wall_time);

  auto found = co_await environment.domain.groups.query_joined_ids(caller, query);
  if (!found) co_return refused(std::move(found.error()));
  Answer answer;
  auto& out = *answer.data.mutable_longs_with_version();
  for (const GroupId id : found->ids) out.add_longs(id.value);
  if (found->last_updated_date) out.set_last_updated_date(found->last_updated_date->unix_ms);
  co_return answer;
}

TURMS_HANDLER(query_joined_group_infos) {
  const auto& in = request.query_joined_group_infos_request();
  im::QueryJoinedGroups query;
  query.last_updated_date = TURMS_OPTIONAL(in, last_updated_date, wall_time);

  auto found = co_await environment.domain.groups.query_joined_infos(caller, query);
  if (!found) co_return refused(std::move(found.error()));
  Answer answer;
  auto& out = *answer.data.mutable_groups_with_version();
  for (const im::Group& group : found->groups) fill(*out.add_groups(), group);
  if (found->last_updated_date) out.set_last_updated_date(found->last_updated_date->unix_ms);
  co_return answer;
}

}  // namespace turms::gateway::handlers
