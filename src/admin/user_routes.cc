#include <algorithm>

#include "admin/backend.h"
#include "admin/json.h"
#include "im/context.h"
#include "im/domain.h"
#include "im/ports/bus.h"
#include "im/ports/users.h"

namespace turms::admin {
namespace {

constexpr int64_t kMaxName = 80;
constexpr int64_t kMaxText = 4096;

std::string write_user(const im::User& user) {
  return JsonObject()
      .number("id", user.id.value)
      .text("name", std::string_view(user.name))
      .text("intro", std::string_view(user.intro))
      .text("profilePicture", std::string_view(user.profile_picture))
      .text("profileAccessStrategy", name_of(user.profile_access_strategy))
      .date("registrationDate", user.registration_date)
      .date("lastUpdatedDate", user.last_updated_date)
      .flag("isActive", user.active)
      .str();
}

std::string write_presence(const im::Presence& presence) {
  return JsonObject()
      .number("userId", presence.user_id.value)
      .text("status", name_of(presence.status))
      .raw("deviceTypes", json_list(presence.device_types,
                                    [](im::DeviceType type) { return json_text(name_of(type)); }))
      .str();
}

std::vector<Field> search_fields(bool paged) {
  std::vector<Field> fields = {ids_field("ids", "Of these ids"),
                               text_field("name", "Active ones whose name has this part", kMaxName),
                               date_field("registrationDateStart", "Registered from then on"),
                               date_field("registrationDateEnd", "Registered before then"),
                               flag_field("isActive", "Only active ones, or inactive ones")};
  if (paged) {
    add_paging(fields);
  } else {
    fields.push_back(number_field("size", "At most so many", 1, Paging::kMaxSize));
  }
  return fields;
}

im::UserFilter filter_of(const Values& query) {
  im::UserFilter filter;
  filter.ids = query.ids<UserId>("ids");
  filter.registration_date_start = query.date("registrationDateStart");
  filter.registration_date_end = query.date("registrationDateEnd");
  filter.active = query.flag("isActive");
  const Paging paging = paging_of(query);
  filter.skip = paging.skip;
  filter.limit = paging.limit;
  return filter;
}

std::vector<Field> profile_fields() {
  return {text_field("name", "Display name", kMaxName), text_field("intro", "About them", kMaxText),
          text_field("profilePicture", "Where their picture is", kMaxText),
          choice_field("profileAccessStrategy", "Who sees the profile",
                       profile_access_strategy_names())};
}

im::AdminUserChange change_of(const Values& body) {
  im::AdminUserChange change;
  change.password = body.text("password");
  change.name = body.text("name");
  change.intro = body.text("intro");
  change.profile_picture = body.text("profilePicture");
  change.profile_access_strategy = enumerator<im::ProfileAccessStrategy>(
      profile_access_strategy_names(), body.text("profileAccessStrategy"));
  change.active = body.flag("isActive");
  return change;
}

}  // namespace

std::vector<Route> UserRoutes::routes() {
  using P = Permission;
  std::vector<Route> all;
  const auto add = [&](std::string_view method, std::string_view path, Permission permission,
                       std::string_view summary, std::vector<Field> query, std::vector<Field> body,
                       Task<Answer> (UserRoutes::*handler)(Call)) {
    all.push_back({method, path, Access::kPermission, permission, summary, std::move(query),
                   std::move(body), handled_by(this, handler)});
  };
  const Field password = secret(text_field("password", "Password", 256));
  std::vector<Field> creation = profile_fields();
  creation.push_back(required(number_field("id", "Id", 1, INT64_MAX)));
  creation.push_back(required(password));
  creation.push_back(flag_field("isActive", "Whether they may sign in; true if not given"));
  std::vector<Field> change = profile_fields();
  change.push_back(password);
  change.push_back(flag_field("isActive", "Whether they may sign in"));
  change.push_back(number_field("roleId", "Their role", 0, INT64_MAX));
  add("POST", "/users", P::kUserCreate, "Add a user", {}, std::move(creation), &UserRoutes::create);
  add("GET", "/users", P::kUserQuery, "List users", search_fields(false), {}, &UserRoutes::list);
  add("GET", "/users/page", P::kUserQuery, "List users in pages", search_fields(true), {},
      &UserRoutes::list_page);
  add("GET", "/users/count", P::kStatisticsUserQuery, "Count users",
      {date_field("registeredStartDate", "Registered from then on"),
       date_field("registeredEndDate", "Registered before then")},
      {}, &UserRoutes::count);
  add("PUT", "/users", P::kUserUpdate,
      "Change users; another password or inactivity ends their sessions",
      {ids_field("ids", "Which users", true)}, std::move(change), &UserRoutes::update);
  add("DELETE", "/users", P::kUserDelete,
      "Delete users: they can never sign in again, what they wrote stays",
      {ids_field("ids", "Which users"),
       flag_field("deleteLogically", "Whether the id stays taken; as configured if not given")},
      {}, &UserRoutes::remove);
  add("GET", "/users/online-infos/count", P::kStatisticsUserQuery, "Count sessions", {}, {},
      &UserRoutes::online_count);
  add("GET", "/users/online-infos/statuses", P::kUserOnlineInfoQuery,
      "How users are seen, and on what devices they are signed in",
      {ids_field("ids", "Which users", true)}, {}, &UserRoutes::statuses);
  add("DELETE", "/sessions", P::kSessionDelete, "End sessions of users",
      {ids_field("ids", "Of these users", true),
       texts_field("deviceTypes", "On these devices; on all if not given", 16)},
      {}, &UserRoutes::disconnect);
  for (Field& field : all.back().query) {
    if (field.name == "deviceTypes") field.choices = device_type_names();
  }
  return all;
}

Task<Answer> UserRoutes::create(Call call) {
  im::Administration& administration = backend_.domain.administration;
  const UserId id(*call.body.number("id"));
  im::AdminUserChange change = change_of(call.body);
  auto added = co_await administration.add_user(id, change.name.value_or(""), *change.password);
  if (!added) co_return refused(added.error());
  change.name.reset();
  change.password.reset();
  auto changed = co_await administration.update_user(id, std::move(change));
  if (!changed) co_return refused(changed.error());
  im::UserFilter filter;
  filter.ids.push_back(id);
  auto found = co_await administration.query_users(std::move(filter));
  if (!found) co_return refused(found.error());
  co_return ok(found->empty() ? std::string() : write_user(found->front()));
}

Task<Result<im::Listed<im::User>>> UserRoutes::find(Values query) {
  im::Listed<im::User> found;
  im::UserFilter filter = filter_of(query);
  if (auto text = query.text("name")) {
    auto named = co_await backend_.domain.context().store.users.search_names(std::move(*text));
    if (!named) co_return std::unexpected(named.error());
    std::erase_if(*named, [&](UserId id) {
      return !filter.ids.empty() && std::ranges::find(filter.ids, id) == filter.ids.end();
    });
    // No ids would mean any.
    if (named->empty()) co_return found;
    filter.ids = std::move(*named);
  }
  auto total = co_await backend_.domain.administration.count_users(filter);
  if (!total) co_return std::unexpected(total.error());
  found.total = *total;
  auto users = co_await backend_.domain.administration.query_users(std::move(filter));
  if (!users) co_return std::unexpected(users.error());
  found.records = std::move(*users);
  co_return found;
}

Task<Answer> UserRoutes::list(Call call) {
  auto found = co_await find(std::move(call.query));
  co_return found ? ok(json_list(found->records, write_user)) : refused(found.error());
}

Task<Answer> UserRoutes::list_page(Call call) {
  auto found = co_await find(std::move(call.query));
  co_return found ? page(found->total, json_list(found->records, write_user))
                  : refused(found.error());
}

Task<Answer> UserRoutes::count(Call call) {
  im::UserFilter filter;
  filter.registration_date_start = call.query.date("registeredStartDate");
  filter.registration_date_end = call.query.date("registeredEndDate");
  auto total = co_await backend_.domain.administration.count_users(std::move(filter));
  co_return total ? ok(JsonObject().number("registeredUsers", *total).str())
                  : refused(total.error());
}

Task<Answer> UserRoutes::update(Call call) {
  const im::AdminUserChange change = change_of(call.body);
  const auto role = call.body.number("roleId");
  auto ids = call.query.ids<UserId>("ids");
  im::sort_unique(ids);
  int64_t changed = 0;
  for (const UserId id : ids) {
    auto done = co_await backend_.domain.administration.update_user(id, change);
    if (!done && done.error().code == ErrorCode::kNotFound) continue;
    if (done && role) {
      done = co_await backend_.domain.administration.assign_user_role(id, *role);
    }
    if (!done) co_return refused(done.error());
    ++changed;
  }
  if (change.password) co_await backend_.domain.users.end_outdated_sessions();
  co_return updated(changed);
}

Task<Answer> UserRoutes::remove(Call call) {
  const auto logically = call.query.flag("deleteLogically");
  auto ids = call.query.ids<UserId>("ids");
  im::sort_unique(ids);
  int64_t removed = 0;
  for (const UserId id : ids) {
    auto done = co_await backend_.domain.administration.remove_user(id, logically);
    if (!done && done.error().code == ErrorCode::kNotFound) continue;
    if (!done) co_return refused(done.error());
    ++removed;
  }
  co_return deleted(removed);
}

Task<Answer> UserRoutes::online_count(Call) {
  co_return ok(JsonObject().number("sessions", static_cast<int64_t>(backend_.sessions())).str());
}

Task<Answer> UserRoutes::statuses(Call call) {
  auto found = co_await backend_.domain.context().bus.presence(call.query.ids<UserId>("ids"));
  co_return found ? ok(json_list(*found, write_presence)) : refused(found.error());
}

Task<Answer> UserRoutes::disconnect(Call call) {
  const auto users = call.query.ids<UserId>("ids");
  std::vector<im::DeviceType> devices;
  for (const std::string& name : call.query.texts("deviceTypes")) {
    if (const auto type = enumerator<im::DeviceType>(device_type_names(), name)) {
      devices.push_back(*type);
    }
  }
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
