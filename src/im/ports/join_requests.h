#pragma once

#include <optional>
#include <string>
#include <vector>

#include "im/permit.h"
#include "im/ports/stored.h"
#include "im/types.h"

namespace turms::im {

/// Exactly one of the two.
struct JoinRequestFilter {
  std::optional<GroupId> group_id;
  std::optional<UserId> requester_id;
};

class JoinRequestRepository {
 public:
  /// That one user waits for an answer to; another one is kTooMany.
  static constexpr int64_t kMaxPending = 1000;

  virtual ~JoinRequestRepository() = default;
  virtual Stored<std::optional<GroupJoinRequest>> find(JoinRequestId id) = 0;
  /// By id, ascending; of more than kMaxQueriedRequests the last ones.
  virtual Stored<std::vector<GroupJoinRequest>> query(JoinRequestFilter filter) = 0;
  enum class Created { kDone, kGroupGone, kMember, kBlocked, kTooMany };
  virtual Stored<Created> create(Permit<action::AskToJoin>, GroupJoinRequest request) = 0;
  /// False when it is not pending any more.
  virtual Stored<bool> recall(Permit<action::RecallJoinRequest>, WallTime now) = 0;
  enum class Replied { kDone, kAlreadyMember, kNotPending, kFull, kBlocked, kGroupGone };
  /// As InvitationRepository::reply.
  virtual Stored<Replied> reply(Permit<action::ReplyToJoinRequest>, UserId responder,
                                RequestStatus status, std::string reason,
                                std::optional<GroupMember> member, int32_t size_limit,
                                WallTime now) = 0;
};

}  // namespace turms::im
