#include "gateway/handlers/convert.h"
#include "gateway/handlers/handlers.h"

namespace turms::gateway::handlers {
namespace {

template <class Numbers>
std::vector<int32_t> indexes_from(const Numbers& numbers) {
  return {numbers.begin(), numbers.end()};
}

}  // namespace

TURMS_HANDLER(create_friend_request) {
  const auto& in = request.create_friend_request_request();
  im::CreateFriendRequest command;
  command.recipient_id = UserId(in.recipient_id());
  command.content = in.content();
  co_return created(co_await environment.domain.friend_requests.create(caller, std::move(command)));
}

TURMS_HANDLER(delete_friend_request) {
  const FriendRequestId id(request.delete_friend_request_request().request_id());
  co_return done(co_await environment.domain.friend_requests.recall(caller, id));
}

TURMS_HANDLER(query_friend_requests) {
  const auto& in = request.query_friend_requests_request();
  im::QueryFriendRequests query;
  query.are_sent_by_me = in.are_sent_by_me();
  query.last_updated_date = TURMS_OPTIONAL(in, last_updated_date, wall_time);

  auto found = co_await environment.domain.friend_requests.query(caller, query);
  if (!found) co_return refused(std::move(found.error()));
  Answer answer;
  auto& out = *answer.data.mutable_user_friend_requests_with_version();
  for (const im::FriendRequest& one : found->requests) fill(*out.add_user_friend_requests(), one);
  if (found->last_updated_date) out.set_last_updated_date(found->last_updated_date->unix_ms);
  co_return answer;
}

TURMS_HANDLER(update_friend_request) {
  const auto& in = request.update_friend_request_request();
  im::UpdateFriendRequest command;
  command.request_id = FriendRequestId(in.request_id());
  command.response_action = static_cast<im::ResponseAction>(in.response_action());
  command.reason = TURMS_OPTIONAL(in, reason, std::string);
  co_return done(co_await environment.domain.friend_requests.reply(caller, std::move(command)));
}

TURMS_HANDLER(create_relationship) {
  const auto& in = request.create_relationship_request();
  im::CreateRelationship command;
  command.user_id = UserId(in.user_id());
  command.blocked = in.blocked();
  command.group_index = TURMS_OPTIONAL(in, group_index, int32_t);
  command.name = TURMS_OPTIONAL(in, name, std::string);
  co_return done(co_await environment.domain.relationships.create(caller, std::move(command)));
}

TURMS_HANDLER(update_relationship) {
  const auto& in = request.update_relationship_request();
  im::UpdateRelationship command;
  command.user_id = UserId(in.user_id());
  command.blocked = TURMS_OPTIONAL(in, blocked, bool);
  command.new_group_index = TURMS_OPTIONAL(in, new_group_index, int32_t);
  command.delete_group_index = TURMS_OPTIONAL(in, delete_group_index, int32_t);
  command.name = TURMS_OPTIONAL(in, name, std::string);
  co_return done(co_await environment.domain.relationships.update(caller, std::move(command)));
}

TURMS_HANDLER(delete_relationship) {
  const auto& in = request.delete_relationship_request();
  im::DeleteRelationship command;
  command.user_id = UserId(in.user_id());
  command.group_index = TURMS_OPTIONAL(in, group_index, int32_t);
  command.target_group_index = TURMS_OPTIONAL(in, target_group_index, int32_t);
  co_return done(co_await environment.domain.relationships.remove(caller, command));
}

TURMS_HANDLER(query_related_user_ids) {
  const auto& in = request.query_related_user_ids_request();
  im::QueryRelationships query;
  query.blocked = TURMS_OPTIONAL(in, blocked, bool);
  query.group_indexes = indexes_from(in.group_indexes());
  query.last_updated_date = TURMS_OPTIONAL(in, last_updated_date, wall_time);

  auto found = co_await environment.domain.relationships.query(caller, std::move(query));
  if (!found) co_return refused(std::move(found.error()));
  Answer answer;
  auto& out = *answer.data.mutable_longs_with_version();
  for (const im::Relationship& one : found->relationships) out.add_longs(one.related_user_id.value);
  if (found->last_updated_date) out.set_last_updated_date(found->last_updated_date->unix_ms);
  co_return answer;
}

TURMS_HANDLER(query_relationships) {
  const auto& in = request.query_relationships_request();
  im::QueryRelationships query;
  query.user_ids = ids_from<UserId>(in.user_ids());
  query.blocked = TURMS_OPTIONAL(in, blocked, bool);
  query.group_indexes = indexes_from(in.group_indexes());
  query.last_updated_date = TURMS_OPTIONAL(in, last_updated_date, wall_time);

  auto found = co_await environment.domain.relationships.query(caller, std::move(query));
  if (!found) co_return refused(std::move(found.error()));
  Answer answer;
  auto& out = *answer.data.mutable_user_relationships_with_version();
  for (const im::Relationship& one : found->relationships) fill(*out.add_user_relationships(), one);
  if (found->last_updated_date) out.set_last_updated_date(found->last_updated_date->unix_ms);
  co_return answer;
}

TURMS_HANDLER(create_relationship_group) {
  auto made = co_await environment.domain.relationships.create_group(
      caller, request.create_relationship_group_request().name());
  if (!made) co_return refused(std::move(made.error()));
  Answer answer;
  answer.effects = std::move(made->effects);
  answer.data.set_long_(made->data);
  co_return answer;
}

TURMS_HANDLER(update_relationship_group) {
  const auto& in = request.update_relationship_group_request();
  im::RelationshipGroup group;
  group.index = in.group_index();
  group.name = in.new_name();
  co_return done(co_await environment.domain.relationships.rename_group(caller, std::move(group)));
}

TURMS_HANDLER(delete_relationship_group) {
  const auto& in = request.delete_relationship_group_request();
  im::DeleteRelationshipGroup command;
  command.group_index = in.group_index();
  command.target_group_index = TURMS_OPTIONAL(in, target_group_index, int32_t);
  co_return done(co_await environment.domain.relationships.remove_group(caller, command));
}

TURMS_HANDLER(query_relationship_groups) {
  const auto& in = request.query_relationship_groups_request();
  auto found = co_await environment.domain.relationships.query_groups(
      caller, TURMS_OPTIONAL(in, last_updated_date, wall_time));
  if (!found) co_return refused(std::move(found.error()));
  Answer answer;
  auto& out = *answer.data.mutable_user_relationship_groups_with_version();
  for (const im::RelationshipGroup& group : found->groups) {
    auto& one = *out.add_user_relationship_groups();
    one.set_index(group.index);
    one.set_name(group.name);
  }
  if (found->last_updated_date) out.set_last_updated_date(found->last_updated_date->unix_ms);
  co_return answer;
}

}  // namespace turms::gateway::handlers
