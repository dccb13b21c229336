#pragma once

#include <optional>
#include <string>
#include <utility>
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

/// Has a word in what is deleted because its time is over. Implemented by the plugin host.
class ExpiryHook {
 public:
  virtual ~ExpiryHook() = default;
  /// False: there is nobody to ask, which costs no more than this call.
  [[nodiscard]] virtual bool asked_about_expiry() const = 0;
  /// Those to be kept for now. In bounded time.
  virtual Task<std::vector<MessageId>> before_expiry(std::vector<Message> messages) = 0;
};

/// A message for somebody who is nowhere.
struct MissedMessage {
  UserId user_id;
  MessageId message_id;
  int64_t sequence = 0;
  WallTime delivery_date;
  UserId sender_id;
  std::string sender_name;
  std::optional<GroupId> group_id;
  std::string group_name;
  std::optional<std::string> text;
  /// Of the conversation, this one with them.
  int32_t unread = 0;
  bool mentioned = false;
  /// What the user's clients registered: names and values of settings.
  std::vector<std::pair<std::string, std::string>> subscriptions;
};

/// Tells users who are nowhere of what was said. Implemented by the plugin host.
class PushHook {
 public:
  virtual ~PushHook() = default;
  /// False: nobody would tell them, which costs no more than this call.
  [[nodiscard]] virtual bool pushes() const = 0;
  /// Also those who did not ask for it.
  [[nodiscard]] virtual bool pushes_to_everybody() const = 0;
  virtual void push(std::vector<MissedMessage> missed) = 0;
};

}  // namespace turms::im
