#include <algorithm>
#include <charconv>
#include <functional>
#include <iterator>

#include "admin/backend.h"
#include "admin/json.h"
#include "im/context.h"
#include "im/domain.h"
#include "im/operations.h"
#include "im/ports/friend_requests.h"
#include "im/ports/relationships.h"
#include "im/ports/user_roles.h"

namespace turms::admin {
namespace {

constexpr int64_t kMaxName = 800;
/// Whose relationships one request may ask for: each owner may have thousands.
constexpr size_t kMaxOwners = 100;

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

std::string write_friend_request(const im::FriendRequest& request) {
  return JsonObject()
      .number("id", request.id.value)
      .number("requesterId", request.requester_id.value)
      .number("recipientId", request.recipient_id.value)
      .text("content", std::string_view(request.content))
      .text("status", name_of(request.status))
      .text("reason", std::string_view(request.reason))
      .date("creationDate", request.creation_date)
      .date("responseDate", request.response_date)
      .date("expirationDate", request.expiration_date)
      .str();
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
  if (paged) {
    add_paging(fields);
  } else {
    fields.push_back(number_field("size", "At most so many", 1, Paging::kMaxSize));
  }
  return fields;
}

template <class Record>
std::vector<Record> cut(const std::vector<Record>& all, const Paging& paging) {
  const auto from = std::min(all.size(), static_cast<size_t>(paging.skip));
  const auto to = std::min(all.size(), from + static_cast<size_t>(paging.limit));
  return {all.begin() + static_cast<std::ptrdiff_t>(from),
          all.begin() + static_cast<std::ptrdiff_t>(to)};
}

Answer too_many_owners() {
  return refused(Error{ErrorCode::kInvalidArgument,
                       "users: at most " + std::to_string(kMaxOwners) + " in one request"});
}

}  // namespace

std::vector<Route> PeopleRoutes::routes() {
  using P = Permission;
  std::vector<Route> all;
  const auto add = [&](std::string_view method, std::string_view path, Permission permission,
                       std::string_view summary, std::vector<Field> query, std::vector<Field> body,
                       Task<Answer> (PeopleRoutes::*handler)(Call)) {
    all.push_back({method, path, Access::kPermission, permission, summary, std::move(query),
                   std::move(body), handled_by(this, handler)});
  };
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

  const Field owners = ids_field("ownerIds", "Whose; at most 100", true);
  const Field owner = required(number_field("ownerId", "Whose", 1, INT64_MAX));
  add("GET", "/users/relationships", P::kUserRelationshipQuery,
      "List what users think of others, a thousand at most",
      {owners, ids_field("relatedUserIds", "Of these others"),
       ids_field("groupIndexes", "In one of these groups"),
       flag_field("isBlocked", "Only blocked ones, or others")},
      {}, &PeopleRoutes::relationships);
  add("POST", "/users/relationships", P::kUserRelationshipCreate,
      "Make or change what a user thinks of another; one-sided", {},
      {owner, required(number_field("relatedUserId", "Of whom", 1, INT64_MAX)),
       flag_field("isBlocked", "Blocked, or a friend"),
       text_field("name", "Name of the other, for the owner alone", kMaxName),
       number_field("groupIndex", "Also in this group", 0, INT32_MAX)},
      &PeopleRoutes::put_relationship);
  add("DELETE", "/users/relationships", P::kUserRelationshipDelete,
      "Delete relationships of a user; one-sided",
      {owner, ids_field("relatedUserIds", "To whom", true)}, {},
      &PeopleRoutes::remove_relationships);
  add("GET", "/users/relationships/groups", P::kUserRelationshipGroupQuery,
      "List the groups in which users keep their relationships", {owners}, {},
      &PeopleRoutes::relationship_groups);
  add("GET", "/users/relationships/friend-requests", P::kUserFriendRequestQuery,
      "List friend requests, the newest thousand: say by whom or to whom",
      {ids_field("requesterIds", "By one of these users; at most 100"),
       ids_field("recipientIds", "To one of these users; at most 100")},
      {}, &PeopleRoutes::friend_requests);
  return all;
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

Task<Answer> PeopleRoutes::relationships(Call call) {
  const auto owners = call.query.ids<UserId>("ownerIds");
  if (owners.size() > kMaxOwners) co_return too_many_owners();
  im::RelationshipFilter filter;
  filter.related_user_ids = call.query.ids<UserId>("relatedUserIds");
  for (const int64_t index : call.query.numbers("groupIndexes")) {
    filter.group_indexes.push_back(static_cast<int32_t>(index));
  }
  filter.blocked = call.query.flag("isBlocked");
  JsonArray all;
  int32_t count = 0;
  for (const UserId owner : owners) {
    filter.owner_id = owner;
    auto found = co_await backend_.domain.context().store.relationships.query(filter);
    if (!found) co_return refused(found.error());
    for (const im::Relationship& relationship : *found) {
      if (count++ == Paging::kMaxSize) co_return ok(all.str());
      all.raw(write_relationship(relationship));
    }
  }
  co_return ok(all.str());
}

Task<Answer> PeopleRoutes::put_relationship(Call call) {
  im::RelationshipChange change;
  change.blocked = call.body.flag("isBlocked");
  change.name = call.body.text("name");
  if (const auto index = call.body.number("groupIndex")) {
    change.join_group = static_cast<int32_t>(*index);
  }
  auto put = co_await backend_.operations.put_relationship(
      UserId(*call.body.number("ownerId")), UserId(*call.body.number("relatedUserId")),
      std::move(change));
  co_return put ? ok() : refused(put.error());
}

Task<Answer> PeopleRoutes::remove_relationships(Call call) {
  auto removed = co_await backend_.operations.remove_relationships(
      UserId(*call.query.number("ownerId")), call.query.ids<UserId>("relatedUserIds"));
  co_return removed ? deleted(*removed) : refused(removed.error());
}

Task<Answer> PeopleRoutes::relationship_groups(Call call) {
  const auto owners = call.query.ids<UserId>("ownerIds");
  if (owners.size() > kMaxOwners) co_return too_many_owners();
  JsonArray all;
  for (const UserId owner : owners) {
    auto found = co_await backend_.domain.context().store.relationships.groups(owner);
    if (!found) co_return refused(found.error());
    for (const im::RelationshipGroup& group : *found) {
      all.raw(JsonObject()
                  .number("ownerId", owner.value)
                  .number("index", group.index)
                  .text("name", std::string_view(group.name))
                  .str());
    }
  }
  co_return ok(all.str());
}

Task<Answer> PeopleRoutes::friend_requests(Call call) {
  const auto requesters = call.query.ids<UserId>("requesterIds");
  const auto recipients = call.query.ids<UserId>("recipientIds");
  if (requesters.empty() && recipients.empty()) {
    co_return refused(
        Error{ErrorCode::kInvalidArgument, "requesterIds or recipientIds are needed"});
  }
  if (requesters.size() > kMaxOwners || recipients.size() > kMaxOwners) {
    co_return too_many_owners();
  }
  im::FriendRequestRepository& store = backend_.domain.context().store.friend_requests;
  std::vector<im::FriendRequest> all;
  for (const UserId user : requesters.empty() ? recipients : requesters) {
    auto asked = requesters.empty() ? store.received_by(user) : store.sent_by(user);
    auto found = co_await asked;
    if (!found) co_return refused(found.error());
    std::move(found->begin(), found->end(), std::back_inserter(all));
  }
  if (!requesters.empty() && !recipients.empty()) {
    std::erase_if(all, [&](const im::FriendRequest& request) {
      return std::ranges::find(recipients, request.recipient_id) == recipients.end();
    });
  }
  std::ranges::sort(all, std::greater(), &im::FriendRequest::id);
  if (all.size() > static_cast<size_t>(Paging::kMaxSize)) all.resize(Paging::kMaxSize);
  co_return ok(json_list(all, write_friend_request));
}

}  // namespace turms::admin
