#include "im/groups.h"

#include "im/allowed_names.h"
#include "im/context.h"
#include "im/group_audience.h"
#include "im/group_transfer.h"
#include "im/ports/groups.h"
#include "im/ports/user_roles.h"
#include "im/ports/versions.h"
#include "im/rights.h"

namespace turms::im {
namespace {

// Limits of what a group says of itself; the refusal, if any.
std::optional<Failure> check_texts(const Settings& settings, const std::optional<std::string>& name,
                                   const std::optional<std::string>& intro,
                                   const std::optional<std::string>& announcement,
                                   std::optional<int32_t> min_score) {
  if (exceeds(name, settings.group.max_name_size)) {
    return Failure{Code::kIllegalArgument, "the name is too long"};
  }
  if (exceeds(intro, settings.group.max_intro_size)) {
    return Failure{Code::kIllegalArgument, "the intro is too long"};
  }
  if (exceeds(announcement, settings.group.max_announcement_size)) {
    return Failure{Code::kIllegalArgument, "the announcement is too long"};
  }
  if (min_score && *min_score < 0) {
    return Failure{Code::kIllegalArgument, "the minimum score must not be negative"};
  }
  return std::nullopt;
}

Outcome<None> filter(const Settings::Group& settings, ValueMap& attributes) {
  return AllowedNames(settings.attributes).filter(attributes, settings.ignore_unknown_attributes);
}

bool changes_info(const UpdateGroup& command) {
  return command.name || command.intro || command.announcement || command.min_score ||
         command.type_id || command.mute_end_date || !command.attributes.empty();
}

}  // namespace

Task<Outcome<Reply<GroupId>>> Groups::create(Caller caller, CreateGroup command) {
  if (auto failure = check_texts(context_.settings, command.name, command.intro,
                                 command.announcement, command.min_score)) {
    co_return std::unexpected(std::move(*failure));
  }
  if (auto known = filter(context_.settings.group, command.attributes); !known) {
    co_return std::unexpected(std::move(known.error()));
  }
  const int64_t type_id = command.type_id.value_or(0);
  auto creator = co_await context_.reachability.get(caller.user_id);
  if (!creator) co_return refuse(creator.error());
  if (!(*creator)->exists_and_active) co_return refuse(Code::kGroupOwnerInactive);
  auto role = co_await context_.store.user_roles.of_user(caller.user_id);
  if (!role) co_return refuse(role.error());
  auto type = co_await context_.store.groups.find_type(type_id);
  if (!type) co_return refuse(type.error());
  auto permit = Rights::create_group(caller.user_id, *role, type_id, *type);
  if (!permit) co_return std::unexpected(std::move(permit.error()));

  const WallTime now = context_.now();
  Group group;
  group.id = context_.next_id<GroupId>(now);
  group.type_id = type_id;
  group.creator_id = caller.user_id;
  group.owner_id = caller.user_id;
  group.name = std::move(command.name);
  group.intro = command.intro.value_or("");
  group.announcement = command.announcement.value_or("");
  group.min_score = command.min_score.value_or(0);
  group.creation_date = now;
  group.last_updated_date = now;
  group.mute_end_date = command.mute_end_date;
  group.attributes = std::move(command.attributes);
  GroupMember owner;
  owner.group_id = group.id;
  owner.user_id = caller.user_id;
  owner.role = GroupMemberRole::kOwner;
  owner.join_date = now;
  const GroupId id = group.id;
  std::vector<GroupMember> members;
  members.push_back(std::move(owner));
  auto stored =
      co_await context_.store.groups.create(*permit, std::move(group), std::move(members));
  if (!stored) co_return refuse(stored.error());
  if (*stored == GroupRepository::Created::kTooMany) co_return refuse(Code::kOwnedGroupsLimit);
  context_.publish({.group_id = id, .joined = {caller.user_id}});

  Reply<GroupId> reply;
  reply.data = id;
  reply.effects.relay.audience =
      group_audience(context_.settings.group_notifications.created, nullptr, {}, caller.user_id);
  reply.effects.relay.amendments.created_id = id.value;
  co_return reply;
}

Task<Outcome<None>> Groups::may_change_type(UserId user, GroupPtr group, int64_t type_id) {
  auto role = co_await context_.store.user_roles.of_user(user);
  if (!role) co_return refuse(role.error());
  auto type = co_await context_.store.groups.find_type(type_id);
  if (!type) co_return refuse(type.error());
  co_return Rights::change_group_type(context_.settings, group.get(), user, *role, type_id, *type);
}

Task<Outcome<Reply<>>> Groups::update(Caller caller, UpdateGroup command) {
  if (auto failure = check_texts(context_.settings, command.name, command.intro,
                                 command.announcement, command.min_score)) {
    co_return std::unexpected(std::move(*failure));
  }
  if (auto known = filter(context_.settings.group, command.attributes); !known) {
    co_return std::unexpected(std::move(known.error()));
  }
  const bool transfers = command.successor_id && *command.successor_id != caller.user_id;
  const bool changes = changes_info(command);
  if (!transfers && !changes) co_return Reply<>{};

  auto loaded = co_await context_.groups.get(command.group_id);
  if (!loaded) co_return refuse(loaded.error());
  const GroupPtr group = *loaded;
  // All is judged before any of it is done.
  if (command.type_id) {
    auto allowed = co_await may_change_type(caller.user_id, group, *command.type_id);
    if (!allowed) co_return std::unexpected(std::move(allowed.error()));
  }
  std::optional<Permit<action::UpdateGroup>> update_permit;
  std::optional<Permit<action::TransferGroup>> transfer_permit;
  if (changes) {
    auto permit = Rights::update_group(group.get(), caller.user_id, command);
    if (!permit) co_return std::unexpected(std::move(permit.error()));
    update_permit = *permit;
  }
  if (transfers) {
    auto permit = co_await may_transfer(context_, group, caller.user_id, *command.successor_id);
    if (!permit) co_return std::unexpected(std::move(permit.error()));
    transfer_permit = *permit;
  }

  const WallTime now = context_.now();
  if (update_permit) {
    GroupChange change{std::move(command.name),
                       std::move(command.intro),
                       std::move(command.announcement),
                       command.min_score,
                       command.type_id,
                       command.mute_end_date,
                       std::move(command.attributes)};
    auto updated = co_await context_.store.groups.update(*update_permit, std::move(change), now);
    GroupChanged done{.group_id = command.group_id};
    if (updated && *updated) done.mute_end_date = command.mute_end_date;
    context_.publish(done);
    if (!updated) co_return refuse(updated.error());
    if (!*updated) co_return refuse(Code::kGroupNonexistent);
  }
  if (transfer_permit) {
    auto transferred = co_await transfer_group(context_, *transfer_permit,
                                               command.quit_after_transfer.value_or(false));
    if (!transferred) co_return std::unexpected(std::move(transferred.error()));
  }
  Reply<> reply;
  // Also who has quit: on their other devices the group must go.
  reply.effects.relay.audience = group_audience(context_.settings.group_notifications.updated,
                                                group.get(), {}, caller.user_id);
  co_return reply;
}

Task<Outcome<Reply<>>> Groups::remove(Caller caller, GroupId id) {
  auto loaded = co_await context_.groups.get(id);
  if (!loaded) co_return refuse(loaded.error());
  const GroupPtr group = *loaded;
  auto permit = Rights::delete_group(group.get(), caller.user_id);
  if (!permit) co_return std::unexpected(std::move(permit.error()));
  auto removed = co_await context_.store.groups.remove(*permit, context_.now());
  context_.publish({.group_id = id, .deleted = removed && *removed});
  if (!removed) co_return refuse(removed.error());
  if (!*removed) co_return refuse(Code::kDeleteGroupNotOwner);
  Reply<> reply;
  reply.effects.relay.audience = group_audience(context_.settings.group_notifications.deleted,
                                                group.get(), {}, caller.user_id);
  co_return reply;
}

Task<Outcome<std::vector<Group>>> Groups::query(Caller, QueryGroups query) {
  const bool by_name = query.name && !query.name->empty();
  std::vector<GroupId> ids = std::move(query.group_ids);
  sort_unique(ids);
  if (by_name) {
    if (!context_.settings.group.search_names) co_return refuse(Code::kGroupSearchDisabled);
    if (!query.page.is_valid()) {
      co_return refuse(Code::kIllegalArgument, "skip or limit is out of range");
    }
    auto found = co_await context_.store.groups.search_names(*query.name);
    if (!found) co_return refuse(found.error());
    ids = query.page.of(std::move(*found), ids);
  }
  if (ids.empty()) co_return std::vector<Group>();
  auto groups = co_await context_.store.groups.find(std::move(ids));
  if (!groups) co_return refuse(groups.error());
  if (query.last_updated_date) {
    std::erase_if(*groups, [&](const Group& group) {
      return group.last_updated_date <= *query.last_updated_date;
    });
  }
  if (by_name && query.highlight_name) {
    for (Group& group : *groups) group.name = highlight(group.name, *query.name);
  }
  co_return std::move(*groups);
}

Task<Outcome<JoinedGroupIds>> Groups::query_joined_ids(Caller caller, QueryJoinedGroups query) {
  auto found =
      co_await context_.store.versions.find(VersionOf::kJoinedGroups, caller.user_id.value);
  if (!found) co_return refuse(found.error());
  auto version = newer_version(*found, query.last_updated_date);
  if (!version) co_return std::unexpected(std::move(version.error()));
  auto ids = co_await context_.store.groups.joined_by(caller.user_id);
  if (!ids) co_return refuse(ids.error());
  if (ids->empty()) co_return refuse(Code::kNoContent);
  JoinedGroupIds joined;
  joined.ids = std::move(*ids);
  joined.last_updated_date = *version;
  co_return joined;
}

Task<Outcome<JoinedGroupInfos>> Groups::query_joined_infos(Caller caller, QueryJoinedGroups query) {
  auto ids = co_await query_joined_ids(caller, query);
  if (!ids) co_return std::unexpected(std::move(ids.error()));
  auto groups = co_await context_.store.groups.find(std::move(ids->ids));
  if (!groups) co_return refuse(groups.error());
  if (groups->empty()) co_return refuse(Code::kNoContent);
  JoinedGroupInfos joined;
  joined.groups = std::move(*groups);
  joined.last_updated_date = ids->last_updated_date;
  co_return joined;
}

}  // namespace turms::im
