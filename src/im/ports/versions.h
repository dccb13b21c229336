#pragma once

#include <optional>

#include "im/ports/stored.h"
#include "im/types.h"

namespace turms::im {

/// What a client's last_updated_date is compared with. Changing calls of the repositories move the
/// stamps in the same transaction.
enum class VersionOf : int32_t {
  kJoinedGroups = 1,         // of a user
  kSentInvitations = 2,      // of a user
  kReceivedInvitations = 3,  // of a user
  kGroupMembers = 4,         // of a group
  kGroupInvitations = 5,     // of a group
  kGroupBlocklist = 6,       // of a group, from its creation on
  kGroupJoinRequests = 7,    // of a group, from its creation on
  kGroupJoinQuestions = 8,   // of a group, from its creation on
  kSentJoinRequests = 9,     // of a user

  // Of a user, from registration on.
  kSentFriendRequests = 20,
  kReceivedFriendRequests = 21,
  kRelationships = 22,  // and which groups they are in
  kRelationshipGroups = 23,

  kUserSettings = 24,  // of a user
};

class VersionRepository {
 public:
  virtual ~VersionRepository() = default;
  /// Nothing when nothing of the kind ever happened.
  virtual Stored<std::optional<WallTime>> find(VersionOf kind, int64_t id) = 0;
};

}  // namespace turms::im
