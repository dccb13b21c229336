#include "im/relationships.h"

#include "base/crypto.h"
#include "im/context.h"
#include "im/ports/relationships.h"
#include "im/ports/versions.h"
#include "im/rights.h"

namespace turms::im {
namespace {

using Put = RelationshipRepository::Put;

std::unexpected<Failure> refuse_name() {
  return refuse(Code::kIllegalArgument, "the name is too long");
}

std::unexpected<Failure> refuse_full() {
  return refuse(Code::kIllegalArgument, "there are too many relationships or groups of them");
}

/// A random positive number.
int32_t draw_index() {
  for (;;) {
    uint8_t bytes[4];
    secure_random(bytes);
    const auto index = static_cast<int32_t>(load_be32(bytes) & 0x7FFFFFFF);
    if (index != kDefaultRelationshipGroup) return index;
  }
}

}  // namespace

Task<Outcome<Reply<>>> Relationships::create(Caller caller, CreateRelationship command) {
  const Settings::People& settings = context_.settings.people;
  if (exceeds(command.name, settings.max_relationship_name_size)) co_return refuse_name();
  auto permit = Rights::create_relationship(caller.user_id, command);
  if (!permit) co_return std::unexpected(std::move(permit.error()));
  const int32_t group = command.group_index.value_or(kDefaultRelationshipGroup);
  auto put = co_await context_.store.relationships.create(
      *permit, command.blocked, command.name.value_or(""), group, context_.now());
  RelationshipChanged change{caller.user_id, command.user_id, std::nullopt};
  if (put && *put == Put::kDone) change.blocked = command.blocked;
  context_.publish(change);
  if (!put) co_return refuse(put.error());
  if (*put == Put::kExists) co_return refuse(Code::kRelationshipExists);
  if (*put == Put::kFull) co_return refuse_full();
  Reply<> reply;
  reply.effects.relay.audience = audience_of(settings.relationship_added, command.user_id);
  reply.effects.relay.amendments.relationship_group_index = group;
  co_return reply;
}

Task<Outcome<Reply<>>> Relationships::update(Caller caller, UpdateRelationship command) {
  const Settings::People& settings = context_.settings.people;
  if (exceeds(command.name, settings.max_relationship_name_size)) co_return refuse_name();
  auto permit = Rights::update_relationship(caller.user_id, command);
  if (!permit) co_return std::unexpected(std::move(permit.error()));
  RelationshipChange wanted;
  wanted.blocked = command.blocked;
  wanted.name = std::move(command.name);
  wanted.join_group = command.new_group_index;
  wanted.leave_group = command.delete_group_index;
  auto put =
      co_await context_.store.relationships.update(*permit, std::move(wanted), context_.now());
  RelationshipChanged change{caller.user_id, command.user_id, std::nullopt};
  if (put && *put == Put::kDone) change.blocked = command.blocked;
  context_.publish(change);
  if (!put) co_return refuse(put.error());
  if (*put == Put::kFull) co_return refuse_full();
  Reply<> reply;
  if (*put == Put::kDone) {
    reply.effects.relay.audience = audience_of(settings.relationship_updated, command.user_id);
  }
  co_return reply;
}

Task<Outcome<Reply<>>> Relationships::remove(Caller caller, DeleteRelationship command) {
  const Settings::People& settings = context_.settings.people;
  auto removed = co_await context_.store.relationships.remove(
      Rights::remove_relationship(caller.user_id, command.user_id), command.group_index,
      command.target_group_index, settings.delete_two_sided_relationships, context_.now());
  RelationshipChanged change{caller.user_id, command.user_id, std::nullopt};
  if (removed && removed->gone) change.blocked = false;
  context_.publish(change);
  if (!removed || removed->other_gone) {
    context_.publish(RelationshipChanged{command.user_id, caller.user_id, std::nullopt});
  }
  if (!removed) co_return refuse(removed.error());
  Reply<> reply;
  if (removed->changed) {
    reply.effects.relay.audience = audience_of(settings.relationship_removed, command.user_id);
  }
  co_return reply;
}

Task<Outcome<RelationshipList>> Relationships::query(Caller caller, QueryRelationships query) {
  auto found =
      co_await context_.store.versions.find(VersionOf::kRelationships, caller.user_id.value);
  if (!found) co_return refuse(found.error());
  auto version = newer_version(*found, query.last_updated_date);
  if (!version) co_return std::unexpected(std::move(version.error()));
  RelationshipFilter filter;
  filter.owner_id = caller.user_id;
  filter.related_user_ids = std::move(query.user_ids);
  filter.group_indexes = std::move(query.group_indexes);
  filter.blocked = query.blocked;
  auto relationships = co_await context_.store.relationships.query(std::move(filter));
  if (!relationships) co_return refuse(relationships.error());
  if (relationships->empty()) co_return refuse(Code::kNoContent);
  co_return RelationshipList{std::move(*relationships), *version};
}

Task<Outcome<Reply<int32_t>>> Relationships::create_group(Caller caller, std::string name) {
  if (exceeds(name, context_.settings.people.max_relationship_group_name_size)) {
    co_return refuse_name();
  }
  for (;;) {
    const int32_t index = draw_index();
    RelationshipGroup group{index, name};
    auto put = co_await context_.store.relationships.create_group(
        Rights::change_relationship_groups(caller.user_id), std::move(group), context_.now());
    if (!put) co_return refuse(put.error());
    if (*put == Put::kFull) co_return refuse_full();
    if (*put == Put::kDone) {
      Reply<int32_t> reply;
      reply.data = index;
      co_return reply;
    }
  }
}

Task<Outcome<Reply<>>> Relationships::rename_group(Caller caller, RelationshipGroup group) {
  const Settings::People& settings = context_.settings.people;
  if (exceeds(group.name, settings.max_relationship_group_name_size)) co_return refuse_name();
  const int32_t index = group.index;
  auto renamed = co_await context_.store.relationships.rename_group(
      Rights::change_relationship_groups(caller.user_id), std::move(group), context_.now());
  if (!renamed) co_return refuse(renamed.error());
  Reply<> reply;
  if (!*renamed) co_return reply;
  Audience& audience = reply.effects.relay.audience;
  audience.other_sessions_of_caller = settings.relationship_group_updated.own_sessions;
  if (settings.relationship_group_updated.others) {
    auto others = co_await members(caller.user_id, index);
    if (others) audience.recipients = recipients_of(std::move(*others));
  }
  co_return reply;
}

Task<Outcome<Reply<>>> Relationships::remove_group(Caller caller, DeleteRelationshipGroup command) {
  const Settings::People& settings = context_.settings.people;
  auto permit = Rights::delete_relationship_group(caller.user_id, command.group_index);
  if (!permit) co_return std::unexpected(std::move(permit.error()));
  const int32_t target = command.target_group_index.value_or(kDefaultRelationshipGroup);
  Reply<> reply;
  if (target == command.group_index) co_return reply;
  std::vector<UserId> others;
  if (settings.relationship_group_deleted.others) {
    auto found = co_await members(caller.user_id, command.group_index);
    if (!found) co_return refuse(found.error());
    others = std::move(*found);
  }
  auto removed = co_await context_.store.relationships.remove_group(*permit, command.group_index,
                                                                    target, context_.now());
  if (!removed) co_return refuse(removed.error());
  if (!*removed) co_return reply;
  Audience& audience = reply.effects.relay.audience;
  audience.other_sessions_of_caller = settings.relationship_group_deleted.own_sessions;
  audience.recipients = recipients_of(std::move(others));
  reply.effects.relay.amendments.relationship_group_index = target;
  co_return reply;
}

Task<Outcome<RelationshipGroupList>> Relationships::query_groups(
    Caller caller, std::optional<WallTime> last_updated_date) {
  auto found =
      co_await context_.store.versions.find(VersionOf::kRelationshipGroups, caller.user_id.value);
  if (!found) co_return refuse(found.error());
  auto version = newer_version(*found, last_updated_date);
  if (!version) co_return std::unexpected(std::move(version.error()));
  auto groups = co_await context_.store.relationships.groups(caller.user_id);
  if (!groups) co_return refuse(groups.error());
  co_return RelationshipGroupList{std::move(*groups), *version};
}

Task<Result<std::vector<UserId>>> Relationships::members(UserId owner, int32_t group_index) {
  RelationshipFilter filter;
  filter.owner_id = owner;
  filter.group_indexes.push_back(group_index);
  auto found = co_await context_.store.relationships.query(std::move(filter));
  if (!found) co_return std::unexpected(found.error());
  std::vector<UserId> ids;
  for (const Relationship& one : *found) ids.push_back(one.related_user_id);
  co_return ids;
}

}  // namespace turms::im
