#include "im/group_blocklist.h"

#include "im/context.h"
#include "im/group_audience.h"
#include "im/ports/group_blocklist.h"
#include "im/ports/users.h"
#include "im/rights.h"

namespace turms::im {
namespace {

using Blocked = GroupBlocklistRepository::Blocked;

std::optional<Failure> refusal(Blocked blocked) {
  switch (blocked) {
    case Blocked::kDone:
    case Blocked::kDoneAndRemoved:
      return std::nullopt;
    case Blocked::kExists:
      return Failure{Code::kDuplicateKey, {}};
    case Blocked::kOwner:
      return Failure{Code::kRemoveOwnerOrManager, {}};
    case Blocked::kFull:
      return Failure{Code::kIllegalArgument, "the blocklist of the group is full"};
    case Blocked::kGroupGone:
      return Failure{Code::kBlockNotManager, {}};
  }
  return Failure{Code::kInternalError, {}};
}

}  // namespace

Task<Outcome<Reply<>>> GroupBlocklist::block(Caller caller, GroupId id, UserId user) {
  auto loaded = co_await context_.groups.get(id);
  if (!loaded) co_return refuse(loaded.error());
  const GroupPtr group = *loaded;
  auto permit = Rights::block_in_group(group.get(), caller.user_id, user);
  if (!permit) co_return std::unexpected(std::move(permit.error()));
  auto blocked =
      co_await context_.store.group_blocklist.block(*permit, caller.user_id, context_.now());
  GroupChanged done{.group_id = id};
  if (blocked && *blocked == Blocked::kDoneAndRemoved) done.left.push_back(user);
  context_.publish(done);
  if (!blocked) co_return refuse(blocked.error());
  if (auto failure = refusal(*blocked)) co_return std::unexpected(std::move(*failure));
  Reply<> reply;
  reply.effects.relay.audience =
      group_audience(context_.settings.group_notifications.blocked_user_added, group.get(),
                     std::span(&user, 1), caller.user_id);
  co_return reply;
}

Task<Outcome<Reply<>>> GroupBlocklist::unblock(Caller caller, GroupId id, UserId user) {
  auto loaded = co_await context_.groups.get(id);
  if (!loaded) co_return refuse(loaded.error());
  const GroupPtr group = *loaded;
  auto permit = Rights::unblock_in_group(group.get(), caller.user_id, user);
  if (!permit) co_return std::unexpected(std::move(permit.error()));
  auto unblocked = co_await context_.store.group_blocklist.unblock(*permit, context_.now());
  context_.publish(GroupChanged{.group_id = id});
  if (!unblocked) co_return refuse(unblocked.error());
  Reply<> reply;
  if (*unblocked) {
    reply.effects.relay.audience =
        group_audience(context_.settings.group_notifications.blocked_user_removed, group.get(),
                       std::span(&user, 1), caller.user_id);
  }
  co_return reply;
}

Task<Outcome<BlockedUserIds>> GroupBlocklist::query_ids(Caller caller, QueryGroupBlocklist query) {
  auto loaded = co_await context_.groups.get(query.group_id);
  if (!loaded) co_return refuse(loaded.error());
  const GroupPtr group = *loaded;
  auto allowed = Rights::query_blocklist(group.get(), caller.user_id);
  if (!allowed) co_return std::unexpected(std::move(allowed.error()));
  auto version = newer_version(group->blocklist_version, query.last_updated_date);
  if (!version) co_return std::unexpected(std::move(version.error()));
  if (group->blocked.empty()) co_return refuse(Code::kNoContent);
  co_return BlockedUserIds{group->blocked, *version};
}

Task<Outcome<BlockedUserInfos>> GroupBlocklist::query_infos(Caller caller,
                                                            QueryGroupBlocklist query) {
  auto found = co_await query_ids(caller, query);
  if (!found) co_return std::unexpected(std::move(found.error()));
  auto users = co_await context_.store.users.find(std::move(found->ids));
  if (!users) co_return refuse(users.error());
  if (users->empty()) co_return refuse(Code::kNoContent);
  co_return BlockedUserInfos{std::move(*users), found->last_updated_date};
}

}  // namespace turms::im
