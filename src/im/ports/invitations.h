#pragma once

#include <optional>
#include <string>
#include <vector>

#include "im/permit.h"
#include "im/ports/stored.h"
#include "im/types.h"

namespace turms::im {

/// Of invitations and requests to join, in one answer.
inline constexpr int kMaxQueriedRequests = 1000;

struct InvitationFilter {
  std::optional<GroupId> group_id;
  std::optional<UserId> inviter_id;
  std::optional<UserId> invitee_id;
};

class InvitationRepository {
 public:
  virtual ~InvitationRepository() = default;
  virtual Stored<std::optional<GroupInvitation>> find(InvitationId id) = 0;
  /// By id, ascending; of more than kMaxQueriedRequests the last ones.
  virtual Stored<std::vector<GroupInvitation>> query(InvitationFilter filter) = 0;
  virtual Stored<None> create(Permit<action::Invite>, GroupInvitation invitation) = 0;
  /// False when it is not pending any more.
  virtual Stored<bool> recall(Permit<action::RecallInvitation>, WallTime now) = 0;
  enum class Replied { kDone, kAlreadyMember, kNotPending, kFull, kBlocked, kGroupGone };
  /// Settles a pending invitation; with `member`, adds it in the same transaction. kAlreadyMember:
  /// settled, nothing to add. The last four: nothing changed.
  virtual Stored<Replied> reply(Permit<action::ReplyToInvitation>, RequestStatus status,
                                std::string reason, std::optional<GroupMember> member,
                                int32_t size_limit, WallTime now) = 0;
};

}  // namespace turms::im
