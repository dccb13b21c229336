#include <algorithm>
#include <charconv>
#include <functional>
#include <iterator>

#include "admin/backend.h"
#include "admin/json.h"
#include "im/context.h"
#include "im/domain.h"
#include "im/operations.h"
#include "im/ports/relationships.h"
#include "im/ports/user_roles.h"
#include "im/request_operations.h"

namespace turms::admin {
namespace {

constexpr int64_t kMaxName = 800;
/// Whose relationships one request may ask for: each owner may have thousands.
constexpr size_t kMaxOwners = 100;
/// Where the total is counted, everything is read.
constexpr size_t kMaxPagedOwners = 10;

std::string write_role(const im::UserRole& role) {
  JsonObject limits;
  for (const auto& [type, limit] : role.group_type_limits) {
    limits.number(std::to_string(type), limit);
  }
  return JsonObject()
      .number("id", role.id)
      .text("name", std::string_view(role.name))
      .raw("creatableGroupTypeIds",
           json_list(role.creatable_group_types, [](int64_t id) { return std::to_string(id); }))
      .number("ownedGroupLimit", role.owned_group_limit)
      .number("ownedGroupLimitForEachGroupType", role.owned_group_limit_per_type)
      .raw("groupTypeIdToLimit", limits.str())
      .str();
}

std::string write_relationship(const im::Relationship& relationship) {
  return JsonObject()
      .number("ownerId", relationship.owner_id.value)
      .number("relatedUserId", relationship.related_user_id.value)
      .text("name", std::string_view(relationship.name))
      .date("blockDate", relationship.block_date)
      .date("establishmentDate", relationship.establishment_date)
      .number("groupIndex", relationship.group_index)
      .str();
}

std::string write_relationship_group(UserId owner, const im::RelationshipGroup& group) {
  return JsonObject()
      .number("ownerId", owner.value)
      .number("index", group.index)
      .text("name", std::string_view(group.name))
      .str();
}

/// Indexes beyond 32 bits are nobody's.
std::vector<int32_t> indexes_of(const Values& query, std::string_view name) {
  std::vector<int32_t> indexes;
  for (const int64_t index : query.numbers(name)) {
    indexes.push_back(index < 0 || index > INT32_MAX ? -1 : static_cast<int32_t>(index));
  }
  return indexes;
}

im::RelationshipChange change_of(const Values& body) {
  im::RelationshipChange change;
  change.blocked = body.flag("isBlocked");
  change.name = body.text("name");
  if (const auto index = body.number("groupIndex")) {
    change.join_group = static_cast<int32_t>(*index);
  }
  return change;
}

/// "TYPE:LIMIT".
std::optional<std::pair<int64_t, int32_t>> parse_limit(std::string_view text) {
  std::pair<int64_t, int32_t> limit;
  const char* const end = text.data() + text.size();
  const auto type = std::from_chars(text.data(), end, limit.first);
  if (type.ec != std::errc() || type.ptr == end || *type.ptr != ':') return std::nullopt;
  const auto count = std::from_chars(type.ptr + 1, end, limit.second);
  if (count.ec != std::errc() || count.ptr != end) return std::nullopt;
  return limit;
}

/// What the body says of it.
Status change_role(im::UserRole& role, const Values& body) {
  role.name = body.text("name").value_or(role.name);
  if (body.has("creatableGroupTypeIds")) {
    role.creatable_group_types = body.numbers("creatableGroupTypeIds");
    std::ranges::sort(role.creatable_group_types);
  }
  role.owned_group_limit =
      static_cast<int32_t>(body.number("ownedGroupLimit").value_or(role.owned_group_limit));
  role.owned_group_limit_per_type = static_cast<int32_t>(
      body.number("ownedGroupLimitForEachGroupType").value_or(role.owned_group_limit_per_type));
  if (body.has("groupTypeLimits")) {
    role.group_type_limits.clear();
    for (const std::string& text : body.texts("groupTypeLimits")) {
      const auto limit = parse_limit(text);
      if (!limit) {
        return fail(ErrorCode::kInvalidArgument, "groupTypeLimits: each must be TYPE:LIMIT");
      }
      role.group_type_limits.insert_or_assign(limit->first, limit->second);
    }
  }
  return {};
}

std::vector<Field> role_fields() {
  return {text_field("name", "Name", kMaxName),
          ids_field("creatableGroupTypeIds", "Types of the groups they may make and own"),
          number_field("ownedGroupLimit", "Groups they may own", 0, INT32_MAX),
          number_field("ownedGroupLimitForEachGroupType",
                       "Groups of one type they may own, where the next one does not say", 0,
                       INT32_MAX),
          texts_field("groupTypeLimits", "Groups of a type they may own: TYPE:LIMIT", 40)};
}

std::vector<Field> role_query(bool paged) {
  std::vector<Field> fields = {ids_field("ids", "Of these ids")};
  add_size(fields, paged);
  return fields;
}

Answer too_many_owners() {
  return refused(Error{ErrorCode::kInvalidArgument, "ownerIds: too many in one request"});
}

}  // namespace

std::vector<Route> PeopleRoutes::routes() {
  using P = Permission;
  std::vector<Route> all;
  const auto add = adding_to(all, this);
  std::vector<Field> new_role = role_fields();
  new_role.push_back(required(number_field("id", "Id", 1, INT64_MAX)));
  add("POST", "/users/roles", P::kUserRoleCreate, "Add a role of users", {}, std::move(new_role),
      &PeopleRoutes::create_role);
  add("GET", "/users/roles", P::kUserRoleQuery, "List roles of users", role_query(false), {},
      &PeopleRoutes::roles);
  add("GET", "/users/roles/page", P::kUserRoleQuery, "List roles of users in pages",
      role_query(true), {}, &PeopleRoutes::roles_page);
  add("PUT", "/users/roles", P::kUserRoleUpdate, "Change roles of users",
      {ids_field("ids", "Which roles", true)}, role_fields(), &PeopleRoutes::update_roles);
  add("DELETE", "/users/roles", P::kUserRoleDelete,
      "Delete roles of users: who has one has role 0 then; role 0 gets its first values back",
      {ids_field("ids", "Which roles")}, {}, &PeopleRoutes::remove_roles);

  add_relationships(all);
  add_relationship_groups(all);
  return all;
}

void PeopleRoutes::add_relationships(std::vector<Route>& all) {
  using P = Permission;
  const auto add = adding_to(all, this);
  const Field owner = required(number_field("ownerId", "Whose", 1, INT64_MAX));
  const Field others = ids_field("relatedUserIds", "To whom", true);
  const std::vector<Field> change = {
      flag_field("isBlocked", "Blocked, or a friend"),
      text_field("name", "Name of the other, for the owner alone", kMaxName),
      number_field("groupIndex", "Also in this group", 0, INT32_MAX)};
  const auto query = [](bool paged) {
    std::vector<Field> fields = {ids_field("ownerIds", "Whose; at most 100, in pages 10", true),
                                 ids_field("relatedUserIds", "Of these others"),
                                 ids_field("groupIndexes", "In one of these groups"),
                                 flag_field("isBlocked", "Only blocked ones, or others")};
    if (paged) add_paging(fields);
    return fields;
  };
  std::vector<Field> creation = change;
  creation.push_back(owner);
  creation.push_back(required(number_field("relatedUserId", "Of whom", 1, INT64_MAX)));
  add("GET", "/users/relationships", P::kUserRelationshipQuery,
      "List what users think of others, a thousand at most", query(false), {},
      &PeopleRoutes::relationships);
  add("GET", "/users/relationships/page", P::kUserRelationshipQuery,
      "List what users think of others in pages", query(true), {},
      &PeopleRoutes::relationships_page);
  add("POST", "/users/relationships", P::kUserRelationshipCreate,
      "Make or change what a user thinks of another; one-sided", {}, std::move(creation),
      &PeopleRoutes::put_relationship);
  add("PUT", "/users/relationships", P::kUserRelationshipUpdate,
      "Change what a user thinks of others; one-sided", {owner, others}, change,
      &PeopleRoutes::update_relationships);
  add("DELETE", "/users/relationships", P::kUserRelationshipDelete,
      "Delete relationships of a user; one-sided", {owner, others}, {},
      &PeopleRoutes::remove_relationships);
}

void PeopleRoutes::add_relationship_groups(std::vector<Route>& all) {
  using P = Permission;
  constexpr std::string_view kPath = "/users/relationships/groups";
  const auto add = adding_to(all, this);
  const Field owner = required(number_field("ownerId", "Whose", 1, INT64_MAX));
  const Field indexes = ids_field("indexes", "Which groups", true);
  const Field name = required(text_field("name", "Name", kMaxName));
  const auto query = [](bool paged) {
    std::vector<Field> fields = {ids_field("ownerIds", "Whose; at most 100", true),
                                 ids_field("indexes", "With these indexes")};
    if (paged) add_paging(fields);
    return fields;
  };
  add("POST", kPath, P::kUserRelationshipGroupCreate,
      "Add a group in which a user keeps relationships", {},
      {owner, name, number_field("index", "A free one if not given", 1, INT32_MAX)},
      &PeopleRoutes::create_relationship_group);
  add("GET", kPath, P::kUserRelationshipGroupQuery,
      "List the groups in which users keep their relationships", query(false), {},
      &PeopleRoutes::relationship_groups);
  add("GET", "/users/relationships/groups/page", P::kUserRelationshipGroupQuery,
      "List the groups in which users keep their relationships, in pages", query(true), {},
      &PeopleRoutes::relationship_groups_page);
  add("PUT", kPath, P::kUserRelationshipGroupUpdate, "Rename groups of relationships",
      {owner, indexes}, {name}, &PeopleRoutes::update_relationship_groups);
  add("DELETE", kPath, P::kUserRelationshipGroupDelete,
      "Delete groups of relationships; who is in them goes into another",
      {owner, indexes,
       number_field("targetIndex", "Which other one; the default one if not given", 0, INT32_MAX)},
      {}, &PeopleRoutes::remove_relationship_groups);
}

Task<Result<std::vector<im::UserRole>>> PeopleRoutes::find_roles(std::vector<int64_t> ids) {
  auto all = co_await backend_.domain.administration.list_user_roles();
  if (!all) co_return std::unexpected(all.error());
  std::erase_if(*all, [&](const im::UserRole& role) {
    return !ids.empty() && std::ranges::find(ids, role.id) == ids.end();
  });
  co_return all;
}

Task<Answer> PeopleRoutes::create_role(Call call) {
  im::UserRole role;
  role.id = *call.body.number("id");
  std::vector<int64_t> ids;
  ids.push_back(role.id);
  auto there = co_await find_roles(std::move(ids));
  if (!there) co_return refused(there.error());
  if (!there->empty()) co_return refused(Error{ErrorCode::kAlreadyExists, "the id is taken"});
  if (Status status = change_role(role, call.body); !status) co_return refused(status.error());
  auto put = co_await backend_.domain.administration.put_user_role(role);
  co_return put ? ok(write_role(role)) : refused(put.error());
}

Task<Answer> PeopleRoutes::roles(Call call) {
  auto found = co_await find_roles(call.query.numbers("ids"));
  if (!found) co_return refused(found.error());
  co_return ok(json_list(cut(*found, paging_of(call.query)), write_role));
}

Task<Answer> PeopleRoutes::roles_page(Call call) {
  auto found = co_await find_roles(call.query.numbers("ids"));
  if (!found) co_return refused(found.error());
  co_return page(static_cast<int64_t>(found->size()),
                 json_list(cut(*found, paging_of(call.query)), write_role));
}

Task<Answer> PeopleRoutes::update_roles(Call call) {
  auto found = co_await find_roles(call.query.numbers("ids"));
  if (!found) co_return refused(found.error());
  for (im::UserRole& role : *found) {
    if (Status status = change_role(role, call.body); !status) co_return refused(status.error());
    auto put = co_await backend_.domain.administration.put_user_role(role);
    if (!put) co_return refused(put.error());
  }
  co_return updated(static_cast<int64_t>(found->size()));
}

Task<Answer> PeopleRoutes::remove_roles(Call call) {
  int64_t removed = 0;
  for (const int64_t id : call.query.numbers("ids")) {
    auto done = co_await backend_.domain.administration.remove_user_role(id);
    if (!done && done.error().code == ErrorCode::kNotFound) continue;
    if (!done) co_return refused(done.error());
    ++removed;
  }
  co_return deleted(removed);
}

Task<Answer> PeopleRoutes::find_relationships(Values query, bool paged) {
  const auto owners = query.ids<UserId>("ownerIds");
  if (owners.size() > (paged ? kMaxPagedOwners : kMaxOwners)) co_return too_many_owners();
  im::RelationshipFilter filter;
  filter.related_user_ids = query.ids<UserId>("relatedUserIds");
  filter.group_indexes = indexes_of(query, "groupIndexes");
  filter.blocked = query.flag("isBlocked");
  std::vector<im::Relationship> all;
  for (const UserId owner : owners) {
    filter.owner_id = owner;
    auto found = co_await backend_.domain.context().store.relationships.query(filter);
    if (!found) co_return refused(found.error());
    std::move(found->begin(), found->end(), std::back_inserter(all));
    if (!paged && all.size() >= static_cast<size_t>(Paging::kMaxSize)) break;
  }
  Paging paging{0, Paging::kMaxSize};
  if (paged) paging = paging_of(query);
  std::string records = json_list(cut(all, paging), write_relationship);
  co_return paged ? page(static_cast<int64_t>(all.size()), std::move(records))
                  : ok(std::move(records));
}

Task<Answer> PeopleRoutes::relationships(Call call) {
  return find_relationships(std::move(call.query), false);
}

Task<Answer> PeopleRoutes::relationships_page(Call call) {
  return find_relationships(std::move(call.query), true);
}

Task<Answer> PeopleRoutes::put_relationship(Call call) {
  im::RelationshipChange change = change_of(call.body);
  auto put = co_await backend_.operations.put_relationship(
      UserId(*call.body.number("ownerId")), UserId(*call.body.number("relatedUserId")),
      std::move(change));
  co_return put ? ok() : refused(put.error());
}

Task<Answer> PeopleRoutes::update_relationships(Call call) {
  const im::RelationshipChange change = change_of(call.body);
  im::RelationshipFilter filter;
  filter.owner_id = UserId(*call.query.number("ownerId"));
  filter.related_user_ids = call.query.ids<UserId>("relatedUserIds");
  auto found = co_await backend_.domain.context().store.relationships.query(filter);
  if (!found) co_return refused(found.error());
  for (const im::Relationship& one : *found) {
    auto put =
        co_await backend_.operations.put_relationship(one.owner_id, one.related_user_id, change);
    if (!put) co_return refused(put.error());
  }
  co_return updated(static_cast<int64_t>(found->size()));
}

Task<Answer> PeopleRoutes::remove_relationships(Call call) {
  auto removed = co_await backend_.operations.remove_relationships(
      UserId(*call.query.number("ownerId")), call.query.ids<UserId>("relatedUserIds"));
  co_return removed ? deleted(*removed) : refused(removed.error());
}

Task<Answer> PeopleRoutes::create_relationship_group(Call call) {
  const UserId owner(*call.body.number("ownerId"));
  std::optional<int32_t> index;
  if (const auto given = call.body.number("index")) index = static_cast<int32_t>(*given);
  auto made =
      co_await backend_.requests.add_relationship_group(owner, index, *call.body.text("name"));
  co_return made ? ok(write_relationship_group(owner, *made)) : refused(made.error());
}

Task<Answer> PeopleRoutes::find_relationship_groups(Values query, bool paged) {
  const auto owners = query.ids<UserId>("ownerIds");
  if (owners.size() > kMaxOwners) co_return too_many_owners();
  const auto indexes = indexes_of(query, "indexes");
  std::vector<std::string> all;
  for (const UserId owner : owners) {
    auto found = co_await backend_.domain.context().store.relationships.groups(owner);
    if (!found) co_return refused(found.error());
    for (const im::RelationshipGroup& group : *found) {
      if (!indexes.empty() && std::ranges::find(indexes, group.index) == indexes.end()) continue;
      all.push_back(write_relationship_group(owner, group));
    }
  }
  const auto as_it_is = [](const std::string& json) { return json; };
  if (!paged) co_return ok(json_list(all, as_it_is));
  co_return page(static_cast<int64_t>(all.size()), json_list(cut(all, paging_of(query)), as_it_is));
}

Task<Answer> PeopleRoutes::relationship_groups(Call call) {
  return find_relationship_groups(std::move(call.query), false);
}

Task<Answer> PeopleRoutes::relationship_groups_page(Call call) {
  return find_relationship_groups(std::move(call.query), true);
}

Task<Answer> PeopleRoutes::update_relationship_groups(Call call) {
  auto done = co_await backend_.requests.rename_relationship_groups(
      UserId(*call.query.number("ownerId")), indexes_of(call.query, "indexes"),
      *call.body.text("name"));
  co_return done ? updated(*done) : refused(done.error());
}

Task<Answer> PeopleRoutes::remove_relationship_groups(Call call) {
  const auto target = static_cast<int32_t>(
      call.query.number("targetIndex").value_or(im::kDefaultRelationshipGroup));
  auto done = co_await backend_.requests.remove_relationship_groups(
      UserId(*call.query.number("ownerId")), indexes_of(call.query, "indexes"), target);
  co_return done ? deleted(*done) : refused(done.error());
}

}  // namespace turms::admin
