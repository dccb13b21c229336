#include "gateway/handlers/convert.h"
#include "gateway/handlers/handlers.h"

namespace turms::gateway::handlers {
namespace {

im::ProfileAccessStrategy strategy_from(model::ProfileAccessStrategy strategy) {
  return static_cast<im::ProfileAccessStrategy>(strategy);
}

}  // namespace

TURMS_HANDLER(query_user_profiles) {
  const auto& in = request.query_user_profiles_request();
  im::QueryUserProfiles query;
  query.user_ids = ids_from<UserId>(in.user_ids());
  query.last_updated_date = TURMS_OPTIONAL(in, last_updated_date, wall_time);
  read_name_search(query, in);

  auto found = co_await environment.domain.users.query_profiles(caller, std::move(query));
  if (!found) co_return refused(std::move(found.error()));
  Answer answer;
  auto& out = *answer.data.mutable_user_infos_with_version();
  for (const im::User& user : *found) fill(*out.add_user_infos(), user);
  co_return answer;
}

TURMS_HANDLER(query_nearby_users) {
  const auto& in = request.query_nearby_users_request();
  im::QueryNearbyUsers query;
  query.place = {in.latitude(), in.longitude()};
  query.max_count = TURMS_OPTIONAL(in, max_count, int32_t);
  query.max_distance = TURMS_OPTIONAL(in, max_distance, int32_t);
  query.with_users = in.with_user_info();

  auto found = co_await environment.domain.locations.query_nearby(caller, query);
  if (!found) co_return refused(std::move(found.error()));
  Answer answer;
  auto& out = *answer.data.mutable_nearby_users();
  for (const im::NearbyUser& nearby : *found) {
    auto& one = *out.add_nearby_users();
    one.set_user_id(nearby.user_id.value);
    one.set_device_type(static_cast<model::DeviceType>(nearby.device_type));
    if (nearby.user) fill(*one.mutable_info(), *nearby.user);
    if (in.with_distance()) one.set_distance(nearby.distance);
    if (in.with_coordinates()) {
      one.mutable_location()->set_latitude(nearby.place.latitude);
      one.mutable_location()->set_longitude(nearby.place.longitude);
    }
  }
  co_return answer;
}

TURMS_HANDLER(query_user_online_statuses) {
  auto found = co_await environment.domain.users.query_online_statuses(
      caller, ids_from<UserId>(request.query_user_online_statuses_request().user_ids()));
  if (!found) co_return refused(std::move(found.error()));
  Answer answer;
  auto& out = *answer.data.mutable_user_online_statuses();
  for (const im::Presence& presence : *found) {
    auto& one = *out.add_statuses();
    one.set_user_id(presence.user_id.value);
    one.set_user_status(static_cast<model::UserStatus>(presence.status));
    for (const im::DeviceType type : presence.device_types) {
      one.add_device_types(static_cast<model::DeviceType>(type));
    }
  }
  co_return answer;
}

TURMS_HANDLER(update_user_location) {
  const auto& in = request.update_user_location_request();
  auto updated = environment.domain.locations.update(caller, {in.latitude(), in.longitude()});
  if (!updated) co_return refused(std::move(updated.error()));
  co_return Answer();
}

TURMS_HANDLER(update_user_online_status) {
  const auto& in = request.update_user_online_status_request();
  im::UpdateOnlineStatus command;
  for (const int type : in.device_types()) command.device_types.push_back(device_type_from(type));
  command.status = static_cast<im::UserStatus>(in.user_status());
  co_return done(
      co_await environment.domain.users.update_online_status(caller, std::move(command)));
}

TURMS_HANDLER(update_user) {
  const auto& in = request.update_user_request();
  im::UpdateUser command;
  command.password = TURMS_OPTIONAL(in, password, std::string);
  command.name = TURMS_OPTIONAL(in, name, std::string);
  command.intro = TURMS_OPTIONAL(in, intro, std::string);
  command.profile_picture = TURMS_OPTIONAL(in, profile_picture, std::string);
  command.profile_access_strategy = TURMS_OPTIONAL(in, profile_access_strategy, strategy_from);
  command.attributes = values_from(in.user_defined_attributes());
  co_return done(co_await environment.domain.users.update(caller, std::move(command)));
}

TURMS_HANDLER(update_user_settings) {
  co_return done(co_await environment.domain.user_settings.update(
      caller, values_from(request.update_user_settings_request().settings())));
}

TURMS_HANDLER(delete_user_settings) {
  const auto& in = request.delete_user_settings_request();
  std::vector<std::string> names(in.names().begin(), in.names().end());
  co_return done(co_await environment.domain.user_settings.remove(caller, std::move(names)));
}

TURMS_HANDLER(query_user_settings) {
  const auto& in = request.query_user_settings_request();
  im::QueryUserSettings query;
  query.names.assign(in.names().begin(), in.names().end());
  query.last_updated_date_start = TURMS_OPTIONAL(in, last_updated_date_start, wall_time);

  auto found = co_await environment.domain.user_settings.query(caller, std::move(query));
  if (!found) co_return refused(std::move(found.error()));
  Answer answer;
  auto& out = *answer.data.mutable_user_settings();
  fill(*out.mutable_settings(), found->settings);
  if (found->last_updated_date) out.set_last_updated_date(found->last_updated_date->unix_ms);
  co_return answer;
}

}  // namespace turms::gateway::handlers
