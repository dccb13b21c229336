#pragma once

#include <optional>
#include <vector>

#include "im/permit.h"
#include "im/ports/stored.h"
#include "im/types.h"

namespace turms::im {

/// How far somebody has read: everything there is at present, unless one of the two says less.
struct ReadMove {
  WallTime now;
  /// What was delivered until then.
  std::optional<WallTime> until;
  /// Up to this message.
  std::optional<int64_t> sequence;
  /// Also to what was read before.
  bool backwards = false;
};

struct ReadMoved {
  /// False: it would have gone backwards, and nothing changed.
  bool done = false;
  /// As they are now. The date never goes back because of the clock.
  WallTime read_date;
  int64_t read_sequence = 0;
};

class ConversationRepository {
 public:
  virtual ~ConversationRepository() = default;
  /// owner × targets, those that exist.
  virtual Stored<std::vector<PrivateConversation>> find_private(std::vector<UserId> owners,
                                                                UserId target) = 0;
  virtual Stored<std::vector<GroupConversation>> find_group(std::vector<GroupId> ids) = 0;
  virtual Stored<ReadMoved> move_private(Permit<action::MovePrivateReadDate>, ReadMove move) = 0;
  virtual Stored<ReadMoved> move_group(Permit<action::MoveGroupReadDate>, ReadMove move) = 0;
};

}  // namespace turms::im
