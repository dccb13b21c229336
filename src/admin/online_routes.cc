// Who is signed in, on what, and where they say they are.
#include <algorithm>

#include "admin/backend.h"
#include "admin/json.h"
#include "im/context.h"
#include "im/domain.h"
#include "im/ports/bus.h"
#include "im/ports/users.h"

namespace turms::admin {
namespace {

std::string write_presence(const im::Presence& presence) {
  return JsonObject()
      .number("userId", presence.user_id.value)
      .text("status", name_of(presence.status))
      .raw("deviceTypes", json_list(presence.device_types,
                                    [](im::DeviceType type) { return json_text(name_of(type)); }))
      .str();
}

std::string write_session(const OnlineSession& session) {
  return JsonObject()
      .number("userId", session.user_id.value)
      .text("deviceType", name_of(session.device_type))
      .text("status", name_of(session.status))
      .number("id", session.id)
      .text("ip", std::string_view(session.address))
      .date("loginDate", session.signed_in_at)
      .str();
}

std::string write_location(const im::NearbyUser& user) {
  return JsonObject()
      .number("userId", user.user_id.value)
      .text("deviceType", name_of(user.device_type))
      .decimal("latitude", user.place.latitude)
      .decimal("longitude", user.place.longitude)
      .str();
}

/// What of a user who is nearby was asked for.
std::string write_nearby(const im::NearbyUser& user, const Values& query) {
  JsonObject object;
  object.number("userId", user.user_id.value).text("deviceType", name_of(user.device_type));
  if (query.flag("withCoordinates").value_or(false)) {
    object.decimal("latitude", user.place.latitude).decimal("longitude", user.place.longitude);
  }
  if (query.flag("withDistance").value_or(false)) object.number("distance", user.distance);
  if (user.user) object.text("name", std::string_view(user.user->name));
  return object.str();
}

std::vector<im::DeviceType> devices_of(const Values& query) {
  std::vector<im::DeviceType> devices;
  for (const std::string& name : query.texts("deviceTypes")) {
    if (const auto type = enumerator<im::DeviceType>(device_type_names(), name)) {
      devices.push_back(*type);
    }
  }
  return devices;
}

}  // namespace

std::vector<Route> OnlineRoutes::routes() {
  using P = Permission;
  std::vector<Route> all;
  const auto add = adding_to(all, this);
  const Field ids = ids_field("ids", "Which users", true);
  Field devices = texts_field("deviceTypes", "On these devices; on all if not given", 16);
  devices.choices = device_type_names();
  add("GET", "/users/online-infos/count", P::kStatisticsUserQuery,
      "Count who are signed in, and their sessions", {}, {}, &OnlineRoutes::count);
  add("GET", "/users/online-infos/statuses", P::kUserOnlineInfoQuery,
      "How users are seen, and on what devices they are signed in", {ids}, {},
      &OnlineRoutes::statuses);
  add("PUT", "/users/online-infos/statuses", P::kUserOnlineInfoUpdate,
      "Change how signed-in users are seen; OFFLINE ends their sessions", {ids, devices},
      {required(choice_field("onlineStatus", "How they are seen", user_status_names()))},
      &OnlineRoutes::update_statuses);
  add("GET", "/users/online-infos/sessions", P::kUserOnlineInfoQuery, "List sessions of users",
      {ids}, {}, &OnlineRoutes::sessions);
  std::vector<Field> session_query = {ids_field("ids", "Of these users")};
  add_paging(session_query);
  add("GET", "/users/online-infos/sessions/page", P::kUserOnlineInfoQuery,
      "List sessions in pages, by user", std::move(session_query), {},
      &OnlineRoutes::sessions_page);
  add("GET", "/users/online-infos/locations", P::kUserOnlineInfoQuery,
      "Where users say they are, those of them who do", {ids}, {}, &OnlineRoutes::locations);
  add("GET", "/users/online-infos/nearby-users", P::kUserOnlineInfoQuery,
      "Who is near a user, the nearest first",
      {required(number_field("userId", "Near whom", 1, INT64_MAX)),
       number_field("maxCount", "At most so many; as configured if not given", 1, Paging::kMaxSize),
       number_field("maxDistance", "Metres; as configured if not given", 1, INT32_MAX),
       flag_field("withCoordinates", "Also where they are"),
       flag_field("withDistance", "Also how far away they are, in metres"),
       flag_field("withUserInfo", "Also their names")},
      {}, &OnlineRoutes::nearby);
  add("DELETE", "/sessions", P::kSessionDelete, "End sessions of users",
      {ids_field("ids", "Of these users", true), devices}, {}, &OnlineRoutes::disconnect);
  return all;
}

Task<Answer> OnlineRoutes::count(Call) {
  const auto online = backend_.server.sessions({}, {0, 0});
  co_return ok(JsonObject()
                   .number("total", static_cast<int64_t>(backend_.server.online_users()))
                   .number("sessions", online.total)
                   .str());
}

Task<Answer> OnlineRoutes::statuses(Call call) {
  auto found = co_await backend_.domain.context().bus.presence(call.query.ids<UserId>("ids"));
  co_return found ? ok(json_list(*found, write_presence)) : refused(found.error());
}

Task<Answer> OnlineRoutes::update_statuses(Call call) {
  const auto status =
      *enumerator<im::UserStatus>(user_status_names(), call.body.text("onlineStatus"));
  if (status == im::UserStatus::kOffline) co_return co_await disconnect(std::move(call));
  auto here = co_await backend_.domain.context().bus.presence(call.query.ids<UserId>("ids"));
  if (!here) co_return refused(here.error());
  int64_t count = 0;
  for (const im::Presence& presence : *here) {
    if (presence.device_types.empty()) continue;
    backend_.domain.context().bus.set_status(presence.user_id, status);
    ++count;
  }
  co_return updated(count);
}

Task<Answer> OnlineRoutes::sessions(Call call) {
  const auto found = backend_.server.sessions(call.query.ids<UserId>("ids"), {0, INT32_MAX});
  co_return ok(json_list(found.records, write_session));
}

Task<Answer> OnlineRoutes::sessions_page(Call call) {
  const auto found = backend_.server.sessions(call.query.ids<UserId>("ids"), paging_of(call.query));
  co_return page(found.total, json_list(found.records, write_session));
}

Task<Answer> OnlineRoutes::locations(Call call) {
  JsonArray all;
  for (const UserId user : call.query.ids<UserId>("ids")) {
    if (const auto found = backend_.domain.locations.find(user)) all.raw(write_location(*found));
  }
  co_return ok(all.str());
}

Task<Answer> OnlineRoutes::nearby(Call call) {
  im::QueryNearbyUsers query;
  if (const auto count = call.query.number("maxCount")) {
    query.max_count = static_cast<int32_t>(*count);
  }
  if (const auto distance = call.query.number("maxDistance")) {
    query.max_distance = static_cast<int32_t>(*distance);
  }
  query.with_users = call.query.flag("withUserInfo").value_or(false);
  auto found =
      co_await backend_.domain.locations.around(UserId(*call.query.number("userId")), query);
  if (!found && found.error().code == im::Code::kNoContent) co_return ok("[]");
  if (!found) co_return refused(found.error());
  co_return ok(json_list(
      *found, [&](const im::NearbyUser& user) { return write_nearby(user, call.query); }));
}

Task<Answer> OnlineRoutes::disconnect(Call call) {
  const auto users = call.query.ids<UserId>("ids");
  const auto devices = devices_of(call.query);
  auto here = co_await backend_.domain.context().bus.presence(users);
  if (!here) co_return refused(here.error());
  int64_t count = 0;
  for (const im::Presence& presence : *here) {
    count += std::ranges::count_if(presence.device_types, [&](im::DeviceType type) {
      return devices.empty() || std::ranges::find(devices, type) != devices.end();
    });
  }
  for (const UserId user : users) {
    auto ended = co_await backend_.domain.administration.disconnect(user, devices);
    if (!ended) co_return refused(ended.error());
  }
  co_return deleted(count);
}

}  // namespace turms::admin
