#pragma once

#include <optional>
#include <vector>

#include "im/permit.h"
#include "im/ports/stored.h"
#include "im/types.h"

namespace turms::im {

/// What decides whether a user can be written to.
struct Reachability {
  bool exists_and_active = false;
  /// Sorted.
  std::vector<UserId> blocked;
  /// Sorted: those the user has an unblocked relationship with.
  std::vector<UserId> friends;
};

class RelationshipRepository {
 public:
  virtual ~RelationshipRepository() = default;
  virtual Stored<Reachability> reachability(UserId owner) = 0;
  /// Makes or changes the one-sided relationship. `blocked_date` absent: not blocked.
  virtual Stored<None> put(Permit<action::PutRelationship>, std::optional<WallTime> blocked_date,
                           WallTime now) = 0;
};

}  // namespace turms::im
