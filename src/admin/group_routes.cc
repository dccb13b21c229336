#include <algorithm>
#include <type_traits>

#include "admin/backend.h"
#include "admin/json.h"
#include "im/context.h"
#include "im/domain.h"
#include "im/operations.h"
#include "im/ports/administration.h"

namespace turms::admin {
namespace {

constexpr int64_t kMaxName = 80;
constexpr int64_t kMaxText = 4096;

std::string write_group(const im::Group& group) {
  return JsonObject()
      .number("id", group.id.value)
      .number("typeId", group.type_id)
      .number("creatorId", group.creator_id.value)
      .number("ownerId", group.owner_id.value)
      .text("name", std::string_view(group.name))
      .text("intro", std::string_view(group.intro))
      .text("announcement", std::string_view(group.announcement))
      .number("minimumScore", group.min_score)
      .date("creationDate", group.creation_date)
      .date("lastUpdatedDate", group.last_updated_date)
      .date("muteEndDate", group.mute_end_date)
      .flag("isActive", group.active)
      .str();
}

std::string write_member(const im::GroupMember& member) {
  return JsonObject()
      .number("groupId", member.group_id.value)
      .number("userId", member.user_id.value)
      .text("name", std::string_view(member.name))
      .text("role", name_of(member.role))
      .date("joinDate", member.join_date)
      .date("muteEndDate", member.mute_end_date)
      .str();
}

std::string write_blocked(GroupId group, UserId user) {
  return JsonObject().number("groupId", group.value).number("userId", user.value).str();
}

std::string write_type(const im::GroupType& type) {
  return JsonObject()
      .number("id", type.id)
      .text("name", std::string_view(type.name))
      .number("groupSizeLimit", type.size_limit)
      .text("invitationStrategy", name_of(type.invitation_strategy))
      .text("joinStrategy", name_of(type.join_strategy))
      .text("groupInfoUpdateStrategy", name_of(type.info_update_strategy))
      .text("memberInfoUpdateStrategy", name_of(type.member_info_update_strategy))
      .flag("guestSpeakable", type.guest_speakable)
      .flag("selfInfoUpdatable", type.self_info_updatable)
      .flag("enableReadReceipt", type.read_receipt)
      .flag("messageEditable", type.message_editable)
      .str();
}

std::vector<Field> search_fields(bool paged) {
  std::vector<Field> fields = {ids_field("ids", "Of these ids"),
                               ids_field("typeIds", "Of one of these types"),
                               ids_field("creatorIds", "Made by one of these users"),
                               ids_field("ownerIds", "Owned by one of these users"),
                               ids_field("memberIds", "With one of these users in them"),
                               date_field("creationDateStart", "Made from then on"),
                               date_field("creationDateEnd", "Made before then"),
                               flag_field("isActive", "Only active ones, or deleted ones")};
  add_size(fields, paged);
  return fields;
}

im::GroupSearch search_of(const Values& query) {
  im::GroupSearch search;
  search.ids = query.ids<GroupId>("ids");
  search.type_ids = query.numbers("typeIds");
  search.creator_ids = query.ids<UserId>("creatorIds");
  search.owner_ids = query.ids<UserId>("ownerIds");
  search.member_ids = query.ids<UserId>("memberIds");
  search.creation_date_start = query.date("creationDateStart");
  search.creation_date_end = query.date("creationDateEnd");
  search.active = query.flag("isActive");
  const Paging paging = paging_of(query);
  search.skip = paging.skip;
  search.limit = paging.limit;
  return search;
}

std::vector<Field> group_fields() {
  return {text_field("name", "Name", kMaxName),
          text_field("intro", "What it is for", kMaxText),
          text_field("announcement", "What members shall read", kMaxText),
          number_field("minimumScore", "Score to join by questions", 0, INT32_MAX),
          number_field("typeId", "Its type", INT64_MIN, INT64_MAX),
          date_field("muteEndDate", "Until when nobody may write")};
}

im::GroupChange change_of(const Values& body) {
  im::GroupChange change;
  change.name = body.text("name");
  change.intro = body.text("intro");
  change.announcement = body.text("announcement");
  if (const auto score = body.number("minimumScore")) {
    change.min_score = static_cast<int32_t>(*score);
  }
  change.type_id = body.number("typeId");
  change.mute_end_date = body.date("muteEndDate");
  return change;
}

std::vector<Field> type_fields() {
  return {
      text_field("name", "Name", kMaxName),
      number_field("groupSizeLimit", "Members at most", 1, 1'000'000),
      choice_field("invitationStrategy", "Who may invite", invitation_strategy_names()),
      choice_field("joinStrategy", "How one joins", join_strategy_names()),
      choice_field("groupInfoUpdateStrategy", "Who may change the group", update_strategy_names()),
      choice_field("memberInfoUpdateStrategy", "Who may change members", update_strategy_names()),
      flag_field("guestSpeakable", "Guests may write"),
      flag_field("selfInfoUpdatable", "Members may rename themselves"),
      flag_field("enableReadReceipt", "Read positions are kept"),
      flag_field("messageEditable", "Messages may be edited")};
}

/// What the body says of it.
void change_type(im::GroupType& type, const Values& body) {
  const auto choose = [&](auto& value, std::span<const std::string_view> names,
                          std::string_view name) {
    using Enum = std::remove_reference_t<decltype(value)>;
    value = enumerator<Enum>(names, body.text(name)).value_or(value);
  };
  type.name = body.text("name").value_or(type.name);
  type.size_limit = static_cast<int32_t>(body.number("groupSizeLimit").value_or(type.size_limit));
  choose(type.invitation_strategy, invitation_strategy_names(), "invitationStrategy");
  choose(type.join_strategy, join_strategy_names(), "joinStrategy");
  choose(type.info_update_strategy, update_strategy_names(), "groupInfoUpdateStrategy");
  choose(type.member_info_update_strategy, update_strategy_names(), "memberInfoUpdateStrategy");
  type.guest_speakable = body.flag("guestSpeakable").value_or(type.guest_speakable);
  type.self_info_updatable = body.flag("selfInfoUpdatable").value_or(type.self_info_updatable);
  type.read_receipt = body.flag("enableReadReceipt").value_or(type.read_receipt);
  type.message_editable = body.flag("messageEditable").value_or(type.message_editable);
}

GroupId group_of(const Values& query) {
  return GroupId(*query.number("groupId"));
}

}  // namespace

std::vector<Route> GroupRoutes::routes() {
  using P = Permission;
  std::vector<Route> all = member_routes();
  const auto add = adding_to(all, this);
  std::vector<Field> creation = group_fields();
  creation.front().required = true;
  creation.push_back(required(number_field("ownerId", "User who owns it", 1, INT64_MAX)));
  creation.push_back(ids_field("memberIds", "Its other members"));
  std::vector<Field> change = group_fields();
  change.push_back(number_field("successorId", "Member who becomes the owner", 1, INT64_MAX));
  add("POST", "/groups", P::kGroupCreate, "Add a group", {}, std::move(creation),
      &GroupRoutes::create);
  add("GET", "/groups", P::kGroupQuery, "List groups", search_fields(false), {},
      &GroupRoutes::list);
  add("GET", "/groups/page", P::kGroupQuery, "List groups in pages", search_fields(true), {},
      &GroupRoutes::list_page);
  add("PUT", "/groups", P::kGroupUpdate, "Change groups", {ids_field("ids", "Which groups", true)},
      std::move(change), &GroupRoutes::update);
  add("DELETE", "/groups", P::kGroupDelete, "Delete groups", {ids_field("ids", "Which groups")}, {},
      &GroupRoutes::remove);
  std::vector<Field> type_query = {ids_field("ids", "Of these ids")};
  add("GET", "/groups/types", P::kGroupTypeQuery, "List group types", type_query, {},
      &GroupRoutes::types);
  add_paging(type_query);
  add("GET", "/groups/types/page", P::kGroupTypeQuery, "List group types in pages",
      std::move(type_query), {}, &GroupRoutes::types_page);
  std::vector<Field> new_type = type_fields();
  new_type.front().required = true;
  new_type.push_back(required(number_field("id", "Id", 1, INT64_MAX)));
  add("POST", "/groups/types", P::kGroupTypeCreate,
      "Add a group type; what is not given has upstream's default", {}, std::move(new_type),
      &GroupRoutes::create_type);
  add("PUT", "/groups/types", P::kGroupTypeUpdate, "Change group types",
      {ids_field("ids", "Which types", true)}, type_fields(), &GroupRoutes::update_types);
  add("DELETE", "/groups/types", P::kGroupTypeDelete,
      "Delete group types that no group has; type 0 gets its first values back",
      {ids_field("ids", "Which types")}, {}, &GroupRoutes::remove_types);
  return all;
}

std::vector<Route> GroupRoutes::member_routes() {
  using P = Permission;
  std::vector<Route> all;
  const auto add = adding_to(all, this);
  const Field group = required(number_field("groupId", "Which group", INT64_MIN, INT64_MAX));
  const Field users = ids_field("userIds", "Which users", true);
  const Field name = text_field("name", "Name in the group", kMaxName);
  const Field role = choice_field("role", "Role; no owner", member_role_names());
  const Field mute = date_field("muteEndDate", "Until when they may not write");
  Field roles = texts_field("roles", "With one of these roles", 32);
  roles.choices = member_role_names();
  std::vector<Field> member_query = {group, ids_field("userIds", "Of these users"), roles};
  add("GET", "/groups/members", P::kGroupMemberQuery, "List the members of a group", member_query,
      {}, &GroupRoutes::members);
  add_paging(member_query);
  add("GET", "/groups/members/page", P::kGroupMemberQuery, "List the members of a group in pages",
      std::move(member_query), {}, &GroupRoutes::members_page);
  add("POST", "/groups/members", P::kGroupMemberCreate, "Add members to a group", {},
      {group, users, name, role, mute}, &GroupRoutes::add_members);
  add("PUT", "/groups/members", P::kGroupMemberUpdate, "Change members of a group", {group, users},
      {name, role, mute}, &GroupRoutes::update_members);
  add("DELETE", "/groups/members", P::kGroupMemberDelete, "Remove members from a group",
      {group, users}, {}, &GroupRoutes::remove_members);
  add("GET", "/groups/blocked-users", P::kGroupBlocklistQuery, "List whom a group keeps out",
      {group}, {}, &GroupRoutes::blocked);
  std::vector<Field> blocked_query = {group};
  add_paging(blocked_query);
  add("GET", "/groups/blocked-users/page", P::kGroupBlocklistQuery,
      "List whom a group keeps out in pages", std::move(blocked_query), {},
      &GroupRoutes::blocked_page);
  add("POST", "/groups/blocked-users", P::kGroupBlocklistCreate,
      "Keep a user out of a group; a member is removed", {},
      {group, required(number_field("userId", "Which user", INT64_MIN, INT64_MAX))},
      &GroupRoutes::block);
  add("DELETE", "/groups/blocked-users", P::kGroupBlocklistDelete, "Let users in again",
      {group, users}, {}, &GroupRoutes::unblock);
  return all;
}

Task<Answer> GroupRoutes::create(Call call) {
  auto made = co_await backend_.domain.administration.add_group(
      *call.body.text("name"), UserId(*call.body.number("ownerId")),
      call.body.ids<UserId>("memberIds"));
  if (!made) co_return refused(made.error());
  im::GroupChange change = change_of(call.body);
  change.name.reset();
  std::vector<GroupId> ids;
  ids.push_back(*made);
  auto changed =
      co_await backend_.operations.update_groups(std::move(ids), std::move(change), std::nullopt);
  if (!changed) co_return refused(changed.error());
  im::GroupSearch search;
  search.ids.push_back(*made);
  search.limit = 1;
  auto found = co_await backend_.data.groups(std::move(search));
  if (!found) co_return refused(found.error());
  co_return ok(found->records.empty() ? std::string() : write_group(found->records.front()));
}

Task<Answer> GroupRoutes::list(Call call) {
  auto found = co_await backend_.data.groups(search_of(call.query));
  co_return found ? ok(json_list(found->records, write_group)) : refused(found.error());
}

Task<Answer> GroupRoutes::list_page(Call call) {
  auto found = co_await backend_.data.groups(search_of(call.query));
  co_return found ? page(found->total, json_list(found->records, write_group))
                  : refused(found.error());
}

Task<Answer> GroupRoutes::update(Call call) {
  std::optional<UserId> successor;
  if (const auto id = call.body.number("successorId")) successor = UserId(*id);
  auto changed = co_await backend_.operations.update_groups(call.query.ids<GroupId>("ids"),
                                                            change_of(call.body), successor);
  co_return changed ? updated(*changed) : refused(changed.error());
}

Task<Answer> GroupRoutes::remove(Call call) {
  auto removed = co_await backend_.operations.remove_groups(call.query.ids<GroupId>("ids"));
  co_return removed ? deleted(*removed) : refused(removed.error());
}

Task<Result<std::vector<im::GroupType>>> GroupRoutes::find_types(Values query) {
  auto found = co_await backend_.data.group_types();
  if (!found) co_return found;
  if (found->empty() || found->front().id != 0) found->insert(found->begin(), im::GroupType{});
  const auto ids = query.numbers("ids");
  std::erase_if(*found, [&](const im::GroupType& type) {
    return !ids.empty() && std::ranges::find(ids, type.id) == ids.end();
  });
  co_return found;
}

Task<Answer> GroupRoutes::types(Call call) {
  auto found = co_await find_types(std::move(call.query));
  co_return found ? ok(json_list(*found, write_type)) : refused(found.error());
}

Task<Answer> GroupRoutes::types_page(Call call) {
  const Paging paging = paging_of(call.query);
  auto found = co_await find_types(std::move(call.query));
  if (!found) co_return refused(found.error());
  co_return page(static_cast<int64_t>(found->size()), json_list(cut(*found, paging), write_type));
}

Task<Answer> GroupRoutes::create_type(Call call) {
  im::GroupType type;
  type.id = *call.body.number("id");
  auto there = co_await backend_.domain.context().store.groups.find_type(type.id);
  if (!there) co_return refused(there.error());
  if (*there) co_return refused(Error{ErrorCode::kAlreadyExists, "the id is taken"});
  change_type(type, call.body);
  auto put = co_await backend_.operations.put_group_type(type);
  co_return put ? ok(write_type(type)) : refused(put.error());
}

Task<Answer> GroupRoutes::update_types(Call call) {
  int64_t changed = 0;
  for (const int64_t id : call.query.numbers("ids")) {
    auto type = co_await backend_.domain.context().store.groups.find_type(id);
    if (!type) co_return refused(type.error());
    if (!*type) continue;
    change_type(**type, call.body);
    auto put = co_await backend_.operations.put_group_type(std::move(**type));
    if (!put) co_return refused(put.error());
    ++changed;
  }
  co_return updated(changed);
}

Task<Answer> GroupRoutes::remove_types(Call call) {
  int64_t removed = 0;
  for (const int64_t id : call.query.numbers("ids")) {
    auto done = co_await backend_.domain.administration.remove_group_type(id);
    if (!done && done.error().code == ErrorCode::kNotFound) continue;
    if (!done) co_return refused(done.error());
    ++removed;
  }
  co_return deleted(removed);
}

Task<Result<std::vector<im::GroupMember>>> GroupRoutes::find_members(Values query) {
  auto found = co_await backend_.operations.members(group_of(query));
  if (!found) co_return found;
  const auto users = query.ids<UserId>("userIds");
  const auto roles = query.texts("roles");
  std::erase_if(*found, [&](const im::GroupMember& member) {
    return (!users.empty() && std::ranges::find(users, member.user_id) == users.end()) ||
           (!roles.empty() && std::ranges::find(roles, name_of(member.role)) == roles.end());
  });
  co_return found;
}

Task<Answer> GroupRoutes::members(Call call) {
  auto found = co_await find_members(std::move(call.query));
  co_return found ? ok(json_list(*found, write_member)) : refused(found.error());
}

Task<Answer> GroupRoutes::members_page(Call call) {
  const Paging paging = paging_of(call.query);
  auto found = co_await find_members(std::move(call.query));
  if (!found) co_return refused(found.error());
  co_return page(static_cast<int64_t>(found->size()), json_list(cut(*found, paging), write_member));
}

Task<Answer> GroupRoutes::add_members(Call call) {
  im::NewMembers added;
  added.group_id = group_of(call.body);
  added.users = call.body.ids<UserId>("userIds");
  added.name = call.body.text("name").value_or("");
  added.role = enumerator<im::GroupMemberRole>(member_role_names(), call.body.text("role"))
                   .value_or(im::GroupMemberRole::kMember);
  added.mute_end_date = call.body.date("muteEndDate");
  auto done = co_await backend_.operations.add_members(std::move(added));
  co_return done ? ok() : refused(done.error());
}

Task<Answer> GroupRoutes::update_members(Call call) {
  im::MemberChange change;
  change.name = call.body.text("name");
  change.role = enumerator<im::GroupMemberRole>(member_role_names(), call.body.text("role"));
  change.mute_end_date = call.body.date("muteEndDate");
  auto changed = co_await backend_.operations.update_members(
      group_of(call.query), call.query.ids<UserId>("userIds"), std::move(change));
  co_return changed ? updated(*changed) : refused(changed.error());
}

Task<Answer> GroupRoutes::remove_members(Call call) {
  auto removed = co_await backend_.operations.remove_members(group_of(call.query),
                                                             call.query.ids<UserId>("userIds"));
  co_return removed ? deleted(*removed) : refused(removed.error());
}

Task<Answer> GroupRoutes::blocked(Call call) {
  const GroupId group = group_of(call.query);
  auto found = co_await backend_.operations.blocked_users(group);
  if (!found) co_return refused(found.error());
  co_return ok(json_list(*found, [&](UserId user) { return write_blocked(group, user); }));
}

Task<Answer> GroupRoutes::blocked_page(Call call) {
  const GroupId group = group_of(call.query);
  auto found = co_await backend_.operations.blocked_users(group);
  if (!found) co_return refused(found.error());
  co_return page(static_cast<int64_t>(found->size()),
                 json_list(cut(*found, paging_of(call.query)),
                           [&](UserId user) { return write_blocked(group, user); }));
}

Task<Answer> GroupRoutes::block(Call call) {
  auto done =
      co_await backend_.operations.block(group_of(call.body), UserId(*call.body.number("userId")));
  co_return done ? ok() : refused(done.error());
}

Task<Answer> GroupRoutes::unblock(Call call) {
  auto done =
      co_await backend_.operations.unblock(group_of(call.query), call.query.ids<UserId>("userIds"));
  co_return done ? deleted(*done) : refused(done.error());
}

}  // namespace turms::admin
