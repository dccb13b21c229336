#include "im/group_transfer.h"

#include "im/ports/groups.h"
#include "im/ports/user_roles.h"
#include "im/rights.h"

namespace turms::im {

Task<Outcome<Permit<action::TransferGroup>>> may_transfer(Context& context, GroupPtr group,
                                                          UserId owner, UserId successor) {
  auto role = co_await context.store.user_roles.of_user(successor);
  if (!role) co_return refuse(role.error());
  auto permit = Rights::transfer_group(group.get(), owner, successor, *role);
  if (!permit) co_return std::unexpected(std::move(permit.error()));
  auto reachability = co_await context.reachability.get(successor);
  if (!reachability) co_return refuse(reachability.error());
  if (!(*reachability)->exists_and_active) co_return refuse(Code::kGroupOwnerInactive);
  co_return *permit;
}

Task<Outcome<None>> transfer_group(Context& context, Permit<action::TransferGroup> permit,
                                   bool quit) {
  const auto [group, owner, successor, quota] = *permit;
  auto transferred = co_await context.store.groups.transfer(permit, quit, context.now());
  using Transferred = GroupRepository::Transferred;
  GroupChanged done{.group_id = group};
  if (transferred && *transferred == Transferred::kDone) {
    done.changed.push_back({successor, GroupMemberRole::kOwner, std::nullopt});
    if (quit) {
      done.left.push_back(owner);
    } else {
      done.changed.push_back({owner, GroupMemberRole::kMember, std::nullopt});
    }
  }
  context.publish(done);
  if (!transferred) co_return refuse(transferred.error());
  if (*transferred == Transferred::kNotOwner) co_return refuse(Code::kTransferNotOwner);
  if (*transferred == Transferred::kSuccessorNotMember) {
    co_return refuse(Code::kSuccessorNotMember);
  }
  if (*transferred == Transferred::kTooMany) co_return refuse(Code::kOwnedGroupsLimit);
  co_return None{};
}

}  // namespace turms::im
