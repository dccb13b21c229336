#pragma once

#include <optional>
#include <vector>

#include "im/domain_fwd.h"
#include "im/ports/conversations.h"
#include "im/status.h"

namespace turms::im {

struct QueryConversations {
  std::vector<UserId> user_ids;
  std::vector<GroupId> group_ids;
};

struct ConversationList {
  std::vector<PrivateConversation> private_conversations;
  std::vector<GroupConversation> group_conversations;
};

struct UpdateConversation {
  std::optional<UserId> user_id;
  std::optional<GroupId> group_id;
  /// Only that there is one matters: the server's clock is used.
  WallTime read_date;
  /// Up to this message, instead of all there are.
  std::optional<int64_t> read_sequence;
};

/// For sessions with extensions.
struct QueryConversationMessages {
  ConversationRef conversation;
  /// The last one that the client has.
  int64_t after_sequence = 0;
  std::optional<int32_t> max_count;
};

struct QueryConversationList {
  int32_t skip = 0;
  std::optional<int32_t> limit;
};

struct UpdateTypingStatus {
  bool is_group_message = false;
  int64_t to_id = 0;
};

class Conversations {
 public:
  static constexpr int32_t kDefaultPage = 200;
  static constexpr int32_t kMaxPage = 1000;
  /// In a larger group nobody is told how far somebody has read, unless it is configured.
  static constexpr size_t kMaxReadersTold = 50;

  explicit Conversations(Context& context) : context_(context) {}

  /// What a client missed, in order, in pages.
  Task<Outcome<ConversationPage>> messages_after(Caller caller, QueryConversationMessages query);
  Task<Outcome<std::vector<ConversationSummary>>> list(Caller caller, QueryConversationList query);

  Task<Outcome<ConversationList>> query(Caller caller, QueryConversations query);
  Task<Outcome<Reply<>>> update_read_date(Caller caller, UpdateConversation command);
  Task<Outcome<Reply<>>> update_typing_status(Caller caller, UpdateTypingStatus command);

 private:
  Context& context_;
};

}  // namespace turms::im
