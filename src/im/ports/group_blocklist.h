#pragma once

#include "im/permit.h"
#include "im/ports/stored.h"
#include "im/types.h"

namespace turms::im {

/// Whom a group keeps out. The list itself comes with the group (GroupSnapshot).
class GroupBlocklistRepository {
 public:
  /// Of one group: it is loaded with it. Another one is kFull.
  static constexpr int64_t kMaxBlocked = 10'000;

  virtual ~GroupBlocklistRepository() = default;

  enum class Blocked { kDone, kDoneAndRemoved, kExists, kOwner, kFull, kGroupGone };
  /// kDoneAndRemoved: the user was a member. An owner stays.
  virtual Stored<Blocked> block(Permit<action::BlockInGroup>, UserId requester, WallTime now) = 0;
  /// False when the user was not blocked.
  virtual Stored<bool> unblock(Permit<action::UnblockInGroup>, WallTime now) = 0;
};

}  // namespace turms::im
