#include "im/group_transfer.h"

#include "im/ports/groups.h"

namespace turms::im {

Task<Outcome<None>> transfer_group(Context& context, Permit<action::TransferGroup> permit,
                                   bool quit) {
  const auto [group, owner, successor] = *permit;
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
  co_return None{};
}

}  // namespace turms::im
