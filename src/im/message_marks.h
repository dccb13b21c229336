#pragma once

#include <vector>

#include "im/domain_fwd.h"
#include "im/ports/message_marks.h"
#include "im/status.h"

namespace turms::im {

/// Reactions and pinned messages. Told to all in the conversation, on devices with extensions: for
/// others these requests do nothing that upstream knows.
class MessageMarks {
 public:
  /// Kinds of reactions on one message.
  static constexpr int32_t kMaxReactionTypes = 50;
  static constexpr size_t kMaxTypesPerRequest = 20;
  /// In one conversation.
  static constexpr int32_t kMaxPinned = 100;

  explicit MessageMarks(Context& context) : context_(context) {}

  /// Whoever may see the message and write where it is.
  Task<Outcome<Reply<>>> react(Caller caller, MessageId message, std::vector<int32_t> types);
  /// No types: all of the caller's.
  Task<Outcome<Reply<>>> take_back(Caller caller, MessageId message, std::vector<int32_t> types);
  /// In a group its owner and managers; in a private conversation both.
  Task<Outcome<Reply<>>> pin(Caller caller, MessageId message, bool pinned);
  Task<Outcome<std::vector<Message>>> pinned(Caller caller, ConversationRef conversation);

 private:
  Context& context_;
};

}  // namespace turms::im
