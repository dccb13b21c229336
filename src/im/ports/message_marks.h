#pragma once

#include <optional>
#include <vector>

#include "im/permit.h"
#include "im/ports/stored.h"
#include "im/types.h"

namespace turms::im {

/// What users put on messages: reactions and pins.
class MessageMarkRepository {
 public:
  virtual ~MessageMarkRepository() = default;
  enum class Put { kDone, kUnchanged, kTooMany, kGone };
  /// Of the permit's user. kTooMany: more than `max` kinds on one message. Nothing or all.
  virtual Stored<Put> react(Permit<action::ReactToMessage>, std::vector<int32_t> types, int32_t max,
                            WallTime now) = 0;
  /// kUnchanged when none of them was there. No types: all of the user's.
  virtual Stored<Put> take_back(Permit<action::ReactToMessage>, std::vector<int32_t> types) = 0;
  /// kTooMany: `max` are pinned in the conversation.
  virtual Stored<Put> pin(Permit<action::PinMessage>, int32_t max, WallTime now) = 0;
  virtual Stored<Put> unpin(Permit<action::PinMessage>) = 0;
  /// Of a conversation of `reader`, by sequence, descending. Recalled ones are left out.
  virtual Stored<std::vector<Message>> pinned(UserId reader, ConversationRef conversation) = 0;
};

}  // namespace turms::im
