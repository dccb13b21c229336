#pragma once

#include <vector>

#include "im/permit.h"
#include "im/ports/stored.h"
#include "im/types.h"

namespace turms::im {

class ConversationRepository {
 public:
  virtual ~ConversationRepository() = default;
  /// owner × targets, those that exist.
  virtual Stored<std::vector<PrivateConversation>> find_private(std::vector<UserId> owners,
                                                                UserId target) = 0;
  virtual Stored<std::vector<GroupConversation>> find_group(std::vector<GroupId> ids) = 0;
  enum class Moved { kDone, kBackwards };
  virtual Stored<Moved> move_private(Permit<action::MovePrivateReadDate>, WallTime read_date) = 0;
  virtual Stored<Moved> move_group(Permit<action::MoveGroupReadDate>, WallTime read_date) = 0;
};

}  // namespace turms::im
