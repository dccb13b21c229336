#include <algorithm>

#include "admin/backend.h"
#include "admin/json.h"
#include "im/context.h"
#include "im/domain.h"
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

std::vector<Field> search_fields(bool paged) {
  std::vector<Field> fields = {ids_field("ids", "Of these ids"),
                               text_field("name", "Active ones whose name has this part", kMaxName),
                               date_field("registrationDateStart", "Registered from then on"),
                               date_field("registrationDateEnd", "Registered before then"),
                               flag_field("isActive", "Only active ones, or inactive ones")};
  add_size(fields, paged);
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
  const auto add = adding_to(all, this);
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
  add("PUT", "/users", P::kUserUpdate,
      "Change users; another password or inactivity ends their sessions",
      {ids_field("ids", "Which users", true)}, std::move(change), &UserRoutes::update);
  add("DELETE", "/users", P::kUserDelete,
      "Delete users: they can never sign in again, what they wrote stays",
      {ids_field("ids", "Which users"),
       flag_field("deleteLogically", "Whether the id stays taken; as configured if not given")},
      {}, &UserRoutes::remove);
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

}  // namespace turms::admin
