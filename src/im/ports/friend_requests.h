#pragma once

#include <optional>
#include <string>
#include <vector>

#include "im/permit.h"
#include "im/ports/stored.h"
#include "im/types.h"

namespace turms::im {

class FriendRequestRepository {
 public:
  /// Pending requests of one sender; more are kTooMany.
  static constexpr int64_t kMaxPending = 2000;
  /// What query() gives: the newest.
  static constexpr int kMaxQueried = 2000;

  virtual ~FriendRequestRepository() = default;
  virtual Stored<std::optional<FriendRequest>> find(FriendRequestId id) = 0;
  /// By id, ascending.
  virtual Stored<std::vector<FriendRequest>> sent_by(UserId requester) = 0;
  virtual Stored<std::vector<FriendRequest>> received_by(UserId recipient) = 0;

  enum class Created { kDone, kExists, kTooMany };
  /// kExists: one of the two is pending, or, without `again`, was declined, ignored or expired.
  virtual Stored<Created> create(Permit<action::CreateFriendRequest>, FriendRequest request,
                                 bool again) = 0;
  /// False when it is not pending.
  virtual Stored<bool> recall(Permit<action::RecallFriendRequest>, WallTime now) = 0;

  struct Replied {
    enum class Outcome { kDone, kNotPending, kFull };
    Outcome outcome = Outcome::kDone;
    /// Who of the two has a relationship now that had none. Those that exist stay as they are.
    bool requester_gained = false;
    bool recipient_gained = false;
  };
  /// Settles a pending one; kAccepted makes the two friends in the same transaction. kFull: one of
  /// the two has too many relationships, and nothing is changed.
  virtual Stored<Replied> reply(Permit<action::ReplyToFriendRequest>, RequestStatus status,
                                std::string reason, WallTime now) = 0;
};

}  // namespace turms::im
