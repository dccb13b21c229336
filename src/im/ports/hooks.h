#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/task.h"
#include "im/status.h"
#include "im/types.h"

namespace turms::im {

/// What somebody is about to say, and may say by the rights they have.
struct Draft {
  UserId sender_id;
  /// Exactly one of the two is set.
  std::optional<GroupId> group_id;
  std::optional<UserId> recipient_id;
  /// The message whose content it replaces; absent: a new one.
  std::optional<MessageId> edited_id;
  std::optional<std::string> text;
  std::vector<Bytes> records;
  /// Caller::trace_id.
  uint64_t trace_id = 0;
};

/// Has the last word on what is said. Implemented by the plugin host.
class SendHook {
 public:
  virtual ~SendHook() = default;
  /// False: there is nobody to ask, which costs no more than this call.
  [[nodiscard]] virtual bool active() const = 0;
  /// The text to store instead, nothing when it stays, or why it is refused. In bounded time.
  virtual Task<Outcome<std::optional<std::string>>> before_send(Draft draft) = 0;
};

}  // namespace turms::im
