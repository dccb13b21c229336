#include "im/group_transfer.h"

namespace turms::im {

Task<Outcome<None>> transfer_group(Context& context, Permit<action::TransferGroup> permit,
                                   bool quit) {
  const auto [group, owner, successor] = *permit;
  auto transferred = co_await context.store.groups.transfer(permit, quit, context.now());
  context.groups.invalidate(group);
  if (!transferred) co_return refuse(transferred.error());
  if (*transferred == GroupRepository::Transferred::kNotOwner) {
    co_return refuse(Code::kTransferNotOwner);
  }
  if (*transferred == GroupRepository::Transferred::kSuccessorNotMember) {
    co_return refuse(Code::kSuccessorNotMember);
  }
  context.tell_group_listeners([&](GroupListener& listener) {
    listener.role_changed(group, successor, GroupMemberRole::kOwner);
    if (quit) {
      std::vector<UserId> gone;
      gone.push_back(owner);
      listener.members_removed(group, gone);
    } else {
      listener.role_changed(group, owner, GroupMemberRole::kMember);
    }
  });
  co_return None{};
}

}  // namespace turms::im
