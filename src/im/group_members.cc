#include "im/group_members.h"

#include "im/context.h"
#include "im/group_audience.h"
#include "im/group_transfer.h"
#include "im/ports/bus.h"
#include "im/ports/groups.h"
#include "im/rights.h"

namespace turms::im {
namespace {

Code code_of(GroupRepository::Added added) {
  switch (added) {
    case GroupRepository::Added::kDone:
      return Code::kOk;
    case GroupRepository::Added::kDuplicate:
      return Code::kDuplicateKey;
    case GroupRepository::Added::kFull:
      return Code::kAddMemberSizeLimit;
    case GroupRepository::Added::kBlocked:
      return Code::kAddBlockedUser;
    case GroupRepository::Added::kGroupGone:
      return Code::kAddMemberToInactiveGroup;
  }
  return Code::kInternalError;
}

Push told_to_member(UpdateGroupMember command, UserId by) {
  Push push;
  push.audience.recipients = recipients_of({command.member_id});
  push.audience.extensions_only = true;
  push.event = MemberUpdated{.group_id = command.group_id,
                             .member_id = command.member_id,
                             .name = std::move(command.name),
                             .role = command.role,
                             .mute_end_date = command.mute_end_date,
                             .by = by};
  return push;
}

}  // namespace

Task<Outcome<Reply<>>> GroupMembers::create(Caller caller, CreateGroupMembers command) {
  sort_unique(command.user_ids);
  const std::vector<UserId>& users = command.user_ids;
  if (users.size() > context_.settings.group.max_members_per_request) {
    co_return refuse(Code::kIllegalArgument, "too many new members");
  }
  const bool joins = std::binary_search(users.begin(), users.end(), caller.user_id);
  if (joins && users.size() > 1) {
    co_return refuse(Code::kIllegalArgument, "to join and to add others are two requests");
  }
  if (joins && !command.role) command.role = GroupMemberRole::kMember;
  if (!command.role) co_return refuse(Code::kIllegalArgument, "the role must be given");
  const GroupMemberRole role = *command.role;
  if (role != GroupMemberRole::kMember && (joins || role != GroupMemberRole::kManager)) {
    co_return refuse(Code::kIllegalArgument, "nobody is added with this role");
  }
  if (command.name && text_length(*command.name) > context_.settings.group.max_member_name_size) {
    co_return refuse(Code::kIllegalArgument, "the name is too long");
  }
  if (users.empty()) co_return Reply<>{};

  auto loaded = co_await context_.groups.get(command.group_id);
  if (!loaded) co_return refuse(loaded.error());
  const GroupPtr group = *loaded;
  auto permit = joins ? Rights::join_group(group.get(), caller.user_id)
                      : Rights::add_members(group.get(), caller.user_id, role, users);
  if (!permit) co_return std::unexpected(std::move(permit.error()));

  const WallTime now = context_.now();
  std::vector<GroupMember> members;
  for (const UserId user : users) {
    GroupMember member;
    member.group_id = command.group_id;
    member.user_id = user;
    member.name = command.name.value_or("");
    member.role = role;
    member.join_date = now;
    member.mute_end_date = command.mute_end_date;
    members.push_back(std::move(member));
  }
  auto added = co_await context_.store.groups.add_members(*permit, std::move(members),
                                                          group->type.size_limit, now);
  GroupChanged done{.group_id = command.group_id};
  if (added && *added == GroupRepository::Added::kDone) done.joined = users;
  context_.publish(done);
  if (!added) co_return refuse(added.error());
  if (const Code code = code_of(*added); code != Code::kOk) co_return refuse(code);
  Reply<> reply;
  reply.effects.relay.audience = group_audience(context_.settings.group_notifications.member_added,
                                                group.get(), users, caller.user_id);
  co_return reply;
}

Task<Outcome<Reply<>>> GroupMembers::remove(Caller caller, DeleteGroupMembers command) {
  sort_unique(command.member_ids);
  const std::vector<UserId>& ids = command.member_ids;
  if (ids.size() > context_.settings.group.max_members_per_request) {
    co_return refuse(Code::kIllegalArgument, "too many members");
  }
  const bool quits = std::binary_search(ids.begin(), ids.end(), caller.user_id);
  if (ids.size() > 1 && quits) {
    co_return refuse(Code::kIllegalArgument, "to quit and to remove others are two requests");
  }
  if (command.successor_id && !ids.empty() && !quits) {
    co_return refuse(Code::kIllegalArgument,
                     "to transfer a group and to remove members are two requests");
  }
  auto loaded = co_await context_.groups.get(command.group_id);
  if (!loaded) co_return refuse(loaded.error());
  const GroupPtr group = *loaded;
  const WallTime now = context_.now();

  if (command.successor_id) {
    if (*command.successor_id == caller.user_id) co_return Reply<>{};
    auto permit = co_await may_transfer(context_, group, caller.user_id, *command.successor_id);
    if (!permit) co_return std::unexpected(std::move(permit.error()));
    auto transferred =
        co_await transfer_group(context_, *permit, command.quit_after_transfer.value_or(false));
    if (!transferred) co_return std::unexpected(std::move(transferred.error()));
    Reply<> reply;
    reply.effects.relay.audience =
        group_audience(context_.settings.group_notifications.member_removed, group.get(),
                       std::span(&caller.user_id, 1), caller.user_id);
    co_return reply;
  }
  if (ids.empty()) co_return Reply<>{};

  if (quits && group == nullptr) co_return Reply<>{};
  auto permit = quits ? Rights::quit_group(*group, caller.user_id)
                      : Rights::remove_members(group.get(), caller.user_id, ids);
  if (!permit) co_return std::unexpected(std::move(permit.error()));
  auto removed = co_await context_.store.groups.remove_members(*permit, now);
  GroupChanged done{.group_id = command.group_id};
  if (removed) done.left = *removed;
  context_.publish(done);
  if (!removed) co_return refuse(removed.error());
  if (removed->empty()) co_return Reply<>{};
  Reply<> reply;
  // Those who were removed are among the members as they were.
  reply.effects.relay.audience = group_audience(
      context_.settings.group_notifications.member_removed, group.get(), *removed, caller.user_id);
  co_return reply;
}

Task<Outcome<Reply<>>> GroupMembers::update(Caller caller, UpdateGroupMember command) {
  if (command.role && !is_known(*command.role)) {
    co_return refuse(Code::kIllegalArgument, "unknown role");
  }
  if (command.name && text_length(*command.name) > context_.settings.group.max_member_name_size) {
    co_return refuse(Code::kIllegalArgument, "the name is too long");
  }
  if (!command.role && !command.name && !command.mute_end_date) co_return Reply<>{};
  auto loaded = co_await context_.groups.get(command.group_id);
  if (!loaded) co_return refuse(loaded.error());
  auto permit = Rights::update_member(loaded->get(), caller.user_id, command);
  if (!permit) co_return std::unexpected(std::move(permit.error()));
  MemberChange change{command.name, command.role, command.mute_end_date};
  auto updated =
      co_await context_.store.groups.update_member(*permit, std::move(change), context_.now());
  GroupChanged done{.group_id = command.group_id};
  if (updated && *updated) {
    done.changed.push_back({command.member_id, command.role, command.mute_end_date});
  }
  context_.publish(done);
  if (!updated) co_return refuse(updated.error());
  if (!*updated) co_return refuse(Code::kMemberNonexistent);
  Reply<> reply;
  const Settings::GroupNotify& notify = context_.settings.group_notifications.member_updated;
  reply.effects.relay.audience =
      group_audience(notify, loaded->get(), std::span(&command.member_id, 1), caller.user_id);
  if (command.member_id != caller.user_id && !notify.concerned) {
    reply.effects.pushes.push_back(told_to_member(std::move(command), caller.user_id));
  }
  co_return reply;
}

Task<Outcome<GroupMemberList>> GroupMembers::query(Caller caller, QueryGroupMembers query) {
  auto loaded = co_await context_.groups.get(query.group_id);
  if (!loaded) co_return refuse(loaded.error());
  const GroupPtr group = *loaded;
  auto allowed = Rights::query_members(group.get(), caller.user_id);
  if (!allowed) co_return std::unexpected(std::move(allowed.error()));
  GroupMemberList list;
  if (query.member_ids.empty()) {
    auto version = newer_version(group->members_version, query.last_updated_date);
    if (!version) co_return std::unexpected(std::move(version.error()));
    list.last_updated_date = *version;
    query.member_ids = *group->member_ids;
  } else {
    sort_unique(query.member_ids);
  }
  std::vector<UserId> ids;
  for (const UserId id : query.member_ids) {
    const GroupMember* member = group->find(id);
    if (member == nullptr) continue;
    ids.push_back(id);
    list.members.push_back(*member);
  }
  if (list.members.empty()) co_return refuse(Code::kNoContent);
  if (query.with_status) {
    auto presences = co_await context_.bus.presence(std::move(ids));
    if (!presences) co_return refuse(presences.error());
    list.presences = std::move(*presences);
  }
  co_return list;
}

}  // namespace turms::im
