// Who may let others into a group, ask to be let in, and keep others out.
#include "im/rights.h"

namespace turms::im {

Outcome<Permit<action::BlockInGroup>> Rights::block_in_group(const GroupState* group,
                                                             UserId requester, UserId user) {
  if (requester == user) return refuse(Code::kIllegalArgument, "nobody blocks themselves");
  if (group == nullptr || !group->is_manager(requester)) return refuse(Code::kBlockNotManager);
  // Who is blocked is removed, so the same rank is asked for as to remove.
  const GroupMember* member = group->find(user);
  if (member != nullptr && group->find(requester)->role >= member->role) {
    return refuse(Code::kRemoveOwnerOrManager);
  }
  return Permit(action::BlockInGroup{group->group.id, user});
}

Outcome<Permit<action::UnblockInGroup>> Rights::unblock_in_group(const GroupState* group,
                                                                 UserId requester, UserId user) {
  if (group == nullptr || !group->is_manager(requester)) return refuse(Code::kUnblockNotManager);
  return Permit(action::UnblockInGroup{group->group.id, user});
}

Outcome<None> Rights::query_blocklist(const GroupState* group, UserId requester) {
  // Upstream asks nothing here, and so tells strangers whom a group keeps out. To them it is as if
  // there was no such group.
  if (group == nullptr || group->find(requester) == nullptr) {
    return refuse(Code::kAlreadyUpToDate);
  }
  return None{};
}

}  // namespace turms::im
